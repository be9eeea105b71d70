package address

import (
	"strings"

	"sluice/pkg/network"
)

// Line answers one line of the address filter: NETWORK, a tab, ADDRESS. The answer, without a line end, is
//
//	ok<TAB>CANONICAL            an address
//	ok<TAB>CANONICAL<TAB>TAG    an address with a destination tag, muxed id or payment id in it
//	invalid<TAB>REASON          none, and why
//
// and nothing else: the columns are a contract. That spaces around the address were removed is no column: it is a note
// for people, on standard error, "" when nothing was put right.
func Line(line string) (out, note string, ok bool) {
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	name, text, found := strings.Cut(line, "\t")
	if !found {
		return "invalid\tno tab in the line: want a network, a tab, an address", "", false
	}
	n, known := network.Lookup(name)
	if !known {
		return "invalid\t" + unknownNetwork(name), "", false
	}
	a, p := parse(n, text, 0)
	if !p.ok() {
		return "invalid\t" + explain(n, text, p).reason, "", false
	}
	if a.Trimmed {
		note = "spaces around " + quote(a.Text) + " were removed"
	}
	if a.Tag != "" {
		return "ok\t" + a.Text + "\t" + a.Tag, note, true
	}
	return "ok\t" + a.Text, note, true
}

func unknownNetwork(name string) string {
	reason := "unknown network " + quote(cut(name))
	if near := network.Nearest(name); len(near) > 0 {
		reason += ": is it " + strings.Join(near, " or ") + "?"
	}
	return reason
}
