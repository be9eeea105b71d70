package transfer

import (
	"strings"

	"sluice/pkg/nearest"
)

// fieldOf finds the member with exactly this name.
func fieldOf(name string) (field, bool) {
	for f := range fieldCount {
		if members[f].name == name {
			return f, true
		}
	}
	return 0, false
}

func memberNames() []string {
	names := make([]string, fieldCount)
	for f := range members {
		names[f] = members[f].name
	}
	return names
}

// unknownRule says that there is no such member, and which one may have been meant.
func unknownRule(name string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return `is not known; names are lower case: write "` + k + `"`
		}
	}
	best := nearest.Word(clip(strings.ToLower(name)), known, 2) // more than two slips make another word
	if best == "" {
		return "is not a member of a transfer; the members are " + strings.Join(known, ", ")
	}
	return `is not known; the nearest member is "` + best + `"`
}
