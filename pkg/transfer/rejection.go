package transfer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxProblems is how many problems of one transfer are listed; Rejection.Omitted counts the others.
const MaxProblems = 100

// MaxProblemValue is how many bytes of an offending value a Problem shows.
const MaxProblemValue = 80

// Problem is one thing that is wrong with a transfer.
type Problem struct {
	Field string `json:"field"` // such as "amount", "from[3]", "fiat.currency"; "" for the whole body
	Value string `json:"value"` // what stands there, cut after MaxProblemValue bytes; "" when it is absent
	Rule  string `json:"rule"`  // what would be right
}

func (p Problem) String() string {
	switch {
	case p.Field == "":
		return p.Rule
	case p.Value == "":
		return p.Field + ": " + p.Rule
	}
	return fmt.Sprintf("%s %q: %s", p.Field, p.Value, p.Rule)
}

// Rejection is the error of Parse: every problem that keeps a body from being a transfer. Sending the same body again
// cannot help.
type Rejection struct {
	TransferID string    // the body's id, "" where it could not be read, cut where it is longer than an id may be
	Problems   []Problem // never empty, in the order of the fields of the contract
	Omitted    int       // how many more there are
}

func (r *Rejection) Error() string {
	var b strings.Builder
	b.WriteString("transfer")
	if r.TransferID != "" {
		fmt.Fprintf(&b, " %q", clip(r.TransferID))
	}
	b.WriteString(" rejected: ")
	for i, p := range r.Problems {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.String())
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&b, "; and %d more", r.Omitted)
	}
	return b.String()
}

// clip cuts a value for display at a character's end.
func clip(value string) string {
	if len(value) <= MaxProblemValue {
		return value
	}
	end := MaxProblemValue
	for end > 0 && !utf8.RuneStart(value[end]) {
		end--
	}
	return value[:end] + "…"
}
