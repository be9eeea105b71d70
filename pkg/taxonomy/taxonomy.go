// Package taxonomy is what listed addresses are listed for: categories with their default severity and rank, and how
// other publishers' words map to them.
package taxonomy

// Category is one of the published categories; "" is none.
type Category string

// Severity is how bad a hit or verdict is. The order of the constants is the order of severity.
type Severity uint8

// The severities, least first.
const (
	None Severity = iota
	Low
	Medium
	High
	Severe
)
