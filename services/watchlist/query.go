package watchlist

import (
	"strings"

	"sluice/pkg/address"
	"sluice/pkg/watchlist"
)

// Found is one entry that answers for an address.
type Found struct {
	Entry *watchlist.Entry
	Match string // exact, or same_key: another address of the same public key is listed
}

// Lookup returns what is listed about an address, on whatever network it may be of, or about an address key
// ("bitcoin:pkh:62e9…"). Nil: nothing is listed.
func Lookup(s *watchlist.Snapshot, text string) []Found {
	text = strings.TrimSpace(text)
	var found []Found
	seen := map[address.Key]bool{}
	look := func(key address.Key, spelled string) {
		if seen[key] {
			return
		}
		seen[key] = true
		listed, wrapped := s.Lookup(key)
		for _, e := range listed {
			match := "exact"
			if spelled != "" && e.Address != spelled {
				match = "same_key"
			}
			found = append(found, Found{e, match})
		}
		for _, e := range wrapped {
			found = append(found, Found{e, "same_key"})
		}
	}
	if key, err := address.ParseKey(text); err == nil {
		look(key, "")
	}
	for _, g := range address.Readings(text) {
		look(g.Address.Key, g.Address.Text)
	}
	look(watchlist.TextKey(text), text)
	return found
}
