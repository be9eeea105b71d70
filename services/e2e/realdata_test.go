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

// realTransfers is all real input in both directions.
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
func offline(t testing.TB, lists judge.Lists, lines [][]byte) map[string]*judged {
	t.Helper()
	var out, errs bytes.Buffer
	stats, err := judge.Filter(bytes.NewReader(bytes.Join(lines, []byte("\n"))), &out, &errs,
		judge.FilterConfig{Lists: lists, Rules: builtin(t.(*testing.T)), Now: realNow, All: true})
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

// TestRealTransfersAgainstABruteForceLoop compares the offline filter, over every list in its publisher's format, with
// a loop over plain texts: the same lists, addresses and roles in each of 22,000 transfers.
func TestRealTransfersAgainstABruteForceLoop(t *testing.T) {
	lists := allLists(t)
	lines := realTransfers(t)
	verdicts := offline(t, judge.Lists{Snapshot: lists.snapshot, Seq: 7}, lines)
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
			if verdicts[id].Verdict == "cleared" {
				t.Errorf("%s has hits and is cleared", id)
			}
		}
		keys += sameKey
	}
	t.Logf("transfers with hits, by input: %v; %d hits on other scripts of listed keys", flagged, keys)
}

// TestTheRunningPipelineAgainstTheOfflineFilter sends the same transfers through ingest, enrichment and alerting.
func TestTheRunningPipelineAgainstTheOfflineFilter(t *testing.T) {
	lists := allLists(t)
	lines := realTransfers(t)
	want := offline(t, judge.Lists{Snapshot: lists.snapshot, Seq: 7}, lines)

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
