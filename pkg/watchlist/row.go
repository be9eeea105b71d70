package watchlist

import (
	"slices"
	"strconv"
	"strings"
)

// What a Row says of its place.
const (
	RowAdded   = "added"
	RowRemoved = "removed"
	RowChanged = "changed"
)

// Row is one line of a difference that people and programs read: what became of one address of one list. Entries of one
// list with the same network and address key make one row, however many they are and however they spell the address.
type Row struct {
	Change  string // RowAdded, RowRemoved, RowChanged
	List    string
	Network string
	Address string // of the first entry, as it is now; of a removed one, as it was
	EntryID string // the same entry's

	Before []Entry // canonical order; empty for RowAdded
	After  []Entry // empty for RowRemoved
}

// Rows returns the difference line by line, by list, network and address.
func (d Diff) Rows() []Row {
	var rows []Row
	for _, entries := range grouped(d.Added) {
		rows = append(rows, newRow(RowAdded, nil, entries))
	}
	for _, entries := range grouped(d.Removed) {
		rows = append(rows, newRow(RowRemoved, entries, nil))
	}
	for _, c := range d.Changed {
		rows = append(rows, newRow(RowChanged, c.Before, c.After))
	}
	slices.SortFunc(rows, func(a, b Row) int { return Compare(a.first(), b.first()) })
	return rows
}

func newRow(change string, before, after []Entry) Row {
	r := Row{Change: change, Before: before, After: after}
	e := r.first()
	r.List, r.Network, r.Address, r.EntryID = e.List, e.Network, e.Address, e.EntryID
	return r
}

func (r *Row) first() *Entry {
	if len(r.After) > 0 {
		return &r.After[0]
	}
	return &r.Before[0]
}

// grouped are the entries by place, in the order in which the places come first.
func grouped(entries []Entry) [][]Entry {
	var out [][]Entry
	at := map[place]int{}
	for i := range entries {
		p := placeOf(&entries[i])
		n, ok := at[p]
		if !ok {
			n = len(out)
			at[p] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], entries[i])
	}
	return out
}

// member is one member of an entry as text.
type member struct {
	name string
	text func(*Entry) string
}

// members are all members by which entries of one place can differ, by their names in JSON.
var members = []member{
	{"address", func(e *Entry) string { return e.Address }},
	{"tag", func(e *Entry) string { return e.Tag }},
	{"category", func(e *Entry) string { return string(e.Category) }},
	{"categories", func(e *Entry) string {
		var names []string
		for _, c := range e.Categories {
			names = append(names, string(c))
		}
		return strings.Join(names, ",")
	}},
	{"entity", func(e *Entry) string { return e.Entity }},
	{"entry_id", func(e *Entry) string { return e.EntryID }},
	{"authority", func(e *Entry) string { return e.Authority }},
	{"program", func(e *Entry) string { return e.Program }},
	{"measure", func(e *Entry) string { return string(e.Measure) }},
	{"confidence", func(e *Entry) string { return strconv.Itoa(int(e.Confidence)) }},
	{"severity", func(e *Entry) string { return e.Severity }},
	{"party_listed_at", func(e *Entry) string { return e.PartyListedAt }},
	{"address_listed_at", func(e *Entry) string { return e.AddressListedAt }},
	{"delisted_at", func(e *Entry) string { return e.DelistedAt }},
	{"use", func(e *Entry) string { return string(e.Use) }},
	{"names", func(e *Entry) string { return string(e.Names) }},
	{"service", func(e *Entry) string { return string(e.Service) }},
	{"customer_id", func(e *Entry) string { return e.Customer }},
	{"for_list", func(e *Entry) string { return e.ForList }},
	{"for_entry", func(e *Entry) string { return e.ForEntry }},
	{"expires_at", func(e *Entry) string { return e.ExpiresAt }},
	{"known_at", func(e *Entry) string { return e.KnownAt }},
	{"author", func(e *Entry) string { return e.Author }},
	{"reason", func(e *Entry) string { return e.Reason }},
	{"reference", func(e *Entry) string { return e.Reference }},
	{"approver", func(e *Entry) string { return e.Approver }},
}

// Fields are the names of the members that a changed place says differently now, in the order of an entry's members: of
// several entries, those of which another set of values is said. Nil for a row that is added or removed.
func (r *Row) Fields() []string {
	if r.Change != RowChanged {
		return nil
	}
	values := func(m member, entries []Entry) []string {
		out := make([]string, len(entries))
		for i := range entries {
			out[i] = m.text(&entries[i])
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	var names []string
	for _, m := range members {
		if !slices.Equal(values(m, r.Before), values(m, r.After)) {
			names = append(names, m.name)
		}
	}
	return names
}

// AppendJSON appends the row as one JSON object: change, network, address, list, entry_id; of a changed one the fields
// that differ; and what was said before and is said after, entry by entry.
func (r *Row) AppendJSON(dst []byte) []byte {
	dst = appendString(append(dst, `{"change":`...), r.Change)
	dst = appendString(append(dst, `,"network":`...), r.Network)
	dst = appendString(append(dst, `,"address":`...), r.Address)
	dst = appendString(append(dst, `,"list":`...), r.List)
	dst = appendString(append(dst, `,"entry_id":`...), r.EntryID)
	if r.Change == RowChanged {
		dst = append(dst, `,"fields":[`...)
		for i, name := range r.Fields() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, name)
		}
		dst = append(dst, ']')
	}
	dst = appendEntries(dst, `,"before":[`, r.Before)
	dst = appendEntries(dst, `,"after":[`, r.After)
	return append(dst, '}')
}

func appendEntries(dst []byte, name string, entries []Entry) []byte {
	if len(entries) == 0 {
		return dst
	}
	dst = append(dst, name...)
	for i := range entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = entries[i].AppendJSON(dst)
	}
	return append(dst, ']')
}
