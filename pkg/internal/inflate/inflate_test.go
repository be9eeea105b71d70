package inflate

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// bzip2Hello is "hello\n" compressed by bzip2.
const bzip2Hello = "425a6839314159265359c1c080e2000001410000100244a00030cd00c3462997177245385090c1c080e2"

func gz(t *testing.T, body string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpenReadsWhatWasCompressed(t *testing.T) {
	bz, err := hex.DecodeString(bzip2Hello)
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct {
		in   []byte
		want string
	}{
		"plain":      {[]byte("hello\n"), "hello\n"},
		"one letter": {[]byte("h"), "h"},
		"nothing":    {nil, ""},
		"BZh only":   {[]byte("BZh"), "BZh"},
		"no level":   {[]byte("BZhell"), "BZhell"},
		"gzip":       {gz(t, "hello\n"), "hello\n"},
		"bzip2":      {bz, "hello\n"},
	} {
		r, err := Open(bytes.NewReader(tt.in), 6)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != tt.want {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	if _, err := Open(bytes.NewReader([]byte{0x1f, 0x8b, 0}), 1); err == nil {
		t.Error("a broken gzip header was taken")
	}
	whole := gz(t, strings.Repeat("hello", 1000))
	r, err := Open(bytes.NewReader(whole[:len(whole)-4]), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); err == nil {
		t.Error("a cut gzip file was taken for a whole one")
	}
}

func TestExpansionIsBounded(t *testing.T) {
	for _, tt := range []struct {
		size int
		ok   bool
	}{{1000, true}, {1001, false}, {100_000, false}} {
		r, err := Open(bytes.NewReader(gz(t, strings.Repeat("x", tt.size))), 1000)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if tt.ok && (err != nil || len(got) != tt.size) || !tt.ok && !errors.Is(err, ErrTooLarge) || len(got) > 1000 {
			t.Errorf("%d bytes: read %d, %v", tt.size, len(got), err)
		}
	}
}

func zst(t *testing.T, body string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll([]byte(body), nil)
}

func zipped(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestZstdAndZipAreToldByTheirFirstBytes(t *testing.T) {
	for what, in := range map[string][]byte{
		"zstd": zst(t, "hello\n"),
		"zip":  zipped(t, "lists/", "", "lists/a.txt", "hello\n", "__MACOSX/a.txt", "noise", ".DS_Store", "x"),
	} {
		for form, r := range map[string]io.Reader{"file": bytes.NewReader(in), "stream": io.MultiReader(bytes.NewReader(in))} {
			r, err := Open(r, 6)
			if err != nil {
				t.Errorf("%s from a %s: %v", what, form, err)
				continue
			}
			if got, err := io.ReadAll(r); err != nil || string(got) != "hello\n" {
				t.Errorf("%s from a %s: %q, %v", what, form, got, err)
			}
		}
	}
	cut := zst(t, strings.Repeat("hello", 10_000))
	r, err := Open(bytes.NewReader(cut[:len(cut)-4]), 1<<20)
	if err == nil {
		_, err = io.ReadAll(r)
	}
	if err == nil {
		t.Error("a cut zstd file was taken for a whole one")
	}
}

func TestAnArchiveOfSeveralFiles(t *testing.T) {
	in := zipped(t, "a", "aaaa", "b", "bb")
	if _, err := Open(bytes.NewReader(in), 100); err == nil || !strings.Contains(err.Error(), "2 files") {
		t.Errorf("opened as one: %v", err)
	}
	files, err := Files(bytes.NewReader(in), 8)
	if err != nil || len(files) != 2 || files[0].Name != "a" || files[1].Name != "b" {
		t.Fatalf("%v, %v", files, err)
	}
	for i, want := range []string{"aaaa", "bb"} {
		r, err := files[i].Open()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	// Four and two bytes of eight are gone: the same file does not fit a second time.
	r, err := files[0].Open()
	if err == nil {
		_, err = io.ReadAll(r)
	}
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("the files of an archive do not share its bound: %v", err)
	}
	for what, in := range map[string][]byte{
		"empty archive": zipped(t), "only folders": zipped(t, "x/", ""), "cut": in[:len(in)-10],
	} {
		if _, err := Files(bytes.NewReader(in), 100); err == nil {
			t.Errorf("%s was read", what)
		}
	}
	var many []string
	for i := range MaxFiles + 1 {
		many = append(many, strconv.Itoa(i), "x")
	}
	if _, err := Files(bytes.NewReader(zipped(t, many[2:]...)), 1<<20); err != nil {
		t.Errorf("%d files: %v", MaxFiles, err)
	}
	if _, err := Files(bytes.NewReader(zipped(t, many...)), 1<<20); err == nil {
		t.Errorf("%d files were taken", MaxFiles+1)
	}
}

func TestNestedArchivesAreRefused(t *testing.T) {
	inner := map[string][]byte{"gzip": gz(t, "x"), "zstd": zst(t, "x"), "zip": zipped(t, "a", "x")}
	for what, in := range inner {
		for outer, nested := range map[string][]byte{
			"gzip": gz(t, string(in)), "zstd": zst(t, string(in)), "zip": zipped(t, "f", string(in)),
		} {
			if _, err := Open(bytes.NewReader(nested), 1<<20); !errors.Is(err, ErrNested) {
				t.Errorf("%s in %s: %v", what, outer, err)
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("hello"))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := Open(bytes.NewReader(in), 1000)
		if err != nil {
			return
		}
		if got, _ := io.ReadAll(r); len(got) > 1000 {
			t.Fatalf("%d bytes", len(got))
		}
	})
}
