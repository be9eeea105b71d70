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
	c, err := begin(FormatText, opts, inputs)
	if err != nil {
		return nil, intake.Report{}, err
	}
	for _, in := range inputs {
		if err := parseText(c, opts, in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	entries, report := c.Result()
	return entries, report, nil
}

func parseText(c *intake.Collector, opts intake.Options, in intake.Input) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	n := 0
	for lines.Scan() {
		n++
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		var v [fieldEnd]string
		v[fieldAddress] = text
		c.Add(row(intake.Place{Input: in.Name, Line: n}, v, opts))
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than %d bytes", n+1, maxLine)
	}
	return lines.Err()
}
