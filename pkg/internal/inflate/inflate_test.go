package inflate

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
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
