package stix

import (
	"slices"
	"strings"
	"time"

	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// mispTypes are MISP's attribute types of addresses, as bundles that MISP made carry them.
var mispTypes = map[string]bool{"btc": true, "xmr": true, "dash": true}

// indicator enters the addresses of an indicator.
func (b *bundle) indicator(c *intake.Collector, opts intake.Options, o *placed) {
	f, err := addressesOf(o.Pattern)
	if err != nil {
		c.Reject(o.Place, o.Pattern, intake.CodePattern, err.Error())
		return
	}
	if reason := o.leftOut(); reason != "" {
		for range f.addresses {
			c.LeaveOut(reason)
		}
		return
	}
	for i, address := range f.addresses {
		r := b.row(opts, o, address, f.network)
		if len(f.addresses) > 1 {
			r.Entry.EntryID += "/" + address
		}
		if i > 0 {
			r.Terms = nil
		}
		c.Add(r)
	}
}

// leftOut is why an object is not meant to be an entry, "" where it is.
func (o *placed) leftOut() string {
	switch {
	case o.Revoked:
		return "revoked"
	case len(o.IndicatorTypes) == 1 && o.IndicatorTypes[0] == "benign":
		return "benign"
	default:
		return ""
	}
}

// wallet enters a wallet object.
func (b *bundle) wallet(c *intake.Collector, opts intake.Options, o *placed) {
	if reason := o.leftOut(); reason != "" {
		c.LeaveOut(reason)
		return
	}
	switch o.Type {
	case "x-misp-attribute":
		c.Add(b.row(opts, o, o.MISPValue, o.MISPType))
	case "x-misp-object":
		b.mispObject(c, opts, o)
	default:
		c.Add(b.row(opts, o, o.address, o.network))
	}
}

// mispObject enters the addresses of a coin-address object.
func (b *bundle) mispObject(c *intake.Collector, opts intake.Options, o *placed) {
	symbol := ""
	var addresses []mispAttribute
	for _, a := range o.MISPAttributes {
		if a.Relation == "symbol" {
			symbol = a.Value
		}
		if strings.HasPrefix(a.Relation, "address") {
			addresses = append(addresses, a)
		}
	}
	if len(addresses) == 0 {
		c.Reject(o.Place, o.ID, intake.CodeEmpty, "a coin-address object without an address")
	}
	for _, a := range addresses {
		where := symbol
		if where == "" && mispTypes[a.Type] {
			where = a.Type
		}
		r := b.row(opts, o, a.Value, where)
		if len(addresses) > 1 {
			r.Entry.EntryID += "/" + a.Value
		}
		c.Add(r)
	}
}

// row is what the bundle says of one address of an object.
func (b *bundle) row(opts intake.Options, o *placed, address, where string) intake.Row {
	r := intake.Row{Place: o.Place, Text: address, Entry: watchlist.Entry{EntryID: o.ID, Authority: b.named[o.CreatedBy].name}}
	if n, ok := network.Lookup(strings.ToLower(where)); ok {
		r.Networks = []string{n.Canonical()}
	} else {
		r.Ticker = where
	}
	if o.Confidence != nil && *o.Confidence >= 1 && *o.Confidence <= 100 {
		r.Entry.Confidence = uint8(*o.Confidence)
	}
	r.Entry.AddressListedAt = later(o.Created, o.ValidFrom)
	if until, err := time.Parse(time.RFC3339, o.ValidUntil); err == nil {
		r.Entry.ExpiresAt = until.UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	words := o.words()
	for _, id := range b.neighbours(o) {
		n := b.named[id]
		if r.Entry.Entity == "" && n.kind != "identity" || n.kind == "threat-actor" || n.kind == "intrusion-set" {
			r.Entry.Entity = n.name
		}
		words = append(words, n.words...)
		words = append(words, n.kind)
	}
	if r.Entry.Entity == "" {
		r.Entry.Entity = b.named[o.Holder].name
	}
	if r.Entry.Entity == "" && o.Type == "indicator" {
		r.Entry.Entity = o.Name
	}
	r.Entry.Categories, r.Terms = categories(words)
	if len(r.Entry.Categories) == 0 && opts.Category == "" && len(r.Terms) == 0 {
		r.Terms = []string{"no category"}
	}
	return r
}

// maxNeighbours bounds what is looked at around one object.
const maxNeighbours = 1000

// neighbours are the ids of what relationships join an object with: those beside it, and those beside an indicator or
// wallet that is, for a wallet object is often joined only with its indicator.
func (b *bundle) neighbours(o *placed) []string {
	var out []string
	seen := map[string]bool{o.ID: true}
	add := func(id string) {
		if !seen[id] && len(out) < maxNeighbours {
			seen[id] = true
			out = append(out, id)
		}
	}
	for _, id := range b.related[o.ID] {
		add(id)
	}
	for _, id := range slices.Clone(out) {
		kind, _, _ := strings.Cut(id, "--")
		if kind != "indicator" && !walletTypes[kind] {
			continue
		}
		for _, next := range b.related[id] {
			add(next)
		}
	}
	return slices.DeleteFunc(out, func(id string) bool { _, have := b.named[id]; return !have })
}

// plainWords are types of objects that say nothing of what an address does.
var plainWords = map[string]bool{
	"identity": true, "report": true, "location": true, "note": true, "grouping": true, "observed-data": true, "tool": true,
	"attack-pattern": true, "infrastructure": true, "marking-definition": true, "extension-definition": true,
	"vulnerability": true, "course-of-action": true, "incident": true, "opinion": true, "sighting": true,
}

// categories are what words say, and the words that no mapping knows.
func categories(words []string) (out []taxonomy.Category, unknown []string) {
	for _, w := range words {
		if w = strings.ToLower(strings.TrimSpace(w)); w == "" || plainWords[w] {
			continue
		}
		c, known := taxonomy.Read(w, taxonomy.STIX, taxonomy.GraphSense, taxonomy.FollowTheMoney, taxonomy.MISP)
		if !known && !strings.Contains(w, ":") { // a tag of another vocabulary
			unknown = append(unknown, "label "+w)
		}
		if c != "" {
			out = append(out, c)
		}
	}
	slices.Sort(unknown)
	return taxonomy.Exact(taxonomy.Sort(out)), slices.Compact(unknown)
}

// later is the later day of two times, "" where neither is one: an indicator can be valid for a time before it was
// published, and nobody had it listed then.
func later(times ...string) string {
	day := ""
	for _, t := range times {
		if at, err := time.Parse(time.RFC3339, t); err == nil {
			day = max(day, at.UTC().Format(time.DateOnly))
		}
	}
	return day
}
