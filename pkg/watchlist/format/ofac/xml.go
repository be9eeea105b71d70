package ofac

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// FormatXML is the name of the format.
const FormatXML = "ofac-xml"

// maxDepth bounds the nesting of elements; OFAC's files have 10.
const maxDepth = 64

// ParseXML reads files in OFAC's advanced XML. It holds in memory only the parties that have an address.
//
// entry_id is the party's number, a slash, and the number of the feature that holds the address.
func ParseXML(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	list, err := opts.ListName(DefaultList, nil)
	if err != nil {
		return nil, intake.Report{}, err
	}
	c := intake.NewCollector(FormatXML, list, opts)
	for _, in := range inputs {
		if err := parseXML(c, in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	entries, report := c.Result()
	return entries, report, nil
}

func parseXML(c *intake.Collector, in intake.Input) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	d := &document{
		in: in.Name, dec: xml.NewDecoder(r), collector: c,
		features: map[string]string{}, sanctions: map[string]string{}, nameParts: map[string]string{},
		parties: map[string]*party{},
	}
	return d.read()
}

// document is the state of reading one file: where we are, the reference values, the parties with addresses.
type document struct {
	in        string
	dec       *xml.Decoder
	collector *intake.Collector

	path []string // local names of the open elements
	text strings.Builder
	done bool // the root element was closed

	features  map[string]string // FeatureType ID -> currency symbol, of those that hold addresses
	sanctions map[string]string // SanctionsType ID -> name
	nameParts map[string]string // NamePartType ID -> name

	refID   string // ID of the reference value being read
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
	listedAt string
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
	typeID           string
	year, month, day int
}

func (d *document) read() error {
	for {
		token, err := d.dec.RawToken()
		if errors.Is(err, io.EOF) {
			return d.end()
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(d.path) == 0 && (d.done || t.Name.Local != "Sanctions") {
				return fmt.Errorf("line %d: element %q where OFAC's advanced XML has one <Sanctions>", d.line(), t.Name.Local)
			}
			if len(d.path) >= maxDepth {
				return fmt.Errorf("line %d: elements nest deeper than %d", d.line(), maxDepth)
			}
			d.path = append(d.path, t.Name.Local)
			d.text.Reset()
			d.start(t)
		case xml.EndElement:
			if len(d.path) == 0 || d.path[len(d.path)-1] != t.Name.Local {
				return fmt.Errorf("line %d: </%s> closes no open element", d.line(), t.Name.Local)
			}
			d.close(t.Name.Local)
			d.path = d.path[:len(d.path)-1]
			d.text.Reset()
			d.done = len(d.path) == 0
		case xml.CharData:
			if d.wanted() {
				d.text.Write(t)
			}
		}
	}
}

// end checks that the file was whole, and hands the parties over.
func (d *document) end() error {
	if !d.done {
		return fmt.Errorf("line %d: the file ends before </Sanctions>: it was cut", d.line())
	}
	for _, p := range d.order {
		for _, a := range p.addresses {
			d.collector.Add(intake.Row{
				Place: intake.Place{Input: d.in, Line: a.line}, Text: a.text, Ticker: a.symbol, Keep: true,
				Entry: watchlist.Entry{
					EntryID: p.id + "/" + a.feature, Entity: p.fullName(d.nameParts),
					Categories: categories(p.programs), Authority: Authority, Program: strings.Join(p.programs, ", "),
					Measure: p.measure, PartyListedAt: p.listedAt,
				},
			})
		}
	}
	return nil
}

func (d *document) line() int {
	line, _ := d.dec.InputPos()
	return line
}

// wanted says whether the text of the element that is open now is read.
func (d *document) wanted() bool {
	if len(d.path) == 0 {
		return false
	}
	switch d.path[len(d.path)-1] {
	case "FeatureType", "SanctionsType", "NamePartType":
		return true
	case "NamePartValue", "VersionDetail":
		return d.party != nil
	case "Comment", "Year", "Month", "Day":
		return d.entry.party != nil
	default:
		return false
	}
}

func (d *document) start(t xml.StartElement) {
	switch t.Name.Local {
	case "FeatureType", "SanctionsType", "NamePartType":
		d.refID = attr(t, "ID")
	case "DistinctParty":
		d.party = &party{id: attr(t, "FixedRef"), partTypes: map[string]string{}}
		d.collector.Party()
	case "SanctionsEntry":
		d.entry = sanctionsEntry{party: d.parties[attr(t, "ProfileID")]}
	case "EntryEvent":
		d.entry.year, d.entry.month, d.entry.day = 0, 0, 0
	case "SanctionsMeasure":
		d.entry.typeID = attr(t, "SanctionsTypeID")
	}
	if p := d.party; p != nil {
		d.startInParty(p, t)
	}
}

func (d *document) startInParty(p *party, t xml.StartElement) {
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

func (d *document) close(name string) {
	text := strings.TrimSpace(d.text.String())
	switch name {
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
	if d.entry.party != nil {
		d.closeInEntry(name, text)
	}
}

func (d *document) closeInParty(p *party, name, text string) {
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

func (d *document) closeInEntry(name, text string) {
	e, p := &d.entry, d.entry.party
	number := func() int { n, _ := strconv.Atoi(text); return n }
	switch name {
	case "Year":
		e.year = number()
	case "Month":
		e.month = number()
	case "Day":
		e.day = number()
	case "EntryEvent":
		if e.year > 0 && e.month > 0 && e.day > 0 {
			at := fmt.Sprintf("%04d-%02d-%02d", e.year, e.month, e.day)
			if p.listedAt == "" || at < p.listedAt {
				p.listedAt = at
			}
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

// within says whether the element that is being closed stands directly in one with the name.
func (d *document) within(parent string) bool {
	return len(d.path) >= 2 && d.path[len(d.path)-2] == parent
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

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
