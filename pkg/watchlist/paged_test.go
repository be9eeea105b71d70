package watchlist

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"sluice/pkg/address"
)

// shelf is where a test keeps pages.
type shelf map[PageHash][]byte

// inPages stores a snapshot in both forms, the named lists in pages, and returns its manifest as it is read.
func inPages(t rapid.TB, s *Snapshot, kept store, pages shelf, names ...string) Manifest {
	t.Helper()
	m := travel(t, s, kept)
	for _, name := range names {
		if s.part(name) == nil {
			continue
		}
		p := s.Pages(name)
		described, err := p.Describe(func(x Piece, data []byte) error { kept[x.SHA256] = bytes.Clone(data); return nil })
		if err != nil {
			t.Fatal(err)
		}
		m.WithPages(name, described)
		for i := range p.Len() {
			if h, ok := p.Hash(i); ok {
				pages[h] = p.Append(nil, i)
			} else if len(p.Append(nil, i)) > 0 {
				t.Fatalf("page %d has rows and no name", i)
			}
		}
	}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// loadPaged loads the second form, and says how many pieces and segments it took.
func loadPaged(t rapid.TB, m Manifest, have *Paged, kept store) (*Paged, int) {
	t.Helper()
	l := m.BeginPaged(have)
	fetch(t, l, kept)
	p, err := l.Paged()
	if err != nil {
		t.Fatal(err)
	}
	return p, len(l.Missing())
}

// answerOf looks a key up in the second form.
func answerOf(t rapid.TB, l *Lookups, pages shelf, k address.Key) (listed, wrapped []*Entry) {
	t.Helper()
	listed, wrapped = l.Lookup(k)
	if !l.Lacking() {
		return listed, wrapped
	}
	if listed != nil || wrapped != nil {
		t.Fatal("half an answer")
	}
	for _, h := range l.Pages() {
		if err := l.Put(h, pages[h]); err != nil {
			t.Fatal(err)
		}
	}
	listed, wrapped = l.Lookup(k)
	if l.Lacking() {
		t.Fatal("all pages were put, and the answer is lacking")
	}
	return listed, wrapped
}

// The two forms are one: whatever is looked up, the answers are the same, in the same order.
func TestBothFormsAnswerAlike(t *testing.T) {
	names := []string{"a", "a-b", "b", "c.1"}
	rapid.Check(t, func(t *rapid.T) {
		lists, kept, pages := someLists().Draw(t, "lists"), store{}, shelf{}
		s := build(t, lists)
		some := rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(t, "in pages")
		have := build(t, someLists().Draw(t, "before"))
		before, _ := loadPaged(t, inPages(t, have, kept, pages, some...), nil, kept)
		p, _ := loadPaged(t, inPages(t, s, kept, pages, some...), before, kept)
		if p.Version() != s.Version() || p.Len() != s.Len() || !slices.Equal(p.Lists(), s.Lists()) {
			t.Fatalf("version %s with %d entries, want %s with %d", p.Version(), p.Len(), s.Version(), s.Len())
		}
		keys := map[address.Key]bool{TextKey("nowhere"): true}
		for _, of := range []*Snapshot{s, have} {
			for e := range of.All() {
				keys[e.Key] = true
				if w, ok := address.WrappedSegwit(e.Key); ok {
					keys[w] = true
				}
			}
		}
		one := p.Lookups()
		for k := range keys {
			if s.MayContain(k.Fingerprint()) != p.MayContain(k.Fingerprint()) {
				t.Fatalf("%s: the filters do not agree", k)
			}
			wantListed, wantWrapped := s.Lookup(k)
			for what, l := range map[string]*Lookups{"first": p.Lookups(), "one of many": one} {
				listed, wrapped := answerOf(t, l, pages, k)
				if !reflect.DeepEqual(listed, wantListed) || !reflect.DeepEqual(wrapped, wantWrapped) {
					t.Fatalf("%s, %s: %d and %d entries, want %d and %d", k, what, len(listed), len(wrapped), len(wantListed), len(wantWrapped))
				}
			}
		}
	})
}

func TestALookupWithoutItsPageIsNoAnswer(t *testing.T) {
	kept, pages := store{}, shelf{}
	s := build(t, map[string][]Entry{"a": many("a", 0, 1000, "")})
	p, _ := loadPaged(t, inPages(t, s, kept, pages, "a"), nil, kept)
	l := p.Lookups()
	k := many("a", 5, 1, "")[0].Key
	if listed, wrapped := l.Lookup(k); listed != nil || wrapped != nil || !l.Lacking() || l.Lacking() {
		t.Error("an answer came from nowhere")
	}
	wanted := l.Pages()
	if len(wanted) != 1 {
		t.Fatalf("%d pages are wanted", len(wanted))
	}
	for what, data := range map[string][]byte{"another": []byte("x"), "none": nil, "cut": pages[wanted[0]][1:]} {
		if err := l.Put(wanted[0], data); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s page: %v", what, err)
		}
	}
	if l.Lookup(k); !l.Lacking() {
		t.Error("a wrong page answered")
	}
	if err := l.Put(wanted[0], pages[wanted[0]]); err != nil {
		t.Fatal(err)
	}
	if listed, _ := l.Lookup(k); len(listed) != 1 || l.Lacking() || len(l.Pages()) != 0 {
		t.Errorf("%d entries", len(listed))
	}
	if l.Lookup(TextKey("not listed")); len(l.Pages()) > 0 && l.MayContain(TextKey("not listed").Fingerprint()) == false {
		t.Error("what the filter excludes wants a page")
	}
}

func TestOneEntryMoreChangesFewPages(t *testing.T) {
	entries := many("a", 0, 20_000, "")
	before, after := shelf{}, shelf{}
	kept := store{}
	m := inPages(t, build(t, map[string][]Entry{"a": entries, "b": many("b", 0, 3, "")}), kept, before, "a")
	inPages(t, build(t, map[string][]Entry{"a": append(entries, many("a", 50_000, 1, "")...)}), kept, after, "a")
	maps.DeleteFunc(after, func(h PageHash, _ []byte) bool { return before[h] != nil })
	if len(after) != 1 {
		t.Errorf("%d of %d pages changed", len(after), len(before))
	}
	// Another small list leaves the large one as it is.
	p, n := loadPaged(t, m, nil, kept)
	next := inPages(t, build(t, map[string][]Entry{"a": entries, "b": many("b", 0, 4, "")}), kept, shelf{}, "a")
	again, less := loadPaged(t, next, p, kept)
	if n < 3 || less != 1 || again.Len() != p.Len()+1 {
		t.Errorf("%d pieces, then %d", n, less)
	}
}

func TestDamagedPiecesAreRefused(t *testing.T) {
	kept := store{}
	allowed := many("a", 0, 200, "")
	for i := range allowed[:100] {
		allowed[i].Use = UseOwn
	}
	m := inPages(t, build(t, map[string][]Entry{"a": allowed}), kept, shelf{}, "a")
	if len(m.Lists[0].Paged.Any) == 0 {
		t.Fatal("one filter for listed and own entries")
	}
	for i, x := range m.BeginPaged(nil).Missing() {
		for at := 0; at < x.Bytes; at += 1 + x.Bytes/50 {
			bad := bytes.Clone(kept[x.SHA256])
			bad[at] ^= 1
			if err := m.BeginPaged(nil).Put(i, bad); !errors.Is(err, ErrCorrupt) {
				t.Errorf("piece %d, byte %d: %v", i, at, err)
			}
		}
	}
	// Pieces of another list, which are whole in themselves.
	other := inPages(t, build(t, map[string][]Entry{"a": many("a", 1, 200, "")}), kept, shelf{}, "a")
	m.Lists[0].Paged.Listed = other.Lists[0].Paged.Listed
	l := m.BeginPaged(nil)
	for i, x := range l.Missing() {
		if err := l.Put(i, kept[x.SHA256]); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := l.Paged(); !errors.Is(err, ErrCorrupt) || p != nil {
		t.Errorf("a filter of another version: %v", err)
	}
	if p, err := m.BeginPaged(nil).Paged(); !errors.Is(err, ErrCorrupt) || p != nil {
		t.Errorf("without its pieces: %v", err)
	}
}

func TestImpossiblePagesAreRefused(t *testing.T) {
	kept := store{}
	s := build(t, map[string][]Entry{"a": many("a", 0, 1000, "")})
	for what, change := range map[string]func(*ManifestPaged){
		"no bits":       func(m *ManifestPaged) { m.Bits = 0 },
		"too many bits": func(m *ManifestPaged) { m.Bits = pageBits(2000) + 1 },
		"no table":      func(m *ManifestPaged) { m.Table = nil },
		"no filter":     func(m *ManifestPaged) { m.Listed = nil },
		"a large one":   func(m *ManifestPaged) { m.Listed = []Piece{{SHA256: m.Listed[0].SHA256, Bytes: 1024 + 16*1000 + 1}} },
		"a large piece": func(m *ManifestPaged) { m.Listed[0].Bytes = MaxSegmentBytes + 1 },
		"an empty one":  func(m *ManifestPaged) { m.Table[0].Bytes = 0 },
		"a short name":  func(m *ManifestPaged) { m.Table[0].SHA256 = "x" },
	} {
		m := inPages(t, s, kept, shelf{}, "a")
		change(m.Lists[0].Paged)
		text, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseManifest(text); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestNothingIsInNoPagedLists(t *testing.T) {
	var none *Paged
	if none.Version() != "" || none.Len() != 0 || none.Lists() != nil || none.MayContain(1) {
		t.Error("nothing holds something")
	}
}

func TestFiltersTravel(t *testing.T) {
	for _, n := range []int{0, 1, smallFilter, smallFilter + 1, 5000} {
		fps := make([]uint64, n)
		for i := range fps {
			fps[i] = TextKey(fmt.Sprint(i)).Fingerprint()
		}
		f := newFilter(slices.Clone(fps))
		data := f.append(nil)
		back, err := readFilter(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, fp := range fps {
			if !back.mayContain(fp) {
				t.Fatalf("of %d, %d was lost", n, fp)
			}
		}
		if !bytes.Equal(back.append(nil), data) {
			t.Errorf("a filter of %d came back as another", n)
		}
	}
}

func FuzzReadFilter(f *testing.F) {
	small, large := newFilter([]uint64{1, 2, 3}), newFilter(func() (fps []uint64) {
		for i := range uint64(100) {
			fps = append(fps, i*0x9e3779b97f4a7c15)
		}
		return fps
	}())
	f.Add(small.append(nil))
	f.Add(large.append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := readFilter(data)
		if err != nil {
			return
		}
		for i := range uint64(200) { // never looks outside
			read.mayContain(i * 0x9e3779b97f4a7c15)
		}
		if !bytes.Equal(read.append(nil), data) {
			t.Error("read something else than what was written")
		}
	})
}

func FuzzPageRows(f *testing.F) {
	s := build(f, map[string][]Entry{"a": many("a", 0, 3, "")})
	f.Add(s.Pages("a").Append(nil, 0))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		if pageRows(data, func(r pageRow) { n += len(r.line) + 10 }) && n > len(data) {
			t.Error("more rows than bytes")
		}
	})
}
