package e2e

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
)

// realData is a path in the folder of real blocks and lists: the one that SLUICE_TESTDATA names, else shared/data beside
// the repository. Without it the test is skipped.
func realData(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("SLUICE_TESTDATA")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for dir != filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
				root = filepath.Join(filepath.Dir(dir), "shared", "data")
				break
			}
			dir = filepath.Dir(dir)
		}
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); root == "" || err != nil {
		t.Skipf("no real data at %q: set SLUICE_TESTDATA to the folder that holds it", path)
	}
	return path
}

// publisher is one list in the two readings that the tests compare: by the product, and by a few lines that know
// nothing of addresses.
type publisher struct {
	name     string
	format   string
	files    []string // patterns below the data folder
	category taxonomy.Category
	network  string
	columns  map[format.Field]string
	plain    func(body []byte) []string // every text in the file that is written where an address stands
}

// column reads the named column of a CSV file.
func column(name string) func([]byte) []string {
	return func(body []byte) (texts []string) {
		rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
		if err != nil {
			panic(err)
		}
		at := slices.Index(rows[0], name)
		for _, row := range rows[1:] {
			texts = append(texts, row[at])
		}
		return texts
	}
}

// captured is what the first group of a pattern matches.
func captured(pattern string) func([]byte) []string {
	re := regexp.MustCompile(pattern)
	return func(body []byte) (texts []string) {
		for _, m := range re.FindAllSubmatch(body, -1) {
			texts = append(texts, string(m[1]))
		}
		return texts
	}
}

func words(body []byte) []string { return strings.Fields(string(body)) }

var inPack = captured(`(?m)^\s*(?:- )?address:\s*['"]?([^'"\s]+)`)

// publishers are all lists of the data folder, each in its own format. The advanced XML has no plain reading: its
// addresses are those of the text files that somebody else made of it.
var publishers = append([]publisher{
	{name: "ofac-sdn", format: "ofac-xml", files: []string{"ofac-brave-history/sdn_advanced-2024-12-19.xml.bz2"}},
	{name: "etherscan-blocked", format: "csv", files: []string{"etherscan-labels/etherscan_accounts_blocked.csv"}, category: taxonomy.Phishing, plain: column("Address")},
	{name: "etherscan-bridge", format: "csv", files: []string{"etherscan-labels/etherscan_accounts_bridge.csv"}, category: taxonomy.Bridge, plain: column("Address")},
	{name: "etherscan-exchange", format: "csv", category: taxonomy.Exchange, plain: column("Address"), files: []string{
		"etherscan-labels/etherscan_accounts_binance.csv", "etherscan-labels/etherscan_accounts_coinbase.csv", "etherscan-labels/etherscan_accounts_kraken.csv"}},
	{name: "etherscan-gambling", format: "csv", files: []string{"etherscan-labels/etherscan_accounts_gambling.csv"}, category: taxonomy.Gambling, plain: column("Address")},
	{name: "etherscan-mixer", format: "csv", category: taxonomy.Mixer, plain: column("Address"), network: "ethereum", files: []string{
		"etherscan-labels/etherscan_accounts_ethereum-mixer.csv", "etherscan-labels/etherscan_accounts_tornado-cash.csv"}},
	{name: "etherscan-ofac", format: "csv", files: []string{"etherscan-labels/etherscan_accounts_ofac-sanctions-lists.csv"}, category: taxonomy.Sanctions, plain: column("Address")},
	{name: "forta-phishing", format: "csv", files: []string{"forta-labels/1_phishing_scams.csv"}, category: taxonomy.Phishing, plain: column("address")},
	{name: "forta-contracts", format: "csv", files: []string{"forta-labels/1_malicious_smart_contracts.csv", "forta-labels/10_malicious_smart_contracts.csv"},
		category: taxonomy.Scam, plain: column("contract_address")},
	{name: "forta-creators", format: "csv", files: []string{"forta-labels/1_malicious_smart_contracts.csv"}, category: taxonomy.Scam,
		columns: map[format.Field]string{"address": "contract_creator", "entity": "contract_creator_tag"}, plain: column("contract_creator")},
	{name: "mew-dark", format: "json-array", files: []string{"mew-darklist/addresses-darklist.json"}, category: taxonomy.Scam, plain: captured(`"address":\s*"([^"]*)"`)},
	{name: "mew-light", format: "json-array", files: []string{"mew-darklist/addresses-lightlist.json"}, category: taxonomy.Other, plain: captured(`"address":\s*"([^"]*)"`)},
	{name: "ofac-2024-12-19", format: "txt", files: []string{"ofac-brave-history/lists-2024-12-19/*.txt"}, category: taxonomy.Sanctions, plain: words},
	{name: "ofac-2025-04-02", format: "txt", files: []string{"ofac-brave-history/lists-2025-04-02/*.txt"}, category: taxonomy.Sanctions, plain: words},
}, packs(
	"blender_io", "demo", "etherscan-wordcloud-exchange", "etherscan-wordcloud-mixing_service", "exchange-wallets-binance",
	"exchange-wallets-huobi", "exchange-wallets-kucoin", "exchange-wallets-okx", "hydra", "lazarus", "lazarus2", "mixing_fc2021",
	"ofac", "plustoken", "ransomware", "ronin_bridge", "sextortion_excello", "sinbad_io", "tornado_cash", "usdt_blacklist", "walletexplorer",
)...)

func packs(names ...string) (all []publisher) {
	for _, name := range names {
		all = append(all, publisher{name: "tagpack-" + name, format: "tagpack", files: []string{"graphsense-tagpacks/packs/" + name + ".yaml"}, plain: inPack})
	}
	return all
}

// read reads the files of a publisher below root.
func (p *publisher) read(root string) (inputs []format.Input, bodies [][]byte, err error) {
	for _, pattern := range p.files {
		paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(paths) == 0 {
			return nil, nil, fmt.Errorf("%s: no file %s: %w", p.name, pattern, err)
		}
		for _, path := range paths {
			body, err := os.ReadFile(path)
			if err != nil {
				return nil, nil, err
			}
			inputs = append(inputs, format.Input{Name: filepath.Base(path), R: bytes.NewReader(body)})
			bodies = append(bodies, body)
		}
	}
	return inputs, bodies, nil
}

// realLists is the publishers' lists in both readings.
type realLists struct {
	snapshot *watchlist.Snapshot
	entries  map[string][]watchlist.Entry
	reports  map[string]format.Report
	plain    map[string][]string // spelling -> names of the lists that hold it; without what the product reports as refused
}

// allLists reads every list, once for all tests.
func allLists(t testing.TB) *realLists {
	t.Helper()
	root := realData(t)
	readLists.Do(func() { theLists, errLists = readAll(root) })
	if errLists != nil {
		t.Fatal(errLists)
	}
	return theLists
}

var (
	readLists sync.Once
	theLists  *realLists
	errLists  error
)

func readAll(root string) (*realLists, error) {
	l := &realLists{entries: map[string][]watchlist.Entry{}, reports: map[string]format.Report{}, plain: map[string][]string{}}
	b := watchlist.NewBuilder()
	for i := range publishers {
		p := &publishers[i]
		if p.format == "ofac-xml" && raceEnabled {
			continue // 106 MB of XML in one goroutine
		}
		inputs, bodies, err := p.read(root)
		if err != nil {
			return nil, err
		}
		opts := format.Options{List: p.name, Category: p.category, Network: p.network, Mapping: format.Mapping{Fields: p.columns}}
		entries, report, err := format.Parse(p.format, opts, inputs...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		l.entries[p.name], l.reports[p.name] = entries, report
		b.Add(p.name, entries)
		if p.plain == nil {
			continue
		}
		var refused []string
		for _, r := range report.Rejected {
			refused = append(refused, r.Value)
		}
		for _, body := range bodies {
			for _, text := range p.plain(body) {
				if text == "" || slices.Contains(refused, text) {
					continue
				}
				l.list(text, p.name)
				if p.name == "ofac-2024-12-19" && !raceEnabled {
					l.list(text, "ofac-sdn")
				}
			}
		}
	}
	snap, err := b.Build()
	l.snapshot = snap
	return l, err
}

func (l *realLists) list(text, name string) {
	if key := spelling(text); !slices.Contains(l.plain[key], name) {
		l.plain[key] = append(l.plain[key], name)
	}
}

// spelling is what a person would compare addresses by: hexadecimal and bech32 without regard to case, CashAddr without
// its prefix, everything else letter by letter.
func spelling(text string) string {
	lower := strings.ToLower(strings.TrimSpace(text))
	for _, prefix := range []string{"0x", "bc1", "ltc1", "bitcoincash:"} {
		if strings.HasPrefix(lower, prefix) {
			return strings.TrimPrefix(lower, "bitcoincash:")
		}
	}
	return strings.TrimSpace(text)
}
