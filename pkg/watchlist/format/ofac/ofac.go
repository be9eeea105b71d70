// Package ofac reads the sanctions lists of the U.S. Treasury's Office of Foreign Assets Control, the SDN list and the
// consolidated list of the others: the advanced XML (sdn_advanced.xml, cons_advanced.xml), the older XML (sdn.xml,
// consolidated.xml) and the CSV files (SDN.CSV with SDN_COMMENTS.CSV, CONS_PRIM.CSV with CONS_COMMENTS.CSV). Which list
// a file is of is told by what it says, not by its name.
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

// The names of the lists when the caller gives none.
const (
	DefaultList      = "ofac-sdn"
	ConsolidatedList = "ofac-consolidated"
)

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

//go:embed nonsdn.tsv
var nonSDN string

var nonSDNPrograms = func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(nonSDN) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			m[line] = true
		}
	}
	return m
}()

// onlyOther says whether a party with the programs is on none but the other lists.
func onlyOther(programs []string) bool {
	for _, p := range programs {
		if !nonSDNPrograms[p] {
			return false
		}
	}
	return len(programs) > 0
}

// note keeps in a content what the programs of a party say of the list, for formats that do not name it: one party that
// can only be on the other lists makes the file the consolidated one.
func (c *content) note(programs []string) {
	c.other = c.other || onlyOther(programs)
}

// measureOf is the measure that programs stand for, where the format names none.
func measureOf(programs []string) watchlist.Measure {
	if onlyOther(programs) {
		return watchlist.MeasureSpecial
	}
	return watchlist.MeasureBlock
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
