package screen

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

var update = flag.Bool("update", false, "write the golden files")

func example() Model {
	return Model{
		Version: "v0.1.0", Uptime: 83 * time.Second,
		Parts:  []Part{{"broker", "embedded, 127.0.0.1:9092"}, {"warehouse", "embedded engine"}},
		Lists:  "1,204 entries, seq 7, version 5f2c01aa",
		Source: "made by the simulator, 20 a second, against a list that Sluice made",
		Hops: []Hop{
			{Name: "enrichment", Rate: 20.2, Done: 1_234_567, Lag: 3},
			{Name: "recorder", Done: 1_200_000, Lag: 34_567, Note: "retrying: connection refused"},
		},
		Verdicts: Verdicts{Cleared: 1_234_000, Flagged: 500, Held: 67},
		Latest: []Flagged{{At: time.Unix(1_790_000_000, 0), Verdict: "held", Severity: "severe", Direction: "deposit", Asset: "ETH",
			Network: "ethereum", Amount: "12.5", Customer: "c-000017", Why: "sanctions"}},
		Queries: []string{"bin/sluice sql 'SELECT 1'"},
	}
}

func TestFrame(t *testing.T) {
	down := example()
	down.Problem, down.Latest = "no usable list", nil
	for name, m := range map[string]Model{"ready": example(), "not-ready": down} {
		t.Run(name, func(t *testing.T) {
			got := ansi.Strip(Frame(m, 110, 30)) + "\n"
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the frame changed; run with -update after looking at it:\n%s", got)
			}
		})
	}
}

func TestFrameStaysInTheWindow(t *testing.T) {
	m := example()
	for range 50 {
		m.Latest = append(m.Latest, m.Latest[0])
	}
	for _, size := range [][2]int{{1, 1}, {20, 5}, {80, 24}, {200, 60}} {
		f := Frame(m, size[0], size[1])
		lines := strings.Split(f, "\n")
		if len(lines) > size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		for _, l := range lines {
			if lipgloss.Width(l) > size[0] {
				t.Errorf("%v: a line of %d columns", size, lipgloss.Width(l))
			}
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1_234_567: "1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
