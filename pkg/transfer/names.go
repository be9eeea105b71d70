package transfer

import "strings"

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
	best, least := "", 3 // more than two slips make another word
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return `is not known; names are lower case: write "` + k + `"`
		}
		if d := distance(clip(strings.ToLower(name)), k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return "is not a member of a transfer; the members are " + strings.Join(known, ", ")
	}
	return `is not known; the nearest member is "` + best + `"`
}

// distance is the edit distance of two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
