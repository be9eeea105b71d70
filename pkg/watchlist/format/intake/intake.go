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
	Mapping  Mapping           // of tables and JSON: what their columns and labels mean
	// Into, where it is not nil, is given each entry behind the last row, in no order and each once; then the entries are no
	// part of the result, and are not in memory together as such. It may change and keep what it is given.
	Into func(*watchlist.Entry)
}

// Input is one file of a publisher. Its bytes may be compressed by gzip, bzip2 or zstd, or be a zip archive.
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
	for _, ext := range []string{".gz", ".bz2", ".zst", ".zip", ".xml", ".csv", ".tsv", ".json", ".ndjson", ".txt", ".yaml", ".yml"} {
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
	Input string `json:"input"`
	Line  int    `json:"line,omitzero"` // from 1; the number of the element or member in JSON
}

// String is the place as compilers write it.
func (p Place) String() string {
	if p.Line == 0 {
		return p.Input
	}
	return fmt.Sprintf("%s:%d", p.Input, p.Line)
}

// Code is the reason of a remark for machines. New ones may be added.
type Code string

// The codes of rejected rows.
const (
	CodeEmpty     Code = "empty"       // there is no address
	CodeAddress   Code = "address"     // not an address of its network, or of any
	CodeNetwork   Code = "network"     // the network is unknown
	CodeNobody    Code = "nobody"      // an address without an owner: an entry would flag everybody
	CodeCut       Code = "cut"         // only a part of an address
	CodeMalformed Code = "malformed"   // the row cannot be read
	CodeEntry     Code = "entry"       // a field of the entry cannot be entered
	CodePattern   Code = "pattern"     // a pattern that does not come down to addresses
	CodeNoAddress Code = "transaction" // the row tags a transaction, not an address
)

// The codes of notes.
const (
	CodeShared    Code = "shared"    // an address that many innocent transfers touch
	CodeRefiled   Code = "refiled"   // not of the network that the publisher names: entered by its form
	CodeText      Code = "text"      // kept by its exact text
	CodeTrimmed   Code = "trimmed"   // spaces were removed
	CodeAmbiguous Code = "ambiguous" // entered for each family that accepts it
	CodeSkipped   Code = "skipped"   // a file or a part that holds no addresses
	CodeNoOwner   Code = "no_owner"  // the party that is referred to is not in the file
)

// Remark is a rejected row, or something that a person should know about one.
type Remark struct {
	Place
	Value string `json:"value"` // the publisher's text, cut to 200 bytes
	Code  Code   `json:"code"`
	Text  string `json:"reason"` // why, or what
}

// String is one line for people.
func (r Remark) String() string { return fmt.Sprintf("%s: %q: %s", r.Place, r.Value, r.Text) }

// Count counts rows by a word: one of the publisher that no mapping knows, or a reason to leave rows out.
type Count struct {
	Term string `json:"term"`
	Rows int    `json:"rows"`
}

const (
	// MaxRemarks is how many rejections, and how many notes, a report holds one by one. Further ones are counted.
	MaxRemarks = 100_000
	// MaxTerms is how many different words a report counts one by one. Further ones are counted as OtherTerms.
	MaxTerms = 10_000
	// OtherTerms stands for the words above MaxTerms.
	OtherTerms = "(other words)"
)

// Report is what became of a file's rows: Rows = Accepted + Repeated + LeftOut + RejectedRows. As JSON it is what an
// import answers.
type Report struct {
	Format       string   `json:"format"`
	List         string   `json:"list"`
	Rows         int      `json:"rows"`               // that hold an address
	Accepted     int      `json:"accepted"`           // rows that made an entry, or several
	Repeated     int      `json:"repeated"`           // rows that say what a row before them said
	LeftOut      int      `json:"left_out"`           // rows that the publisher has taken back, or that the mapping says to ignore
	RejectedRows int      `json:"rejected"`           // rows that cannot be entered
	Entries      int      `json:"entries"`            // distinct entries; more than Accepted where an address is entered for several families, fewer where rows became one
	Parties      int      `json:"parties,omitzero"`   // parties in the file, listed with addresses or not; 0 where the format has none
	NoteCount    int      `json:"notes"`              // of notes, those above MaxRemarks included
	Rejected     []Remark `json:"rejections"`         // at most MaxRemarks
	Notes        []Remark `json:"remarks"`            // at most MaxRemarks
	LeftOutFor   []Count  `json:"left_out_for"`       // why rows were left out, by term
	Unmapped     []Count  `json:"unmapped"`           // words that no mapping knows, by term
	Published    string   `json:"published,omitzero"` // YYYY-MM-DD, when the publisher says that the file is of; "" where it does not
}

// Summary is the report in one line for people.
func (r Report) Summary() string {
	s := fmt.Sprintf("%s %s: %d rows, %d entries, %d repeated, %d rejected", r.Format, r.List, r.Rows, r.Entries, r.Repeated, r.RejectedRows)
	if r.LeftOut > 0 {
		s += fmt.Sprintf(", %d left out (", r.LeftOut)
		for i, c := range r.LeftOutFor {
			if i > 0 {
				s += ", "
			}
			s += fmt.Sprintf("%s: %d", c.Term, c.Rows)
		}
		s += ")"
	}
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
