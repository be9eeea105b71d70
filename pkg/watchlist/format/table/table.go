// Package table reads lists that have no format of their own: CSV with a header or named columns, JSON arrays and
// objects, and text files with one address a line.
//
// A mapping says what the columns or members are and what the publisher's labels mean; without one they are looked for
// under their usual names. Where no network is given, the form of an address says which it is of; one whose form fits
// several families is entered for each that accepts it. entry_id is the publisher's where a column holds it, else the
// canonical address.
package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// The names of the formats.
const (
	FormatCSV  = "csv"
	FormatJSON = "json-array"
	FormatText = "txt"
)

// usual are the names under which publishers keep the fields, in lower case, the best first.
var usual = map[intake.Field][]string{
	intake.FieldAddress:         {"address", "contract_address", "wallet_address", "wallet", "addr", "account"},
	intake.FieldNetwork:         {"network", "chain", "blockchain", "currency", "coin", "ticker", "symbol", "asset"},
	intake.FieldCategory:        {"category", "categories", "etherscan_labels", "labels", "contract_creator_etherscan_label", "abuse"},
	intake.FieldEntity:          {"entity", "name tag", "name", "label", "etherscan_tag", "contract_tag", "owner", "actor", "comment", "title"},
	intake.FieldEntryID:         {"entry_id", "id"},
	intake.FieldAddressListedAt: {"address_listed_at", "listed_at", "date", "date_added"},
}

// values are the texts of one row.
type values map[intake.Field]string

// find returns the index of a field's name in the header: the one that the mapping names, or the best of the usual ones.
func find(m *intake.Mapping, f intake.Field, header []string) (int, error) {
	match := func(name string) int {
		return slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
	}
	if named := m.Fields[f]; named != "" {
		if i := match(named); i >= 0 {
			return i, nil
		}
		return -1, fmt.Errorf("no column %q for the %s; there are %s", named, f, some(header))
	}
	if _, fixed := m.Fixed[f]; !fixed && !m.Only {
		for _, name := range usual[f] {
			if i := match(name); i >= 0 {
				return i, nil
			}
		}
	}
	if f == intake.FieldAddress {
		return -1, fmt.Errorf("no column holds the address: there are %s; name it", some(header))
	}
	return -1, nil
}

// some are names for people, the first few.
func some(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// reader reads the rows of one list.
type reader struct {
	*intake.Collector
	opts intake.Options
	m    *intake.Mapping
}

// read reads the inputs with parse, one after the other, as one list.
func read(format string, opts intake.Options, inputs []intake.Input, parse func(*reader, intake.Input) error) ([]watchlist.Entry, intake.Report, error) {
	list, err := opts.ListName("", inputs)
	if err != nil {
		return nil, intake.Report{}, err
	}
	if _, _, err := opts.CheckNetwork(); err != nil {
		return nil, intake.Report{}, err
	}
	if opts.Category != "" && !opts.Category.Valid() {
		_, err := taxonomy.ParseCategory(string(opts.Category))
		return nil, intake.Report{}, err
	}
	r := &reader{intake.NewCollector(format, list, opts), opts, &opts.Mapping}
	for _, in := range inputs {
		if err := parse(r, in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	entries, report := r.Result()
	return entries, report, nil
}

// row enters a row of its fields' texts.
func (r *reader) row(at intake.Place, v values) {
	for f, text := range r.m.Fixed {
		v[f] = text
	}
	row := intake.Row{Place: at, Text: v[intake.FieldAddress], Entry: watchlist.Entry{
		EntryID: strings.TrimSpace(v[intake.FieldEntryID]), Entity: v[intake.FieldEntity], Tag: strings.TrimSpace(v[intake.FieldTag]),
		Authority: v[intake.FieldAuthority], Program: v[intake.FieldProgram], Measure: watchlist.Measure(strings.TrimSpace(v[intake.FieldMeasure])),
	}}
	if name := strings.TrimSpace(v[intake.FieldNetwork]); name != "" {
		if _, ok := network.Lookup(strings.ToLower(name)); ok {
			row.Networks = []string{strings.ToLower(name)}
		} else {
			row.Ticker = name
		}
	}
	if c := strings.TrimSpace(v[intake.FieldConfidence]); c != "" {
		n, err := strconv.ParseUint(c, 10, 8)
		if err != nil || n < 1 || n > 100 {
			r.Reject(at, row.Text, intake.CodeEntry, fmt.Sprintf("confidence %q is no whole number from 1 to 100", c))
			return
		}
		row.Entry.Confidence = uint8(n)
	}
	for f, target := range map[intake.Field]*string{
		intake.FieldAddressListedAt: &row.Entry.AddressListedAt, intake.FieldPartyListedAt: &row.Entry.PartyListedAt,
		intake.FieldDelistedAt: &row.Entry.DelistedAt,
	} {
		day, ok := date(v[f])
		if !ok {
			row.Terms = append(row.Terms, string(f)+" that is no date YYYY-MM-DD")
		}
		*target = day
	}
	ignored := r.categories(&row, v[intake.FieldCategory])
	if ignored != "" {
		r.LeaveOut("label " + ignored)
		return
	}
	r.Add(row)
}

// date reads a date, or the date of a time; ok is false for a text that is none.
func date(text string) (day string, ok bool) {
	if text = strings.TrimSpace(text); text == "" {
		return "", true
	}
	day, _, _ = strings.Cut(text, "T")
	day, _, _ = strings.Cut(day, " ")
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return "", false
	}
	return day, true
}

// categories fills in what the labels of a cell mean: what the mapping says, else what they are among Sluice's
// categories or other publishers' words. It returns the label for which the row is left out, "" for none: a label that
// means something outweighs one that is ignored.
func (r *reader) categories(row *intake.Row, cell string) (ignored string) {
	var labels []string
	for _, l := range r.split(cell) {
		if l = strings.ToLower(strings.TrimSpace(l)); l != "" {
			labels = append(labels, l)
		}
	}
	var unknown []string
	for _, l := range labels {
		if mapped, ok := r.m.Label(l); ok {
			if mapped.Ignore {
				ignored = l
			} else {
				row.Entry.Categories = append(row.Entry.Categories, mapped.Category)
			}
			continue
		}
		c, known := taxonomy.Read(l, taxonomy.GraphSense, taxonomy.Etherscan, taxonomy.FollowTheMoney)
		if c != "" {
			row.Entry.Categories = append(row.Entry.Categories, c)
		}
		if !known {
			unknown = append(unknown, l)
		}
	}
	said := len(row.Entry.Categories) > 0
	switch {
	case said:
		ignored = ""
	case ignored != "":
	case r.m.Default != nil && r.m.Default.Ignore:
		ignored = strings.Join(labels, ", ")
		if ignored == "" {
			ignored = "(none)"
		}
	case r.m.Default != nil:
		row.Entry.Categories = []taxonomy.Category{r.m.Default.Category}
		unknown = nil
	case r.opts.Category == "" && len(unknown) == 0:
		row.Terms = append(row.Terms, "no category")
	}
	row.Terms = append(row.Terms, unknown...)
	return ignored
}

// split splits a cell with several labels.
func (r *reader) split(cell string) []string {
	if r.m.Separator != "" {
		return strings.Split(cell, r.m.Separator)
	}
	return strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(`,;|[]'"`, r) })
}
