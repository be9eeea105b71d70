package chain

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/amount"
	"sluice/pkg/chain/internal/build"
	"sluice/pkg/internal/testdata"
	"sluice/pkg/transfer"
)

// convertFiles converts files as one run of the command does.
func convertFiles(t *testing.T, format string, opts Options, paths ...string) ([]*transfer.Transfer, Stats) {
	t.Helper()
	var got []*transfer.Transfer
	c, err := New(format, opts, func(made *transfer.Transfer) error {
		got = append(got, made)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Add(f); err != nil {
			t.Fatalf("%s: %v", filepath.Base(path), err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	checkContract(t, got)
	return got, c.Stats()
}

// checkContract holds every transfer against the strict parser, which must find nothing wrong and nothing to change.
func checkContract(t *testing.T, transfers []*transfer.Transfer) {
	t.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, made := range transfers {
		body := transfer.AppendCanonical(nil, made)
		parsed, err := transfer.Parse(body, now)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if len(parsed.Unscreenable) > 0 {
			t.Fatalf("%s: %v", body, parsed.Unscreenable)
		}
		if again := transfer.AppendCanonical(nil, &parsed.Transfer); string(again) != string(body) {
			t.Fatalf("not canonical:\n%s\n%s", body, again)
		}
	}
}

func total(t *testing.T, transfers []*transfer.Transfer) string {
	t.Helper()
	var sum amount.Amount
	for _, made := range transfers {
		var ok bool
		if sum, ok = sum.Add(made.Amount); !ok {
			t.Fatal("the sum is too large")
		}
	}
	return sum.String()
}

func distinct(lists ...[]string) int {
	seen := map[string]bool{}
	for _, list := range lists {
		for _, text := range list {
			seen[text] = true
		}
	}
	return len(seen)
}

func recipients(transfers []*transfer.Transfer) [][]string {
	var all [][]string
	for _, made := range transfers {
		all = append(all, made.To)
	}
	return all
}

func TestBlock413567(t *testing.T) {
	got, stats := convertFiles(t, "bitcoin-block", Options{}, testdata.Dir(t, "btc-block-413567", "block413567.raw"))
	if stats.Blocks != 1 || stats.Transactions != 1557 || len(got) != 3581 || stats.Transfers != 3581 {
		t.Fatalf("%+v, %d transfers", stats, len(got))
	}
	if n := distinct(recipients(got)...); n != 3064 {
		t.Errorf("%d distinct recipients, want 3,064", n)
	}
	if sum := total(t, got); sum != "9147.05170223" {
		t.Errorf("sum %s", sum)
	}
	if got[0].From[0] != transfer.Coinbase || got[0].CustomerID == "addr:none" {
		t.Errorf("the coinbase's first output: %+v", got[0])
	}
	if diff := cmp.Diff(derivedOutputs(t), summaries(got)); diff != "" {
		t.Error(diff)
	}
}

// summaries are the columns of the derived table.
func summaries(transfers []*transfer.Transfer) [][]string {
	var rows [][]string
	for _, made := range transfers {
		rows = append(rows, []string{
			made.OccurredAt.Format(time.RFC3339), made.TxHash, strconv.Itoa(int(*made.OutputIndex)),
			strings.Join(made.To, " "), made.Amount.String(), made.ID,
		})
	}
	return rows
}

// derivedOutputs reads the table of the block's outputs that another program made.
func derivedOutputs(t *testing.T) [][]string {
	t.Helper()
	f, err := os.Open(testdata.Dir(t, "derived", "btc-413567-outputs.csv.gz"))
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
	var want [][]string
	for _, r := range rows[1:] {
		satoshi, err := strconv.ParseUint(r[7], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		value, err := amount.FromUint64(satoshi, 8)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, []string{r[1], r[3], r[4], r[6], value.String(), r[3] + ":" + r[4]})
	}
	return want
}

func TestBlock702861(t *testing.T) {
	path := testdata.Dir(t, "btc-block-702861",
		"mainnet_block_000000000000000000000c835b2adcaedc20fdf6ee440009c249452c726dafae.raw")
	got, stats := convertFiles(t, "bitcoin-block", Options{Direction: transfer.Withdrawal}, path)
	if stats.Transactions != 2500 || len(got) != 6015 {
		t.Fatalf("%+v", stats)
	}
	if n := distinct(recipients(got)...); n != 5733 {
		t.Errorf("%d distinct recipients, want 5,733", n)
	}
	if sum := total(t, got); sum != "28836.8272899" {
		t.Errorf("sum %s", sum)
	}
	// The block is from before taproot: all but a few of its inputs name their senders.
	if got := partlyKnown(got); got != 2 {
		t.Errorf("%d transfers have senders that cannot be told", got)
	}
}

func partlyKnown(transfers []*transfer.Transfer) int {
	n := 0
	for _, made := range transfers {
		if slices.Contains(made.From, transfer.UnknownSender) {
			n++
		}
	}
	return n
}

const ethStream = "test_stream_blocks_17173049_17173050_expected_"

func ethPath(t *testing.T, name string) string { return testdata.Dir(t, "eth-etl", name) }

// 9 of the 298 transactions failed. Of the others 54 are calls of transfer or transferFrom, one of them with value.
func TestEthereumETLTransactions(t *testing.T) {
	got, stats := convertFiles(t, "ethereum-etl", Options{}, ethPath(t, ethStream+"transactions.json"))
	if stats.Transactions != 298 || stats.Failed != 9 {
		t.Errorf("%+v", stats)
	}
	if diff := cmp.Diff(map[string]int{"native": 236, "call": 54}, countKinds(got)); diff != "" {
		t.Error(diff)
	}
	const table = "test_export_blocks_job_blocks_with_transactions_and_withdrawals_expected_transactions."
	csvs, stats := convertFiles(t, "ethereum-etl", Options{}, ethPath(t, table+"csv"))
	jsons, _ := convertFiles(t, "ethereum-etl", Options{}, ethPath(t, table+"json"))
	if stats.Transactions != 298 || stats.Failed != 0 { // this export has no receipts
		t.Errorf("%+v", stats)
	}
	if diff := cmp.Diff(canonical(csvs), canonical(jsons)); diff != "" {
		t.Errorf("CSV and JSON differ: %s", diff)
	}
}

func canonical(transfers []*transfer.Transfer) []string {
	var lines []string
	for _, made := range transfers {
		lines = append(lines, string(transfer.AppendCanonical(nil, made)))
	}
	return lines
}

func countKinds(transfers []*transfer.Transfer) map[string]int {
	kinds := map[string]int{}
	for _, made := range transfers {
		_, kind, _ := strings.Cut(made.ID, ":")
		kinds[strings.TrimRight(kind, "0123456789")]++
	}
	return kinds
}

// The token transfers are the same 291 from either table and in any order of the files, and the native payments are
// then those of the 289 successful transactions that have value or moved no token.
func TestEthereumETLTokenTransfers(t *testing.T) {
	for _, order := range [][]string{
		{"token_transfers"},
		{"logs"},
		{"transactions", "token_transfers"},
		{"token_transfers", "transactions"},
		{"logs", "token_transfers", "transactions"},
		{"blocks", "transactions", "logs", "token_transfers"},
	} {
		var paths []string
		want := map[string]int{"log": 291}
		for _, name := range order {
			paths = append(paths, ethPath(t, ethStream+name+".json"))
			if name == "transactions" {
				want["native"] = 184
			}
		}
		got, _ := convertFiles(t, "ethereum-etl", Options{}, paths...)
		if diff := cmp.Diff(want, countKinds(got)); diff != "" {
			t.Errorf("%v: %s", order, diff)
		}
	}
}

func TestEthereumETLFacts(t *testing.T) {
	got, _ := convertFiles(t, "ethereum-etl", Options{}, ethPath(t, ethStream+"logs.json"))
	contracts, unique := map[string]bool{}, 0
	var addresses [][]string
	for _, made := range got {
		contracts[made.Contract] = true
		addresses = append(addresses, made.From, made.To)
		if strings.Contains(made.AssetID, "/erc721:") {
			unique++
		}
	}
	if len(contracts) != 76 || unique != 9 {
		t.Errorf("%d tokens, %d unique things", len(contracts), unique)
	}
	if n := distinct(addresses...); n != 319 {
		t.Errorf("%d addresses in token transfers", n)
	}
}

func TestEthereumBlocks(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testdata.Dir(t, "eth-blocks-pevm"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, stats := convertFiles(t, "ethereum-block", Options{}, paths...)
	if stats.Blocks != 11 || stats.Transactions != 626 {
		t.Errorf("%+v", stats)
	}
	// Every transaction gives one transfer here: no call of these blocks has both value and a token transfer.
	if diff := cmp.Diff(map[string]int{"native": 517, "call": 109}, countKinds(got)); diff != "" {
		t.Error(diff)
	}
}

func TestBitcoinETL(t *testing.T) {
	for _, c := range []struct {
		file, network, sum string
		transfers          int
	}{
		{"bitcoin_block_0", "bitcoin", "50", 1},
		{"bitcoin_block_1", "bitcoin", "50", 1},
		{"bitcoin_block_with_transactions", "bitcoin", "250", 4},
		{"bitcoin_stream_50001_50002", "bitcoin", "250", 4},
		{"bitcoin_cash_block_with_duplicate_txid", "bitcoin-cash", "50", 1},
		{"dogecoin_block_without_transactions", "dogecoin", "729752", 1},
		{"zcash_block_0", "zcash", "0", 1},
		{"zcash_block_with_shielded_addresses", "zcash", "1.10216166", 7},
		{"zcash_block_with_value_balance", "zcash", "1524.00371495", 17},
	} {
		got, stats := convertFiles(t, "bitcoin-etl", Options{}, testdata.Dir(t, "btc-etl", c.file+"_expected_transactions.json"))
		if len(got) != c.transfers || stats.Problems != 0 || got[0].Network != c.network || total(t, got) != c.sum {
			t.Errorf("%s: %+v on %s, %s in all", c.file, stats, got[0].Network, total(t, got))
		}
	}
}

func TestWithdrawalsHaveTheSendersCustomer(t *testing.T) {
	path := testdata.Dir(t, "btc-etl", "bitcoin_stream_50001_50002_expected_transactions.json")
	deposits, _ := convertFiles(t, "bitcoin-etl", Options{}, path)
	withdrawals, _ := convertFiles(t, "bitcoin-etl", Options{Direction: transfer.Withdrawal}, path)
	for i := range deposits {
		minted := deposits[i].From[0] == transfer.Coinbase
		if (withdrawals[i].CustomerID == build.NoCustomer) != minted || deposits[i].CustomerID == build.NoCustomer ||
			withdrawals[i].CustomerID == deposits[i].CustomerID {
			t.Errorf("%s: %s as a deposit, %s as a withdrawal", deposits[i].ID, deposits[i].CustomerID, withdrawals[i].CustomerID)
		}
	}
}
