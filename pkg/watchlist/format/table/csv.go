package table

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// ParseCSV reads tables with a header line, or with columns that are all named #N. The separator is the comma, or the
// tab or semicolon where the first line has those and no comma.
func ParseCSV(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	c, err := begin(FormatCSV, opts, inputs)
	if err != nil {
		return nil, intake.Report{}, err
	}
	for _, in := range inputs {
		if err := parseCSV(c, opts, in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	entries, report := c.Result()
	return entries, report, nil
}

func parseCSV(c *intake.Collector, opts intake.Options, in intake.Input) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	br := bufio.NewReaderSize(r, 64<<10)
	cr := csv.NewReader(br)
	cr.Comma = separator(br)
	cr.FieldsPerRecord = -1
	cr.ReuseRecord = true

	at, header, err := numbered(columnsOf(opts.Columns))
	if err != nil {
		return err
	}
	if header {
		names, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return errors.New("the file is empty: a header line is wanted")
		}
		if err != nil {
			return fmt.Errorf("header line: %w", err)
		}
		for f, named := range columnsOf(opts.Columns) {
			if at[f], err = find(field(f), named, names); err != nil {
				return err
			}
		}
	}
	for {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			c.Reject(intake.Place{Input: in.Name, Line: parse.StartLine}, strings.Join(rec, ","), intake.CodeMalformed, "not valid CSV: "+parse.Err.Error())
			continue
		}
		if err != nil {
			return err
		}
		line, _ := cr.FieldPos(0)
		var v [fieldEnd]string
		for f, i := range at {
			if i >= 0 && i < len(rec) {
				v[f] = rec[i]
			}
		}
		c.Add(row(intake.Place{Input: in.Name, Line: line}, v, opts))
	}
}

// separator looks at the first line.
func separator(br *bufio.Reader) rune {
	head, _ := br.Peek(4096)
	line, _, _ := strings.Cut(string(head), "\n")
	for _, sep := range "\t;" {
		if !strings.ContainsRune(line, ',') && strings.ContainsRune(line, sep) {
			return sep
		}
	}
	return ','
}

// numbered reads columns named #N; header says that there are others, so that the file must have a header.
func numbered(named [fieldEnd]string) (at [fieldEnd]int, header bool, err error) {
	numbers, words := 0, 0
	for f, name := range named {
		at[f] = -1
		digits, ok := strings.CutPrefix(name, "#")
		switch {
		case name == "":
		case !ok:
			words++
		default:
			n, err := strconv.Atoi(digits)
			if err != nil || n < 1 {
				return at, false, fmt.Errorf("column %q for the %s: want #N with N from 1, or a name of the header", name, fieldNames[f])
			}
			numbers++
			at[f] = n - 1
		}
	}
	switch {
	case numbers > 0 && words > 0:
		return at, false, errors.New("columns are named either all by #N or all by the header")
	case numbers > 0 && at[fieldAddress] < 0:
		return at, false, errors.New("the column of the address is missing")
	default:
		return at, numbers == 0, nil
	}
}
