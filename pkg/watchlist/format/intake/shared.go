package intake

import (
	"fmt"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/shared"
)

// sharedNote says what hits of an entry will mean when its address is a shared one. "" where there is nothing to warn
// of: the address is none, or the entry raises no alert (a list of exchanges names their wallets rightly), or is one
// that people made about their own addresses.
func sharedNote(e *watchlist.Entry) string {
	if e.Use != watchlist.UseListed || e.Category.Severity() == taxonomy.None {
		return ""
	}
	a, ok := shared.Lookup(e.Key)
	if !ok {
		return ""
	}
	return fmt.Sprintf("listed as %s, and known as %s (%s): %s", e.Category, a.Name, a.Source, a.Meaning())
}
