// Package testdata finds the folder of real data that tests read: blocks, sanctions lists, address vectors. The data
// is not part of the repository, so a test that needs it is skipped where it is absent, and says what is missing.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Env is the environment variable that names the data folder, before any search.
const Env = "SLUICE_TESTDATA"

// Dir returns the path of elem under the data folder: the folder that Env names, else the sibling shared/data of the
// repository root, which is the nearest folder upwards with a go.work. It skips the test when there is no such path.
func Dir(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv(Env)
	if root == "" {
		wd, err := os.Getwd()
		if err != nil {
			t.Fatalf("working directory: %v", err)
		}
		root = sibling(wd)
	}
	if root == "" {
		t.Skipf("no data folder: set %s, or put the data in shared/data beside the repository", Env)
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no test data: %v (%s names the data folder)", err, Env)
	}
	return path
}

// sibling is the folder shared/data beside the repository that dir lies in, "" outside of a repository.
func sibling(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared", "data")
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}
