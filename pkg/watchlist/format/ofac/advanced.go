package ofac

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// sdnListName is how the advanced XML names the list of those who are blocked.
const sdnListName = "SDN List"

// advanced is the state of reading one file in the advanced XML: the reference values, and the parties with addresses.
type advanced struct {
	*walker
	out *content

	features  map[string]string // FeatureType ID -> currency symbol, of those that hold addresses
	sanctions map[string]string // SanctionsType ID -> name
	nameParts map[string]string // NamePartType ID -> name
	lists     map[string]string // List ID -> name

	refID   string // ID of the reference value being read
	issue   bool   // inside the date of the file
	party   *party
	feature feature
	entry   sanctionsEntry
	parties map[string]*party // by profile id
	order   []*party
}

// party is a listed party with at least one address.
type party struct {
	id, profile string
	primary     bool // inside the primary alias of the primary identity
	identity    bool // inside the primary identity
	named       bool // the first name of the primary alias is complete
	group       string
	name        []namePart
	partTypes   map[string]string // name part group -> type id
	addresses   []listedAddress

	programs []string
	measure  watchlist.Measure

	sdnListedAt, otherListedAt string
}

type namePart struct{ group, text string }

type feature struct{ id, symbol string }

type listedAddress struct {
	feature, symbol, text string
	line                  int
}

// sanctionsEntry is what one SanctionsEntry says of a profile.
type sanctionsEntry struct {
	party            *party
	sdn              bool // of the SDN list
	typeID           string
	year, month, day int
}

func newAdvanced(w *walker, out *content) *advanced {
	return &advanced{
		walker: w, out: out,
		features: map[string]string{}, sanctions: map[string]string{}, nameParts: map[string]string{}, lists: map[string]string{},
		parties: map[string]*party{},
	}
}

// end hands the parties over.
func (d *advanced) end() {
	for _, p := range d.order {
		for _, a := range p.addresses {
			d.out.rows = append(d.out.rows, intake.Row{
				Place: intake.Place{Input: d.in, Line: a.line}, Text: a.text, Ticker: a.symbol, Keep: true,
				Entry: watchlist.Entry{
					EntryID: p.id + "/" + a.feature, Entity: p.fullName(d.nameParts),
					Categories: categories(p.programs), Authority: Authority, Program: strings.Join(p.programs, ", "),
					Measure: p.measure, PartyListedAt: p.listedAt(),
				},
			})
		}
	}
}

func (d *advanced) wanted(name string) bool {
	switch name {
	case "FeatureType", "SanctionsType", "NamePartType", "List":
		return true
	case "NamePartValue", "VersionDetail":
		return d.party != nil
	case "Comment", "Year", "Month", "Day":
		return d.entry.party != nil || d.issue
	default:
		return false
	}
}

func (d *advanced) start(t xml.StartElement) {
	switch t.Name.Local {
	case "DateOfIssue":
		d.issue = true
	case "FeatureType", "SanctionsType", "NamePartType", "List":
		d.refID = attr(t, "ID")
	case "DistinctParty":
		d.party = &party{id: attr(t, "FixedRef"), partTypes: map[string]string{}}
		d.out.parties++
	case "SanctionsEntry":
		list := d.lists[attr(t, "ListID")]
		d.out.sdn = d.out.sdn || list == sdnListName || list == ""
		d.out.other = d.out.other || list != sdnListName && list != ""
		d.entry = sanctionsEntry{party: d.parties[attr(t, "ProfileID")], sdn: list == sdnListName}
	case "EntryEvent":
		d.entry.year, d.entry.month, d.entry.day = 0, 0, 0
	case "SanctionsMeasure":
		d.entry.typeID = attr(t, "SanctionsTypeID")
	}
	if p := d.party; p != nil {
		d.startInParty(p, t)
	}
}

func (d *advanced) startInParty(p *party, t xml.StartElement) {
	switch t.Name.Local {
	case "Profile":
		p.profile = attr(t, "ID")
	case "Identity":
		p.identity = attr(t, "Primary") == "true"
	case "Alias":
		p.primary = p.identity && attr(t, "Primary") == "true"
	case "NamePartValue":
		p.group = attr(t, "NamePartGroupID")
	case "NamePartGroup":
		p.partTypes[attr(t, "ID")] = attr(t, "NamePartTypeID")
	case "Feature":
		d.feature = feature{id: attr(t, "ID"), symbol: d.features[attr(t, "FeatureTypeID")]}
	}
}

func (d *advanced) close(name, text string) {
	switch name {
	case "List":
		d.lists[d.refID] = text
	case "DateOfIssue":
		d.issue = false
		d.out.published = d.entry.date()
		d.entry = sanctionsEntry{}
	case "FeatureType":
		if symbol, ok := strings.CutPrefix(text, addressPrefix); ok {
			d.features[d.refID] = strings.TrimSpace(symbol)
		}
	case "SanctionsType":
		d.sanctions[d.refID] = text
	case "NamePartType":
		d.nameParts[d.refID] = text
	case "DistinctParty":
		if p := d.party; p != nil && len(p.addresses) > 0 {
			d.parties[p.profile] = p
			d.order = append(d.order, p)
		}
		d.party = nil
	case "SanctionsEntry":
		d.entry = sanctionsEntry{}
	}
	if p := d.party; p != nil {
		d.closeInParty(p, name, text)
	}
	if d.entry.party != nil || d.issue {
		d.closeDate(name, text)
	}
	if d.entry.party != nil {
		d.closeInEntry(name, text)
	}
}

func (d *advanced) closeInParty(p *party, name, text string) {
	switch name {
	case "NamePartValue":
		if p.primary && !p.named && text != "" {
			p.name = append(p.name, namePart{p.group, text})
		}
	case "DocumentedName":
		p.named = p.named || len(p.name) > 0 // the first one; the others are the name in other scripts
	case "Alias":
		p.primary = false
	case "VersionDetail":
		if d.feature.symbol != "" && text != "" {
			p.addresses = append(p.addresses, listedAddress{d.feature.id, d.feature.symbol, text, d.line()})
		}
	case "Feature":
		d.feature = feature{}
	}
}

func (d *advanced) closeInEntry(name, text string) {
	e, p := &d.entry, d.entry.party
	switch name {
	case "EntryEvent":
		at := &p.otherListedAt
		if e.sdn {
			at = &p.sdnListedAt
		}
		if day := e.date(); day != "" && (*at == "" || day < *at) {
			*at = day
		}
	case "Comment":
		if d.within("SanctionsMeasure") && d.sanctions[e.typeID] == "Program" && text != "" && !slices.Contains(p.programs, text) {
			p.programs = append(p.programs, text)
		}
	case "SanctionsMeasure":
		switch kind := d.sanctions[e.typeID]; kind {
		case "Program", "":
		default:
			m, ok := measures[kind]
			if !ok {
				m = watchlist.MeasureSpecial
			}
			p.measure = strictest(p.measure, m)
		}
	}
}

// closeDate reads the parts of a date.
func (d *advanced) closeDate(name, text string) {
	number, err := strconv.Atoi(text)
	if err != nil {
		return
	}
	switch name {
	case "Year":
		d.entry.year = number
	case "Month":
		d.entry.month = number
	case "Day":
		d.entry.day = number
	}
}

// date is the date that was read, "" where a part is missing or impossible.
func (e *sanctionsEntry) date() string {
	day := fmt.Sprintf("%04d-%02d-%02d", e.year, e.month, e.day)
	if _, err := time.Parse(time.DateOnly, day); err != nil || e.year < 1900 {
		return ""
	}
	return day
}

// listedAt is when the party came onto the SDN list; of a party that is not on it, onto the first of the others.
func (p *party) listedAt() string {
	if p.sdnListedAt != "" {
		return p.sdnListedAt
	}
	return p.otherListedAt
}

// fullName is the party's name as OFAC's other files write it: of people the last name, a comma, the other names.
func (p *party) fullName(types map[string]string) string {
	var last, rest []string
	for _, part := range p.name {
		if types[p.partTypes[part.group]] == "Last Name" {
			last = append(last, part.text)
		} else {
			rest = append(rest, part.text)
		}
	}
	switch {
	case len(last) == 0:
		return strings.Join(rest, " ")
	case len(rest) == 0:
		return strings.Join(last, " ")
	default:
		return strings.Join(last, " ") + ", " + strings.Join(rest, " ")
	}
}
