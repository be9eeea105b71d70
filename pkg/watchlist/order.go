package watchlist

import (
	"bytes"
	"slices"
	"strings"
)

// Compare is the canonical order of entries: by list, network, address, tag, entry id, and then by the rest. It is 0
// exactly for entries with the same canonical JSON.
func Compare(a, b *Entry) int {
	for _, c := range [...]int{
		strings.Compare(a.List, b.List),
		strings.Compare(a.Network, b.Network),
		strings.Compare(a.Address, b.Address),
		strings.Compare(a.Tag, b.Tag),
		strings.Compare(a.EntryID, b.EntryID),
	} {
		if c != 0 {
			return c
		}
	}
	return bytes.Compare(a.AppendJSON(nil), b.AppendJSON(nil))
}

// canonical returns the entries in canonical order, each once. It leaves its argument alone.
func canonical(entries []Entry) []Entry {
	out := slices.Clone(entries)
	slices.SortFunc(out, func(a, b Entry) int { return Compare(&a, &b) })
	return slices.CompactFunc(out, func(a, b Entry) bool { return Compare(&a, &b) == 0 })
}
