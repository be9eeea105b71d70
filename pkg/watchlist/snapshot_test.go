package watchlist

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
)

func TestTheVersionDoesNotDependOnOrderOrRepetition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := someLists().Draw(t, "lists")
		want := build(t, lists)
		b := NewBuilder()
		names := make([]string, 0, len(lists))
		for name := range lists {
			names = append(names, name)
		}
		for _, name := range rapid.Permutation(names).Draw(t, "order of lists") {
			b.Add(name, rapid.Permutation(lists[name]).Draw(t, "order of entries"))
			if n := len(lists[name]); n > 0 {
				b.Add(name, lists[name][:rapid.IntRange(0, n).Draw(t, "repeated")])
			}
		}
		got, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		if got.Version() != want.Version() || got.Len() != want.Len() {
			t.Fatalf("version %s with %d entries, want %s with %d", got.Version(), got.Len(), want.Version(), want.Len())
		}
	})
}

func TestTheVersionTellsEveryDifference(t *testing.T) {
	base := on(t, "a", "ethereum", "0x8589427373d6d84e98730d7795d8f6f8731fda16")
	snapshots := map[string]string{}
	add := func(what string, s *Snapshot) {
		if other, have := snapshots[s.Version()]; have {
			t.Errorf("%s has the version of %s", what, other)
		}
		snapshots[s.Version()] = what
	}
	add("nothing", build(t, nil))
	add("an empty list", build(t, map[string][]Entry{"a": nil}))
	add("another empty list", build(t, map[string][]Entry{"b": nil}))
	add("one entry", build(t, map[string][]Entry{"a": {base}}))
	for what, change := range map[string]func(*Entry){
		"entity":    func(e *Entry) { e.Entity = "Somebody else" },
		"tag":       func(e *Entry) { e.Tag = "1" },
		"network":   func(e *Entry) { e.Network = "bsc" },
		"entry id":  func(e *Entry) { e.EntryID = "2" },
		"measure":   func(e *Entry) { e.Measure = MeasureBlock },
		"delisted":  func(e *Entry) { e.DelistedAt = "2025-03-21" },
		"party":     func(e *Entry) { e.PartyListedAt = "2025-03-21" },
		"address":   func(e *Entry) { e.AddressListedAt = "2025-03-21" },
		"authority": func(e *Entry) { e.Authority = "2025-03-21" },
	} {
		e := base
		change(&e)
		add(what, build(t, map[string][]Entry{"a": {e}}))
	}
}

func TestWhatIsListedIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := build(t, someLists().Draw(t, "lists"))
		n := 0
		for e := range s.All() {
			n++
			listed, _ := s.Lookup(e.Key)
			filtered := e.Use == UseListed
			if !has(listed, e) || filtered && !s.MayContain(e.Key.Fingerprint()) {
				t.Fatalf("%s is listed and was not found", e.Address)
			}
			w, ok := address.WrappedSegwit(e.Key)
			if !ok {
				continue
			}
			if _, wrapped := s.Lookup(w); !has(wrapped, e) || filtered && !s.MayContain(w.Fingerprint()) {
				t.Fatalf("the wrapped address of %s was not found", e.Address)
			}
		}
		if n != s.Len() {
			t.Fatalf("%d entries, Len says %d", n, s.Len())
		}
		for _, l := range s.Lists() {
			if got := len(s.List(l.Name)); got != l.Entries {
				t.Fatalf("list %s has %d entries, its description says %d", l.Name, got, l.Entries)
			}
		}
	})
}

func has(entries []*Entry, e *Entry) bool {
	return slices.ContainsFunc(entries, func(x *Entry) bool { return Compare(x, e) == 0 && x.Key == e.Key })
}

func TestOnePublicKeyIsOneKeyAndListsItsWrappedAddress(t *testing.T) {
	// The test vector of BIP 49: one public key, spelled in three ways.
	bitcoin, _ := network.Lookup("bitcoin")
	hash := []byte{0x38, 0x97, 0x1f, 0x73, 0x93, 0x0f, 0x6c, 0x14, 0x1d, 0x97, 0x7a, 0xc4, 0xfd, 0x4a, 0x72, 0x7c, 0x85, 0x49, 0x35, 0xb3}
	legacy, err := address.Encode(bitcoin, address.P2PKH, hash)
	if err != nil {
		t.Fatal(err)
	}
	segwit, err := address.Encode(bitcoin, address.P2WPKH, hash)
	if err != nil {
		t.Fatal(err)
	}
	s := build(t, map[string][]Entry{"a": {on(t, "a", "bitcoin", legacy.Text)}})
	if listed, wrapped := s.Lookup(segwit.Key); len(listed) != 1 || len(wrapped) != 0 {
		t.Errorf("the segwit spelling of a listed address: %v, %v", listed, wrapped)
	}
	w, ok := address.WrappedSegwit(legacy.Key)
	if !ok {
		t.Fatal("a bitcoin public key hash has no wrapped address")
	}
	if listed, wrapped := s.Lookup(w); len(listed) != 0 || len(wrapped) != 1 {
		t.Errorf("the wrapped address of a listed public key: %v, %v", listed, wrapped)
	}
	nested, err := address.Encode(bitcoin, address.P2SH, w.Payload())
	if err != nil {
		t.Fatal(err)
	}
	// An entry for the wrapped address itself, beside.
	both := build(t, map[string][]Entry{"a": {
		on(t, "a", "bitcoin", legacy.Text),
		on(t, "a", "bitcoin", nested.Text),
	}})
	if listed, wrapped := both.Lookup(w); len(listed) != 1 || len(wrapped) != 1 {
		t.Errorf("a wrapped address listed by itself too: %v, %v", listed, wrapped)
	}
}

func TestNothingIsFoundInNothing(t *testing.T) {
	var none *Snapshot
	key := TextKey("x")
	for what, s := range map[string]*Snapshot{"nil": none, "zero": {}, "empty": build(t, nil)} {
		if a, b := s.Lookup(key); a != nil || b != nil || s.MayContain(key.Fingerprint()) || s.Len() != 0 || s.List("a") != nil {
			t.Errorf("the %s snapshot holds something", what)
		}
		for range s.All() {
			t.Errorf("the %s snapshot has an entry", what)
		}
	}
	if none.Version() != "" || (&Snapshot{}).Version() != "" {
		t.Error("a snapshot that was never built has a version")
	}
}

func TestFilterHasNoFalseNegativesAtAnySize(t *testing.T) {
	x := uint64(88172645463325252)
	next := func() uint64 { x ^= x << 13; x ^= x >> 7; x ^= x << 17; return x }
	for _, n := range []int{0, 1, 2, smallFilter - 1, smallFilter, smallFilter + 1, 1000, 30000} {
		fps := make([]uint64, n)
		for i := range fps {
			fps[i] = next()
		}
		twice := append(slices.Clone(fps), fps...)
		f := newFilter(twice)
		for _, fp := range fps {
			if !f.mayContain(fp) {
				t.Fatalf("%d fingerprints: %d is missing", n, fp)
			}
		}
		wrong := 0
		for range 100_000 {
			if f.mayContain(next()) {
				wrong++
			}
		}
		if wrong > 20 {
			t.Errorf("%d fingerprints: %d false positives in 100,000", n, wrong)
		}
		if (f.fuse != nil) != (n > smallFilter) {
			t.Errorf("%d fingerprints: fuse filter %v", n, f.fuse != nil)
		}
	}
}

func TestWhatIsNotListedAllocatesNothing(t *testing.T) {
	s := build(t, map[string][]Entry{"a": rapid.SliceOfN(anEntry("a"), 200, 200).Example(1)})
	other := TextKey("not listed")
	if n := testing.AllocsPerRun(100, func() {
		s.MayContain(other.Fingerprint())
		s.Lookup(other)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWrongEntriesAreRefused(t *testing.T) {
	good := on(t, "a", "ethereum", "0x8589427373d6d84e98730d7795d8f6f8731fda16")
	for what, tt := range map[string]struct {
		change func(*Entry)
		want   string
	}{
		"no id":         {func(e *Entry) { e.EntryID = "" }, "entry_id is empty"},
		"long id":       {func(e *Entry) { e.EntryID = strings.Repeat("x", MaxEntryID+1) }, "entry_id is 257 bytes"},
		"long entity":   {func(e *Entry) { e.Entity = strings.Repeat("x", MaxText+1) }, "entity is 2049 bytes"},
		"not UTF-8":     {func(e *Entry) { e.Entity = "\xff" }, "not UTF-8"},
		"no key":        {func(e *Entry) { e.Key = address.Key{} }, "no key"},
		"no category":   {func(e *Entry) { e.Category, e.Categories = "", nil }, "do not begin"},
		"made up":       {func(e *Entry) { e.Category, e.Categories = "bad", []taxonomy.Category{"bad"} }, `"bad" is none of`},
		"wrong primary": {func(e *Entry) { e.Category = taxonomy.Mixer }, "do not begin"},
		"wrong order": {func(e *Entry) {
			e.Category, e.Categories = taxonomy.Mixer, []taxonomy.Category{taxonomy.Mixer, taxonomy.Sanctions}
		}, "order of their rank"},
		"twice":      {func(e *Entry) { e.Categories = []taxonomy.Category{taxonomy.Sanctions, taxonomy.Sanctions} }, "stands twice"},
		"measure":    {func(e *Entry) { e.Measure = "stop" }, `measure "stop"`},
		"confidence": {func(e *Entry) { e.Confidence = 101 }, "above 100"},
		"date":       {func(e *Entry) { e.PartyListedAt = "2025-02-30" }, "2025-02-30"},
		"list":       {func(e *Entry) { e.List = "b" }, "was added to list"},
	} {
		e := good
		tt.change(&e)
		_, err := NewBuilder().Add("a", []Entry{e}).Build()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", what, err, tt.want)
		}
	}
	for _, name := range []string{"", "A", ".a", "-a", "a b", strings.Repeat("a", MaxListName+1), "ä"} {
		if _, err := NewBuilder().Add(name, nil).Build(); err == nil {
			t.Errorf("list name %q was taken", name)
		}
	}
	if _, err := NewBuilder().Add(strings.Repeat("a", MaxListName), nil).Build(); err != nil {
		t.Errorf("a name of %d letters: %v", MaxListName, err)
	}
}

func BenchmarkScreenFourCleanKeys(b *testing.B) {
	entries := make([]Entry, 100_000)
	for i := range entries {
		text := fmt.Sprintf("D%d", i)
		entries[i] = Entry{
			List: "a", EntryID: text, Network: "eos", Address: text, Key: TextKey(text),
			Category: taxonomy.Scam, Categories: []taxonomy.Category{taxonomy.Scam},
		}
	}
	s, err := NewBuilder().Add("a", entries).Build()
	if err != nil {
		b.Fatal(err)
	}
	fps := [4]uint64{TextKey("p").Fingerprint(), TextKey("q").Fingerprint(), TextKey("r").Fingerprint(), TextKey("s").Fingerprint()}
	b.ReportAllocs()
	for b.Loop() {
		for _, fp := range fps {
			s.MayContain(fp)
		}
	}
}
