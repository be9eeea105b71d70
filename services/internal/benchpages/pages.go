// Package benchpages renders what was measured into the pages that tell it. The reports of `sluice bench` and of
// `make bench-peers` are kept in docs/measured; a test holds the pages to them, so that no figure on a page is one that
// nobody measured, and a new report needs no typing.
package benchpages

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sluice/services/internal/bench"
	"sluice/services/internal/listbench"
)

// Measured are the kept reports.
type Measured struct {
	Embedded *bench.Report     // embedded.json: bin/sluice bench --rounds 5
	Record   *bench.Report     // record.json: bin/sluice bench --stage record --rounds 5
	Kafka    *bench.Report     // kafka.json: make bench-peers
	Lists    *listbench.Report // lists.json: bin/sluice bench --stage lists
	Costs    *listbench.Costs  // costs.json: bin/sluice bench --stage sizes --sizes 100000,1000000,10000000 --rounds 5
}

// Read reads the reports from docs/measured.
func Read(dir string) (m Measured, err error) {
	return m, errors.Join(
		read(filepath.Join(dir, "embedded.json"), &m.Embedded),
		read(filepath.Join(dir, "record.json"), &m.Record),
		read(filepath.Join(dir, "kafka.json"), &m.Kafka),
		read(filepath.Join(dir, "lists.json"), &m.Lists),
		read(filepath.Join(dir, "costs.json"), &m.Costs),
	)
}

func read(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Part is a part of a page that is rendered: what stands between its marks.
type Part struct {
	Page, Name string // Page is the file's name in docs
	Text       string
}

// Parts are all of them.
func Parts(m Measured) []Part {
	return []Part{
		{"performance.md", "targets", Targets(m)},
		{"performance.md", "hops", Run(m.Embedded) + "\n" + Hops(m.Embedded)},
		{"performance.md", "record", Run(m.Record) + "\n" + Record(m.Record)},
		{"performance.md", "swaps", Swaps(m.Lists)},
		{"performance.md", "large", LargeLists(m.Costs)},
		{"performance.md", "trade", Trade(m.Kafka)},
		{"peers.md", "run", Run(m.Kafka)},
		{"peers.md", "peers", Peers(m.Kafka)},
		{"peers.md", "hops", Hops(m.Kafka)},
		{"sizing.md", "costs", Costs(m)},
		{"sizing.md", "sizes", Sizes(m)},
		{"sizing.md", "scale", Growth(m.Kafka.Scale)},
	}
}

// Put puts a part between its marks, <!-- measured: NAME --> and <!-- /measured -->.
func Put(page string, p Part) (string, error) {
	begin, end := "<!-- measured: "+p.Name+" -->\n", "<!-- /measured -->"
	head, rest, ok := strings.Cut(page, begin)
	_, tail, ended := strings.Cut(rest, end)
	if !ok || !ended {
		return "", fmt.Errorf("%s has no part between %q and %q", p.Page, strings.TrimSpace(begin), end)
	}
	return head + begin + p.Text + end + tail, nil
}

// table writes a Markdown table. Columns but the first are numbers.
type table struct{ b strings.Builder }

func (t *table) head(cells ...string) {
	t.row(cells...)
	t.b.WriteString("| ---")
	t.b.WriteString(strings.Repeat(" | ---:", len(cells)-1))
	t.b.WriteString(" |\n")
}

func (t *table) row(cells ...string) {
	t.b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func (t *table) String() string { return t.b.String() }

// whole writes a whole number with commas.
func whole(x float64) string {
	text := fmt.Sprintf("%.0f", x)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func two(x float64) string { return fmt.Sprintf("%.2f", x) }

// stage finds a stage of a report; nil: it was not measured.
func stage(r *bench.Report, name string) *bench.Stage {
	for i := range r.Stages {
		if r.Stages[i].Stage == name {
			return &r.Stages[i]
		}
	}
	if r.Chain != nil && name == bench.StageChain {
		return r.Chain
	}
	return nil
}

// peer finds a peer of a stage; nil: it was not measured.
func peer(s *bench.Stage, name string) *bench.Peer {
	if s == nil {
		return nil
	}
	for i := range s.Peers {
		if s.Peers[i].Name == name {
			return &s.Peers[i]
		}
	}
	return nil
}
