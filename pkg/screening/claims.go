package screening

import (
	"strings"

	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// claims are what the entries of an address say besides listing it: that it is the exchange's own, and that hits on it
// are allowed. They are entries of the same snapshot, so the lists' version covers them.
type claims struct {
	party           *transfer.Party
	listed, wrapped []*watchlist.Entry
}

// each calls yes for the entries of a use that speak of the address, until it says so. An entry with a tag speaks of
// that tag alone: another tag of the address is most likely another person's.
func (c claims) each(use watchlist.Use, yes func(*watchlist.Entry) bool) bool {
	for _, entries := range [2][]*watchlist.Entry{c.listed, c.wrapped} {
		for _, e := range entries {
			if e.Use == use && forTag(e.Tag, c.party.Tag) && yes(e) {
				return true
			}
		}
	}
	return false
}

// ours reports whether a listed entry of an own address says only that it is the exchange's: it names the party that the
// own entry names, or, where that names none, none of its categories is a risk in itself (exchange, hosted_wallet and the
// like).
func (c claims) ours(listed *watchlist.Entry) bool {
	return c.each(watchlist.UseOwn, func(own *watchlist.Entry) bool {
		if own.Entity != "" {
			return strings.EqualFold(own.Entity, listed.Entity)
		}
		return !risky(listed)
	})
}

func risky(e *watchlist.Entry) bool {
	worst := e.Category.Severity()
	for _, c := range e.Categories {
		worst = max(worst, c.Severity())
	}
	return worst != taxonomy.None
}

// allowed names the entry that suppresses the hit of a listed one, as LIST/ENTRY_ID; "" none does. What an allow entry
// needs to suppress the hit is looked at here and not only where it was made: the address may have been listed since.
func (c claims) allowed(listed *watchlist.Entry) (by string) {
	c.each(watchlist.UseAllow, func(allow *watchlist.Entry) bool {
		if !allow.Allows(listed) {
			return false
		}
		by = allow.List + "/" + allow.EntryID
		return true
	})
	return by
}
