package watchlist

import (
	"bytes"
	"slices"
	"strings"
)

// Compare is the canonical order of entries: by list, network, address, tag, entry id, and then by the rest. It is 0
// exactly for entries with the same canonical JSON.
func Compare(a, b *Entry) int {
	if c := comparePlace(a, b); c != 0 {
		return c
	}
	return bytes.Compare(a.AppendJSON(nil), b.AppendJSON(nil))
}

// compareLines is Compare of entries with their canonical JSON.
func compareLines(a, b *Entry, lineA, lineB string) int {
	if c := comparePlace(a, b); c != 0 {
		return c
	}
	return strings.Compare(lineA, lineB)
}

// comparePlace is Compare by what tells most entries apart.
func comparePlace(a, b *Entry) int {
	if c := strings.Compare(a.List, b.List); c != 0 {
		return c
	}
	if c := strings.Compare(a.Network, b.Network); c != 0 {
		return c
	}
	if c := strings.Compare(a.Address, b.Address); c != 0 {
		return c
	}
	if c := strings.Compare(a.Tag, b.Tag); c != 0 {
		return c
	}
	return strings.Compare(a.EntryID, b.EntryID)
}

// canonical returns the entries in canonical order, each once. It leaves its argument alone, and returns it where it is
// so already.
func canonical(entries []Entry) []Entry {
	sorted := true
	for i := 1; i < len(entries) && sorted; i++ {
		sorted = Compare(&entries[i-1], &entries[i]) < 0
	}
	if sorted {
		return entries
	}
	out := slices.Clone(entries)
	slices.SortFunc(out, func(a, b Entry) int { return Compare(&a, &b) })
	return slices.CompactFunc(out, func(a, b Entry) bool { return Compare(&a, &b) == 0 })
}
