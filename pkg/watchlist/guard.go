package watchlist

import (
	"errors"
	"fmt"
)

// MaxShrinkPercent is how much a list may lose in one load, in percent of its entries.
const MaxShrinkPercent = 20

// ErrGuard is wrapped by the error of a load that a guard refuses.
var ErrGuard = errors.New("load refused")

// Acceptance is a person's word that a load may do what the guards refuse.
type Acceptance struct {
	Author string
	Reason string
}

// CheckLoad says whether a list that had before entries may be replaced by one with after entries. It refuses an empty
// list, and one that has lost more than MaxShrinkPercent: publishers have been seen to lose everything for a day. With
// an author and a reason in accept it allows both; one without the other is an error.
func CheckLoad(list string, before, after int, accept Acceptance) error {
	accepted := accept != Acceptance{}
	if accepted && (accept.Author == "" || accept.Reason == "") {
		return fmt.Errorf("%w: accepting a shrunken list needs both an author and a reason", ErrGuard)
	}
	switch {
	case accepted:
		return nil
	case after == 0:
		return fmt.Errorf("%w: list %s would be empty (it has %d entries); to take it, accept it with author and reason", ErrGuard, list, before)
	case (before-after)*100 > before*MaxShrinkPercent:
		return fmt.Errorf("%w: list %s would fall from %d to %d entries, more than %d %%; to take it, accept it with author and reason",
			ErrGuard, list, before, after, MaxShrinkPercent)
	default:
		return nil
	}
}
