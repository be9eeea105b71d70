package reference

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	named    = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)(?:/[^`]*)?`")
	declared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)
)

// TestTheTestsThatThePagesNameAreThere: a page that calls on a test as its witness must not outlive it.
func TestTheTestsThatThePagesNameAreThere(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	there := map[string]bool{}
	each(t, root, "_test.go", func(_, text string) {
		for _, m := range declared.FindAllStringSubmatch(text, -1) {
			there[m[1]] = true
		}
	})
	named := func(path, text string) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			if !there[m[1]] {
				t.Errorf("%s names %s, which no test file has", path, m[1])
			}
		}
	}
	each(t, filepath.Join(root, "docs"), ".md", named)
	if len(there) < 500 {
		t.Errorf("only %d tests were found", len(there))
	}
}

// each reads the files below a folder whose name ends with suffix.
func each(t *testing.T, root, suffix string, read func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil {
			read(path, string(text))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
