package e2e

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/services/internal/chaos"
	"sluice/services/internal/realservers"
)

// measured is what a fault on a stack was like: a row of the table in docs/faults.md.
type measured struct {
	Fault, Stack, Saw                      string
	Slowest                                time.Duration // answer while it lasted
	Back                                   time.Duration // from its end until all lists are in force
	Verified                               time.Duration // from its end until everything is recorded and verified
	Accepted, Lost, Duplicated, Unscreened int64
}

func (m measured) String() string {
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %d | %d | %d | %d |", m.Fault, m.Stack, m.Saw, seconds(m.Slowest), seconds(m.Back), seconds(m.Verified),
		m.Accepted, m.Lost, m.Duplicated, m.Unscreened)
}

// The table stands between these lines of the page; the first says on what it was measured.
const (
	measuredBegin = "<!-- measured by make faults -->\n"
	measuredEnd   = "<!-- end of what was measured -->\n"
	measuredHead  = "| fault | stack | the exchange saw | slowest answer | back after | verified after | accepted so far | lost | duplicated | unscreened |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
)

// machine says on what something was measured.
func machine() string {
	return fmt.Sprintf("%s/%s, %d CPUs shared with other work, Apache Kafka %s, %s.", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		realservers.KafkaVersion, time.Now().UTC().Format(time.DateOnly))
}

// rewrite changes the page that a variable of the environment names, if it names one.
func rewrite(t *testing.T, variable string, change func(page string) (string, error)) {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page, err := change(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}

// between returns what a page has before, between and after two of its lines.
func between(page, begin, end string) (before, inside, after string, err error) {
	before, rest, ok := strings.Cut(page, begin)
	inside, after, ends := strings.Cut(rest, end)
	if !ok || !ends {
		return "", "", "", fmt.Errorf("the page has no place between %q and %q", begin, end)
	}
	return before, inside, after, nil
}

// rowsOf are the rows of a table by their first two cells.
func rowsOf(table string) map[[2]string]string {
	rows := map[[2]string]string{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, " | "); len(cells) > 2 {
			rows[[2]string{strings.TrimPrefix(cells[0], "| "), cells[1]}] = line
		}
	}
	return rows
}

// putMeasured returns the page with rows in its table.
func putMeasured(page string, rows []measured, machine string) (string, error) {
	before, old, after, err := between(page, measuredBegin, measuredEnd)
	if err != nil {
		return "", err
	}
	lines := rowsOf(old)
	for _, m := range rows {
		lines[[2]string{m.Fault, m.Stack}] = m.String() + "\n"
	}
	var b strings.Builder
	b.WriteString(before + measuredBegin + machine + "\n\n" + measuredHead)
	for _, m := range chaos.Modes {
		for _, stack := range []string{chaos.OnEmbedded, chaos.OnReal} {
			b.WriteString(lines[[2]string{m.Name, stack}])
		}
	}
	b.WriteString("\nNot made, and why:\n\n")
	for _, m := range chaos.Modes {
		for _, stack := range slices.Sorted(func(yield func(string) bool) {
			for s := range m.Not {
				if !yield(s) {
					return
				}
			}
		}) {
			fmt.Fprintf(&b, "- %s, %s: %s.\n", m.Name, stack, m.Not[stack])
		}
	}
	b.WriteString(measuredEnd + after)
	return b.String(), nil
}

var duration = regexp.MustCompile(`^\d+\.\d s$`)

// TestEveryModeIsMeasured holds the table of measurements in docs/faults.md to the list of modes: each has its row for each
// stack that it may befall, with a time to recovery, and nothing lost, duplicated or unscreened.
func TestEveryModeIsMeasured(t *testing.T) {
	text := page(t, "docs/faults.md")
	rows := map[[2]string][]string{}
	for _, row := range tableRows(t, text, "What was measured") {
		rows[[2]string{row[0], row[1]}] = row
	}
	for _, m := range chaos.Modes {
		for _, stack := range []string{chaos.OnEmbedded, chaos.OnReal} {
			key := [2]string{m.Name, stack}
			row, there := rows[key]
			delete(rows, key)
			if why, not := m.Not[stack]; not {
				if there || !strings.Contains(text, fmt.Sprintf("- %s, %s: %s.\n", m.Name, stack, why)) {
					t.Errorf("%s, %s: is to be explained, not measured; make faults writes it", m.Name, stack)
				}
				continue
			}
			switch {
			case !there:
				t.Errorf("%s, %s: not measured; make faults", m.Name, stack)
			case len(row) != 10:
				t.Errorf("%s, %s: %d columns", m.Name, stack, len(row))
			case row[2] == "" || !duration.MatchString(row[4]) || !duration.MatchString(row[5]):
				t.Errorf("%s, %s: what was seen, or a time, is missing: %q", m.Name, stack, row)
			case row[6] == "0" || row[7] != "0" || row[8] != "0" || strings.Trim(row[9], " |") != "0":
				t.Errorf("%s, %s: a promise is broken: %q", m.Name, stack, row)
			}
		}
	}
	for key := range rows {
		t.Errorf("%v: not among the modes", key)
	}
}

// TestMeasurementsTakeTheirPlace merges rows into a page that has some.
func TestMeasurementsTakeTheirPlace(t *testing.T) {
	one := measured{Fault: chaos.HouseDown, Stack: chaos.OnReal, Saw: "cleared", Accepted: 1}
	two := measured{Fault: chaos.RedisFlushed, Stack: chaos.OnEmbedded, Saw: "held (risk)", Accepted: 2}
	page, err := putMeasured("before\n"+measuredBegin+measuredEnd+"after\n", []measured{one}, "a machine")
	if err != nil {
		t.Fatal(err)
	}
	if page, err = putMeasured(page, []measured{two}, "another machine"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(page, "before\n"+measuredBegin+"another machine\n") || !strings.HasSuffix(page, measuredEnd+"after\n") ||
		strings.Contains(page, "\na machine") || !strings.Contains(page, two.String()+"\n"+one.String()+"\n") {
		t.Error(page)
	}
	if _, err := putMeasured("nothing", nil, ""); err == nil {
		t.Error("a page without a place for the table is taken")
	}
}
