// Package screen is the live picture of a running pipeline on a terminal. The frame is a pure function of what is
// shown; Run draws it once a second until the pipeline stops or somebody presses q.
package screen

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
)

// Model is what one frame shows.
type Model struct {
	Version  string
	Uptime   time.Duration
	Parts    []Part // the servers, and whether each is embedded
	Lists    string // such as "1,204 entries, seq 7, version 5f2c01aa"
	Problem  string // why the pipeline is not ready; "" while it is
	Source   string // where transfers come from, such as the simulator; "" for none
	Hops     []Hop
	Verdicts Verdicts
	Latest   []Flagged // newest first
	Queries  []string  // what to type to look closer
}

// Part is one server.
type Part struct{ Name, Where string }

// Hop is one stage of the pipeline.
type Hop struct {
	Name string
	Rate float64 // records a second
	Done uint64
	Lag  int64
	Note string // why it is not moving; "" while it is
}

// Verdicts are the counts since the start.
type Verdicts struct{ Cleared, Flagged, Held uint64 }

// Flagged is one flagged or held transfer.
type Flagged struct {
	At                                           time.Time
	Verdict, Severity, Direction, Asset, Network string
	Amount, Customer, Why                        string
}

var (
	title = lipgloss.NewStyle().Bold(true)
	faint = lipgloss.NewStyle().Faint(true)
	held  = lipgloss.NewStyle().Foreground(lipgloss.Color("1")).Bold(true)
	warn  = lipgloss.NewStyle().Foreground(lipgloss.Color("3"))
	good  = lipgloss.NewStyle().Foreground(lipgloss.Color("2"))
)

// Frame draws the model into width columns and height lines at most.
func Frame(m Model, width, height int) string {
	var b []string
	line := func(format string, args ...any) { b = append(b, fmt.Sprintf(format, args...)) }

	state := good.Render("ready")
	if m.Problem != "" {
		state = warn.Render("not ready: " + m.Problem)
	}
	line("%s %s   up %s   %s", title.Render("sluice"), m.Version, m.Uptime.Round(time.Second), state)
	for _, p := range m.Parts {
		line("  %s %s", faint.Render(fmt.Sprintf("%-11s", p.Name)), p.Where)
	}
	line("  %s %s", faint.Render(fmt.Sprintf("%-11s", "lists")), m.Lists)
	if m.Source != "" {
		line("  %s %s", faint.Render(fmt.Sprintf("%-11s", "transfers")), m.Source)
	}
	line("")
	line("%s", title.Render(fmt.Sprintf("  %-19s %10s %14s %10s", "stage", "per second", "done", "lag")))
	for _, h := range m.Hops {
		note := ""
		if h.Note != "" {
			note = "  " + warn.Render(h.Note)
		}
		line("  %-19s %10s %14s %10s%s", h.Name, Count(uint64(h.Rate+0.5)), Count(h.Done), Count(uint64(max(h.Lag, 0))), note)
	}
	line("")
	line("  %s cleared   %s flagged   %s held", good.Render(Count(m.Verdicts.Cleared)), warn.Render(Count(m.Verdicts.Flagged)), held.Render(Count(m.Verdicts.Held)))
	line("")
	line("%s", title.Render("  latest flagged and held"))

	tail := []string{""}
	for _, q := range m.Queries {
		tail = append(tail, faint.Render("  "+q))
	}
	tail = append(tail, faint.Render("  q or ctrl+c stops; everything is on disk, the next start goes on here"))

	room := max(height-len(b)-len(tail), 1)
	if len(m.Latest) == 0 {
		line("%s", faint.Render("  none yet"))
	}
	for i := range m.Latest {
		if i == room {
			break
		}
		line("%s", flaggedLine(&m.Latest[i]))
	}
	b = append(b, tail...)
	if len(b) > height {
		b = b[:height]
	}
	for i := range b {
		b[i] = lipgloss.NewStyle().MaxWidth(width).Render(b[i])
	}
	return strings.Join(b, "\n")
}

func flaggedLine(f *Flagged) string {
	verdict := warn.Render(fmt.Sprintf("%-7s", f.Verdict))
	if f.Verdict == "held" {
		verdict = held.Render(fmt.Sprintf("%-7s", f.Verdict))
	}
	return fmt.Sprintf("  %s %s %-8s %-10s %18s %-6s %-10s %-16s %s", faint.Render(f.At.UTC().Format("15:04:05")), verdict,
		f.Severity, f.Direction, f.Amount, f.Asset, f.Network, f.Customer, f.Why)
}

// Count writes a number with a comma between groups of three digits.
func Count(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
