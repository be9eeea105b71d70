package watchlist

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// store is where a test keeps segments.
type store map[string][]byte

func (s store) put(g Segment, data []byte) error {
	s[g.SHA256] = bytes.Clone(data)
	return nil
}

var errMissing = errors.New("missing")

func (s store) get(g Segment) ([]byte, error) {
	data, ok := s[g.SHA256]
	if !ok {
		return nil, errMissing
	}
	return data, nil
}

func TestASnapshotSurvivesTheJourney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := build(t, someLists().Draw(t, "lists"))
		kept := store{}
		m, err := s.Write(kept.put)
		if err != nil {
			t.Fatal(err)
		}
		text, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		m, err = ParseManifest(text)
		if err != nil {
			t.Fatal(err)
		}
		back, err := m.Read(kept.get)
		if err != nil {
			t.Fatal(err)
		}
		if back.Version() != s.Version() || !s.Diff(back).Empty() {
			t.Fatalf("version %s came back as %s", s.Version(), back.Version())
		}
		for _, l := range s.Lists() {
			only, ok := m.Only(l.Name)
			if !ok {
				t.Fatalf("the manifest has no list %s", l.Name)
			}
			one, err := only.Read(kept.get)
			if err != nil || one.Len() != l.Entries || one.Lists()[0].Hash != l.Hash {
				t.Fatalf("list %s alone: %v", l.Name, err)
			}
		}
		for e := range s.All() {
			listed, _ := back.Lookup(e.Key)
			if !slices.ContainsFunc(listed, func(x *Entry) bool { return Compare(x, e) == 0 }) {
				t.Fatalf("%s was lost", e.Address)
			}
		}
	})
}

func TestAnyFlippedBitIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := someLists().Draw(t, "lists")
		lists["a"] = append(lists["a"], anEntry("a").Draw(t, "one more"))
		s := build(t, lists)
		kept := store{}
		m, err := s.Write(kept.put)
		if err != nil {
			t.Fatal(err)
		}
		names := make([]string, 0, len(kept))
		for name := range kept {
			names = append(names, name)
		}
		slices.Sort(names)
		data := kept[rapid.SampledFrom(names).Draw(t, "segment")]
		data[rapid.IntRange(0, len(data)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if back, err := m.Read(kept.get); !errors.Is(err, ErrCorrupt) || back != nil {
			t.Fatalf("a damaged segment was read: %v", err)
		}
	})
}

func TestDamagedManifestsAreRefused(t *testing.T) {
	s := build(t, map[string][]Entry{
		"a": {on(t, "a", "ethereum", "0x8589427373d6d84e98730d7795d8f6f8731fda16")},
		"b": {on(t, "b", "ethereum", "0x722122df12d4e14e13ac3b6895a86e84145b6967")},
	})
	kept := store{}
	m, err := s.Write(kept.put)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Manifest){
		"format":       func(m *Manifest) { m.Format = 3 },
		"no pages":     func(m *Manifest) { m.Format = ManifestPagedFormat },
		"pages":        func(m *Manifest) { m.Lists[0].Paged = &ManifestPaged{} },
		"version":      func(m *Manifest) { m.Version = m.Lists[0].Hash },
		"count":        func(m *Manifest) { m.Count++ },
		"list dropped": func(m *Manifest) { m.Lists = m.Lists[1:] },
		"order":        func(m *Manifest) { slices.Reverse(m.Lists) },
		"twice":        func(m *Manifest) { m.Lists[1] = m.Lists[0] },
		"hash":         func(m *Manifest) { m.Lists[0].Hash = m.Lists[1].Hash },
		"entries":      func(m *Manifest) { m.Lists[0].Entries = 2; m.Count = 3 },
		"segment gone": func(m *Manifest) { m.Lists[0].Segments = nil },
		"huge segment": func(m *Manifest) { m.Lists[0].Segments[0].Bytes = MaxSegmentBytes + 1 },
		"date":         func(m *Manifest) { m.Lists[0].ImportedAt = "yesterday" },
		"name":         func(m *Manifest) { m.Lists[0].Name = "A" },
	} {
		text, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		var bad Manifest
		if err := json.Unmarshal(text, &bad); err != nil {
			t.Fatal(err)
		}
		change(&bad)
		text, err = bad.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseManifest(text); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A manifest that agrees with itself, and segments of other entries.
	m.Lists[0].Segments, m.Lists[1].Segments = m.Lists[1].Segments, m.Lists[0].Segments
	if _, err := m.Read(kept.get); !errors.Is(err, ErrCorrupt) {
		t.Errorf("segments of another list: %v", err)
	}
}

func TestAMissingSegmentIsNotASmallerList(t *testing.T) {
	s := build(t, map[string][]Entry{"a": {on(t, "a", "ethereum", "0x8589427373d6d84e98730d7795d8f6f8731fda16")}})
	kept := store{}
	m, err := s.Write(kept.put)
	if err != nil {
		t.Fatal(err)
	}
	clear(kept)
	if back, err := m.Read(kept.get); !errors.Is(err, errMissing) || back != nil {
		t.Errorf("%v, %v", back, err)
	}
}

func TestLargeListsAreCutIntoSegments(t *testing.T) {
	var entries []Entry
	for i := range 600 {
		e := on(t, "a", "eos", fmt.Sprintf("D%05d", i))
		e.Entity = strings.Repeat("x", MaxText)
		entries = append(entries, e)
	}
	origin := Origin{Format: "txt", Source: "f", ImportedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Author: "ann", Reason: "why"}
	s, err := NewBuilder().AddList("a", origin, entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	kept := store{}
	m, err := s.Write(kept.put)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.Lists[0].Segments); n != 2 {
		t.Errorf("%d segments, want 2", n)
	}
	for _, g := range m.Lists[0].Segments {
		if g.Bytes > MaxSegmentBytes {
			t.Errorf("a segment of %d bytes", g.Bytes)
		}
	}
	back, err := m.Read(kept.get)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.Lists()[0].Origin; got != origin {
		t.Errorf("origin %+v, want %+v", got, origin)
	}
	failed := errors.New("disk full")
	if _, err := s.Write(func(Segment, []byte) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("error %v, want that of put", err)
	}
}

func TestApplyingADifferenceLeadsToTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := build(t, someLists().Draw(t, "a")), build(t, someLists().Draw(t, "b"))
		d := a.Diff(b)
		got, err := a.Apply(d)
		if err != nil {
			t.Fatal(err)
		}
		if got.Version() != b.Version() {
			t.Fatalf("version %s, want %s", got.Version(), b.Version())
		}
		if (a.Version() == b.Version()) && !d.Empty() {
			t.Fatalf("equal snapshots differ: %+v", d)
		}
	})
}

func TestDiffSaysWhatHappened(t *testing.T) {
	stays := on(t, "a", "ethereum", "0x8589427373d6d84e98730d7795d8f6f8731fda16")
	goes := on(t, "a", "ethereum", "0x722122df12d4e14e13ac3b6895a86e84145b6967")
	comes := on(t, "a", "ethereum", "0xdd4c48c0b24039969fc16d1cdf626eab821d3384")
	before := on(t, "a", "ethereum", "0xd90e2f925da726b50c4ed8d0fb90ad053324f31b")
	after := before
	after.Entity = "Somebody else"
	d := build(t, map[string][]Entry{"a": {stays, goes, before}}).Diff(build(t, map[string][]Entry{"a": {stays, comes, after}}))
	if len(d.Added) != 1 || Compare(&d.Added[0], &comes) != 0 ||
		len(d.Removed) != 1 || Compare(&d.Removed[0], &goes) != 0 ||
		len(d.Changed) != 1 || Compare(&d.Changed[0].Before[0], &before) != 0 || Compare(&d.Changed[0].After[0], &after) != 0 {
		t.Errorf("%+v", d)
	}
}

func TestWithListReplacesOneList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := someLists().Draw(t, "lists")
		s := build(t, lists)
		lists["a"] = rapid.SliceOfN(anEntry("a"), 0, 10).Draw(t, "a")
		got, err := s.WithList("a", Origin{}, lists["a"])
		if err != nil {
			t.Fatal(err)
		}
		if want := build(t, lists); got.Version() != want.Version() {
			t.Fatalf("version %s, want %s", got.Version(), want.Version())
		}
	})
}
