package intake

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

// Row is what a format read of one row.
type Row struct {
	Place
	Text     string   // the address as the publisher writes it
	Networks []string // aliases or CAIP-2 ids that the publisher names, the likeliest first
	Ticker   string   // the publisher's symbol, instead of Networks
	Keep     bool     // an authority lists it: keep it by its text even when the network would refuse it
	Entry    watchlist.Entry
	Terms    []string // words of the publisher that no mapping knows
}

// Collector turns rows into entries and keeps the report.
type Collector struct {
	opts    Options
	report  Report
	entries []watchlist.Entry
	seen    map[string]struct{} // canonical JSON of the entries
	terms   map[string]int
	line    []byte
}

// NewCollector returns a collector for the list with the name.
func NewCollector(format, list string, opts Options) *Collector {
	return &Collector{
		opts: opts, report: Report{Format: format, List: list},
		seen: map[string]struct{}{}, terms: map[string]int{},
	}
}

// Add makes the entries of a row: e.List, e.Network, e.Address, e.Tag and e.Key are filled in here, EntryID when it is
// empty, and Categories from Category or the options.
func (c *Collector) Add(row Row) {
	c.report.Rows++
	for _, t := range row.Terms {
		c.terms[t]++
	}
	found, note, why := c.resolve(row)
	if why != "" {
		c.reject(row.Place, row.Text, why)
		return
	}
	fresh := false
	for _, a := range found {
		e := row.Entry
		e.List, e.Network, e.Address, e.Tag, e.Key = c.report.List, a.network, a.text, a.tag, a.key
		if e.EntryID == "" {
			e.EntryID = e.Address
		}
		c.categories(&e)
		clean(&e)
		if err := e.Validate(); err != nil {
			c.reject(row.Place, row.Text, err.Error())
			return
		}
		c.line = e.AppendJSON(c.line[:0])
		if _, have := c.seen[string(c.line)]; have {
			continue
		}
		c.seen[string(c.line)] = struct{}{}
		c.entries = append(c.entries, e)
		fresh = true
	}
	if note != "" {
		c.Note(row.Place, row.Text, note)
	}
	if fresh {
		c.report.Accepted++
	} else {
		c.report.Repeated++
	}
}

// categories completes the categories of an entry.
func (c *Collector) categories(e *watchlist.Entry) {
	if len(e.Categories) == 0 && e.Category != "" {
		e.Categories = []taxonomy.Category{e.Category}
	}
	if len(e.Categories) == 0 && c.opts.Category != "" {
		e.Categories = []taxonomy.Category{c.opts.Category}
	}
	if len(e.Categories) == 0 {
		e.Categories = []taxonomy.Category{taxonomy.UnnamedService}
	}
	e.Categories = taxonomy.Sort(slices.Clone(e.Categories))
	e.Category = e.Categories[0]
}

// clean makes publishers' free texts fit an entry.
func clean(e *watchlist.Entry) {
	for _, f := range []*string{&e.Entity, &e.Authority, &e.Program} {
		*f = cut(strings.TrimSpace(strings.ToValidUTF8(*f, "\uFFFD")), watchlist.MaxText)
	}
	e.EntryID = cut(strings.ToValidUTF8(e.EntryID, "\uFFFD"), watchlist.MaxEntryID)
}

// cut shortens s to at most n bytes, at the edge of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Reject counts a row that holds an address and cannot be entered.
func (c *Collector) Reject(at Place, value, why string) {
	c.report.Rows++
	c.reject(at, value, why)
}

func (c *Collector) reject(at Place, value, why string) {
	c.report.RejectedRows++
	if len(c.report.Rejected) < MaxRemarks {
		c.report.Rejected = append(c.report.Rejected, Remark{Place: at, Value: cut(value, 200), Text: why})
	}
}

// Note keeps something that a person should know about a row.
func (c *Collector) Note(at Place, value, text string) {
	c.report.NoteCount++
	if len(c.report.Notes) < MaxRemarks {
		c.report.Notes = append(c.report.Notes, Remark{Place: at, Value: cut(value, 200), Text: text})
	}
}

// Party counts a party of the file, listed with addresses or not.
func (c *Collector) Party() { c.report.Parties++ }

// Result returns the entries in canonical order and the report.
func (c *Collector) Result() ([]watchlist.Entry, Report) {
	slices.SortFunc(c.entries, func(a, b watchlist.Entry) int { return watchlist.Compare(&a, &b) })
	c.report.Entries = len(c.entries)
	c.report.Unmapped = c.report.Unmapped[:0]
	for t, n := range c.terms {
		c.report.Unmapped = append(c.report.Unmapped, Unmapped{Term: t, Rows: n})
	}
	slices.SortFunc(c.report.Unmapped, func(a, b Unmapped) int { return cmp.Compare(a.Term, b.Term) })
	return c.entries, c.report
}

// CheckNetwork says whether the network that the options name is one of Sluice's.
func (o Options) CheckNetwork() (network.Network, bool, error) {
	if o.Network == "" {
		return network.Network{}, false, nil
	}
	n, ok := network.Lookup(o.Network)
	if !ok {
		return network.Network{}, false, unknownNetwork(o.Network)
	}
	return n, true, nil
}
