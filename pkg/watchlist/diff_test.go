package watchlist

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
)

// slow is the difference by its definition: place by place, over all entries.
func slow(a, b *Snapshot) map[place]string {
	read := func(s *Snapshot) map[place]string {
		m := map[place]string{}
		for e := range s.All() {
			m[placeOf(e)] += string(e.AppendJSON(nil))
		}
		return m
	}
	before, after := read(a), read(b)
	out := map[place]string{}
	for p := range before {
		if _, ok := after[p]; !ok {
			out[p] = RowRemoved
		} else if before[p] != after[p] {
			out[p] = RowChanged
		}
	}
	for p := range after {
		if _, ok := before[p]; !ok {
			out[p] = RowAdded
		}
	}
	return out
}

func TestRowsAreTheDifferencePlaceByPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := build(t, someLists().Draw(t, "a")), build(t, someLists().Draw(t, "b"))
		got := map[place]string{}
		rows := a.Diff(b).Rows()
		for _, r := range rows {
			p := placeOf(r.first())
			if _, twice := got[p]; twice {
				t.Fatalf("%v stands twice", p)
			}
			got[p] = r.Change
			if r.Change == RowChanged && len(r.Fields()) == 0 && len(r.Before) == 1 && len(r.After) == 1 {
				t.Fatalf("nothing differs in %s", r.AppendJSON(nil))
			}
			if !json.Valid(r.AppendJSON(nil)) {
				t.Fatalf("%s is no JSON", r.AppendJSON(nil))
			}
		}
		if want := slow(a, b); !maps.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if !slices.IsSortedFunc(rows, func(x, y Row) int { return Compare(x.first(), y.first()) }) {
			t.Fatal("the rows are not in order")
		}
	})
}

func TestRowsSayWhatDiffers(t *testing.T) {
	before := on(t, "a", "ethereum", "0xd90e2f925da726b50c4ed8d0fb90ad053324f31b")
	after := before
	after.Entity, after.PartyListedAt = "Somebody else", "2025-04-02"
	gone := on(t, "a", "ethereum", "0x722122df12d4e14e13ac3b6895a86e84145b6967")
	comes := on(t, "a", "ethereum", "0xdd4c48c0b24039969fc16d1cdf626eab821d3384")
	var got []string
	for _, r := range build(t, map[string][]Entry{"a": {before, gone}}).Diff(build(t, map[string][]Entry{"a": {after, comes}})).Rows() {
		got = append(got, string(r.AppendJSON(nil)))
	}
	head := func(change string, e Entry) string {
		return fmt.Sprintf(`{"change":%q,"network":"ethereum","address":%q,"list":"a","entry_id":%q`, change, e.Address, e.EntryID)
	}
	want := []string{
		head("removed", gone) + `,"before":[` + string(gone.AppendJSON(nil)) + `]}`,
		head("changed", after) + `,"fields":["entity","party_listed_at"],"before":[` + string(before.AppendJSON(nil)) + `],"after":[` + string(after.AppendJSON(nil)) + `]}`,
		head("added", comes) + `,"after":[` + string(comes.AppendJSON(nil)) + `]}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTwoSpellingsOfOneKeyAreOneRow(t *testing.T) {
	bitcoin, _ := network.Lookup("bitcoin")
	hash := make([]byte, 20)
	hash[0] = 9
	spelled := func(form address.Form) Entry {
		a, err := address.Encode(bitcoin, form, hash)
		if err != nil {
			t.Fatal(err)
		}
		return on(t, "a", "bitcoin", a.Text)
	}
	p2pkh, p2wpkh := spelled(address.P2PKH), spelled(address.P2WPKH)
	none, both := build(t, nil), build(t, map[string][]Entry{"a": {p2pkh, p2wpkh}})
	if rows := none.Diff(both).Rows(); len(rows) != 1 || rows[0].Change != RowAdded || len(rows[0].After) != 2 {
		t.Errorf("%+v", rows)
	}
	one := build(t, map[string][]Entry{"a": {p2pkh}})
	rows := one.Diff(both).Rows()
	if len(rows) != 1 || rows[0].Change != RowChanged || !slices.Equal(rows[0].Fields(), []string{"address", "entry_id"}) {
		t.Errorf("%+v", rows)
	}
}

// Every member of an entry in which two entries of one place can differ is told.
func TestNoMemberIsLeftOutOfADifference(t *testing.T) {
	base := on(t, "a", "ethereum", "0xd90e2f925da726b50c4ed8d0fb90ad053324f31b")
	fields := reflect.TypeFor[Entry]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if name == "List" || name == "Network" || name == "Key" {
			continue // the place itself
		}
		e := base
		switch f := reflect.ValueOf(&e).Elem().Field(i); f.Interface().(type) {
		case []taxonomy.Category:
			f.Set(reflect.ValueOf([]taxonomy.Category{taxonomy.Other}))
		case uint8:
			f.SetUint(7)
		default:
			f.SetString(f.String() + "x")
		}
		r := newRow(RowChanged, []Entry{base}, []Entry{e})
		if len(r.Fields()) != 1 || !strings.Contains(string(e.AppendJSON(nil)), `"`+r.Fields()[0]+`":`) {
			t.Errorf("%s: %q", name, r.Fields())
		}
	}
}

func TestMergePassesOverWhatBothHave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(anEntry("a"), 0, 30)
		a, b := build(t, map[string][]Entry{"a": list.Draw(t, "a")}), build(t, map[string][]Entry{"a": list.Draw(t, "b")})
		texts := func(s *Snapshot, not *Snapshot) (out []string) {
			for e := range s.All() {
				if listed, _ := not.Lookup(e.Key); !slices.ContainsFunc(listed, func(o *Entry) bool { return Compare(o, e) == 0 }) {
					out = append(out, string(e.AppendJSON(nil)))
				}
			}
			return out
		}
		var gone, come []string
		err := Merge(inOrder(a.List("a")), inOrder(b.List("a")), func(was, is *Entry) error {
			if was != nil {
				gone = append(gone, string(was.AppendJSON(nil)))
			} else {
				come = append(come, string(is.AppendJSON(nil)))
			}
			return nil
		})
		if err != nil || !slices.Equal(gone, texts(a, b)) || !slices.Equal(come, texts(b, a)) {
			t.Fatalf("%v: gone %q, come %q", err, gone, come)
		}
	})
}

func TestMergeEndsWithTheFirstError(t *testing.T) {
	bad := errors.New("bad")
	broken := func(yield func(*Entry, error) bool) { yield(nil, bad) }
	e := on(t, "a", "ethereum", "0xd90e2f925da726b50c4ed8d0fb90ad053324f31b")
	fine := inOrder([]Entry{e})
	nothing := func(*Entry, *Entry) error { return nil }
	for name, err := range map[string]error{
		"before": Merge(broken, fine, nothing), "after": Merge(fine, broken, nothing),
		"fn": Merge(fine, inOrder(nil), func(*Entry, *Entry) error { return bad }),
	} {
		if !errors.Is(err, bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAListIsReadSegmentBySegmentAndVerified(t *testing.T) {
	entries := make([]Entry, 6000) // more than one segment
	for i := range entries {
		text := fmt.Sprintf("D%06d", i)
		entries[i] = Entry{List: "a", EntryID: text, Network: "verge", Address: text, Key: TextKey(text), Entity: strings.Repeat("x", 100),
			Category: taxonomy.Scam, Categories: []taxonomy.Category{taxonomy.Scam}}
	}
	s := build(t, map[string][]Entry{"a": entries, "empty": nil})
	stored := map[string][]byte{}
	m, err := s.Write(func(g Segment, data []byte) error { stored[g.SHA256] = slices.Clone(data); return nil })
	if err != nil || len(m.Lists[0].Segments) < 2 {
		t.Fatalf("%d segments, %v", len(m.Lists[0].Segments), err)
	}
	get := func(g Segment) ([]byte, error) { return stored[g.SHA256], nil }
	read := func(m Manifest, list string) (n int, err error) {
		for _, err := range m.Entries(list, get) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	if n, err := read(m, "a"); n != len(entries) || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
	if n, err := read(m, "empty"); n != 0 || err != nil {
		t.Errorf("%d entries of none, %v", n, err)
	}
	if _, err := read(m, "other"); err == nil {
		t.Error("a list that is not there was read")
	}
	first := m.Lists[0].Segments[0]
	swapped := Manifest{Version: m.Version, Lists: []ManifestList{{Name: "a", Hash: m.Lists[0].Hash, Segments: []Segment{first, first}}}}
	if _, err := read(swapped, "a"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a segment that comes twice: %v", err)
	}
	swapped.Lists[0].Segments = []Segment{first}
	if n, err := read(swapped, "a"); n != first.Entries || !errors.Is(err, ErrCorrupt) {
		t.Errorf("a list that is cut: %d entries, %v", n, err)
	}
	stored[first.SHA256] = stored[first.SHA256][1:]
	if n, err := read(m, "a"); n != 0 || !errors.Is(err, ErrCorrupt) {
		t.Errorf("a damaged segment: %d entries, %v", n, err)
	}
}
