package network

import (
	"slices"
	"sort"
	"strings"

	"sluice/pkg/nearest"
)

// maxNearest is how many names Nearest gives at most, and maxMisspelt the longest name that it looks at, in bytes.
const (
	maxNearest  = 3
	maxMisspelt = 64
)

// Nearest gives the names that somebody who wrote name may have meant, the likeliest first, at most three: the networks
// of a ticker ("btc"), else the aliases and second names that differ by few letters. It gives none when nothing is near.
func Nearest(name string) []string {
	if len(name) > maxMisspelt {
		return nil
	}
	low := strings.ToLower(strings.TrimSpace(name))
	if n, ok := Lookup(low); ok {
		return []string{n.Canonical()}
	}
	if networks := ByTicker(low); networks != nil {
		var names []string
		for _, n := range networks[:min(maxNearest, len(networks))] {
			names = append(names, n.Canonical())
		}
		return names
	}

	limit := 1 + len(low)/4
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	for known, i := range byName {
		if d := nearest.Slips(low, known); d <= limit {
			near = append(near, candidate{table[i].Canonical(), d})
		}
	}
	sort.Slice(near, func(i, j int) bool {
		if near[i].distance != near[j].distance {
			return near[i].distance < near[j].distance
		}
		return near[i].name < near[j].name
	})
	var names []string
	for _, c := range near {
		if len(names) < maxNearest && !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}
