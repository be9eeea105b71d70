package benchpages

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/services/internal/bench"
	"sluice/services/internal/listbench"
)

var update = flag.Bool("update", false, "write the measured parts of docs anew")

func TestPagesTellWhatWasMeasured(t *testing.T) {
	docs := filepath.Join("..", "..", "..", "docs")
	m, err := Read(filepath.Join(docs, "measured"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Parts(m) {
		path := filepath.Join(docs, p.Page)
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Put(string(page), p)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case want == string(page):
		case *update:
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("the part %s of docs/%s is not what was measured: go test ./services/internal/benchpages -update", p.Name, p.Page)
		}
	}
}

// measured are reports with round figures.
func measured() Measured {
	hop := func(name string, rate, cpu, server, ofBare float64, written map[string]float64) bench.Stage {
		return bench.Stage{Stage: name, Cost: bench.Cost{Rate: rate, CPUSeconds: cpu, ServerCPU: server}, OfBare: ofBare, Written: written}
	}
	k := &bench.Report{
		Settings: bench.Settings{TransferBytes: 500},
		Stages: []bench.Stage{
			hop("ingest", 100_000, 5, 1, 0.5, map[string]float64{"sluice.transfers.v1": 500}),
			hop("enrichment", 200_000, 2, 1, 0.9, map[string]float64{"sluice.screened.v1": 500}),
			hop("alerting", 200_000, 2, 1, 0.7, map[string]float64{"sluice.verdicts.v1": 500}),
		},
		Scale: &bench.Scale{Partitions: []bench.AtPartitions{{Partitions: 1, Rate: 100_000}}, Instances: bench.Instances{CPURatio: 1.05}},
	}
	r := &bench.Report{Record: &bench.Record{Rate: 50_000, OfBare: 0.7, CPUSeconds: 20, EngineCPU: 40, DiskBytes: 200}}
	return Measured{Embedded: &bench.Report{}, Record: r, Kafka: k, Lists: &listbench.Report{},
		Costs: &listbench.Costs{Sizes: make([]listbench.CostAt, 3), Spread: 0.21}}
}

func line(t *testing.T, text, begins string) string {
	t.Helper()
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, "| "+begins+" |") {
			return strings.TrimSpace(l)
		}
	}
	t.Fatalf("no line of %q in\n%s", begins, text)
	return ""
}

func TestSizesFollowFromWhatATransferTakes(t *testing.T) {
	sizes := Sizes(measured())
	for begins, want := range map[string]string{
		// 1,000 a second at 5 µs are 0.005 processors; half busy, 0.01: a tenth. A million want 5, half busy 10.
		"processors, ingest":                  "| 0.1 | 0.1 | 1.0 | 10 |",
		"processors, recorder":                "| 0.1 | 0.4 | 4.0 | 40 |",
		"partitions":                          "| 6 | 6 | 6 | 42 |", // 50,000 a second each, of which half is used
		"processors, brokers":                 "| 0.1 | 0.2 | 1.8 | 18 |",
		"brokers of 8 processors":             "| 3 | 3 | 3 | 3 |",
		"processors, ClickHouse":              "| 0.1 | 0.8 | 8.0 | 80 |",
		"shards of 16 processors":             "| 1 | 1 | 1 | 5 |",
		"MB a second onto the brokers' disks": "| 6.0 | 60 | 600 | 6,000 |",
		// Three topics keep 500 bytes for 7 days, one for 30, three times each.
		"TB on the brokers, when retention is full": "| 6.7 | 67 | 661 | 6,610 |",
		"TB in ClickHouse a year, one replica":      "| 6.4 | 64 | 631 | 6,308 |",
	} {
		if got := line(t, sizes, begins); !strings.HasSuffix(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestATargetThatIsMissedSaysSo(t *testing.T) {
	targets := Targets(measured())
	for begins, want := range map[string]string{
		"enrichment, of the bare loop, Kafka":                                                      "| 0.90 | yes |",
		"alerting, of the bare loop, Kafka":                                                        "| 0.70 | **no** |",
		"ingest, of the bare loop, Kafka":                                                          "| 0.50 | yes |",
		"enrichment, of Kafka Streams, Kafka":                                                      "| not measured |  |",
		"two instances instead of one, client CPU of a transfer":                                   "| 1.05 | yes |",
		"client CPU of the enrichment hop, Kafka":                                                  "| 2.00 µs | **no** |",
		"CPU of a transfer at 100,000, a million and ten million entries, dearest beside cheapest": "| 1.21 | **no** |",
	} {
		if got := line(t, targets, begins); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestAPageWithoutMarksIsAnError(t *testing.T) {
	p := Part{Page: "a.md", Name: "b", Text: "new\n"}
	if got, err := Put("x\n<!-- measured: b -->\nold\n<!-- /measured -->\ny\n", p); err != nil || got != "x\n<!-- measured: b -->\nnew\n<!-- /measured -->\ny\n" {
		t.Errorf("%q, %v", got, err)
	}
	for _, page := range []string{"", "<!-- measured: b -->\nold\n", "old <!-- /measured -->"} {
		if _, err := Put(page, p); err == nil || !strings.Contains(err.Error(), "a.md") {
			t.Errorf("%q: %v", page, err)
		}
	}
}
