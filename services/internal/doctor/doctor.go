// Package doctor examines an installation: each check says what it looked at, what it found, and what to do about it.
// It changes nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Finding is the outcome of one check.
type Finding struct {
	Check  string // what was looked at
	Detail string // what was found
	Advice string // what to do; "" when nothing
	Level  Level
}

// Level says how bad a finding is.
type Level int

// The levels.
const (
	OK Level = iota
	Warning
	Problem
)

func (l Level) String() string {
	return [...]string{"ok", "warning", "problem"}[l]
}

// Check is one thing to look at.
type Check struct {
	Name string
	Look func(ctx context.Context) Finding
}

// patience is how long one check may take.
const patience = 10 * time.Second

// ErrUnwell is returned by Run when there is a problem.
var ErrUnwell = errors.New("there are problems; each line says what to do")

// Run makes all checks in order and writes a line for each.
func Run(ctx context.Context, w io.Writer, checks []Check) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	problems := false
	for _, c := range checks {
		short, cancel := context.WithTimeout(ctx, patience)
		f := c.Look(short)
		cancel()
		problems = problems || f.Level == Problem
		fmt.Fprintf(out, "%s\t%s\t%s\n", f.Level, c.Name, oneLine(f.Detail))
		if f.Advice != "" {
			fmt.Fprintf(out, "\t\t→ %s\n", f.Advice)
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if problems {
		return ErrUnwell
	}
	return nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Good is a finding with nothing to do.
func Good(format string, args ...any) Finding { return Finding{Detail: fmt.Sprintf(format, args...)} }

// Bad is a problem and what to do about it.
func Bad(err error, advice string) Finding {
	return Finding{Detail: err.Error(), Advice: advice, Level: Problem}
}

// Doubtful is something that works and should be known.
func Doubtful(detail, advice string) Finding {
	return Finding{Detail: detail, Advice: advice, Level: Warning}
}
