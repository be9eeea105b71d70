package ofac

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

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
	number, name, program, remarks string
}

// ParseCSV reads SDN.CSV and its comments file, in any order, as one list: the remarks are put together before they are
// read. Other files of the set (addresses, aliases) hold no digital currency addresses and are noted.
//
// entry_id is the party's number, the currency's symbol and the address, for this form of the list numbers no features.
func ParseCSV(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	list, err := opts.ListName(DefaultList, nil)
	if err != nil {
		return nil, intake.Report{}, err
	}
	c := intake.NewCollector(FormatCSV, list, opts)
	var parties []sdnRow
	comments := map[string]string{}
	for _, in := range inputs {
		if err := readCSV(c, in, &parties, comments); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	if len(parties) == 0 {
		return nil, intake.Report{}, fmt.Errorf("no file with the %d columns of SDN.CSV", sdnColumns)
	}
	for _, p := range parties {
		c.Party()
		comment, have := comments[p.number]
		cut := len([]rune(p.remarks)) >= RemarkLimit && !have
		addRemarks(c, p, p.remarks+comment, cut)
	}
	entries, report := c.Result()
	return entries, report, nil
}

func readCSV(c *intake.Collector, in intake.Input, parties *[]sdnRow, comments map[string]string) error {
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
			*parties = append(*parties, sdnRow{at, value(rec[sdnNumber]), value(rec[sdnName]), value(rec[sdnProgram]), value(rec[sdnRemarks])})
		case commentColumns:
			comments[value(rec[0])] += value(rec[1])
		case 1:
			if v := strings.Trim(rec[0], "\x1a \r\n"); v != "" { // an end-of-file mark closes the older files
				return fmt.Errorf("line %d: one column %q where SDN.CSV has %d", line, v, sdnColumns)
			}
		default:
			if !noted {
				c.Note(at, "", intake.CodeSkipped, fmt.Sprintf("a file with %d columns is neither SDN.CSV nor its comments file: skipped", len(rec)))
				noted = true
			}
		}
	}
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
	programs := strings.Split(strings.ReplaceAll(p.program, "[", ""), "]")
	for i := range programs {
		programs[i] = strings.TrimSpace(programs[i])
	}
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
				Categories: categories(programs), Authority: Authority, Program: strings.Join(programs, ", "),
				Measure: watchlist.MeasureBlock,
			},
		})
	}
	if cut && !strings.Contains(parts[len(parts)-1], addressPrefix) {
		c.Note(p.Place, p.number, intake.CodeCut, fmt.Sprintf("the remarks of this party are cut at %d characters, and no comments file goes on", RemarkLimit))
	}
}
