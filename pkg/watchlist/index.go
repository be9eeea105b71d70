package watchlist

import (
	"cmp"
	"math/bits"
	"slices"

	"sluice/pkg/address"
)

// slot says that an entry answers for a key with a fingerprint. Fingerprints of two keys may be equal: what is found by
// one is confirmed with the key itself.
type slot struct {
	fp uint64
	at uint64 // block, offset and two flags, so that slots of one fingerprint are sorted by spot
}

const (
	slotWrapped = 1 << 0 // the key is that of the P2SH-P2WPKH address of the entry's public key hash
	slotListed  = 1 << 1 // the entry's use is UseListed
	offsetShift = 2
	blockShift  = 32
)

func slotAt(fp uint64, p spot, flags uint64) slot {
	return slot{fp, uint64(p.block)<<blockShift | uint64(p.offset)<<offsetShift | flags}
}

func (s slot) spot() spot {
	return spot{int(s.at >> blockShift), int(s.at & (1<<blockShift - 1) >> offsetShift)}
}
func (s slot) wrapped() bool { return s.at&slotWrapped != 0 }
func (s slot) listed() bool  { return s.at&slotListed != 0 }

// in is the slot with its block's number replaced.
func (s slot) in(block int) slot {
	return slot{s.fp, uint64(block)<<blockShift | s.at&(1<<blockShift-1)}
}

func compareSlots(a, b slot) int {
	if c := cmp.Compare(a.fp, b.fp); c != 0 {
		return c
	}
	return cmp.Compare(a.at, b.at)
}

// appendSlots appends the slots by which an entry is found.
func appendSlots(slots []slot, e *Entry, at spot) []slot {
	var flags uint64
	if e.Use == UseListed {
		flags = slotListed
	}
	slots = append(slots, slotAt(e.Key.Fingerprint(), at, flags))
	if w, ok := address.WrappedSegwit(e.Key); ok {
		slots = append(slots, slotAt(w.Fingerprint(), at, flags|slotWrapped))
	}
	return slots
}

// index finds the slots of a fingerprint: they are sorted, and a directory by their first bits says where to look.
type index struct {
	slots     []slot
	directory []uint32 // directory[fp>>shift] is the first slot with these bits; one more at the end
	shift     uint8
	listed    int // slots of listed entries
}

// slotsPerDirectory is how many slots share a place in the directory, on average at least.
const slotsPerDirectory = 4

// newIndex makes the index of slots in any order.
func newIndex(slots ...[]slot) index {
	n := 0
	for _, some := range slots {
		n += len(some)
	}
	width := max(1, bits.Len(uint(n/slotsPerDirectory)))
	x := index{slots: make([]slot, n), shift: uint8(64 - width), directory: make([]uint32, 1<<width+1)}
	for _, some := range slots {
		for _, s := range some {
			x.directory[s.fp>>x.shift+1]++
			if s.listed() {
				x.listed++
			}
		}
	}
	for i := 1; i < len(x.directory); i++ {
		x.directory[i] += x.directory[i-1]
	}
	next := slices.Clone(x.directory)
	for _, some := range slots {
		for _, s := range some {
			at := &next[s.fp>>x.shift]
			x.slots[*at] = s
			*at++
		}
	}
	for i := range len(x.directory) - 1 {
		slices.SortFunc(x.slots[x.directory[i]:x.directory[i+1]], compareSlots)
	}
	return x
}

// find returns the slots of a fingerprint.
func (x *index) find(fp uint64) []slot {
	if len(x.slots) == 0 {
		return nil
	}
	from, end := x.directory[fp>>x.shift], x.directory[fp>>x.shift+1]
	if end-from > 4*slotsPerDirectory {
		n, _ := slices.BinarySearchFunc(x.slots[from:end], fp, func(s slot, fp uint64) int { return cmp.Compare(s.fp, fp) })
		from += uint32(n)
	}
	for from < end && x.slots[from].fp < fp {
		from++
	}
	to := from
	for to < end && x.slots[to].fp == fp {
		to++
	}
	return x.slots[from:to:to]
}

// appendListed appends the fingerprints of listed entries, in order.
func (x *index) appendListed(fps []uint64) []uint64 {
	for _, s := range x.slots {
		if s.listed() {
			fps = append(fps, s.fp)
		}
	}
	return fps
}

// of returns the slots of some blocks, with other numbers for these.
func (x *index) of(blocks map[int]int) []slot {
	out := make([]slot, 0, len(x.slots))
	for _, s := range x.slots {
		if to, ok := blocks[s.spot().block]; ok {
			out = append(out, s.in(to))
		}
	}
	return out
}
