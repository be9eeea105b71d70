package watchlist

import (
	"slices"

	"sluice/pkg/address"
)

// Diff is how one snapshot differs from another. Entries are compared by place: list, network and address key.
type Diff struct {
	Added   []Entry  // at places that the list did not have
	Removed []Entry  // at places that the list has no more
	Changed []Change // of places that the list has in both, not alike
	Lists   []string // names of the lists afterwards, by name
}

// Change is what one list said of an address before and says now; neither side is empty.
type Change struct{ Before, After []Entry }

// Empty says whether nothing was added, removed or changed.
func (d Diff) Empty() bool { return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 }

// place is what Diff compares entries by.
type place struct {
	list, network string
	key           address.Key
}

func placeOf(e *Entry) place { return place{e.List, e.Network, e.Key} }

// Diff returns how b differs from s. Its parts are in canonical order. Lists of equal hash are not looked at; of the
// others only what differs takes memory.
func (s *Snapshot) Diff(b *Snapshot) Diff {
	var d Diff
	before := map[string]string{}
	for _, l := range s.Lists() {
		before[l.Name] = l.Hash
	}
	for _, l := range b.Lists() {
		d.Lists = append(d.Lists, l.Name)
		hash, was := before[l.Name]
		switch {
		case !was:
			d.Added = append(d.Added, b.List(l.Name)...)
		case hash != l.Hash:
			d.list(s, b, l.Name)
		}
		delete(before, l.Name)
	}
	for name := range before {
		d.Removed = append(d.Removed, s.List(name)...)
	}
	d.Added, d.Removed = canonical(d.Added), canonical(d.Removed)
	slices.SortFunc(d.Changed, func(x, y Change) int { return Compare(&x.Before[0], &y.Before[0]) })
	return d
}

// list compares two states of one list: first entry by entry, then the places at which anything differs.
func (d *Diff) list(s, b *Snapshot, name string) {
	places := map[place]struct{}{}
	note := func(was, is *Entry) error {
		if was == nil {
			was = is
		}
		places[placeOf(was)] = struct{}{}
		return nil
	}
	_ = Merge(inOrder(s.List(name)), inOrder(b.List(name)), note) // neither sequence nor note has errors
	for p := range places {
		was, is := s.at(p), b.at(p)
		switch {
		case len(was) == 0:
			d.Added = append(d.Added, is...)
		case len(is) == 0:
			d.Removed = append(d.Removed, was...)
		default:
			d.Changed = append(d.Changed, Change{Before: was, After: is})
		}
	}
}

// at returns the entries at a place, in canonical order.
func (s *Snapshot) at(p place) (entries []Entry) {
	listed, _ := s.Lookup(p.key)
	for _, e := range listed {
		if placeOf(e) == p {
			entries = append(entries, *e)
		}
	}
	return canonical(entries)
}

// Apply returns the snapshot that d leads to from s: s.Apply(s.Diff(b)) has the version of b. Origins of lists stay as
// they are in s.
func (s *Snapshot) Apply(d Diff) (*Snapshot, error) {
	gone := map[place]bool{}
	mark := func(entries []Entry) {
		for i := range entries {
			gone[placeOf(&entries[i])] = true
		}
	}
	mark(d.Removed)
	put := map[string][]Entry{}
	add := func(entries []Entry) {
		for i := range entries {
			put[entries[i].List] = append(put[entries[i].List], entries[i])
		}
	}
	add(d.Added)
	for _, c := range d.Changed {
		mark(c.Before)
		add(c.After)
	}
	origins := map[string]Origin{}
	for _, l := range s.Lists() {
		origins[l.Name] = l.Origin
	}
	b := NewBuilder()
	for _, name := range d.Lists {
		kept := slices.DeleteFunc(slices.Clone(s.List(name)), func(e Entry) bool { return gone[placeOf(&e)] })
		b.AddList(name, origins[name], kept).Add(name, put[name])
	}
	return b.Build()
}

// WithList returns a snapshot in which the list with the name is replaced by entries, and all others are as in s.
func (s *Snapshot) WithList(name string, origin Origin, entries []Entry) (*Snapshot, error) {
	b := NewBuilder()
	for _, l := range s.Lists() {
		if l.Name != name {
			b.add(l.Name, l.Origin, s.List(l.Name))
		}
	}
	return b.AddList(name, origin, entries).Build()
}
