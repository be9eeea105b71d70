package watchlist

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/pkg/taxonomy"
)

// grave are the categories whose hits one person alone cannot suppress: those for which the built-in policy holds a
// deposit.
var grave = []taxonomy.Category{taxonomy.Sanctions, taxonomy.TerroristFinancing, taxonomy.CSAM}

// Grave reports whether a listed entry is one over which an allow entry needs a reference and a second person.
func (e *Entry) Grave() bool {
	return e.Use == UseListed && slices.ContainsFunc(grave, func(c taxonomy.Category) bool {
		return e.Category == c || slices.Contains(e.Categories, c)
	})
}

// Covers reports whether an allow entry is meant for the hits of a listed one. That both are of one address is for the
// caller to know.
func (e *Entry) Covers(listed *Entry) bool {
	return e.Use == UseAllow && listed.Use == UseListed &&
		(e.ForList == "" || e.ForList == listed.List) && (e.ForEntry == "" || e.ForEntry == listed.EntryID)
}

// Allows reports whether an allow entry suppresses the hits of a listed one: it covers it, and, where that is grave, was
// made with a reference and approved by a second person.
func (e *Entry) Allows(listed *Entry) bool {
	return e.Covers(listed) && (!listed.Grave() || e.Approved() == nil)
}

// Approved says what an allow entry lacks to suppress hits of grave entries; nil when nothing.
func (e *Entry) Approved() error {
	switch {
	case e.Reference == "":
		return errors.New("reference is empty: over sanctions, terrorist financing and csam an allow entry names the case or licence")
	case e.Approver == "":
		return errors.New("approver is empty: over sanctions, terrorist financing and csam a second person approves")
	default:
		return e.checkAllow()
	}
}

// checkAllow says what every allow entry needs: whose word it is and why, an end, and that nobody approves his own.
func (e *Entry) checkAllow() error {
	switch {
	case e.Author == "":
		return errors.New("author is empty: an allow entry says who made it")
	case e.Reason == "":
		return errors.New("reason is empty: an allow entry says why")
	case e.ExpiresAt == "":
		return errors.New("expires_at is empty: an allow entry ends")
	case strings.EqualFold(e.Approver, e.Author):
		return fmt.Errorf("approver %q is the author: a second person approves", e.Approver)
	case e.ForList != "":
		return CheckListName(e.ForList)
	default:
		return nil
	}
}
