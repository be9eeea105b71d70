package watchlist

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"sluice/pkg/taxonomy"
)

// many are n short entries of a list, with an entity that tells versions of them apart.
func many(list string, from, n int, entity string) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		text := fmt.Sprintf("D%07d", from+i)
		entries[i] = Entry{List: list, EntryID: text, Network: "eos", Address: text, Key: keyOf("eos", text), Entity: entity,
			Category: "scam", Categories: []taxonomy.Category{"scam"}}
	}
	return entries
}

// travel writes a snapshot, and returns its manifest.
func travel(t rapid.TB, s *Snapshot, kept store) Manifest {
	t.Helper()
	m, err := s.Write(kept.put)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// load loads what a manifest describes beside what have holds, and says how many segments it took.
func load(t rapid.TB, m Manifest, have *Snapshot, kept store) (*Snapshot, int) {
	t.Helper()
	l := m.Begin(have)
	fetch(t, l, kept)
	s, err := l.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return s, len(l.Missing())
}

// fetch gives a load, of either form, what it misses.
func fetch(t rapid.TB, l interface {
	Missing() []Segment
	Put(i int, data []byte) error
}, kept store) {
	t.Helper()
	for i, g := range l.Missing() {
		data, err := kept.get(g)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Put(i, data); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsKnownIsNotFetched(t *testing.T) {
	kept := store{}
	large := many("large", 0, 20_000, "")
	before := build(t, map[string][]Entry{"large": large, "small": many("small", 0, 10, "")})
	m := travel(t, before, kept)
	loaded, n := load(t, m, nil, kept)
	if n < 5 {
		t.Fatalf("the large list travels in %d segments only", n-1)
	}
	same, n := load(t, m, loaded, kept)
	if n != 0 || same.Version() != before.Version() || same.part("large") != loaded.part("large") {
		t.Errorf("%d segments of the same version were fetched", n)
	}
	// Another small list: the large one is shared.
	next := build(t, map[string][]Entry{"large": large, "small": many("small", 0, 11, "")})
	got, n := load(t, travel(t, next, kept), loaded, kept)
	if n != 1 || got.Version() != next.Version() || got.part("large") != loaded.part("large") {
		t.Errorf("%d segments were fetched where one list of one segment changed", n)
	}
	// One entry more in the large list, and one changed: its other segments are shared.
	large = slices.Insert(large, 10_000, many("large", 10_000, 1, "twice")...)
	large[100].Entity = "changed"
	next = build(t, map[string][]Entry{"large": large})
	got, n = load(t, travel(t, next, kept), loaded, kept)
	if n == 0 || n > 4 || got.Version() != next.Version() {
		t.Errorf("%d segments were fetched where two changed", n)
	}
	for e := range next.All() {
		if listed, _ := got.Lookup(e.Key); !has(listed, e) || !got.MayContain(e.Key.Fingerprint()) {
			t.Fatalf("%s was lost", e.Address)
		}
	}
	if listed, _ := got.Lookup(large[100].Key); len(listed) != 1 {
		t.Errorf("the old state of an entry is still found: %v", listed)
	}
}

func TestALoadBesideAnyOtherSnapshotIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kept := store{}
		have, want := build(t, someLists().Draw(t, "have")), build(t, someLists().Draw(t, "want"))
		m := travel(t, want, kept)
		got, _ := load(t, m, have, kept)
		if got.Version() != want.Version() || !want.Diff(got).Empty() {
			t.Fatalf("version %s, want %s", got.Version(), want.Version())
		}
		for e := range want.All() {
			if listed, _ := got.Lookup(e.Key); !has(listed, e) {
				t.Fatalf("%s was lost", e.Address)
			}
		}
	})
}

func TestALoadWithoutAllItsSegmentsIsNone(t *testing.T) {
	kept := store{}
	l := travel(t, build(t, map[string][]Entry{"a": many("a", 0, 10_000, "")}), kept).Begin(nil)
	for i, g := range l.Missing()[1:] {
		if err := l.Put(i+1, kept[g.SHA256]); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := l.Snapshot(); !errors.Is(err, ErrCorrupt) || s != nil {
		t.Errorf("%v, %v", s, err)
	}
}

func TestSegmentsInTheWrongOrderAreRefused(t *testing.T) {
	kept := store{}
	m := travel(t, build(t, map[string][]Entry{"a": many("a", 0, 10_000, "")}), kept)
	g := m.Lists[0].Segments
	g[0], g[1] = g[1], g[0]
	if s, err := m.Read(kept.get); !errors.Is(err, ErrCorrupt) || s != nil {
		t.Errorf("%v, %v", s, err)
	}
}

func TestASegmentThatIsNotCanonicalIsRefused(t *testing.T) {
	line := func(e Entry) string { return string(e.AppendJSON(nil)) + "\n" }
	a, b := line(many("a", 1, 1, "")[0]), line(many("a", 2, 1, "")[0])
	for what, text := range map[string]string{
		"wrong order":     b + a,
		"twice":           a + a,
		"no line end":     a + b[:len(b)-1],
		"an empty line":   a + "\n",
		"a space":         " " + a,
		"an escape":       a[:13] + `\u0065` + a[14:],
		"another list":    line(many("b", 1, 1, "")[0]),
		"no entry":        "{}\n",
		"too few entries": a + b,
	} {
		n := 2
		if what == "too few entries" {
			n = 3
		}
		g := Segment{SHA256: hexSum([]byte(text)), Entries: n, Bytes: len(text)}
		if _, err := g.decode("a", []byte(text)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestCountsAndChangesAgreeWithTheDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := build(t, someLists().Draw(t, "a")), build(t, someLists().Draw(t, "b"))
		d := a.Diff(b)
		var added, removed, changed int
		for _, name := range []string{"a", "a-b", "b", "c.1"} {
			x, y, z := a.CountChanges(b, name)
			added, removed, changed = added+x, removed+y, changed+z
		}
		if added != len(d.Added) || removed != len(d.Removed) || changed != len(d.Changed) {
			t.Fatalf("%d, %d, %d; the difference has %d, %d, %d", added, removed, changed, len(d.Added), len(d.Removed), len(d.Changed))
		}
		seen := map[place]bool{}
		a.EachChange(b, func(c Change) bool {
			for _, e := range slices.Concat(c.Before, c.After)[:1] {
				if seen[placeOf(&e)] {
					t.Fatalf("%s was told twice", e.Address)
				}
				seen[placeOf(&e)] = true
			}
			return true
		})
		n := 0
		a.EachChange(b, func(Change) bool { n++; return false })
		if n != min(1, len(seen)) {
			t.Fatalf("%d calls after the first said that it is enough", n)
		}
	})
}
