package tagpack

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/pkg/internal/testdata"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

const sample = `title: A pack
creator: Somebody
currency: BTC
confidence: forensic
category: exchange
label: Header
tags:
- address: 12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz
- address: '0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535'
  currency: ETH
  label: Own
  abuse: ransomware
  confidence: ownership
- address: 1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U
  category: user
- address: 1L4ncif9hh9TnUveqWq77HfWWt6CJWtrnb
  concepts: [mixing_service, made_up]
  network: BTC
- address: 1L4ncif9hh9TnUveqWq77HfWWt6CJWtrnc
- 12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz
`

func parseText(t *testing.T, opts intake.Options, body string) ([]watchlist.Entry, intake.Report, error) {
	t.Helper()
	return Parse(opts, intake.Input{Name: "pack.yaml", R: strings.NewReader(body)})
}

func TestTagsInheritFromTheHeader(t *testing.T) {
	entries, report, err := parseText(t, intake.Options{}, sample)
	if err != nil {
		t.Fatal(err)
	}
	type want struct {
		entity     string
		category   taxonomy.Category
		confidence uint8
	}
	wants := map[string]want{
		"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz":         {"Header", taxonomy.Exchange, 50},
		"0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535": {"Own", taxonomy.Ransomware, 100},
		"1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U":         {"Header", taxonomy.UnnamedService, 50},
		"1L4ncif9hh9TnUveqWq77HfWWt6CJWtrnb":         {"Header", taxonomy.Mixer, 50},
	}
	for _, e := range entries {
		w := wants[e.Address]
		if got := (want{e.Entity, e.Category, e.Confidence}); got != w || e.List != "pack" || e.EntryID != e.Address || e.AddressListedAt != "" {
			t.Errorf("%s: %+v, want %+v", e.AppendJSON(nil), got, w)
		}
		delete(wants, e.Address)
	}
	if len(wants) != 0 {
		t.Errorf("missing: %v", wants)
	}
	if report.Rows != 6 || report.RejectedRows != 2 || report.Rejected[0].Line != 19 || report.Rejected[1].Line != 20 {
		t.Errorf("rejected %v", report.Rejected)
	}
	var terms []string
	for _, u := range report.Unmapped {
		terms = append(terms, u.Term)
	}
	if got := strings.Join(terms, "; "); got != "made_up; no category: user" {
		t.Errorf("unmapped %q", got)
	}
	entries, report, err = parseText(t, intake.Options{Category: taxonomy.IllicitActor}, sample)
	if err != nil || len(report.Unmapped) != 1 {
		t.Errorf("with a category: %v, %v", report.Unmapped, err)
	}
	for _, e := range entries {
		if e.Address == "1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U" && e.Category != taxonomy.IllicitActor {
			t.Errorf("the category for what cannot be mapped was not used: %s", e.Category)
		}
	}
}

func TestWhatIsNoPackIsRefused(t *testing.T) {
	for what, body := range map[string]string{
		"empty":         "",
		"a list":        "- a\n",
		"no tags":       "title: x\n",
		"tags, no list": "title: x\ntags: y\n",
		"not YAML":      "title: [\n",
		"key twice":     "title: x\ntitle: y\ntags: []\n",
		"alias":         "title: &a x\ncreator: *a\ntags: []\n",
	} {
		if _, _, err := parseText(t, intake.Options{}, body); err == nil || !strings.Contains(err.Error(), "pack.yaml") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := parseText(t, intake.Options{Network: "nowhere"}, sample); err == nil {
		t.Error("an unknown network was taken")
	}
	if _, report, err := parseText(t, intake.Options{}, "title: x\ntags:\n- address: a\n  address: b\n"); err != nil || report.RejectedRows != 1 {
		t.Errorf("a tag with a key twice: %v, %v", report.Rejected, err)
	}
}

func TestOverrides(t *testing.T) {
	if len(overrides) < 50 {
		t.Fatalf("%d overrides", len(overrides))
	}
	for _, bad := range []string{"a\tb\tc\n", "a\tb\tbad\t-\t-\n", "a\tb\tscam\t-\tstop\n", "a\tb\tscam\t-\t-\na\tb\tscam\t-\t-\n"} {
		if _, err := parseOverrides(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// pack reads a published pack.
func pack(t *testing.T, name string) ([]watchlist.Entry, intake.Report) {
	t.Helper()
	f, err := os.Open(testdata.Dir(t, "graphsense-tagpacks", "packs", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, report, err := Parse(intake.Options{}, intake.Input{Name: name, R: f})
	if err != nil {
		t.Fatal(err)
	}
	return entries, report
}

func TestPublishedPacks(t *testing.T) {
	for name, want := range map[string]struct {
		rows, rejected int
		primary        taxonomy.Category // of every entry, "" where they differ
	}{
		"blender_io.yaml":                         {45, 0, taxonomy.Sanctions},
		"demo.yaml":                               {5, 0, taxonomy.Other},
		"etherscan-wordcloud-exchange.yaml":       {646, 0, taxonomy.Exchange},
		"etherscan-wordcloud-mixing_service.yaml": {61, 0, taxonomy.Mixer},
		"exchange-wallets-binance.yaml":           {86, 0, taxonomy.Exchange},
		"exchange-wallets-huobi.yaml":             {58, 0, taxonomy.Exchange},
		"exchange-wallets-kucoin.yaml":            {59, 11, taxonomy.Exchange},
		"exchange-wallets-okx.yaml":               {36, 0, taxonomy.Exchange},
		"hydra.yaml":                              {117, 0, taxonomy.Sanctions},
		"lazarus.yaml":                            {21, 0, taxonomy.Sanctions},
		"lazarus2.yaml":                           {6, 0, taxonomy.Sanctions},
		"mixing_fc2021.yaml":                      {66, 0, taxonomy.Mixer},
		"ofac.yaml":                               {572, 3, taxonomy.Sanctions},
		"plustoken.yaml":                          {12, 2, taxonomy.Scam},
		"ransomware.yaml":                         {7178, 0, taxonomy.Ransomware},
		"ronin_bridge.yaml":                       {6, 0, taxonomy.StolenFunds},
		"sextortion_excello.yaml":                 {12527, 6, taxonomy.Sextortion},
		"sinbad_io.yaml":                          {2, 0, taxonomy.Sanctions},
		"tornado_cash.yaml":                       {39, 0, taxonomy.Mixer},
		"usdt_blacklist.yaml":                     {774, 2, taxonomy.IssuerFrozen},
		"walletexplorer.yaml":                     {386, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			entries, report := pack(t, name)
			if report.Rows != want.rows || report.RejectedRows != want.rejected {
				t.Errorf("%s; want %d rows, %d rejected: %v", report.Summary(), want.rows, want.rejected, report.Rejected)
			}
			for _, e := range entries {
				if want.primary != "" && e.Category != want.primary {
					t.Errorf("%s is %s, want %s", e.Address, e.Category, want.primary)
				}
			}
		})
	}
}

func TestAServiceOfCriminalsIsNotClean(t *testing.T) {
	entries, _ := pack(t, "walletexplorer.yaml")
	for _, e := range entries {
		if strings.HasPrefix(e.Entity, "CrimeNet") && e.Category.Severity() < taxonomy.High {
			t.Errorf("%s is %s", e.Entity, e.Category)
		}
		switch e.Entity {
		case "CryptoLocker":
			if e.Category != taxonomy.Ransomware {
				t.Errorf("CryptoLocker is %s", e.Category)
			}
		case "SilkRoadMarketplace":
			if e.Category != taxonomy.DarknetMarket {
				t.Errorf("Silk Road is %s", e.Category)
			}
		}
	}
}

func TestSeveralPacksAreOneList(t *testing.T) {
	dir := testdata.Dir(t, "graphsense-tagpacks", "packs")
	var inputs []intake.Input
	for _, name := range []string{"lazarus.yaml", "lazarus2.yaml"} {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, intake.Input{Name: name, R: bytes.NewReader(body)})
	}
	entries, report, err := Parse(intake.Options{List: "lazarus"}, inputs...)
	if err != nil || report.Rows != 27 || len(entries) == 0 {
		t.Errorf("%s, %v", report.Summary(), err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("title: x\ntags:\n- address: &a b\n  label: *a\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, r, err := Parse(intake.Options{}, intake.Input{Name: "f", R: bytes.NewReader(body)})
		if err != nil {
			return
		}
		if r.Rows != r.Accepted+r.Repeated+r.RejectedRows || r.Entries != len(entries) {
			t.Fatalf("rows do not add up: %+v", r)
		}
		for i := range entries {
			if err := entries[i].Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
