package watchlist

import (
	"slices"

	"sluice/pkg/address"
)

// Diff is how one snapshot differs from another. Entries are compared by list, network and address key.
type Diff struct {
	Added   []Entry  // of addresses that the list did not have
	Removed []Entry  // of addresses that the list has no more
	Changed []Change // of addresses that the list has in both, not alike
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

// Diff returns how b differs from a. Its parts are in canonical order.
func (s *Snapshot) Diff(b *Snapshot) Diff {
	var d Diff
	hashes := map[string]string{}
	for _, l := range s.Lists() {
		hashes[l.Name] = l.Hash
	}
	for _, l := range b.Lists() {
		d.Lists = append(d.Lists, l.Name)
		if hashes[l.Name] != l.Hash {
			d.list(s.List(l.Name), b.List(l.Name))
		}
		delete(hashes, l.Name)
	}
	for name := range hashes {
		d.Removed = append(d.Removed, s.List(name)...)
	}
	d.Added, d.Removed = canonical(d.Added), canonical(d.Removed)
	slices.SortFunc(d.Changed, func(x, y Change) int { return Compare(&x.Before[0], &y.Before[0]) })
	return d
}

// list compares two states of one list.
func (d *Diff) list(before, after []Entry) {
	was, is := byPlace(before), byPlace(after)
	for p, old := range was {
		now, ok := is[p]
		switch {
		case !ok:
			d.Removed = append(d.Removed, old...)
		case !slices.EqualFunc(old, now, func(a, b Entry) bool { return Compare(&a, &b) == 0 }):
			d.Changed = append(d.Changed, Change{Before: old, After: now})
		}
	}
	for p, now := range is {
		if _, ok := was[p]; !ok {
			d.Added = append(d.Added, now...)
		}
	}
}

func byPlace(entries []Entry) map[place][]Entry {
	m := make(map[place][]Entry, len(entries))
	for i := range entries {
		p := place{entries[i].List, entries[i].Network, entries[i].Key}
		m[p] = append(m[p], entries[i])
	}
	return m
}

// Apply returns the snapshot that d leads to from s: s.Apply(s.Diff(b)) has the version of b. Origins of lists stay as
// they are in s.
func (s *Snapshot) Apply(d Diff) (*Snapshot, error) {
	gone := map[place]bool{}
	mark := func(entries []Entry) {
		for i := range entries {
			gone[place{entries[i].List, entries[i].Network, entries[i].Key}] = true
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
		kept := slices.DeleteFunc(slices.Clone(s.List(name)), func(e Entry) bool {
			return gone[place{e.List, e.Network, e.Key}]
		})
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
