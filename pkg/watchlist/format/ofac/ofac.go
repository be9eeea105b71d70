// Package ofac reads the sanctions lists of the U.S. Treasury's Office of Foreign Assets Control: the advanced XML
// (sdn_advanced.xml, cons_advanced.xml) and the legacy CSV (SDN.CSV with SDN_COMMENTS.CSV).
//
// OFAC dates parties, not addresses: an entry has the date on which its party was listed, and never one of its own. Its
// currency symbols are not always right (a Tron address under XBT, bitcoin addresses under USDT): where the symbol does
// not fit, the form of the address decides, and the report says so.
package ofac

import (
	_ "embed"
	"strings"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

// DefaultList is the name of the list when the caller gives none.
const DefaultList = "ofac-sdn"

// Authority is the authority of every entry.
const Authority = "OFAC"

// addressPrefix begins the names of features and the remarks that hold an address; the currency's symbol follows.
const addressPrefix = "Digital Currency Address - "

// programs has lines PROGRAM<TAB>CATEGORY: what a program's parties are listed for, besides being sanctioned.
//
//go:embed programs.tsv
var programs string

var programCategories = func() map[string]taxonomy.Category {
	m := map[string]taxonomy.Category{}
	for line := range strings.Lines(programs) {
		if program, category, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			m[program] = taxonomy.Category(category)
		}
	}
	return m
}()

// categories returns what parties of the programs are listed for.
func categories(programs []string) []taxonomy.Category {
	out := []taxonomy.Category{taxonomy.Sanctions}
	for _, p := range programs {
		if c, ok := programCategories[p]; ok {
			out = append(out, c)
		}
	}
	return taxonomy.Sort(out)
}

// measures maps OFAC's types of sanctions; a directive or condition on some dealings is neither of them.
var measures = map[string]watchlist.Measure{"Block": watchlist.MeasureBlock, "Reject": watchlist.MeasureReject}

// strictest returns the stricter of two measures: block, then reject, then special measures.
func strictest(a, b watchlist.Measure) watchlist.Measure {
	for _, m := range []watchlist.Measure{watchlist.MeasureBlock, watchlist.MeasureReject, watchlist.MeasureSpecial} {
		if a == m || b == m {
			return m
		}
	}
	return watchlist.MeasureNone
}
