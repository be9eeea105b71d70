// Package table reads lists that have no format of their own: CSV with a header or named columns, JSON arrays of texts
// or objects, and text files with one address a line.
//
// Where no network is given, the form of an address says which it is of; one whose form fits several families is
// entered for each that accepts it. entry_id is the publisher's where a column holds it, else the canonical address.
package table

import (
	"fmt"
	"slices"
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

// field is something that an entry takes from a table.
type field int

const (
	fieldAddress field = iota
	fieldNetwork
	fieldCategory
	fieldEntity
	fieldEntryID
	fieldListedAt
	fieldEnd
)

var fieldNames = [fieldEnd]string{"address", "network", "category", "entity", "entry_id", "listed_at"}

// usual are the names under which publishers keep the fields, in lower case, the best first.
var usual = [fieldEnd][]string{
	fieldAddress:  {"address", "contract_address", "wallet_address", "wallet", "addr", "account"},
	fieldNetwork:  {"network", "chain", "blockchain", "currency", "coin", "ticker", "symbol", "asset"},
	fieldCategory: {"category", "categories", "etherscan_labels", "labels", "contract_creator_etherscan_label", "abuse"},
	fieldEntity:   {"entity", "name tag", "name", "label", "etherscan_tag", "contract_tag", "owner", "actor", "comment", "title"},
	fieldEntryID:  {"entry_id", "id"},
	fieldListedAt: {"address_listed_at", "listed_at", "date", "date_added"},
}

// columnsOf returns the columns that the options name, by field.
func columnsOf(c intake.Columns) [fieldEnd]string {
	return [fieldEnd]string{
		fieldAddress: c.Address, fieldNetwork: c.Network, fieldCategory: c.Category,
		fieldEntity: c.Entity, fieldEntryID: c.EntryID, fieldListedAt: c.ListedAt,
	}
}

// find returns the index of a field's name in the header: the one that the options name, or the best of the usual ones.
func find(f field, named string, header []string) (int, error) {
	match := func(name string) int {
		return slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
	}
	if named != "" {
		if i := match(named); i >= 0 {
			return i, nil
		}
		return -1, fmt.Errorf("no column %q for the %s; there are %s", named, fieldNames[f], strings.Join(header, ", "))
	}
	for _, name := range usual[f] {
		if i := match(name); i >= 0 {
			return i, nil
		}
	}
	if f == fieldAddress {
		return -1, fmt.Errorf("no column holds the address: there are %s; name it", strings.Join(header, ", "))
	}
	return -1, nil
}

// begin checks the options and makes the collector.
func begin(format string, opts intake.Options, inputs []intake.Input) (*intake.Collector, error) {
	list, err := opts.ListName("", inputs)
	if err != nil {
		return nil, err
	}
	if _, _, err := opts.CheckNetwork(); err != nil {
		return nil, err
	}
	if opts.Category != "" && !opts.Category.Valid() {
		_, err := taxonomy.ParseCategory(string(opts.Category))
		return nil, err
	}
	return intake.NewCollector(format, list, opts), nil
}

// row makes a row of its fields' texts.
func row(at intake.Place, v [fieldEnd]string, opts intake.Options) intake.Row {
	r := intake.Row{Place: at, Text: v[fieldAddress], Entry: watchlist.Entry{
		EntryID: strings.TrimSpace(v[fieldEntryID]), Entity: v[fieldEntity],
	}}
	if name := strings.TrimSpace(v[fieldNetwork]); name != "" {
		if _, ok := network.Lookup(strings.ToLower(name)); ok {
			r.Networks = []string{strings.ToLower(name)}
		} else {
			r.Ticker = name
		}
	}
	r.Entry.Categories, r.Terms = categories(v[fieldCategory])
	if len(r.Entry.Categories) == 0 && opts.Category == "" && len(r.Terms) == 0 {
		r.Terms = []string{"no category"}
	}
	date, _, _ := strings.Cut(strings.TrimSpace(v[fieldListedAt]), "T")
	if _, err := time.Parse(time.DateOnly, date); err == nil {
		r.Entry.AddressListedAt = date
	}
	return r
}

// categories reads a cell with one or several of Sluice's categories or another publisher's words.
func categories(cell string) (out []taxonomy.Category, unknown []string) {
	for term := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune(`,;|[]'"`, r) }) {
		term = strings.ToLower(strings.TrimSpace(term))
		if term == "" {
			continue
		}
		if c := taxonomy.Category(term); c.Valid() {
			out = append(out, c)
			continue
		}
		known := false
		for _, m := range []taxonomy.Mapping{taxonomy.GraphSense, taxonomy.Etherscan, taxonomy.FollowTheMoney} {
			c, ok := m.Category(term)
			if !ok {
				continue
			}
			known = true
			if c != "" {
				out = append(out, c)
			}
			break
		}
		if !known {
			unknown = append(unknown, term)
		}
	}
	return out, unknown
}
