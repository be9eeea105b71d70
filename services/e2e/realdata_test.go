package e2e

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	blocks "sluice/pkg/chain"
	"sluice/pkg/judge"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/enrichment"
	"sluice/services/internal/stream"
)

// realNow is the time by which the transfers of the real blocks are judged.
var realNow = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// piece is a part of the real input: files of one format that are converted together.
type piece struct {
	name, format string
	files        []string
	transfers    int
}

const ethStream = "eth-etl/test_stream_blocks_17173049_17173050_expected_"

var pieces = []piece{
	{"413567", "bitcoin-block", []string{"btc-block-413567/block413567.raw"}, 3581},
	{"702861", "bitcoin-block", []string{"btc-block-702861/*.raw"}, 6015},
	{"pevm", "ethereum-block", []string{"eth-blocks-pevm/*.json"}, 626},
	{"calls", "ethereum-etl", []string{ethStream + "transactions.json"}, 290},
	{"logs", "ethereum-etl", []string{ethStream + "transactions.json", ethStream + "logs.json"}, 475},
	{"tokens", "ethereum-etl", []string{ethStream + "token_transfers.json"}, 291},
	{"genesis", "bitcoin-etl", []string{"btc-etl/bitcoin_block_0_expected_transactions.json"}, 1},
	{"stream", "bitcoin-etl", []string{"btc-etl/bitcoin_stream_50001_50002_expected_transactions.json"}, 4},
	{"cash", "bitcoin-etl", []string{"btc-etl/bitcoin_cash_block_with_duplicate_txid_expected_transactions.json"}, 1},
	{"doge", "bitcoin-etl", []string{"btc-etl/dogecoin_block_without_transactions_expected_transactions.json"}, 1},
	{"zcash", "bitcoin-etl", []string{"btc-etl/zcash_block_with_shielded_addresses_expected_transactions.json"}, 7},
	{"sapling", "bitcoin-etl", []string{"btc-etl/zcash_block_with_value_balance_expected_transactions.json"}, 17},
}

// convert gives the transfers of a piece as NDJSON lines, their ids behind the piece's name and the direction's.
func (p *piece) convert(t testing.TB, d transfer.Direction) (lines [][]byte) {
	t.Helper()
	c, err := blocks.New(p.format, blocks.Options{Direction: d}, func(made *transfer.Transfer) error {
		made.ID = p.name + ":" + string(d) + ":" + made.ID
		lines = append(lines, transfer.AppendCanonical(nil, made))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range p.files {
		paths, err := filepath.Glob(filepath.Join(realData(t), filepath.FromSlash(pattern)))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no file %s: %v", pattern, err)
		}
		for _, path := range paths {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Add(f); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if len(lines) != p.transfers {
		t.Errorf("%s: %d transfers, want %d", p.name, len(lines), p.transfers)
	}
	return lines
}

// tronBlock gives the 31 payments of tether in block 63937672 of tron.
func tronBlock(t testing.TB, d transfer.Direction) (lines [][]byte) {
	t.Helper()
	f, err := os.Open(realData(t, "derived", "tron-usdt-block-63937672.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows[1:] { // block, time, tx, token, from, to, amount in millionths
		at, err := time.Parse(time.DateTime, row[1])
		if err != nil {
			t.Fatal(err)
		}
		millionths, ok := new(big.Rat).SetString(row[6] + "/1000000")
		if !ok {
			t.Fatalf("amount %q", row[6])
		}
		line, err := json.Marshal(map[string]any{
			"id": fmt.Sprintf("tron:%s:%s:%d", d, row[2], i), "direction": d, "customer_id": "c", "network": "tron", "asset": "USDT",
			"contract": row[3], "amount": millionths.FloatString(6), "tx_hash": row[2], "from": []string{row[4]}, "to": []string{row[5]},
			"evidence": "log", "occurred_at": at.Format(time.RFC3339),
		})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if len(lines) != 31 {
		t.Errorf("%d payments on tron, want 31", len(lines))
	}
	return lines
}

var bothDirections = []transfer.Direction{transfer.Deposit, transfer.Withdrawal}

// realVerdicts is all real input in both directions, and what the offline filter says of it; made once for all tests.
func realVerdicts(t *testing.T) (lines [][]byte, verdicts map[string]*judged) {
	t.Helper()
	lists := allLists(t)
	if theVerdicts == nil {
		theTransfers = realTransfers(t)
		theVerdicts = offline(t, judge.Lists{Snapshot: lists.snapshot, Seq: 7}, theTransfers)
	}
	return theTransfers, theVerdicts
}

var (
	theTransfers [][]byte
	theVerdicts  map[string]*judged
)

func realTransfers(t testing.TB) (lines [][]byte) {
	t.Helper()
	for _, d := range bothDirections {
		for i := range pieces {
			lines = append(lines, pieces[i].convert(t, d)...)
		}
		lines = append(lines, tronBlock(t, d)...)
	}
	return lines
}

// judged is a verdict record as a consumer reads it.
type judged struct {
	TransferID  string          `json:"transfer_id"`
	Verdict     string          `json:"verdict"`
	Severity    json.RawMessage `json:"severity"`
	Score       json.RawMessage `json:"score"`
	HoldReasons json.RawMessage `json:"hold_reasons"`
	Categories  json.RawMessage `json:"categories"`
	Alerts      json.RawMessage `json:"alerts"`
	Hits        json.RawMessage `json:"hits"`
	Status      json.RawMessage `json:"status"`
	Coverage    json.RawMessage `json:"coverage"`
}

// replayable are the members that transfer, lists and rules alone determine, as they stand in the record.
func (j *judged) replayable() string {
	return fmt.Sprintf("verdict %s\nseverity %s\nscore %s\nhold_reasons %s\ncategories %s\nalerts %s\nhits %s\nstatus %s\ncoverage %s",
		j.Verdict, j.Severity, j.Score, j.HoldReasons, j.Categories, j.Alerts, j.Hits, j.Status, j.Coverage)
}

func readJudged(t testing.TB, record []byte) *judged {
	t.Helper()
	var j judged
	if err := json.Unmarshal(record, &j); err != nil {
		t.Fatalf("%v: %s", err, record)
	}
	return &j
}

// offline judges lines by the offline filter: transfer id -> verdict.
func offline(t *testing.T, lists judge.Lists, lines [][]byte) map[string]*judged {
	t.Helper()
	var out, errs bytes.Buffer
	stats, err := judge.Filter(bytes.NewReader(bytes.Join(lines, []byte("\n"))), &out, &errs,
		judge.FilterConfig{Lists: lists, Rules: builtin(t), Now: realNow, All: true})
	if err != nil || errs.Len() > 0 || stats.Transfers != len(lines) {
		t.Fatalf("%d lines: %+v, %v\n%s", len(lines), stats, err, errs.String())
	}
	all := map[string]*judged{}
	for line := range bytes.Lines(out.Bytes()) {
		j := readJudged(t, line)
		all[j.TransferID] = j
	}
	if len(all) != len(lines) {
		t.Fatalf("%d verdicts of %d transfers", len(all), len(lines))
	}
	return all
}

// found is one listed address in a transfer, as the loop and the product can both say it.
type found struct{ list, role, address string }

func (f found) compare(g found) int {
	return cmp.Or(strings.Compare(f.list, g.list), strings.Compare(f.role, g.role), strings.Compare(f.address, g.address))
}

// bruteForce looks for every listed spelling in a transfer.
func (l *realLists) bruteForce(t testing.TB, line []byte) (id string, all []found) {
	t.Helper()
	var tr struct {
		ID, Contract, Initiator, Memo string
		From, To                      []string
	}
	if err := json.Unmarshal(line, &tr); err != nil {
		t.Fatal(err)
	}
	set := map[found]bool{}
	look := func(role string, texts ...string) {
		for _, text := range texts {
			for _, list := range l.plain[spelling(text)] {
				set[found{list, role, spelling(text)}] = true
			}
		}
	}
	look("sender", tr.From...)
	look("recipient", tr.To...)
	look("contract", tr.Contract)
	look("initiator", tr.Initiator)
	look("memo", tr.Memo)
	look("memo", strings.FieldsFunc(tr.Memo, func(r rune) bool { return r == ':' || r == '/' })...)
	return tr.ID, slices.SortedFunc(maps.Keys(set), found.compare)
}

// says is what the product says in the same words, without hits on other scripts of a listed public key, which no
// comparison of texts finds.
func (j *judged) says(t testing.TB) (all []found, sameKey int) {
	t.Helper()
	if j.Hits == nil {
		return nil, 0
	}
	var hits []struct{ List, Role, Address, Match string }
	if err := json.Unmarshal(j.Hits, &hits); err != nil {
		t.Fatal(err)
	}
	set := map[found]bool{}
	for _, h := range hits {
		if h.Match == "same_key" {
			sameKey++
			continue
		}
		set[found{h.List, h.Role, spelling(h.Address)}] = true
	}
	return slices.SortedFunc(maps.Keys(set), found.compare), sameKey
}

// listedInBlock413567 are the outputs of the block that pay a listed address, and their place.
var listedInBlock413567 = map[string]string{
	"43113269f75b406c2255c1060b512da0693bf51ce5f24ff575c3b1ae110181a8:1": "1NxaBCFQwejSZbQfWcYNwgqML5wWoE3rK4",
	"c280bd935c9c656bfcedacd4ace926e78eb6397f35dc39e9c85ec0fb4345c423:0": "1MXK3LHnqbjEKavuQLFCXGkNUeaLKy7oGX",
}

func TestWhatTheListsKnowOfTwoBlocks(t *testing.T) {
	_, verdicts := realVerdicts(t)
	paying := 0
	for id, j := range verdicts {
		parts := strings.SplitN(id, ":", 3) // block, direction, output
		switch got, _ := j.says(t); parts[0] {
		case "413567":
			want, pays := listedInBlock413567[parts[2]]
			for _, f := range got {
				if f.role == "recipient" && f != (found{"tagpack-walletexplorer", "recipient", want}) {
					t.Errorf("%s: %v", id, f)
				}
			}
			if pays && slices.Contains(got, found{"tagpack-walletexplorer", "recipient", want}) {
				paying++
			}
		case "702861":
			if j.Hits != nil {
				t.Errorf("%s: %s, and nobody in the block is listed", id, j.Hits)
			}
		}
	}
	if want := 2 * len(listedInBlock413567); paying != want {
		t.Errorf("%d payments to listed addresses, want %d", paying, want)
	}
}

func TestTheListOfDecember2024(t *testing.T) {
	lists := allLists(t)
	if raceEnabled {
		t.Skip("106 MB of XML in one goroutine are not read under the race detector")
	}
	texts := map[string]bool{}
	for _, e := range lists.entries["ofac-sdn"] {
		texts[e.Address] = true
	}
	r := lists.reports["ofac-sdn"]
	if r.Parties != 16983 || r.Rows != 664 || r.RejectedRows != 0 || len(texts) != 648 {
		t.Errorf("%s; %d parties, %d distinct addresses: want 16,983 parties, 664 features, 648 addresses", r.Summary(), r.Parties, len(texts))
	}
}

// TestRealTransfersAgainstABruteForceLoop compares the offline filter, over every list in its publisher's format, with
// a loop over plain texts: the same lists, addresses and roles in each of 22,000 transfers, and of the verdicts with what
// the page for compliance officers says of such hits.
func TestRealTransfersAgainstABruteForceLoop(t *testing.T) {
	lists := allLists(t)
	lines, verdicts := realVerdicts(t)
	severities := publishedSeverities(t)
	flagged, keys := map[string]int{}, 0
	for _, line := range lines {
		id, want := lists.bruteForce(t, line)
		got, sameKey := verdicts[id].says(t)
		if !slices.Equal(got, want) {
			t.Errorf("%s\nfilter %v\nloop   %v", line, got, want)
		}
		if len(want) > 0 {
			name, _, _ := strings.Cut(id, ":")
			flagged[name]++
		}
		if got, want := verdicts[id].Verdict, verdicts[id].bySight(t, line, severities); got != want {
			t.Errorf("%s is %s, and by the published policy %s:\n%s", id, got, want, verdicts[id].replayable())
		}
		keys += sameKey
	}
	t.Logf("transfers with hits, by input: %v; %d hits on other scripts of listed keys", flagged, keys)
}

// TestTheRunningPipelineAgainstTheOfflineFilter sends the same transfers through ingest, enrichment and alerting.
func TestTheRunningPipelineAgainstTheOfflineFilter(t *testing.T) {
	lists := allLists(t)
	lines, verdicts := realVerdicts(t)
	want := maps.Clone(verdicts)
	if raceEnabled { // all that has a verdict to compare, and some of the others
		n := 0
		lines = slices.DeleteFunc(slices.Clone(lines), func(line []byte) bool {
			id, hits := lists.bruteForce(t, line)
			n++
			skip := len(hits) == 0 && n%5 != 0
			if skip {
				delete(want, id)
			}
			return skip
		})
	}

	c := newChain(t)
	c.lists.set(enrichment.Current{Snapshot: lists.snapshot, Seq: 7, Usable: true})
	messages := make([]stream.Message, len(lines))
	for i, line := range lines {
		messages[i] = stream.Message{Topic: schemas.Raw, Key: []byte(fmt.Sprint("c", i%97)), Value: line}
	}
	c.produce(messages...)
	flagged := 0
	for _, r := range c.take(schemas.Verdicts, len(lines)) {
		got := readJudged(t, r.value)
		offline := want[got.TransferID]
		if offline == nil {
			t.Fatalf("a verdict without a transfer, or a second one: %s", r.value)
		}
		delete(want, got.TransferID)
		if got.replayable() != offline.replayable() {
			t.Errorf("%s: the pipeline says\n%s\nthe filter\n%s", got.TransferID, got.replayable(), offline.replayable())
		}
		if got.Verdict != "cleared" {
			flagged++
		}
	}
	if len(want) > 0 {
		t.Errorf("%d transfers without a verdict", len(want))
	}
	seen := map[string]bool{}
	for _, r := range c.take(schemas.Flagged, flagged) {
		seen[readJudged(t, r.value).TransferID] = true
	}
	if len(seen) != flagged {
		t.Errorf("%d transfers on the flagged topic, %d were flagged or held", len(seen), flagged)
	}
}

// publishedSeverities reads the table of docs/policy.md: category -> severity.
func publishedSeverities(t testing.TB) map[string]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !slices.Contains([]string{"severe", "high", "medium", "low", "none"}, strings.TrimSpace(cells[1])) {
			continue
		}
		for _, category := range strings.Split(cells[2], ",") {
			table[strings.TrimSpace(category)] = strings.TrimSpace(cells[1])
		}
	}
	if len(table) < 40 {
		t.Fatalf("the page names %d categories", len(table))
	}
	return table
}

// bySight is the verdict that the built-in policy gives to a confirmed transfer without fiat value, for the hits that
// were found and what is known of its ends.
func (j *judged) bySight(t testing.TB, line []byte, severities map[string]string) string {
	t.Helper()
	var tr struct {
		Direction, Amount string
		From, To          []string
	}
	var hits []struct {
		Side, Role, Names string
		Categories        []string
	}
	if err := json.Unmarshal(line, &tr); err != nil {
		t.Fatal(err)
	}
	if j.Hits != nil {
		if err := json.Unmarshal(j.Hits, &hits); err != nil {
			t.Fatal(err)
		}
	}
	counterparty := tr.From
	if tr.Direction == "withdrawal" {
		counterparty = tr.To
	}
	if len(counterparty) == 0 || slices.Equal(counterparty, []string{"unknown"}) {
		return "held"
	}
	verdict := "cleared"
	for _, h := range hits {
		is := func(words ...string) bool {
			return slices.ContainsFunc(h.Categories, func(c string) bool { return slices.Contains(words, c) || slices.Contains(words, severities[c]) })
		}
		if h.Role == "contract" && h.Names == "" && !is("sanctions") {
			continue // shown, and judged by nobody: it says nothing of this transfer's parties
		}
		switch {
		case tr.Amount == "0":
		case tr.Direction == "deposit" && h.Side == "counterparty" && is("sanctions", "terrorist_financing", "csam"):
			return "held"
		case tr.Direction == "withdrawal" && is("high", "severe"):
			return "held"
		}
		verdict = "flagged"
	}
	return verdict
}
