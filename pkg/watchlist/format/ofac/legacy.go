package ofac

import (
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// legacy is the state of reading one file in the older XML: sdn.xml, consolidated.xml. It names no list, no measure and
// no date of a party: what the programs say is all there is.
type legacy struct {
	*walker
	out *content

	uid, last, first string
	programs         []string
	id               legacyID
	ids              []legacyID
}

// legacyID is an id of a party, such as a passport or an address.
type legacyID struct {
	uid, kind, number string
	line              int
}

func (d *legacy) wanted(name string) bool {
	switch name {
	case "uid", "lastName", "firstName", "program", "idType", "idNumber", "Publish_Date":
		return true
	default:
		return false
	}
}

func (d *legacy) start(t xml.StartElement) {
	switch t.Name.Local {
	case "sdnEntry":
		d.uid, d.last, d.first, d.programs, d.ids = "", "", "", nil, nil
		d.out.parties++
	case "id":
		d.id = legacyID{}
	}
}

func (d *legacy) close(name, text string) {
	switch {
	case name == "Publish_Date":
		if day, err := time.Parse("01/02/2006", text); err == nil {
			d.out.published = day.Format(time.DateOnly)
		}
	case name == "sdnEntry":
		d.party()
	case name == "program" && d.within("programList"):
		if text != "" && !slices.Contains(d.programs, text) {
			d.programs = append(d.programs, text)
		}
	case d.within("sdnEntry"): // the same names stand in the lists of other names and of ids
		switch name {
		case "uid":
			d.uid = text
		case "lastName":
			d.last = text
		case "firstName":
			d.first = text
		}
	case d.within("id"):
		switch name {
		case "uid":
			d.id.uid = text
		case "idType":
			d.id.kind = text
		case "idNumber":
			d.id.number, d.id.line = text, d.line()
		}
	case name == "id" && d.within("idList"):
		if strings.HasPrefix(d.id.kind, addressPrefix) {
			d.ids = append(d.ids, d.id)
		}
	}
}

// party enters the addresses of the party that was read.
func (d *legacy) party() {
	d.out.note(d.programs)
	entity := d.last
	if d.first != "" {
		entity += ", " + d.first
	}
	for _, id := range d.ids {
		symbol := strings.TrimSpace(strings.TrimPrefix(id.kind, addressPrefix))
		d.out.rows = append(d.out.rows, intake.Row{
			Place: intake.Place{Input: d.in, Line: id.line}, Text: id.number, Ticker: symbol, Keep: true,
			Entry: watchlist.Entry{
				EntryID: d.uid + "/" + id.uid, Entity: entity,
				Categories: categories(d.programs), Authority: Authority, Program: strings.Join(d.programs, ", "),
				Measure: measureOf(d.programs),
			},
		})
	}
}

func (d *legacy) end() {}
