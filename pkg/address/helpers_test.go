package address

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"sluice/pkg/network"
)

// net finds a network of the table.
func net(t testing.TB, name string) network.Network {
	t.Helper()
	n, ok := network.Lookup(name)
	if !ok {
		t.Fatalf("no network %q", name)
	}
	return n
}

// mustParse parses an address that has to be one.
func mustParse(t testing.TB, name, text string, opts ...Option) Address {
	t.Helper()
	a, err := Parse(net(t, name), text, opts...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return a
}

// refused parses an address that has to be none, and returns why.
func refused(t testing.TB, name, text string, opts ...Option) *Invalid {
	t.Helper()
	a, err := Parse(net(t, name), text, opts...)
	if err == nil {
		t.Fatalf("%s address %q was read as %s", name, text, a.Key)
	}
	var bad *Invalid
	if !errors.As(err, &bad) {
		t.Fatalf("error of type %T, want *Invalid", err)
	}
	if bad.Reason == "" || bad.Code == 0 || strings.ContainsAny(bad.Reason, "\t\n\r") {
		t.Errorf("%s address %q: code %d, reason %q: want both, on one line without tabs", name, text, bad.Code, bad.Reason)
	}
	return bad
}

// lines reads the lines of a file, unpacked where its name ends in .gz.
func lines(t testing.TB, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		all = append(all, s.Text())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
