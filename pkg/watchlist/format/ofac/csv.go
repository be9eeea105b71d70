package ofac

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// FormatCSV is the name of the format.
const FormatCSV = "ofac-csv"

// RemarkLimit is the length at which OFAC cuts the remarks in SDN.CSV, in characters. What follows stands in the
// comments file, and can begin in the middle of an address.
const RemarkLimit = 1000

// Columns of SDN.CSV and SDN_COMMENTS.CSV, which have no header. They are told apart by how many they have.
const (
	sdnColumns     = 12
	sdnNumber      = 0
	sdnName        = 1
	sdnProgram     = 3
	sdnRemarks     = 11
	commentColumns = 2
)

// sdnRow is a party of SDN.CSV.
type sdnRow struct {
	intake.Place
	number, name string
	programs     []string
	remarks      string
}

// FitsCSV says whether a file that begins so may be of a set: its first column is a party's number.
func FitsCSV(head []byte) bool {
	number, _, ok := bytes.Cut(head, []byte(","))
	_, err := strconv.ParseUint(string(bytes.Trim(number, `" `)), 10, 64)
	return ok && err == nil
}

// ParseCSV reads SDN.CSV, or CONS_PRIM.CSV, and its comments file, in any order, as one list: the remarks are put
// together before they are read. Other files of the set (addresses, aliases) hold no digital currency addresses and are
// noted.
//
// entry_id is the party's number, the currency's symbol and the address, for this form of the list numbers no features.
func ParseCSV(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	set := &csvSet{comments: map[string]string{}}
	for _, in := range inputs {
		if err := set.read(in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	if len(set.parties) == 0 {
		return nil, intake.Report{}, fmt.Errorf("no file with the %d columns of SDN.CSV", sdnColumns)
	}
	fallback := DefaultList
	if set.other {
		fallback = ConsolidatedList
	}
	list, err := opts.ListName(fallback, nil)
	if err != nil {
		return nil, intake.Report{}, err
	}
	c := intake.NewCollector(FormatCSV, list, opts)
	c.Parties(len(set.parties))
	for _, s := range set.skipped {
		c.Note(s.Place, "", intake.CodeSkipped, s.Text)
	}
	for _, p := range set.parties {
		comment, have := set.comments[p.number]
		cut := utf8.RuneCountInString(p.remarks) >= RemarkLimit && !have
		addRemarks(c, p, p.remarks+comment, cut)
	}
	entries, report := c.Result()
	return entries, report, nil
}

// csvSet is what the files of a set hold.
type csvSet struct {
	content
	parties  []sdnRow
	comments map[string]string // by the party's number
	skipped  []intake.Remark
}

// maxParties bounds the parties of a set; the SDN list has 17,000.
const maxParties = 1_000_000

func (s *csvSet) read(in intake.Input) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	cr := csv.NewReader(r)
	cr.FieldsPerRecord = -1
	cr.LazyQuotes = true // OFAC writes a space behind a closing quote here and there
	cr.TrimLeadingSpace = true
	noted := false
	for {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := cr.FieldPos(0)
		at := intake.Place{Input: in.Name, Line: line}
		switch len(rec) {
		case sdnColumns:
			if len(s.parties) == maxParties {
				return fmt.Errorf("%w: more than %d parties", intake.ErrTooLarge, maxParties)
			}
			row := sdnRow{at, value(rec[sdnNumber]), value(rec[sdnName]), programsOf(value(rec[sdnProgram])), value(rec[sdnRemarks])}
			s.note(row.programs)
			s.parties = append(s.parties, row)
		case commentColumns:
			s.comments[value(rec[0])] += value(rec[1])
		case 1:
			if v := strings.Trim(rec[0], "\x1a \r\n"); v != "" { // an end-of-file mark closes the older files
				return fmt.Errorf("line %d: one column %q where SDN.CSV has %d", line, v, sdnColumns)
			}
		default:
			if !noted {
				s.skipped = append(s.skipped, intake.Remark{Place: at, Text: fmt.Sprintf("a file with %d columns is neither SDN.CSV nor its comments file: skipped", len(rec))})
				noted = true
			}
		}
	}
}

// programsOf splits "SDGT] [IFSR", as OFAC writes several programs.
func programsOf(field string) []string {
	programs := strings.Split(strings.ReplaceAll(field, "[", ""), "]")
	for i := range programs {
		programs[i] = strings.TrimSpace(programs[i])
	}
	return programs
}

// value is a field, "" for OFAC's mark of an empty one.
func value(s string) string {
	if strings.TrimSpace(s) == "-0-" {
		return ""
	}
	return s
}

// addRemarks enters the addresses of one party. cut says that the remarks end at the limit and go on nowhere: the last
// address in them is then only a part of one.
func addRemarks(c *intake.Collector, p sdnRow, remarks string, cut bool) {
	parts := strings.Split(remarks, ";")
	for i, part := range parts {
		part = strings.TrimSpace(part)
		rest, ok := strings.CutPrefix(strings.TrimPrefix(part, "alt. "), addressPrefix)
		if !ok {
			continue
		}
		symbol, text, _ := strings.Cut(rest, " ")
		text = strings.TrimSuffix(strings.TrimSpace(text), ".") // the last remark ends in a full stop
		if cut && i == len(parts)-1 {
			c.Reject(p.Place, text, intake.CodeCut, fmt.Sprintf("the remarks of party %s are cut at %d characters in this address: give the comments file too", p.number, RemarkLimit))
			continue
		}
		c.Add(intake.Row{
			Place: p.Place, Text: text, Ticker: symbol, Keep: true,
			Entry: watchlist.Entry{
				EntryID: p.number + "/" + symbol + "/" + text, Entity: p.name,
				Categories: categories(p.programs), Authority: Authority, Program: strings.Join(p.programs, ", "),
				Measure: measureOf(p.programs),
			},
		})
	}
	if cut && !strings.Contains(parts[len(parts)-1], addressPrefix) {
		c.Note(p.Place, p.number, intake.CodeCut, fmt.Sprintf("the remarks of this party are cut at %d characters, and no comments file goes on", RemarkLimit))
	}
}
