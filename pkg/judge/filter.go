package judge

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"sluice/pkg/flag"
	"sluice/pkg/transfer"
)

// DefaultRemember is how many transfer ids a filter remembers to find conflicts, about 100 bytes each.
const DefaultRemember = 1_000_000

// FilterConfig is what a filter judges by.
type FilterConfig struct {
	Tenant   string // "" is default
	Lists    Lists
	Rules    Rules
	Now      time.Time // transfers may not lie more than a day ahead of it; also written as raised_at
	All      bool      // write cleared verdicts too
	Remember int       // transfer ids kept to find conflicts; 0 is DefaultRemember
}

// FilterStats counts lines.
type FilterStats struct {
	Transfers int // judged
	Cleared   int
	Flagged   int
	Held      int
	Failed    int // lines that are no transfer
}

// Filter reads transfers as NDJSON and writes the verdict records of those that are flagged or held, one a line, in the
// order of the input. A line that is no transfer is reported to errw with its number, and the next is read; empty lines
// are passed over. Memory is bounded: one line, and the last Remember transfer ids, so that a transfer id that comes
// again with other content is marked as a conflict if the first is not longer ago than that. The error is that of the
// reader or the writers.
func Filter(r io.Reader, w, errw io.Writer, c FilterConfig) (FilterStats, error) {
	if c.Tenant == "" {
		c.Tenant = "default"
	}
	if c.Remember == 0 {
		c.Remember = DefaultRemember
	}
	out := bufio.NewWriterSize(w, 64<<10)
	f := filter{
		config: c, judge: New(c.Tenant, c.Lists, c.Rules), seen: newMemory(c.Remember), out: out, errw: errw,
	}
	err := f.run(&lineReader{r: bufio.NewReaderSize(r, 64<<10)})
	return f.stats, errors.Join(err, out.Flush())
}

type filter struct {
	config FilterConfig
	judge  *Judge
	parser transfer.Parser
	seen   *memory
	out    *bufio.Writer
	errw   io.Writer
	stats  FilterStats
	buf    []byte
}

func (f *filter) run(lines *lineReader) error {
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, errLongLine) {
			return fmt.Errorf("line %d: %w", lines.number, err)
		}
		if err == nil {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			var failed bool
			if failed, err = f.line(line); err != nil && !failed {
				return err
			}
		}
		if err != nil {
			f.stats.Failed++
			if _, err := fmt.Fprintf(f.errw, "line %d: %v\n", lines.number, err); err != nil {
				return fmt.Errorf("writing errors: %w", err)
			}
		}
	}
}

// line judges one line. failed tells an error of the line from one of the output.
func (f *filter) line(line []byte) (failed bool, err error) {
	p, err := f.parser.Parse(line, f.config.Now)
	if err != nil {
		return true, err
	}
	conflict := f.seen.conflict(p, p.FactID(f.judge.Tenant))
	out, o, err := f.judge.Transfer(f.buf[:0], p, conflict, f.config.Now)
	if err != nil {
		return true, err
	}
	f.buf = append(out, '\n')
	f.stats.Transfers++
	switch o.Decision {
	case flag.Cleared:
		f.stats.Cleared++
		if !f.config.All {
			return false, nil
		}
	case flag.Flagged:
		f.stats.Flagged++
	case flag.Held:
		f.stats.Held++
	}
	if _, err := f.out.Write(f.buf); err != nil {
		return false, fmt.Errorf("writing verdicts: %w", err)
	}
	return false, nil
}

// maxLine is the longest line that is read: a transfer, and some white space.
const maxLine = transfer.MaxBody + 64<<10

var errLongLine = fmt.Errorf("has more than %d bytes; a transfer has at most %d", maxLine, transfer.MaxBody)

// lineReader reads lines of bounded length.
type lineReader struct {
	r      *bufio.Reader
	number int
	line   []byte
}

// next is the next line without its end, valid until the call after; errLongLine for one that was skipped.
func (l *lineReader) next() ([]byte, error) {
	l.line = l.line[:0]
	l.number++
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.line) <= maxLine { // what is longer is read on to its end, and not kept
			l.line = append(l.line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(l.line) == 0:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		}
		line := bytes.TrimSuffix(l.line, []byte{'\n'})
		if len(line) > maxLine {
			return nil, errLongLine
		}
		return line, nil
	}
}
