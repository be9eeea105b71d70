package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDirFollowsTheEnvironment(t *testing.T) {
	root := t.TempDir()
	want := filepath.Join(root, "addresses", "vectors.tsv")
	if err := os.MkdirAll(filepath.Dir(want), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(Env, root)
	if got := Dir(t, "addresses", "vectors.tsv"); got != want {
		t.Errorf("Dir = %q, want %q", got, want)
	}
}

func TestDirSkipsWhatIsNotThere(t *testing.T) {
	t.Setenv(Env, t.TempDir())
	skipped := false
	t.Run("absent", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		Dir(t, "no", "such", "file")
		t.Error("Dir returned a path that does not exist")
	})
	if !skipped {
		t.Error("the test was not skipped")
	}
}

func TestSiblingIsBesideTheRepository(t *testing.T) {
	top := t.TempDir()
	deep := filepath.Join(top, "repo", "pkg", "address")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(top, "repo", "go.work"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := sibling(deep), filepath.Join(top, "shared", "data"); got != want {
		t.Errorf("sibling = %q, want %q", got, want)
	}
	if got := sibling(string(filepath.Separator)); got != "" {
		t.Errorf("sibling of the root = %q, want none", got)
	}
}
