package simulate

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	decisions "sluice/pkg/flag"
	"sluice/pkg/transfer"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func newGenerator(t testing.TB, cfg Config) *Generator {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// small makes few addresses, for tests that do not look at them.
func small(seed uint64) Config { return Config{Seed: seed, Customers: 50, Counterparties: 50} }

func TestFirstTransfersOfASeed(t *testing.T) {
	cfg := small(7)
	cfg.Shares = map[Scenario]float64{}
	for _, s := range Scenarios() {
		cfg.Shares[s] = 0.05
	}
	g := newGenerator(t, cfg)
	var got []byte
	for range 60 {
		var label Label
		got, label = g.AppendNext(got)
		got = label.AppendJSON(append(got, '\t'))
		got = append(got, '\n')
	}
	golden := filepath.Join("testdata", "seed7.ndjson")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("seed 7 gives other transfers than %s: run with -update if that is meant\n%s", golden, got)
	}
}

// Every transfer passes the strict parser, is canonical already, and is faultless unless its scenario is a fault.
func TestTransfersAreOfTheContract(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cfg := small(rapid.Uint64().Draw(r, "seed"))
		cfg.Shares = map[Scenario]float64{}
		for _, s := range Scenarios() {
			cfg.Shares[s] = rapid.Float64Range(0, 0.09).Draw(r, string(s))
		}
		g := newGenerator(t, cfg)
		seen := map[string]string{}
		for range 100 {
			body, label := g.AppendNext(nil)
			parsed, err := transfer.Parse(body, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
			if err != nil {
				r.Fatalf("%s: %v", body, err)
			}
			if !bytes.Equal(parsed.Canonical(), body) {
				r.Fatalf("not canonical:\n%s\n%s", body, parsed.Canonical())
			}
			if faulty := len(parsed.Unscreenable) > 0; faulty != (label.Scenario == InvalidSender) {
				r.Fatalf("%s: %s: %v", label.Scenario, body, parsed.Unscreenable)
			}
			if label.TransferID != parsed.Transfer.ID {
				r.Fatalf("label of %s for %s", label.TransferID, parsed.Transfer.ID)
			}
			before, again := seen[label.TransferID]
			switch label.Scenario {
			case Duplicate:
				if before != string(body) {
					r.Fatalf("duplicate of %q: %s", before, body)
				}
			case Conflict:
				if !again || before == string(body) {
					r.Fatalf("conflict with %q: %s", before, body)
				}
			default:
				if again {
					r.Fatalf("%s: the id was there before: %s", label.Scenario, body)
				}
			}
			if !again {
				seen[label.TransferID] = string(body)
			}
		}
	})
}

func TestShares(t *testing.T) {
	cfg := small(3)
	g := newGenerator(t, cfg)
	const n = 60_000
	count := map[Scenario]int{}
	for range n {
		_, label := g.Next()
		count[label.Scenario]++
		if label.Scenario == Clean && label.Decision != decisions.Cleared {
			t.Fatalf("%+v", label)
		}
	}
	for s, share := range DefaultShares() {
		want := share * n
		if off := math.Abs(float64(count[s]) - want); off > 4*math.Sqrt(want) {
			t.Errorf("%s: %d of %d, want about %.0f", s, count[s], n, want)
		}
	}
}

func TestEachScenarioAlone(t *testing.T) {
	for _, s := range Scenarios() {
		cfg := small(1)
		cfg.Shares = map[Scenario]float64{s: 1}
		g := newGenerator(t, cfg)
		for range 20 { // a scenario that needs an earlier transfer begins with some
			g.Next()
		}
		for range 20 {
			made, label := g.Next()
			if label.Scenario != s {
				t.Fatalf("%s gave %+v", s, label)
			}
			if s == Poisoning && !made.Amount.IsZero() || s == UnknownCounterparty && len(made.From) > 0 {
				t.Errorf("%s: %+v", s, made)
			}
		}
	}
}

func TestDaysAndNights(t *testing.T) {
	perHour := func(flat bool) (counts [24]int) {
		cfg := small(5)
		cfg.Rate, cfg.Flat = 0.5, flat
		g := newGenerator(t, cfg)
		end := time.Date(2025, 1, 9, 0, 0, 0, 0, time.UTC) // Monday to Wednesday
		last := time.Time{}
		for {
			made, label := g.Next()
			if !made.OccurredAt.Before(end) {
				return counts
			}
			again := label.Scenario == Duplicate || label.Scenario == Conflict
			if again {
				continue
			}
			if made.OccurredAt.Before(last) {
				t.Fatalf("%s is before %s", made.OccurredAt, last)
			}
			last = made.OccurredAt
			counts[made.OccurredAt.Hour()]++
		}
	}
	if got := perHour(false); got[16] < 3*got[4] {
		t.Errorf("at four in the night %d, in the afternoon %d", got[4], got[16])
	}
	flat := perHour(true)
	if least, most := slices.Min(flat[:]), slices.Max(flat[:]); most > least*5/4 {
		t.Errorf("flat: from %d to %d an hour", least, most)
	}
	if busy, weekend := activity(time.Date(2025, 1, 10, 16, 0, 0, 0, time.UTC)), activity(time.Date(2025, 1, 11, 16, 0, 0, 0, time.UTC)); weekend >= busy {
		t.Errorf("Friday %f, Saturday %f", busy, weekend)
	}
}

// A few customers and a few transfers carry most.
func TestHeavyTails(t *testing.T) {
	g := newGenerator(t, Config{Seed: 9, Counterparties: 50})
	const n = 20_000
	perCustomer := map[string]int{}
	deposit := map[string]map[string]bool{} // the deposit addresses of a customer on bitcoin
	var values []uint64
	for range n {
		made, label := g.Next()
		perCustomer[made.CustomerID]++
		if made.Direction == transfer.Deposit && made.Network == "bitcoin" {
			if deposit[made.CustomerID] == nil {
				deposit[made.CustomerID] = map[string]bool{}
			}
			deposit[made.CustomerID][made.To[0]] = true
		}
		if label.Scenario == Clean {
			var cents uint64
			if _, err := fmt.Sscanf(strings.ReplaceAll(made.Fiat.Amount.String()+".", ".", " "), "%d", &cents); err != nil {
				t.Fatal(err)
			}
			values = append(values, cents)
		}
	}
	for customer, addresses := range deposit {
		if len(addresses) != 1 {
			t.Errorf("%s has %d deposit addresses on bitcoin", customer, len(addresses))
		}
	}
	var counts []int
	for _, c := range perCustomer {
		counts = append(counts, c)
	}
	slices.Sort(counts)
	slices.Reverse(counts)
	top := 0
	for _, c := range counts[:20] {
		top += c
	}
	if top < n/4 || len(counts) < 1200 {
		t.Errorf("the 20 busiest of %d customers make %d of %d transfers", len(counts), top, n)
	}
	slices.Sort(values)
	var sum, tail uint64
	for i, v := range values {
		sum += v
		if i >= len(values)*97/100 {
			tail += v
		}
	}
	if tail < sum/2 || values[0] < 10 || values[len(values)/2] > 1000 {
		t.Errorf("the largest 3%% carry %d of %d, median %d, least %d", tail, sum, values[len(values)/2], values[0])
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]Config{
		"unknown scenario":       {Shares: map[Scenario]float64{"flood": 0.1}},
		"Clean is what is left":  {Shares: map[Scenario]float64{Clean: 0.1}},
		"negative share":         {Shares: map[Scenario]float64{Duplicate: -0.1}},
		"shares above 1":         {Shares: map[Scenario]float64{Duplicate: 0.6, Conflict: 0.5}},
		"negative rate":          {Rate: -1},
		"too high a rate":        {Rate: MaxRate * 2},
		"one customer":           {Customers: 1},
		"too many customers":     {Customers: MaxCustomers + 1},
		"too few counterparties": {Counterparties: 3},
		"too many of them":       {Counterparties: MaxCounterparties + 1},
		"long prefix":            {Prefix: strings.Repeat("x", 65)},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	cfg := Config{Customers: 2, Counterparties: 4, Prefix: strings.Repeat("x", 64), Shares: map[Scenario]float64{Duplicate: 1}, Rate: MaxRate}
	if _, err := New(cfg); err != nil {
		t.Errorf("at the bounds: %v", err)
	}
}

func BenchmarkNext(b *testing.B) {
	g := newGenerator(b, Config{Seed: 1})
	b.ReportAllocs()
	for b.Loop() {
		g.Next()
	}
}

func BenchmarkAppendNext(b *testing.B) {
	g := newGenerator(b, Config{Seed: 1})
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = g.AppendNext(buf[:0])
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newGenerator(b, Config{Seed: 1})
	}
}
