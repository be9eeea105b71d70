package watchlist

import (
	"maps"
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

// Diff returns how b differs from s. Its parts are in canonical order. EachChange is for those who need not have it all
// at once.
func (s *Snapshot) Diff(b *Snapshot) Diff {
	var d Diff
	for _, l := range b.Lists() {
		d.Lists = append(d.Lists, l.Name)
	}
	s.EachChange(b, func(c Change) bool {
		switch {
		case len(c.Before) == 0:
			d.Added = append(d.Added, c.After...)
		case len(c.After) == 0:
			d.Removed = append(d.Removed, c.Before...)
		default:
			d.Changed = append(d.Changed, c)
		}
		return true
	})
	d.Added, d.Removed = canonical(d.Added), canonical(d.Removed)
	slices.SortFunc(d.Changed, func(x, y Change) int { return Compare(&x.Before[0], &y.Before[0]) })
	return d
}

// EachChange calls fn for every address of a list that s and b do not have alike, until fn says false: list by list, by
// the first line that differs. Before is empty for an address that was added, After for one that was removed. Lists and
// segments that are the same in both are not looked at.
func (s *Snapshot) EachChange(b *Snapshot, fn func(Change) bool) {
	for _, name := range eitherHas(s, b) {
		if !eachChange(s.orNone(name), b.orNone(name), fn) {
			return
		}
	}
}

// CountChanges is how many entries and addresses Diff has of one list: entries added, entries removed, addresses changed.
func (s *Snapshot) CountChanges(b *Snapshot, list string) (added, removed, changed int) {
	was, is := s.orNone(list), b.orNone(list)
	if was.entries == 0 || is.entries == 0 {
		return is.entries, was.entries, 0
	}
	eachChange(was, is, func(c Change) bool {
		switch {
		case len(c.Before) == 0:
			added += len(c.After)
		case len(c.After) == 0:
			removed += len(c.Before)
		default:
			changed++
		}
		return true
	})
	return added, removed, changed
}

// eitherHas are the names of the lists that one of two snapshots has, in order.
func eitherHas(a, b *Snapshot) []string {
	names := map[string]bool{}
	for _, of := range []*Snapshot{a, b} {
		for _, l := range of.Lists() {
			names[l.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// orNone is the content of a list, an empty one when there is no such list.
func (s *Snapshot) orNone(name string) *part {
	if p := s.part(name); p != nil {
		return p
	}
	return &part{}
}

// eachChange is EachChange for one list.
func eachChange(was, is *part, fn func(Change) bool) bool {
	if was.hash == is.hash {
		return true
	}
	return eachDifferent(was, is, func(line string) bool {
		e := &Entry{}
		restore(line, e)
		c, first := comparePlaces(was, is, e)
		// An address with several lines that differ is told with the first of them.
		return first != line || fn(c)
	})
}

// comparePlaces returns what two parts have of the place of an entry, and the first line of it that only one has.
func comparePlaces(was, is *part, e *Entry) (c Change, first string) {
	before, linesBefore := was.of(e)
	after, linesAfter := is.of(e)
	i, j := 0, 0
	for i < len(before) && j < len(after) && linesBefore[i] == linesAfter[j] {
		i, j = i+1, j+1
	}
	switch {
	case j == len(after):
		first = linesBefore[i]
	case i == len(before):
		first = linesAfter[j]
	case compareLines(&before[i], &after[j], linesBefore[i], linesAfter[j]) < 0:
		first = linesBefore[i]
	default:
		first = linesAfter[j]
	}
	return Change{Before: before, After: after}, first
}

// of returns the entries at the place of e and their lines, in canonical order.
func (p *part) of(e *Entry) (entries []Entry, lines []string) {
	for _, s := range p.index.find(e.Key.Fingerprint()) {
		if s.wrapped() {
			continue
		}
		line := p.line(s.spot())
		var x Entry
		restore(line, &x)
		if placeOf(&x) == placeOf(e) {
			entries, lines = append(entries, x), append(lines, line)
		}
	}
	return entries, lines
}

// eachDifferent calls fn for each line that only one of two parts has, in canonical order, until fn says false.
func eachDifferent(a, b *part, fn func(line string) bool) bool {
	x, y := walk{part: a}, walk{part: b}
	for !x.ended() || !y.ended() {
		switch {
		case x.ended():
			if !fn(y.next()) {
				return false
			}
		case y.ended():
			if !fn(x.next()) {
				return false
			}
		case x.offset == 0 && y.offset == 0 && a.blocks[x.block].SHA256 == b.blocks[y.block].SHA256:
			x.block++
			y.block++
		case x.line() == y.line():
			x.next()
			y.next()
		default:
			from := &x
			if compareLines(x.entry(), y.entry(), x.line(), y.line()) > 0 {
				from = &y
			}
			if !fn(from.next()) {
				return false
			}
		}
	}
	return true
}

// walk goes through the lines of a part.
type walk struct {
	part *part
	spot
	current string // the line at the spot; "": not looked at yet
	decoded bool   // into e
	e       Entry
}

func (w *walk) ended() bool { return w.block == len(w.part.blocks) }

func (w *walk) line() string {
	if w.current == "" {
		w.current = w.part.line(w.spot)
	}
	return w.current
}

func (w *walk) entry() *Entry {
	if !w.decoded {
		restoreTexts(w.line(), &w.e)
		w.decoded = true
	}
	return &w.e
}

// next returns the line and steps behind it.
func (w *walk) next() string {
	line := w.line()
	w.offset += len(line) + 1
	if w.offset == len(w.part.blocks[w.block].text) {
		w.block, w.offset = w.block+1, 0
	}
	w.current, w.decoded = "", false
	return line
}

// Apply returns the snapshot that d leads to from s: s.Apply(s.Diff(b)) has the version of b. Origins of lists stay as
// they are in s.
func (s *Snapshot) Apply(d Diff) (*Snapshot, error) {
	gone := map[place]bool{}
	put := map[string][]Entry{}
	touched := map[string]bool{}
	remove := func(entries []Entry) {
		for i := range entries {
			gone[placeOf(&entries[i])] = true
			touched[entries[i].List] = true
		}
	}
	add := func(entries []Entry) {
		for i := range entries {
			put[entries[i].List] = append(put[entries[i].List], entries[i])
			touched[entries[i].List] = true
		}
	}
	remove(d.Removed)
	add(d.Added)
	for _, c := range d.Changed {
		remove(c.Before)
		add(c.After)
	}
	origins := map[string]Origin{}
	for _, l := range s.Lists() {
		origins[l.Name] = l.Origin
	}
	b := NewBuilder()
	var same []content
	for _, name := range d.Lists {
		if p := s.part(name); p != nil && !touched[name] {
			same = append(same, content{name, origins[name], p})
			continue
		}
		l := b.AddList(name, origins[name], put[name]).list(name)
		for e := range s.Each(name) {
			if !gone[placeOf(e)] {
				l.add(e, e.Key)
			}
		}
	}
	rest, err := b.Build()
	if err != nil {
		return nil, err
	}
	return assemble(append(same, rest.contents()...)), nil
}
