// Package etl turns the exports of bitcoin-etl and ethereum-etl into transfers, line by line, with a memory that does
// not grow with the export.
//
// It promises that a line that cannot be read is reported with its number and leaves the others alone, and that one
// token transfer of an export is given once, in whichever of its files it stands.
package etl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"sluice/pkg/chain/internal/build"
)

// MaxLine is the most bytes of one line; a bitcoin transaction of the largest block has about a fifth of it.
const MaxLine = 64 << 20

// Report takes the error of a line, which names its number. The conversion goes on when Report returns nil, and ends
// with what it returns otherwise.
type Report func(error) error

// stop is an error that no report can pass over: the taker of transfers failed, or the input itself.
type stop struct{ err error }

func (s stop) Error() string { return s.err.Error() }
func (s stop) Unwrap() error { return s.err }

// eachLine calls use for every line that is not blank. Errors of lines go to report.
func eachLine(in io.Reader, b *build.Builder, report Report, use func(line []byte) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 1<<16), MaxLine)
	number := 0
	for lines.Scan() {
		number++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		err := use(line)
		if err == nil {
			continue
		}
		if s := (stop{}); errors.As(err, &s) {
			return s.err
		}
		b.Stats.Problems++
		if err := report(&build.LineError{Line: number, Err: err}); err != nil {
			return err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return &build.LineError{Line: number + 1, Err: fmt.Errorf("longer than %d MiB", MaxLine>>20)}
	} else if err != nil {
		return err
	}
	return nil
}

// give makes the errors of whoever takes the transfers end the conversion.
func give(emit func() error) error {
	if err := emit(); err != nil {
		return stop{err}
	}
	return nil
}

// digits is a number as text, whether the JSON has a number, a string or null.
type digits string

// UnmarshalJSON takes a number, a string, or null, which is "".
func (d *digits) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		*d = ""
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(d))
	default:
		*d = digits(b)
	}
	return nil
}

// latest is the last second that is taken for a time: one in milliseconds is beyond it.
const latest = 1 << 36

// timeLayouts are how data warehouses write the exports' times.
var timeLayouts = []string{time.RFC3339, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05"}

// parseTime reads seconds since 1970 or a date with time in UTC.
func parseTime(text string) (time.Time, error) {
	if seconds, err := parseUint(text); err == nil && seconds < latest {
		return time.Unix(int64(seconds), 0).UTC(), nil
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither seconds since 1970 nor a date with time", clip(text))
}

func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}
