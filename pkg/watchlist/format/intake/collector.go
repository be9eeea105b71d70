package intake

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
	pile    pile                               // in their place, where the options say what becomes of the entries
	seen    map[[sha256.Size / 2]byte]struct{} // what the SHA-256 of the entries' canonical JSON begins with
	terms   map[string]int
	leftOut map[string]int
	line    []byte
}

// NewCollector returns a collector for the list with the name.
func NewCollector(format, list string, opts Options) *Collector {
	return &Collector{
		opts: opts, report: Report{Format: format, List: list},
		seen: map[[sha256.Size / 2]byte]struct{}{}, terms: map[string]int{}, leftOut: map[string]int{},
	}
}

// Add makes the entries of a row: e.List, e.Network, e.Address, e.Tag and e.Key are filled in here, EntryID when it is
// empty, and Categories from Category or the options.
func (c *Collector) Add(row Row) {
	c.report.Rows++
	for _, t := range row.Terms {
		count(c.terms, t)
	}
	found, notes, err := c.resolve(row)
	if err != nil {
		c.reject(row.Place, row.Text, codeOf(err), err.Error())
		return
	}
	fresh := false
	for _, a := range found {
		e := row.Entry
		e.List, e.Network, e.Address, e.Key = c.report.List, a.network, a.text, a.key
		if a.tag != "" && e.Tag != "" && a.tag != e.Tag {
			c.reject(row.Place, row.Text, CodeEntry, fmt.Sprintf("the address has the tag %q, and the row %q", a.tag, e.Tag))
			return
		}
		if a.tag != "" {
			e.Tag = a.tag
		}
		if e.EntryID == "" {
			e.EntryID = e.Address
		}
		c.categories(&e)
		clean(&e)
		if err := e.Validate(); err != nil {
			c.reject(row.Place, row.Text, CodeEntry, err.Error())
			return
		}
		c.line = e.AppendJSON(c.line[:0])
		sum := sha256.Sum256(c.line)
		id := [sha256.Size / 2]byte(sum[:])
		if _, have := c.seen[id]; have {
			continue
		}
		c.seen[id] = struct{}{}
		fresh = true
		if text := sharedNote(&e); text != "" {
			c.Note(row.Place, row.Text, CodeShared, text)
		}
		if c.opts.Into != nil {
			c.pile.add(&e, c.line)
		} else {
			c.entries = append(c.entries, e)
		}
	}
	for _, n := range notes {
		c.Note(row.Place, row.Text, n.code, n.text)
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

// count counts a word, within the bound on different ones.
func count(m map[string]int, term string) {
	if _, have := m[term]; !have && len(m) >= MaxTerms {
		term = OtherTerms
	}
	m[cut(strings.ToValidUTF8(term, "\uFFFD"), maxValue)]++
}

// Reject counts a row that holds an address and cannot be entered.
func (c *Collector) Reject(at Place, value string, code Code, why string) {
	c.report.Rows++
	c.reject(at, value, code, why)
}

func (c *Collector) reject(at Place, value string, code Code, why string) {
	c.report.RejectedRows++
	if len(c.report.Rejected) < MaxRemarks {
		c.report.Rejected = append(c.report.Rejected, remark(at, value, code, why))
	}
}

// LeaveOut counts a row that holds an address and is not meant to be an entry, by the reason.
func (c *Collector) LeaveOut(reason string) {
	c.report.Rows++
	c.report.LeftOut++
	count(c.leftOut, reason)
}

// Note keeps something that a person should know about a row.
func (c *Collector) Note(at Place, value string, code Code, text string) {
	c.report.NoteCount++
	if len(c.report.Notes) < MaxRemarks {
		c.report.Notes = append(c.report.Notes, remark(at, value, code, text))
	}
}

// maxValue bounds the publisher's text in a remark, in bytes.
const maxValue = 200

func remark(at Place, value string, code Code, text string) Remark {
	return Remark{Place: at, Value: strings.Clone(cut(strings.ToValidUTF8(value, "\uFFFD"), maxValue)), Code: code, Text: text}
}

// Published keeps the day of the file, as YYYY-MM-DD.
func (c *Collector) Published(day string) { c.report.Published = max(c.report.Published, day) }

// Parties counts parties of a file, listed with addresses or not.
func (c *Collector) Parties(n int) { c.report.Parties += n }

// Result returns the entries in canonical order, none where the options say what becomes of them, and the report.
func (c *Collector) Result() ([]watchlist.Entry, Report) {
	if c.opts.Into != nil {
		c.report.Entries = c.pile.empty(c.opts.Into)
	} else {
		c.entries = ownIDs(sorted(c.entries))
		c.report.Entries = len(c.entries)
	}
	c.report.Unmapped, c.report.LeftOutFor = counts(c.terms), counts(c.leftOut)
	return c.entries, c.report
}

func sorted(entries []watchlist.Entry) []watchlist.Entry {
	slices.SortFunc(entries, func(a, b watchlist.Entry) int { return watchlist.Compare(&a, &b) })
	return entries
}

// ownIDs sees to it that an id which was made of the address names one entry of it. Rows of one address and tag that
// differ in their categories alone become one entry with all of them. Those that differ in more stay apart, and a hash
// of what each says is added to their ids: whatever is said about such an id holds for these words alone, in whatever
// order the rows come. The entries are in canonical order, and stay so.
func ownIDs(entries []watchlist.Entry) []watchlist.Entry {
	out, renamed := entries[:0], false
	for from := 0; from < len(entries); {
		first, to := &entries[from], from+1
		for to < len(entries) && samePlace(first, &entries[to]) {
			to++
		}
		run := entries[from:to]
		if len(run) > 1 && first.EntryID == first.Address {
			run = merged(run)
			for i := range run {
				if len(run) > 1 {
					sum := sha256.Sum256(run[i].AppendJSON(nil))
					run[i].EntryID += "/" + hex.EncodeToString(sum[:4])
					renamed = true
				}
			}
		}
		out, from = append(out, run...), to
	}
	if renamed {
		return sorted(out)
	}
	return out
}

// samePlace reports whether two entries of a list cannot be told apart by their address, tag and id.
func samePlace(a, b *watchlist.Entry) bool {
	return a.Network == b.Network && a.Address == b.Address && a.Tag == b.Tag && a.EntryID == b.EntryID
}

// merged makes one entry of those that differ in their categories alone.
func merged(run []watchlist.Entry) (out []watchlist.Entry) {
	at := map[string]int{} // by what an entry says besides its categories
	for _, e := range run {
		bare := e
		bare.Category, bare.Categories = "", nil
		text := string(bare.AppendJSON(nil))
		i, have := at[text]
		if !have {
			at[text] = len(out)
			out = append(out, e)
			continue
		}
		all := slices.Concat(out[i].Categories, e.Categories)
		slices.Sort(all)
		out[i].Categories = taxonomy.Sort(slices.Compact(all))
		out[i].Category = out[i].Categories[0]
	}
	return out
}

func counts(m map[string]int) []Count {
	var out []Count
	for t, n := range m {
		out = append(out, Count{Term: t, Rows: n})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Compare(a.Term, b.Term) })
	return out
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
