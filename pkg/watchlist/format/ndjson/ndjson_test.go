package ndjson

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

func input(body string) intake.Input { return intake.Input{Name: "f", R: strings.NewReader(body)} }

// whole has every member that an entry of a publisher can have; then one of a network without rules, kept by its text.
const whole = `{"network":"xrp","address":"rnXyVQzgxZe7TR1EPzTkGj2jxH4LMJYh66","tag":"7","category":"sanctions","categories":["sanctions","mixer"],"entity":"E","list":"l","entry_id":"1/2","authority":"OFAC","program":"P","measure":"block","confidence":80,"party_listed_at":"2020-01-01","address_listed_at":"2021-01-01","delisted_at":"2022-01-01"}
{"network":"monero","address":"5be5543ff73456ab","category":"sanctions","categories":["sanctions"],"entity":"","list":"l","entry_id":"3","authority":"OFAC"}
`

func TestWhatWasWrittenIsReadAgain(t *testing.T) {
	entries, report, err := Parse(intake.Options{}, input(whole))
	if err != nil || report.List != "l" || report.RejectedRows != 0 {
		t.Fatalf("%v, %+v", err, report)
	}
	var out []string
	for _, e := range entries {
		out = append(out, string(e.AppendJSON(nil)))
	}
	want := strings.Split(strings.TrimSpace(whole), "\n")
	slices.Sort(out)
	slices.Sort(want)
	if !slices.Equal(out, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(out, "\n"), strings.Join(want, "\n"))
	}
}

func TestPeopleMayWriteLess(t *testing.T) {
	const btc = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"
	entries, report, err := Parse(intake.Options{List: "mine", Category: taxonomy.Scam}, input(
		`{"address":"`+btc+`"}`+"\n\n"+`{"network":"bitcoin","address":"1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U","category":"mixer","list":"other"}`+"\n"))
	if err != nil || len(entries) != 2 || report.RejectedRows != 0 {
		t.Fatalf("%v, %+v", err, report)
	}
	for _, e := range entries {
		if e.List != "mine" || e.EntryID != e.Address || (e.Address == btc) != (e.Category == taxonomy.Scam) {
			t.Errorf("%s", e.AppendJSON(nil))
		}
	}
}

func TestWrongLinesAreReported(t *testing.T) {
	body := strings.Join([]string{
		`{"address":"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz","netwurk":"bitcoin"}`,
		`{"address":"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz","category":"bad"}`,
		`{"address":"nobody"}`,
		`{"address":"a","address":"b"}`,
		`[1]`, `{"network":7,"address":"a"}`, `{"address":"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz","network":"bitcoim","authority":"X"}`,
		`{"address":"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz","party_listed_at":"yesterday"}`,
	}, "\n")
	entries, report, err := Parse(intake.Options{List: "l"}, input(body))
	if err != nil || len(entries) != 0 || report.RejectedRows != 8 {
		t.Fatalf("%v, %d entries, %+v", err, len(entries), report)
	}
	for i, want := range []string{"netwurk", `"bad" is none of`, "no family", "duplicate", "not valid JSON", "network is no text", `"bitcoim" is unknown`, "yesterday"} {
		if r := report.Rejected[i]; r.Line != i+1 || !strings.Contains(r.Text, want) {
			t.Errorf("%v, want %q", r, want)
		}
	}
	if _, _, err := Parse(intake.Options{}, input(`{"address":"a","list":"a"}`+"\n"+`{"address":"b","list":"b"}`)); err == nil || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("two lists became one: %v", err)
	}
	if _, _, err := Parse(intake.Options{}, input(`{"address":"`+strings.Repeat("x", MaxLine)+`"}`)); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("an endless line: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(`{"address":"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, r, err := Parse(intake.Options{}, intake.Input{Name: "f", R: bytes.NewReader(body)})
		if err != nil {
			return
		}
		if r.Rows != r.Accepted+r.Repeated+r.LeftOut+r.RejectedRows || r.Entries != len(entries) {
			t.Fatalf("rows do not add up: %+v", r)
		}
		for i := range entries {
			if _, err := watchlist.ParseEntry(entries[i].AppendJSON(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
