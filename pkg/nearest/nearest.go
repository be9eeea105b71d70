// Package nearest finds the known word that somebody who misspelt it may have meant, for messages that help.
package nearest

// Word returns the known word that is nearest to word, the first of several, within that many slips; "" when none is.
// Capitals count as slips.
func Word(word string, known []string, slips int) string {
	best, least := "", slips+1
	for _, k := range known {
		if d := Slips(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// Slips is the number of bytes to insert, remove or change to make b of a: their Levenshtein distance. It takes time as
// the product of both lengths, so cut what a stranger wrote.
func Slips(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
