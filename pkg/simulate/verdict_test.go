package simulate

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/flag"
	"sluice/pkg/judge"
	"sluice/pkg/rules"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// The labels are what Sluice says with the generator's own list and the built-in policy, here without anybody who knows
// of an earlier transfer with the same id.
func TestLabelsAreTheVerdicts(t *testing.T) {
	cfg := small(11)
	cfg.Shares = map[Scenario]float64{}
	for _, s := range Scenarios() {
		cfg.Shares[s] = 0.07
	}
	g := newGenerator(t, cfg)
	snapshot, err := watchlist.NewBuilder().Add(ListName, g.Entries()).Build()
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.Compile(rules.DefaultOptions(), rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	j := judge.New("default", judge.Lists{Snapshot: snapshot, Seq: 1}, judge.Rules{Set: set, Seq: 1})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 3000 {
		body, label := g.AppendNext(nil)
		parsed, err := transfer.Parse(body, now)
		if err != nil {
			t.Fatal(err)
		}
		verdict, outcome, err := j.Transfer(nil, &parsed, transfer.ID{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if outcome.Decision != label.Decision {
			t.Fatalf("%s is %s, labelled %s:\n%s", label.Scenario, outcome.Decision, label.Decision, verdict)
		}
	}
}

func TestEntriesAreValid(t *testing.T) {
	g := newGenerator(t, small(1))
	entries := g.Entries()
	if want := len(chains) * len(listedCategories) * listedPerCategory; len(entries) != want {
		t.Errorf("%d entries, want %d", len(entries), want)
	}
	table := []byte(CSVHeader)
	for i := range entries {
		if err := entries[i].Validate(); err != nil {
			t.Fatal(err)
		}
		line, err := watchlist.ParseEntry(entries[i].AppendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(entries[i], line, cmp.Comparer(func(a, b watchlist.Entry) bool {
			return string(a.AppendJSON(nil)) == string(b.AppendJSON(nil)) && a.Key == b.Key
		})); diff != "" {
			t.Fatal(diff)
		}
		table = AppendCSV(table, &entries[i])
	}
	checkTable(t, table, entries)
	again := newGenerator(t, small(1)).Entries()
	if again[7].Address != entries[7].Address {
		t.Error("the same seed lists other addresses")
	}
	if other := newGenerator(t, small(2)).Entries(); other[7].Address == entries[7].Address {
		t.Error("another seed lists the same addresses")
	}
}

func TestFiller(t *testing.T) {
	few, err := Filler(1, 100)
	if err != nil {
		t.Fatal(err)
	}
	more, err := Filler(1, 200)
	if err != nil {
		t.Fatal(err)
	}
	for i := range few {
		if few[i].Key != more[i].Key || few[i].Address != more[i].Address {
			t.Fatalf("entry %d of a longer list is another", i)
		}
		if err := few[i].Validate(); err != nil {
			t.Fatal(err)
		}
		parsed, err := watchlist.ParseEntry(few[i].AppendJSON(nil))
		if err != nil || parsed.Key != few[i].Key || parsed.Address != few[i].Address {
			t.Fatalf("%+v, %v", parsed, err)
		}
	}
	for n, ok := range map[int]bool{-1: false, 0: true, MaxFiller + 1: false} {
		if _, err := Filler(1, n); (err == nil) != ok {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestLabelJSON(t *testing.T) {
	got := string(Label{TransferID: "a\"b", Scenario: Poisoning, Decision: flag.Flagged}.AppendJSON(nil))
	if want := `{"transfer_id":"a\"b","scenario":"poisoning","verdict":"flagged"}`; got != want {
		t.Error(got)
	}
}

func BenchmarkFiller(b *testing.B) {
	for b.Loop() {
		if _, err := Filler(1, 100_000); err != nil {
			b.Fatal(err)
		}
	}
}
