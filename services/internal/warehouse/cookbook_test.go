package warehouse

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/recorder"
)

var update = flag.Bool("update", false, "write the golden files")

var recipe = regexp.MustCompile("(?ms)^## (\\d+\\. [^\n]*)\n.*?^```sql\n(.*?)^```$")

// Every statement of the cookbook runs, and answers its question on known rows.
func TestCookbook(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "cookbook.md"))
	must(t, err)
	recipes := recipe.FindAllSubmatch(page, -1)
	if blocks := bytes.Count(page, []byte("```sql")); len(recipes) < 11 || blocks != len(recipes) {
		t.Fatalf("%d questions with %d statements, want one for each", len(recipes), blocks)
	}
	w := fresh(t)
	cookbookRows(t, w)
	var got bytes.Buffer
	for _, r := range recipes {
		_, _ = fmt.Fprintf(&got, "## %s\n", r[1])
		if err := w.SQL(t.Context(), string(r[2]), "TabSeparatedWithNames", &got); err != nil {
			t.Errorf("%s: %v", r[1], err)
		}
		got.WriteByte('\n')
	}
	golden := filepath.Join("testdata", "cookbook.golden")
	if *update {
		must(t, os.WriteFile(golden, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("answers differ from %s (-update writes it):\n%s", golden, got.String())
	}
}

// cookbookRows are a small exchange's three days.
func cookbookRows(t *testing.T, w *Warehouse) {
	t.Helper()
	const lazarus = "0x098b716b8aaf21512996dc57eb0615e2383e2f96"
	var all, flagged recorder.Transfers
	var addresses recorder.Addresses
	add := func(n int, raise bool, change func(*transfer.Transfer, *event.Record)) {
		row(t, &all, &addresses, n, change)
		if raise {
			row(t, &flagged, nil, n, change)
		}
	}
	base := func(tr *transfer.Transfer, n int, day int, eur string) {
		tr.ID, tr.CustomerID = fmt.Sprint("tx-", n), "alice"
		tr.OccurredAt = time.Date(2026, 11, day, 9, n, 0, 0, time.UTC)
		tr.Fiat = &transfer.Fiat{Amount: amount.MustParse(eur), Currency: "EUR"}
	}
	risk := func(rec *event.Record, verdict, severity string, score uint8, categories ...string) {
		rec.Verdict, rec.Severity, rec.Score, rec.Categories = verdict, severity, score, categories
	}
	add(1, false, func(tr *transfer.Transfer, _ *event.Record) { base(tr, 1, 20, "100") })
	add(2, true, func(tr *transfer.Transfer, rec *event.Record) {
		base(tr, 2, 21, "250.50")
		risk(rec, "flagged", "medium", 40, "mixer")
	})
	add(3, true, func(tr *transfer.Transfer, rec *event.Record) {
		base(tr, 3, 22, "9000")
		tr.CustomerID, tr.From = "bob", []string{lazarus}
		risk(rec, "held", "severe", 95, "sanctions", "stolen_funds")
		rec.HoldReasons, rec.Hits, rec.Alerts = []string{"risk"}, []byte(fullHits), []byte(fullAlerts)
		rec.ListsVersion, rec.RulesVersion = "lists-7", "rules-3"
	})
	// Cleared when it came; a lookback flags it after the address was listed.
	add(4, false, func(tr *transfer.Transfer, rec *event.Record) {
		base(tr, 4, 20, "40")
		tr.Direction, tr.From, tr.To = transfer.Withdrawal, tr.To, []string{lazarus}
		rec.Version, rec.ListsSeq = 5, 5
	})
	for _, v := range []struct {
		version uint64
		verdict string
	}{{7, "flagged"}, {9, "held"}} {
		add(4, true, func(tr *transfer.Transfer, rec *event.Record) {
			base(tr, 4, 20, "40")
			tr.Direction, tr.From, tr.To = transfer.Withdrawal, tr.To, []string{lazarus}
			risk(rec, v.verdict, "severe", 90, "sanctions")
			rec.Version, rec.ListsSeq, rec.RaisedBy = v.version, v.version, "lookback"
			rec.RaisedAt = midnight.Add(time.Duration(v.version) * time.Hour)
		})
	}
	add(5, true, func(tr *transfer.Transfer, rec *event.Record) {
		base(tr, 5, 22, "15")
		tr.From = nil
		risk(rec, "held", "none", 0)
		rec.HoldReasons, rec.Status = []string{"unknown_counterparty"}, "partial"
		rec.Coverage = transfer.Coverage{Counterparty: transfer.KnownNone, Reason: transfer.GapUnknownCounterparty}
	})
	// One transfer id with two contents, and an attempt before its confirmation.
	add(6, false, func(tr *transfer.Transfer, _ *event.Record) { base(tr, 6, 21, "70"); tr.Stage = transfer.Attempt })
	add(6, false, func(tr *transfer.Transfer, _ *event.Record) { base(tr, 6, 21, "70") })
	add(6, true, func(tr *transfer.Transfer, rec *event.Record) {
		base(tr, 6, 21, "70")
		tr.To = []string{"0x00000000000000000000000000000000000abcde"}
		risk(rec, "held", "none", 0)
		rec.HoldReasons = []string{"conflict"}
	})
	for _, token := range []string{"a", "b"} { // everything twice: no answer may change
		must(t, w.InsertTransfers(t.Context(), &all, token))
		must(t, w.InsertAddresses(t.Context(), &addresses, token))
		must(t, w.InsertFlagged(t.Context(), &flagged, token))
	}
	entry := keyed(t, watchlist.Entry{List: "ofac-sdn", EntryID: "e1", Network: "ethereum", Address: lazarus, Entity: "LAZARUS GROUP", Authority: "OFAC", Program: "DPRK3",
		Category: taxonomy.Sanctions, Categories: []taxonomy.Category{taxonomy.Sanctions}, Measure: watchlist.MeasureBlock, PartyListedAt: "2019-09-13", AddressListedAt: "2022-04-14"})
	var history recorder.History
	history.Add(&entry, recorder.ContentOf(&entry), "added", &activation.Activation{Seq: 7, Version: "lists-7", Author: "importer", At: midnight.Add(-24 * time.Hour)})
	imported := midnight.Add(-25 * time.Hour)
	versions := recorder.ListVersions{Seq: []uint64{7}, Epoch: []string{"e"}, Version: []string{"lists-7"}, Previous: []string{""}, At: history.KnownFrom,
		Author: []string{"importer"}, Reason: []string{""}, List: []string{"ofac-sdn"}, ListVersion: []string{"h"}, Entries: []uint64{1}, Format: []string{"ofac-xml"},
		Source: []string{"sdn_advanced.xml"}, ImportedAt: []*time.Time{&imported}, PublishedAt: []*time.Time{nil}, LoadedBy: []string{"importer"}, LoadedFor: []string{""}}
	for range 2 {
		must(t, w.InsertHistory(t.Context(), &history))
		must(t, w.InsertVersions(t.Context(), &versions))
	}
	must(t, w.InsertDeadLetters(t.Context(), &recorder.DeadLetters{
		SourceTopic: []string{"sluice.raw.v1", "sluice.raw.v1", "sluice.verdicts.v1"}, SourcePartition: []int32{0, 1, 2}, SourceOffset: []int64{10, 11, 12},
		Stage: []string{"ingest", "ingest", "recorder"}, Reason: []string{"rejected", "rejected", "refused"}, Error: []string{"amount: is missing", "id: is missing", "no"},
		At: []time.Time{midnight, midnight.Add(time.Minute), midnight}, Key: []string{"a", "b", "c"}, Value: []string{"{}", "{}", "{}"},
		SHA256: []string{"1", "2", "3"}, Length: []uint64{2, 2, 2}, Truncated: []bool{false, false, false}, TransferFact: []string{"", "", "x"},
		Partition: []int32{0, 0, 0}, Offset: []int64{0, 1, 2},
	}, "d"))
}
