package watchlist

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"sluice/pkg/address"
)

// Builder puts a snapshot together. The order of the calls does not matter. It keeps the entries as they travel, about
// 250 bytes each, and nothing of what it is given.
type Builder struct {
	lists map[string]*listBuilder
	errs  []error
}

// NewBuilder returns a builder without lists.
func NewBuilder() *Builder { return &Builder{lists: map[string]*listBuilder{}} }

// Add adds the entries to the list with the name, making it when there is none. Entries that are equal in everything
// count once. Every entry must be valid and name the list; what is wrong is told by Build. An entry is found by the key
// of its network and address, as everywhere where an entry is read, whatever key it came with.
func (b *Builder) Add(list string, entries []Entry) *Builder {
	return b.AddList(list, Origin{}, entries)
}

// AddList is Add for a list whose origin is known.
func (b *Builder) AddList(list string, origin Origin, entries []Entry) *Builder {
	if err := CheckListName(list); err != nil {
		b.errs = append(b.errs, err)
		return b
	}
	l := b.list(list)
	if origin != (Origin{}) {
		l.origin = origin
	}
	for i := range entries {
		if e := &entries[i]; e.List != list {
			b.errs = append(b.errs, fmt.Errorf("entry %q of list %q was added to list %q", e.EntryID, e.List, list))
			return b
		}
		if !b.AddEntry(&entries[i]) {
			return b
		}
	}
	return b
}

// AddEntry is Add for one entry of the list that it names. False: something is wrong with it, which Build tells; of many
// such entries it tells the first.
func (b *Builder) AddEntry(e *Entry) bool {
	err := CheckListName(e.List)
	if err == nil {
		err = e.Validate()
	}
	if err != nil {
		if len(b.errs) == 0 {
			b.errs = append(b.errs, fmt.Errorf("entry %q of list %q: %w", e.EntryID, e.List, err))
		}
		return false
	}
	b.list(e.List).add(e, keyOf(e.Network, e.Address))
	return true
}

func (b *Builder) list(name string) *listBuilder {
	l, ok := b.lists[name]
	if !ok {
		l = newListBuilder()
		b.lists[name] = l
	}
	return l
}

// Build returns the snapshot of what was added, and leaves the builder empty.
func (b *Builder) Build() (*Snapshot, error) {
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	all := make([]content, 0, len(b.lists))
	for name, l := range b.lists {
		all = append(all, content{name, l.origin, l.part()})
		delete(b.lists, name)
	}
	return assemble(all), nil
}

// listBuilder collects the lines of one list.
type listBuilder struct {
	origin   Origin
	chunks   [][]byte // lines without their ends, one behind the other
	rows     []row
	networks []string // by the numbers in rows
	sorted   bool     // so far
	x, y     Entry    // for comparisons
}

// row is one line.
type row struct {
	first, second uint64 // the first 16 bytes of the address, filled up with zeros
	fp, wrappedFP uint64
	chunk         uint32
	from, to      uint32
	network       uint16
	listed        bool
	wraps         bool
}

// chunkBytes is how much is allocated for lines at a time.
const chunkBytes = 1 << 20

func newListBuilder() *listBuilder { return &listBuilder{sorted: true} }

func (l *listBuilder) text(r *row) string { return string(l.chunks[r.chunk][r.from:r.to]) }

// add takes over an entry with its key.
func (l *listBuilder) add(e *Entry, k address.Key) {
	last := len(l.chunks) - 1
	if last < 0 || cap(l.chunks[last])-len(l.chunks[last]) < MaxSegmentBytes-SegmentBytes {
		l.chunks = append(l.chunks, make([]byte, 0, chunkBytes))
		last++
	}
	from := len(l.chunks[last])
	l.chunks[last] = e.AppendJSON(l.chunks[last])
	r := row{chunk: uint32(last), from: uint32(from), to: uint32(len(l.chunks[last])), network: l.network(e.Network),
		fp: k.Fingerprint(), listed: e.Use == UseListed}
	var head [16]byte
	copy(head[:], e.Address)
	r.first, r.second = binary.BigEndian.Uint64(head[:8]), binary.BigEndian.Uint64(head[8:])
	if w, ok := address.WrappedSegwit(k); ok {
		r.wrappedFP, r.wraps = w.Fingerprint(), true
	}
	if n := len(l.rows); l.sorted && n > 0 {
		l.sorted = l.compare(&l.rows[n-1], &r) <= 0
	}
	l.rows = append(l.rows, r)
}

// network is the number of a name; there are few.
func (l *listBuilder) network(name string) uint16 {
	for i := len(l.networks) - 1; i >= 0; i-- {
		if l.networks[i] == name {
			return uint16(i)
		}
	}
	l.networks = append(l.networks, strings.Clone(name))
	return uint16(len(l.networks) - 1)
}

// compare is the canonical order. Most rows are told apart by network and the first bytes of the address.
func (l *listBuilder) compare(a, b *row) int {
	switch {
	case a.network != b.network:
		return strings.Compare(l.networks[a.network], l.networks[b.network])
	case a.first != b.first:
		return compareUint(a.first, b.first)
	case a.second != b.second:
		return compareUint(a.second, b.second)
	}
	x, y := l.text(a), l.text(b)
	restoreTexts(x, &l.x)
	restoreTexts(y, &l.y)
	return compareLines(&l.x, &l.y, x, y)
}

func compareUint(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

// part makes the part of the lines, each once, in canonical order.
func (l *listBuilder) part() *part {
	if !l.sorted {
		slices.SortFunc(l.rows, func(a, b row) int { return l.compare(&a, &b) })
	}
	p := &part{}
	slots := make([]slot, 0, len(l.rows)+len(l.rows)/2)
	var text []byte
	n := 0
	flush := func() {
		p.blocks = append(p.blocks, block{Segment{SHA256: hexSum(text), Entries: n, Bytes: len(text)}, string(text)})
		text, n = text[:0], 0
	}
	for i := range l.rows {
		r := &l.rows[i]
		line := l.chunks[r.chunk][r.from:r.to]
		if i > 0 && l.rows[i-1].fp == r.fp && l.text(&l.rows[i-1]) == string(line) {
			continue
		}
		at := spot{len(p.blocks), len(text)}
		var flags uint64
		if r.listed {
			flags = slotListed
		}
		slots = append(slots, slotAt(r.fp, at, flags))
		if r.wraps {
			slots = append(slots, slotAt(r.wrappedFP, at, flags|slotWrapped))
		}
		text = append(append(text, line...), '\n')
		n++
		if cut(len(text), line) {
			flush()
		}
	}
	if n > 0 {
		flush()
	}
	p.index = newIndex(slots)
	return p.seal()
}

// Where a list is cut depends on what stands there, so that one entry more or less changes one segment, and the others
// of the list are what they were.
const (
	leastSegmentBytes = SegmentBytes / 4
	cutEvery          = 1 << 11 // one line in so many ends a segment that is large enough
)

// cut says whether a segment of so many bytes ends with the line.
func cut(bytes int, line []byte) bool {
	return bytes >= SegmentBytes || bytes >= leastSegmentBytes && xxhash.Sum64(line)%cutEvery == 0
}
