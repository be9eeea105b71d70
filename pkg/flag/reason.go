package flag

import "iter"

// Reason is why a transfer is held.
type Reason uint8

// The reasons, in the order in which records have them.
const (
	Risk                Reason = iota // what it touches
	Degraded                          // no usable lists to screen it with
	Unscreenable                      // on an unknown network, or with an address that is none
	UnknownCounterparty               // nobody to screen
	Conflict                          // the same transfer id came with other content
	Indeterminate                     // a rule could not be evaluated
	Quarantined                       // a stage could not process the record
	Order                             // an authority's or the exchange's own order
	reasonCount
)

var reasonNames = [reasonCount]string{
	"risk", "degraded", "unscreenable", "unknown_counterparty", "conflict", "indeterminate", "quarantined", "order",
}

// String is the reason as the record has it; "" for a number that is none.
func (r Reason) String() string {
	if r >= reasonCount {
		return ""
	}
	return reasonNames[r]
}

// ParseReason reads what String writes.
func ParseReason(text string) (Reason, bool) {
	for i, name := range reasonNames {
		if name == text {
			return Reason(i), true
		}
	}
	return 0, false
}

// ReasonNames are all reasons in order.
func ReasonNames() []string { return reasonNames[:] }

// Set is the set of this reason alone.
func (r Reason) Set() Reasons { return 1 << r }

// Reasons is a set of reasons.
type Reasons uint8

// Has reports whether r is in the set.
func (s Reasons) Has(r Reason) bool { return s&r.Set() != 0 }

// All yields the reasons of the set in order.
func (s Reasons) All() iter.Seq[Reason] {
	return func(yield func(Reason) bool) {
		for r := range reasonCount {
			if s.Has(r) && !yield(r) {
				return
			}
		}
	}
}
