package judge

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/internal/testdata"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

// TestAgreesWithABruteForceLoop judges the outputs of bitcoin block 413567 as withdrawals, by lists of every 40th of
// their addresses and of two that are listed in the wild, and compares with a loop over the texts.
func TestAgreesWithABruteForceLoop(t *testing.T) {
	file, err := os.Open(testdata.Dir(t, "derived", "btc-413567-outputs.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:] // height, time, tx_index, txid, vout, type, address, value_sat
	const txid, vout, at, to, value = 3, 4, 1, 6, 7

	listed := map[string]bool{"1MXK3LHnqbjEKavuQLFCXGkNUeaLKy7oGX": true, "1NxaBCFQwejSZbQfWcYNwgqML5wWoE3rK4": true}
	for i, row := range rows {
		if i%40 == 0 && row[to] != "" {
			listed[row[to]] = true
		}
	}
	var entries []watchlist.Entry
	for text := range listed {
		entries = append(entries, watchlist.Entry{
			List: "l", EntryID: text, Network: "bitcoin", Address: text, Key: testKey("bitcoin", text),
			Category: taxonomy.Scam, Categories: []taxonomy.Category{taxonomy.Scam},
		})
	}
	snap, err := watchlist.NewBuilder().Add("l", entries).Build()
	if err != nil {
		t.Fatal(err)
	}

	var input bytes.Buffer
	want := map[string]string{} // transfer id -> verdict
	for _, row := range rows {
		id := row[txid] + ":" + row[vout]
		sats, err := json.Number(row[value]).Int64()
		if err != nil {
			t.Fatal(err)
		}
		btc, err := amount.FromUint64(uint64(sats), 8)
		if err != nil {
			t.Fatal(err)
		}
		tos := `[]`
		switch {
		case row[to] == "":
			want[id] = "held" // nobody to screen
		case listed[row[to]] && sats == 0:
			want[id] = "flagged"
		case listed[row[to]]:
			want[id] = "held"
		}
		if row[to] != "" {
			tos = fmt.Sprintf("[%q]", row[to])
		}
		fmt.Fprintf(&input, `{"id":%q,"direction":"withdrawal","customer_id":"c","network":"bitcoin","asset":"BTC",`+
			`"amount":%q,"to":%s,"occurred_at":%q}`+"\n", id, btc, tos, row[at])
	}

	var out, errs bytes.Buffer
	stats, err := Filter(&input, &out, &errs, FilterConfig{
		Lists: Lists{Snapshot: snap, Seq: 1}, Rules: Rules{Set: builtin(t), Seq: 1}, Now: testNow,
	})
	if err != nil || errs.Len() > 0 || stats.Transfers != 3581 {
		t.Fatalf("%+v, %v\n%s", stats, err, errs.String())
	}
	for line := range bytes.Lines(out.Bytes()) {
		var r event.Record
		if err := r.Decode(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			t.Fatal(err)
		}
		if want[r.TransferID] != r.Verdict {
			t.Errorf("%s: %s, the loop says %q", r.TransferID, r.Verdict, want[r.TransferID])
		}
		delete(want, r.TransferID)
	}
	if len(want) > 0 {
		t.Errorf("%d transfers that the loop finds were not flagged: %v", len(want), want)
	}
}
