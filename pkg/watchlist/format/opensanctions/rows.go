package opensanctions

import (
	"slices"
	"strings"
	"time"

	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// add enters the addresses of a wallet.
func (d *dump) add(c *intake.Collector, opts intake.Options, w *wallet) {
	if len(w.addresses) == 0 {
		c.Reject(w.Place, w.id, intake.CodeEmpty, "the wallet has no publicKey")
		return
	}
	e, terms := d.entry(c, w)
	if len(e.Categories) == 0 && opts.Category == "" && len(terms) == 0 {
		terms = []string{"no category"}
	}
	for i, address := range w.addresses {
		r := intake.Row{Place: w.Place, Text: address, Keep: slices.Contains(e.Categories, taxonomy.Sanctions), Entry: e}
		r.Entry.EntryID = w.id
		if len(w.addresses) > 1 {
			r.Entry.EntryID += "/" + address
		}
		if i == 0 {
			r.Terms = terms
		}
		currency(&r, w.currencies)
		c.Add(r)
	}
}

// currency says where the address is. Where a wallet holds several currencies, of which each lives on other networks,
// the form of the address decides.
func currency(r *intake.Row, currencies []string) {
	var tickers []string
	for _, text := range currencies {
		if n, ok := network.Lookup(strings.ToLower(strings.TrimSpace(text))); ok {
			r.Networks = []string{n.Canonical()}
			return
		}
		tickers = append(tickers, strings.TrimSpace(text))
	}
	if len(tickers) == 1 {
		r.Ticker = tickers[0]
	}
}

// entry is what the wallet's entries have in common, and the topics that no mapping knows.
func (d *dump) entry(c *intake.Collector, w *wallet) (watchlist.Entry, []string) {
	e := watchlist.Entry{Entity: w.name}
	if slices.Contains(w.addresses, e.Entity) || e.Entity == w.id {
		e.Entity = "" // wallets are often named by their address
	}
	own, party := d.sanctioned[w.id], []sanction(nil)
	topics := slices.Clone(w.topics)
	var names []string
	for _, id := range w.holders {
		h := d.holders[id]
		if h == nil {
			c.Note(w.Place, id, intake.CodeNoOwner, "the holder of "+w.id+" is not in the file")
			continue
		}
		names = append(names, h.name)
		topics = append(topics, h.topics...)
		party = append(party, d.sanctioned[id]...)
	}
	if len(names) > 0 {
		e.Entity = strings.Join(names, "; ")
	}
	e.Authority, e.Program = authority(own, party, w.datasets)
	// A date of a measure against the wallet is the address's; one against the holder is the party's.
	e.AddressListedAt, e.PartyListedAt = listed(own), listed(party)
	e.DelistedAt = ended(append(slices.Clone(own), party...))
	var unknown []string
	for _, t := range topics {
		category, known := taxonomy.FollowTheMoney.Category(t)
		if !known {
			unknown = append(unknown, "topic "+t)
		}
		if category != "" {
			e.Categories = append(e.Categories, category)
		}
	}
	slices.Sort(unknown)
	return e, slices.Compact(unknown)
}

// authority and program are those of the measures; without one, the sources from which the entity was made.
func authority(own, party []sanction, datasets []string) (authority, program string) {
	var programs []string
	for _, s := range append(slices.Clone(own), party...) {
		if authority == "" {
			authority = s.authority
		}
		if s.program != "" && !slices.Contains(programs, s.program) {
			programs = append(programs, s.program)
		}
	}
	if authority == "" {
		authority = strings.Join(datasets, ", ")
	}
	return authority, strings.Join(programs, ", ")
}

// listed is the first day of the measures, "" where none has one.
func listed(all []sanction) string {
	day := ""
	for _, s := range all {
		if s.listed != "" && (day == "" || s.listed < day) {
			day = s.listed
		}
	}
	return day
}

// ended is the day on which the last of the measures ended, "" where one of them goes on.
func ended(all []sanction) string {
	day := ""
	for _, s := range all {
		if s.ended == "" {
			return ""
		}
		day = max(day, s.ended)
	}
	return day
}

// days are the dates that name a day.
func days(dates []string) []string {
	var out []string
	for _, d := range dates {
		day, _, _ := strings.Cut(d, "T")
		if _, err := time.Parse(time.DateOnly, day); err == nil {
			out = append(out, day)
		}
	}
	return out
}
