package e2e

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/pkg/judge"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
)

// torn is the contract of the TORN token, which OFAC listed with Tornado Cash and took off in March 2025.
const torn = "0x77777feddddffc19ff86db637967013e6c6a116c"

// ofacOf is OFAC's list of a day, of the text files that somebody made of it.
func ofacOf(t *testing.T, day string) *watchlist.Snapshot {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(realData(t, "ofac-brave-history", "lists-"+day), "*.txt"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	var text strings.Builder
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(&text, f)
		if f.Close(); err != nil {
			t.Fatal(err)
		}
		text.WriteByte('\n')
	}
	entries, _, err := format.Parse("txt", format.Options{List: "ofac-sdn", Category: taxonomy.Sanctions}, format.Input{Name: day, R: strings.NewReader(text.String())})
	if err != nil {
		t.Fatal(err)
	}
	s, err := watchlist.NewBuilder().Add("ofac-sdn", entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheTornTokenIsListedUntilItWasTakenOff(t *testing.T) {
	moves := func(id, direction string) []byte {
		return payment(id, direction, m{"contract": torn, "asset": "TORN", "asset_id": "eip155:1/erc20:" + torn})
	}
	for day, want := range map[string][2]string{
		"2024-12-19": {"flagged severe sanctions/contract/token/exact", "held risk severe sanctions/contract/token/exact"},
		"2025-04-02": {"cleared", "cleared"},
	} {
		records, _ := filtered(t, [][]byte{moves("in", "deposit"), moves("out", "withdrawal")},
			judge.FilterConfig{Lists: judge.Lists{Snapshot: ofacOf(t, day)}, Rules: builtin(t)})
		for i, id := range []string{"in", "out"} {
			if got := said(t, records[id]); got != want[i] {
				t.Errorf("%s, %s:\n got %s\nwant %s", day, id, got, want[i])
			}
		}
	}
}

// A label list names the same contract as a token of many users: its hit is told, and alerts nobody.
func TestALabelOfATokensContractAlertsNobody(t *testing.T) {
	entries, _, err := format.Parse("csv", format.Options{List: "labels"}, format.Input{Name: "l", R: strings.NewReader(
		fmt.Sprintf("network,address,category\nethereum,%s,phishing\n", torn))})
	if err != nil {
		t.Fatal(err)
	}
	s, err := watchlist.NewBuilder().Add("labels", entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	records, _ := filtered(t, [][]byte{payment("out", "withdrawal", m{"contract": torn})}, judge.FilterConfig{Lists: judge.Lists{Snapshot: s}, Rules: builtin(t)})
	if got, want := said(t, records["out"]), "cleared phishing/contract/token/exact"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
