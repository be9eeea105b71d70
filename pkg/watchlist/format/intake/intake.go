// Package intake is what all publishers' formats have in common: what a caller may say about a file, the report of what
// became of its rows, the reading of compressed files, and the step from a publisher's text to an entry.
//
// Its promise to the reader of a report: every row that holds an address is accepted, counted as a repetition, or
// rejected with its place, value and reason. None is dropped silently.
package intake

import (
	"fmt"
	"io"
	"path"
	"strings"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

// Options is what the caller says about a file.
type Options struct {
	List     string            // name of the list; "": made from the name of the file, or the format's own
	Category taxonomy.Category // for rows whose publisher says nothing that maps to a category
	Network  string            // alias or CAIP-2 id for rows that name none; "": by the form of the address
	Columns  Columns           // of a csv file
}

// Columns says which column of a table holds what: a header's name, or #N for the Nth column, from 1. "" leaves it to
// the usual names. When every column that is named is #N, the table has no header.
type Columns struct {
	Address, Network, Category, Entity, EntryID, ListedAt string
}

// Input is one file of a publisher. Its bytes may be compressed by gzip or bzip2.
type Input struct {
	Name string // for reports, and for the name of the list
	R    io.Reader
}

// ListName returns the name that the options give, else fallback, else one made from the name of the first input.
func (o Options) ListName(fallback string, inputs []Input) (string, error) {
	name := o.List
	if name == "" {
		name = fallback
	}
	if name == "" && len(inputs) > 0 {
		name = slug(inputs[0].Name)
	}
	if name == "" {
		name = "list"
	}
	if err := watchlist.CheckListName(name); err != nil {
		return "", err
	}
	return name, nil
}

// slug makes the name of a list from the name of a file: its base without extensions, in lower case.
func slug(name string) string {
	base := strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/")))
	for _, ext := range []string{".gz", ".bz2", ".xml", ".csv", ".tsv", ".json", ".ndjson", ".txt", ".yaml", ".yml"} {
		base = strings.TrimSuffix(base, ext)
	}
	var b strings.Builder
	for _, r := range base {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == watchlist.MaxListName {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

// Place is where a row stands.
type Place struct {
	Input string
	Line  int // from 1; the number of the element in a JSON array
}

// String is the place as compilers write it.
func (p Place) String() string {
	if p.Line == 0 {
		return p.Input
	}
	return fmt.Sprintf("%s:%d", p.Input, p.Line)
}

// Remark is a rejected row, or something that a person should know about one.
type Remark struct {
	Place
	Value string // the publisher's text, cut to 200 bytes
	Text  string // why, or what
}

// String is one line for people.
func (r Remark) String() string { return fmt.Sprintf("%s: %q: %s", r.Place, r.Value, r.Text) }

// Unmapped counts a word of the publisher that no mapping knows.
type Unmapped struct {
	Term string
	Rows int
}

// MaxRemarks is how many rejections, and how many notes, a report holds one by one. Further ones are counted.
const MaxRemarks = 100_000

// Report is what became of a file's rows: Rows = Accepted + Repeated + RejectedRows.
type Report struct {
	Format       string
	List         string
	Rows         int // that hold an address
	Accepted     int // rows that made an entry, or several
	Repeated     int // rows that say what a row before them said
	RejectedRows int
	Entries      int      // distinct entries; more than Accepted where an address is entered for several families
	Parties      int      // parties in the file, listed with addresses or not; 0 where the format has none
	Rejected     []Remark // at most MaxRemarks
	Notes        []Remark // at most MaxRemarks
	NoteCount    int
	Unmapped     []Unmapped // by term
}

// Summary is the report in one line for people.
func (r Report) Summary() string {
	s := fmt.Sprintf("%s %s: %d rows, %d entries, %d repeated, %d rejected", r.Format, r.List, r.Rows, r.Entries, r.Repeated, r.RejectedRows)
	if r.NoteCount > 0 {
		s += fmt.Sprintf(", %d notes", r.NoteCount)
	}
	for i, u := range r.Unmapped {
		if i == 0 {
			s += "; unmapped:"
		}
		s += fmt.Sprintf(" %q (%d)", u.Term, u.Rows)
	}
	return s
}
