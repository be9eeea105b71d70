package misp

import (
	"slices"
	"strings"

	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// addressTypes are MISP's types of attributes that hold an address; each is also the ticker of its currency.
var addressTypes = map[string]bool{"btc": true, "xmr": true, "dash": true}

// coinAddress is the name of the objects, and addressRelations what their attributes with an address are to them.
const coinAddress = "coin-address"

var addressRelations = map[string]bool{"address": true, "address-crypto": true, "address-xmr": true}

// attributes enters those that stand outside of objects.
func (p *parser) attributes(e *event, all []attribute) {
	for i := range all {
		a := &all[i]
		p.n++
		if !addressTypes[a.Type] {
			continue
		}
		in := e
		if a.Event != nil {
			in = a.Event
		}
		p.add(in, a, a.Type, a.Comment)
	}
}

// object enters the addresses of a coin-address object, and those that stand in objects of other kinds.
func (p *parser) object(e *event, o *object) {
	symbol := ""
	for _, a := range o.Attributes {
		if o.Name == coinAddress && a.Relation == "symbol" && !bool(a.Deleted) {
			symbol = strings.TrimSpace(a.Value)
		}
	}
	for i := range o.Attributes {
		a := &o.Attributes[i]
		p.n++
		if !addressTypes[a.Type] && (o.Name != coinAddress || !addressRelations[a.Relation]) {
			continue
		}
		a.Deleted = a.Deleted || o.Deleted
		// The template gives every address the type btc, whatever the symbol says.
		where := symbol
		if where == "" && addressTypes[a.Type] {
			where = a.Type
		}
		comment := a.Comment
		if comment == "" {
			comment = o.Comment
		}
		p.add(e, a, where, comment)
	}
}

// add enters one address.
func (p *parser) add(e *event, a *attribute, where, comment string) {
	switch {
	case bool(a.Deleted):
		p.LeaveOut("deleted")
		return
	case a.ToIDs != nil && !bool(*a.ToIDs):
		p.LeaveOut("to_ids is off")
		return
	}
	r := intake.Row{
		Place: intake.Place{Input: p.input, Line: p.n}, Text: a.Value,
		Entry: watchlist.Entry{EntryID: a.UUID, Authority: e.Orgc.Name},
	}
	if n, ok := network.Lookup(strings.ToLower(where)); ok {
		r.Networks = []string{n.Canonical()}
	} else {
		r.Ticker = where
	}
	// What is said of the attribute is nearer to the address than what is said of its event.
	tags := append(slices.Clone(a.Tags), e.Tags...)
	galaxies := append(slices.Clone(a.Galaxies), e.Galaxies...)
	r.Entry.Entity = party(galaxies)
	if r.Entry.Entity == "" {
		r.Entry.Entity = comment
	}
	if r.Entry.Entity == "" {
		r.Entry.Entity = e.Info
	}
	r.Entry.Confidence = confidence(tags)
	r.Entry.Categories, r.Terms = categories(tags, galaxies)
	if len(r.Entry.Categories) == 0 && p.opts.Category == "" && len(r.Terms) == 0 {
		r.Terms = []string{"no category"}
	}
	p.Add(r)
}

// partyGalaxies name a party, the best first.
var partyGalaxies = []string{"threat-actor", "mitre-intrusion-set", "microsoft-activity-group", "ransomware", "malpedia", "mitre-malware", "banker", "botnet"}

// party is the name that galaxies give, "" where none names a party.
func party(galaxies []galaxy) string {
	best, name := len(partyGalaxies), ""
	for _, g := range galaxies {
		for _, c := range g.Clusters {
			kind := c.Type
			if kind == "" {
				kind = g.Type
			}
			if i := slices.Index(partyGalaxies, kind); i >= 0 && i < best {
				best, name = i, c.Value
			}
		}
	}
	return name
}

// confidences are the values of MISP's taxonomy misp:confidence-level in percent.
var confidences = map[string]uint8{
	"completely-confident": 100, "usually-confident": 75, "fairly-confident": 50, "rarely-confident": 25, "unconfident": 1,
}

func confidence(tags []tag) uint8 {
	for _, t := range tags {
		if rest, ok := strings.CutPrefix(strings.ToLower(t.Name), `misp:confidence-level="`); ok {
			return confidences[strings.TrimSuffix(rest, `"`)]
		}
	}
	return 0
}

// categories are what tags and galaxies say, and the tags that no mapping knows.
func categories(tags []tag, galaxies []galaxy) (out []taxonomy.Category, unknown []string) {
	for _, t := range tags {
		c, known := lookup(t.Name)
		if !known {
			unknown = append(unknown, "tag "+cutTag(t.Name))
		}
		if c != "" {
			out = append(out, c)
		}
	}
	for _, g := range galaxies {
		if c, _ := taxonomy.MISP.Category("misp-galaxy:" + g.Type); c != "" {
			out = append(out, c)
		}
	}
	slices.Sort(unknown)
	return taxonomy.Exact(taxonomy.Sort(out)), slices.Compact(unknown)
}

// lookup finds a tag, which is written NAMESPACE:PREDICATE="VALUE", as a whole, without its value, or by its namespace,
// and one that is a single word among the words of other vocabularies.
func lookup(name string) (taxonomy.Category, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	if c, known := taxonomy.MISP.Category(name); known {
		return c, true
	}
	predicate := cutTag(name)
	if c, known := taxonomy.MISP.Category(predicate); known {
		return c, true
	}
	namespace, _, tagged := strings.Cut(predicate, ":")
	if tagged {
		return taxonomy.MISP.Category(namespace)
	}
	return taxonomy.Read(name, taxonomy.STIX, taxonomy.GraphSense, taxonomy.FollowTheMoney)
}

// cutTag is a tag without its value.
func cutTag(name string) string {
	predicate, _, _ := strings.Cut(name, "=")
	return predicate
}
