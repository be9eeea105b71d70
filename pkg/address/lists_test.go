package address

import (
	"encoding/csv"
	"path/filepath"
	"strings"
	"testing"

	"sluice/pkg/internal/testdata"
	"sluice/pkg/network"
)

// ofacExceptions are the texts of OFAC's lists that are no address of a network of their ticker, each with what they
// are.
var ofacExceptions = map[string]string{
	"5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320": "filed under XMR: 32 bytes in hex, a hash or half of an address",
}

// Every address of OFAC's lists whose ticker has a family is read, on one of the ticker's networks or, where the
// ticker is wrong, by its form.
func TestOFACListsParse(t *testing.T) {
	dir := testdata.Dir(t, "ofac-brave-history")
	files, err := filepath.Glob(filepath.Join(dir, "lists-*", "sanctioned_addresses_*.txt"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d lists, %v", len(files), err)
	}
	read, byForm, without := map[string]int{}, map[string]string{}, map[string]int{}
	met := map[string]bool{}
	for _, file := range files {
		ticker := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "sanctioned_addresses_"), ".txt")
		networks := network.ByTicker(ticker)
		for _, text := range lines(t, file) {
			if len(networks) == 0 {
				without[ticker]++
				continue
			}
			if _, ok := ofacExceptions[text]; ok {
				met[text] = true
				for _, n := range networks {
					refused(t, n.Alias, text)
				}
				continue
			}
			if parseAny(t, networks, text) {
				read[ticker]++
				continue
			}
			guesses := Guess(text)
			if len(guesses) != 1 {
				t.Errorf("%s %s: no address of its networks, and %d readings by its form", ticker, text, len(guesses))
				continue
			}
			byForm[text] = ticker + " -> " + guesses[0].Network.Alias
		}
	}
	t.Logf("read %v; by form %v; without a family %v", read, byForm, without)
	if len(met) != len(ofacExceptions) {
		t.Errorf("met %d exceptions, %d are listed", len(met), len(ofacExceptions))
	}
	if len(without) != 0 || read["XVG"] == 0 {
		t.Errorf("tickers without a family: %v, want none", without)
	}
	if read["XBT"] < 900 || read["ETH"] < 200 {
		t.Errorf("read %v, want the lists", read)
	}
}

func parseAny(t *testing.T, networks []network.Network, text string) bool {
	t.Helper()
	for _, n := range networks {
		if a, err := Parse(n, text); err == nil {
			stable(t, n, a)
			if reason, bad := a.Key.Unlistable(); bad {
				t.Errorf("%s cannot be listed: %s", text, reason)
			}
			return true
		}
	}
	return false
}

// The addresses of a block, derived from its scripts by another program, are read.
func TestDerivedAddressesParse(t *testing.T) {
	for _, c := range []struct {
		network, file string
		columns       []string
		want          int
	}{
		{"bitcoin", "btc-413567-outputs.csv.gz", []string{"address"}, 3578},
		{"tron", "tron-usdt-block-63937672.csv.gz", []string{"token", "from", "to"}, 93},
	} {
		rows, err := csv.NewReader(strings.NewReader(strings.Join(lines(t, testdata.Dir(t, "derived", c.file)), "\n"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		for _, column := range c.columns {
			i := 0
			for i < len(rows[0]) && rows[0][i] != column {
				i++
			}
			for _, row := range rows[1:] {
				if row[i] == "" {
					continue
				}
				read++
				a := mustParse(t, c.network, row[i])
				if a.Text != row[i] {
					t.Errorf("%s: canonical %s", row[i], a.Text)
				}
				stable(t, net(t, c.network), a)
			}
		}
		t.Logf("%s: %d addresses", c.file, read)
		if read != c.want {
			t.Errorf("%s: %d addresses, want %d", c.file, read, c.want)
		}
	}
}
