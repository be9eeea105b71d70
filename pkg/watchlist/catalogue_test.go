package watchlist

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"sluice/pkg/address"
)

// listedAs is a snapshot of one list of n addresses, some of which also have a P2SH-P2WPKH key, as it is stored.
func listedAs(t *testing.T, list string, n int) (*Snapshot, Manifest, map[string][]byte) {
	t.Helper()
	entries := []Entry{on(t, list, "bitcoin", "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"), on(t, list, "bitcoin", "1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U")}
	for i := len(entries); i < n; i++ {
		entries = append(entries, on(t, list, "ethereum", fmt.Sprintf("0x%040x", 1_000_000_007*(i+1))))
	}
	s, err := NewBuilder().Add(list, entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	segments := map[string][]byte{}
	m, err := s.Write(func(g Segment, data []byte) error { segments[g.SHA256] = bytes.Clone(data); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return s, m, segments
}

func TestTheCatalogueFindsWhatALookUpFinds(t *testing.T) {
	s, m, stored := listedAs(t, "large", leastCatalogued)
	l := m.Lists[0]
	sheets := make([][]byte, l.Sheets())
	err := s.Catalogue(l, func(i int, data []byte) error { sheets[i] = bytes.Clone(data); return nil })
	if err != nil || len(sheets) == 0 || len(l.Segments) < 3 {
		t.Fatalf("%d sheets of %d segments, %v", len(sheets), len(l.Segments), err)
	}
	check := func(k address.Key) {
		listed, wrapped := s.Lookup(k)
		segments, err := l.SegmentsOf(k.Fingerprint(), sheets[l.Sheet(k.Fingerprint())])
		if err != nil {
			t.Fatal(err)
		}
		if len(segments) > len(listed)+len(wrapped) {
			t.Errorf("%s: %d segments for %d entries", k, len(segments), len(listed)+len(wrapped))
		}
		var gotListed, gotWrapped []*Entry
		for _, g := range segments {
			a, b, err := g.Lookup("large", stored[g.SHA256], k)
			if err != nil {
				t.Fatal(err)
			}
			gotListed, gotWrapped = append(gotListed, a...), append(gotWrapped, b...)
		}
		if !equalEntries(listed, gotListed) || !equalEntries(wrapped, gotWrapped) {
			t.Errorf("%s: %d and %d entries, want %d and %d", k, len(gotListed), len(gotWrapped), len(listed), len(wrapped))
		}
	}
	n := 0
	for e := range s.All() {
		if n++; n > 2 && n%97 != 0 {
			continue
		}
		check(e.Key)
		check(TextKey(e.Address))
		if w, ok := address.WrappedSegwit(e.Key); ok {
			check(w)
		}
	}
	// A sheet is only taken for what it is.
	fp := TextKey("x").Fingerprint()
	sheet := bytes.Clone(sheets[l.Sheet(fp)])
	other := l
	other.Hash = hexSum(nil)
	if _, err := other.SegmentsOf(fp, sheet); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a sheet of another list: %v", err)
	}
	sheet[len(sheet)-1] ^= 1
	if _, err := l.SegmentsOf(fp, sheet); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a damaged sheet: %v", err)
	}
	for _, cut := range [][]byte{nil, sheet[:31], sheet[:len(sheet)-3]} {
		if _, err := l.SegmentsOf(fp, cut); !errors.Is(err, ErrCorrupt) {
			t.Errorf("a sheet of %d bytes: %v", len(cut), err)
		}
	}
}

func equalEntries(a, b []*Entry) bool {
	for i := range a {
		if len(a) != len(b) || Compare(a[i], b[i]) != 0 {
			return false
		}
	}
	return len(a) == len(b)
}

func TestListsThatAreSmallHaveNoCatalogue(t *testing.T) {
	if n := (ManifestList{Entries: leastCatalogued - 1}).Sheets(); n != 0 {
		t.Errorf("%d sheets", n)
	}
	if n := (ManifestList{Entries: leastCatalogued}).Sheets(); n < 2 {
		t.Errorf("%d sheets", n)
	}
}

func TestAManifestIsSplitAndPutTogether(t *testing.T) {
	a, b := NewBuilder().Add("a", nil), NewBuilder().Add("b", nil)
	x, err := a.Build()
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	m, err := x.With(y).Write(func(Segment, []byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	these, others := m.Split([]string{"b", "z"})
	if these.Version != y.Version() || others.Version != x.Version() {
		t.Errorf("%+v, %+v", these, others)
	}
	if got := others.With(these); got.Version != m.Version || got.Count != m.Count || len(got.Lists) != 2 || got.Lists[0].Name != "a" {
		t.Errorf("%+v", got)
	}
}
