package table

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// maxLine is the longest line of a text file, in bytes.
const maxLine = 64 << 10

// ParseText reads one address a line; empty lines and what follows a # count for nothing.
func ParseText(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	if len(opts.Mapping.Fields) > 0 {
		return nil, intake.Report{}, errors.New("a text file has no columns to name: each line is an address")
	}
	return read(FormatText, opts, inputs, parseText)
}

func parseText(r *reader, in intake.Input) error {
	src, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(src)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	n := 0
	for lines.Scan() {
		n++
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text != "" {
			r.row(intake.Place{Input: in.Name, Line: n}, values{intake.FieldAddress: text})
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than %d bytes", n+1, maxLine)
	}
	return lines.Err()
}
