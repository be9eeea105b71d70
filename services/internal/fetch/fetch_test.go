package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const content = "a shared library"

// packed is a packed file as npm makes it, with its integrity value.
func packed(t *testing.T, files map[string]string) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, body := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(b.Bytes())
	return b.Bytes(), "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

func fake(t *testing.T, tarball []byte, integrity string, calls *atomic.Int32) engine {
	t.Helper()
	return engine{
		dir: filepath.Join(t.TempDir(), "cache"), integrity: integrity, packed: int64(len(tarball)), library: int64(len(content)),
		pack: func(_ context.Context, dir string) (string, error) {
			calls.Add(1)
			path := filepath.Join(dir, "x.tgz")
			return path, os.WriteFile(path, tarball, 0o600)
		},
	}
}

func TestFetchesOnceHoweverManyAsk(t *testing.T) {
	var calls atomic.Int32
	tgz, sum := packed(t, map[string]string{"package/index.js": "", "package/libchdb.so": content})
	e := fake(t, tgz, sum, &calls)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			path, err := e.ensure(t.Context(), &bytes.Buffer{})
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != content {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := calls.Load(); n != 1 {
		t.Errorf("packed %d times, want 1", n)
	}
	if left, _ := filepath.Glob(filepath.Join(e.dir, "fetching-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSaysItsStepsInAPipe(t *testing.T) {
	var calls atomic.Int32
	tgz, sum := packed(t, map[string]string{"package/libchdb.so": content})
	var out bytes.Buffer
	e := fake(t, tgz, sum, &calls)
	if _, err := e.ensure(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "\n"); got != 4 || strings.ContainsRune(out.String(), '\r') {
		t.Errorf("want four plain lines, got %q", out.String())
	}
}

func TestRefusesWhatIsNotThePinnedFile(t *testing.T) {
	tgz, sum := packed(t, map[string]string{"package/libchdb.so": content})
	flipped := bytes.Clone(tgz)
	flipped[len(flipped)/2] ^= 1
	short, shortSum := packed(t, map[string]string{"package/libchdb.so": content[1:]})
	empty, emptySum := packed(t, map[string]string{"package/other.so": content})
	for name, c := range map[string]struct {
		tarball        []byte
		integrity, err string
	}{
		"flipped byte":       {flipped, sum, "not used"},
		"other size":         {short, shortSum, "pinned is 16"},
		"no library":         {empty, emptySum, "no libchdb.so in it"},
		"no sha512":          {tgz, "sha1-abc", "is not a sha512"},
		"not a packed file":  {[]byte("x"), sumOf("x"), "unpack"},
		"library not a file": {tarOfDir(t), sumOf(string(tarOfDir(t))), "no libchdb.so in it"},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			e := fake(t, c.tarball, c.integrity, &calls)
			_, err := e.ensure(t.Context(), &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Fatalf("want an error with %q, got %v", c.err, err)
			}
			if e.present() {
				t.Error("the refused file is in the cache")
			}
		})
	}
}

func sumOf(s string) string {
	sum := sha512.Sum512([]byte(s))
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

func tarOfDir(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: "package/libchdb.so", Typeflag: tar.TypeDir, Mode: 0o755}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSweepsWhatAKilledFetchLeft(t *testing.T) {
	var calls atomic.Int32
	tgz, sum := packed(t, map[string]string{"package/libchdb.so": content})
	e := fake(t, tgz, sum, &calls)
	left := filepath.Join(e.dir, "fetching-1")
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := e.ensure(t.Context(), &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}

func TestNamedFileIsTakenAsItIs(t *testing.T) {
	if err := platform(); err != nil {
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "lib.so")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(EnvLib, path)
	for name, f := range map[string]func() (string, error){
		"Locate": Locate,
		"Ensure": func() (string, error) { return Ensure(t.Context(), &bytes.Buffer{}) },
	} {
		if got, err := f(); err != nil || got != path {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	t.Setenv(EnvLib, path+".gone")
	if _, err := Locate(); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), EnvLib) {
		t.Errorf("want ErrMissing that names %s, got %v", EnvLib, err)
	}
}

func TestMissingEngineSaysWhatToDo(t *testing.T) {
	if err := platform(); err != nil {
		t.Skip(err)
	}
	t.Setenv(EnvLib, "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir()) // no npm
	_, located := Locate()
	_, ensured := Ensure(t.Context(), &bytes.Buffer{})
	for _, err := range []error{located, ensured} {
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "SLUICE_CLICKHOUSE_DSN") || !strings.Contains(err.Error(), EnvLib) {
			t.Errorf("want ErrMissing that names both settings, got %v", err)
		}
	}
	if ensured != nil && !strings.Contains(ensured.Error(), "install npm") {
		t.Errorf("does not say to install npm: %v", ensured)
	}
}
