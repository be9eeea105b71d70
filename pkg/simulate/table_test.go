package simulate

import (
	"bytes"
	"testing"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
	"sluice/pkg/watchlist/format/table"
)

// checkTable reads the CSV as an import does.
func checkTable(t *testing.T, csv []byte, want []watchlist.Entry) {
	t.Helper()
	got, report, err := table.ParseCSV(intake.Options{List: ListName}, intake.Input{Name: "simulated.csv", R: bytes.NewReader(csv)})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d entries of %d: %+v", len(got), len(want), report)
	}
	listed := map[string]watchlist.Entry{}
	for _, e := range got {
		listed[e.EntryID] = e
	}
	for _, e := range want {
		read := listed[e.EntryID]
		if read.Key != e.Key || read.Category != e.Category || read.Entity != e.Entity || read.AddressListedAt != e.AddressListedAt {
			t.Errorf("read %+v\nof   %+v", read, e)
		}
	}
}
