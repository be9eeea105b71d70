package watchlist

import "fmt"

// Loading is a snapshot on its way from where it is stored. What an older snapshot has of the same content is taken over:
// whole lists, and segments of lists that changed. The rest is fetched by the caller in any order, and may be decoded by
// several goroutines at once: that is what takes the time.
type Loading struct {
	manifest Manifest
	lists    []loadList
	missing  []Segment
	at       []segmentAt // of missing
}

// segmentAt names a segment: the list's place in the manifest, and the segment's in the list.
type segmentAt struct{ list, segment int }

// loadList is one list of the manifest.
type loadList struct {
	part    *part // the whole list, from the older snapshot
	old     *part // some of it, from the older snapshot
	decoded []decoded
	from    []int // numbers of the segments in old, -1 for those that were decoded
}

// Begin begins to load what m describes, beside what have holds; have may be nil.
func (m Manifest) Begin(have *Snapshot) *Loading {
	l := &Loading{manifest: m, lists: make([]loadList, len(m.Lists))}
	for i, ml := range m.Lists {
		now, old := &l.lists[i], have.part(ml.Name)
		if old != nil && old.hash == ml.Hash && old.entries == ml.Entries {
			now.part = old
			continue
		}
		known := map[string]int{}
		if old != nil {
			now.old = old
			for j := range old.blocks {
				known[old.blocks[j].SHA256] = j
			}
		}
		now.decoded, now.from = make([]decoded, len(ml.Segments)), make([]int, len(ml.Segments))
		for j, g := range ml.Segments {
			if k, ok := known[g.SHA256]; ok && old.blocks[k].Segment == g {
				now.from[j] = k
				now.decoded[j].block = old.blocks[k]
				continue
			}
			now.from[j] = -1
			l.missing = append(l.missing, g)
			l.at = append(l.at, segmentAt{i, j})
		}
	}
	return l
}

// Missing are the segments that are to be fetched and given to Put, in the order of the manifest.
func (l *Loading) Missing() []Segment { return l.missing }

// Put verifies and decodes the segment i of Missing. It may be called by several goroutines at once, for each i once.
// The data may be changed afterwards. Errors wrap ErrCorrupt.
func (l *Loading) Put(i int, data []byte) error {
	at := l.at[i]
	name := l.manifest.Lists[at.list].Name
	d, err := l.missing[i].decode(name, data)
	if err != nil {
		return fmt.Errorf("list %s: %w", name, err)
	}
	l.lists[at.list].decoded[at.segment] = d
	return nil
}

// Snapshot returns the snapshot, when every segment that was missing is there, and every list's hash and count and the
// version are what the manifest says; otherwise an error that wraps ErrCorrupt.
func (l *Loading) Snapshot() (*Snapshot, error) {
	m := l.manifest
	all := make([]content, len(m.Lists))
	for i, ml := range m.Lists {
		origin, err := ml.origin()
		if err != nil {
			return nil, fmt.Errorf("%w: list %s: %w", ErrCorrupt, ml.Name, err)
		}
		p := l.lists[i].part
		if p == nil {
			if p, err = l.lists[i].join(); err != nil {
				return nil, fmt.Errorf("%w: list %s: %w", ErrCorrupt, ml.Name, err)
			}
		}
		if p.hash != ml.Hash || p.entries != ml.Entries {
			return nil, fmt.Errorf("%w: list %s: the segments make hash %s with %d entries, want %s with %d", ErrCorrupt, ml.Name, p.hash, p.entries, ml.Hash, ml.Entries)
		}
		all[i] = content{ml.Name, origin, p}
	}
	s := assemble(all)
	if s.Len() != m.Count || s.Version() != m.Version {
		return nil, fmt.Errorf("%w: the segments make version %s with %d entries, want %s with %d", ErrCorrupt, s.Version(), s.Len(), m.Version, m.Count)
	}
	return s, nil
}

// join makes the part of the segments.
func (l *loadList) join() (*part, error) {
	p := &part{blocks: make([]block, len(l.decoded))}
	slots := make([][]slot, 0, len(l.decoded)+1)
	moved := map[int]int{} // blocks of old by their number there
	var a, b Entry
	last := ""
	for i := range l.decoded {
		d := &l.decoded[i]
		if d.text == "" {
			return nil, fmt.Errorf("segment %d of %d is missing", i+1, len(l.decoded))
		}
		if l.from[i] >= 0 {
			moved[l.from[i]] = i
			d.first, d.last = ends(d.text)
		}
		if i > 0 {
			restoreTexts(last, &a)
			restoreTexts(d.first, &b)
			if compareLines(&a, &b, last, d.first) >= 0 {
				return nil, fmt.Errorf("segment %d of %d does not stand in canonical order", i+1, len(l.decoded))
			}
		}
		last = d.last
		p.blocks[i] = d.block
		for j := range d.slots {
			d.slots[j] = d.slots[j].in(i)
		}
		slots = append(slots, d.slots)
	}
	if len(moved) > 0 {
		slots = append(slots, l.old.index.of(moved))
	}
	p.index = newIndex(slots...)
	return p.seal(), nil
}
