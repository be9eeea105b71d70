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
	if opts.Mapping.Root != "" {
		return nil, intake.Report{}, fmt.Errorf("root %q: a table has no members to go into", opts.Mapping.Root)
	}
	return read(FormatCSV, opts, inputs, parseCSV)
}

func parseCSV(r *reader, in intake.Input) error {
	src, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	br := bufio.NewReaderSize(src, 64<<10)
	cr := csv.NewReader(br)
	cr.Comma = separator(br)
	cr.FieldsPerRecord = -1
	cr.ReuseRecord = true

	at, header, err := numbered(r.m)
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
		for _, f := range intake.Fields {
			i, err := find(r.m, f, names)
			if err != nil {
				return err
			}
			if i >= 0 {
				at[f] = i
			}
		}
	}
	for {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			r.Reject(intake.Place{Input: in.Name, Line: parse.StartLine}, strings.Join(rec, ","), intake.CodeMalformed, "not valid CSV: "+parse.Err.Error())
			continue
		}
		if err != nil {
			return err
		}
		line, _ := cr.FieldPos(0)
		v := values{}
		for f, i := range at {
			if i < len(rec) {
				v[f] = rec[i]
			}
		}
		r.row(intake.Place{Input: in.Name, Line: line}, v)
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
func numbered(m *intake.Mapping) (at map[intake.Field]int, header bool, err error) {
	at = map[intake.Field]int{}
	words := 0
	for f, name := range m.Fields {
		digits, ok := strings.CutPrefix(name, "#")
		if !ok {
			words++
			continue
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 {
			return nil, false, fmt.Errorf("column %q for the %s: want #N with N from 1, or a name of the header", name, f)
		}
		at[f] = n - 1
	}
	_, address := at[intake.FieldAddress]
	switch {
	case len(at) > 0 && words > 0:
		return nil, false, errors.New("columns are named either all by #N or all by the header")
	case len(at) > 0 && !address:
		return nil, false, errors.New("the column of the address is missing")
	default:
		return at, len(at) == 0, nil
	}
}
