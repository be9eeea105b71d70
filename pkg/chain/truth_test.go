package chain

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
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
		for _, p := range parsed.Unscreenable {
			if p.Value != build.UnknownSender {
				t.Fatalf("%s: %v", body, p)
			}
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
	unknown := 0
	for _, made := range got {
		for _, text := range made.From {
			if text == "unknown" {
				unknown++
			}
		}
	}
	t.Logf("%d outputs with an unknown sender", unknown)
}

const ethStream = "test_stream_blocks_17173049_17173050_expected_"

func ethPath(t *testing.T, name string) string { return testdata.Dir(t, "eth-etl", name) }

func TestEthereumETLTransactions(t *testing.T) {
	got, stats := convertFiles(t, "ethereum-etl", Options{}, ethPath(t, ethStream+"transactions.json"))
	// 9 of 298 failed; of the others 46 are calls of no value that pay tokens.
	if stats.Transactions != 298 || stats.Failed != 9 {
		t.Fatalf("%+v", stats)
	}
	kinds := countKinds(got)
	t.Logf("%v", kinds)
}

func countKinds(transfers []*transfer.Transfer) map[string]int {
	kinds := map[string]int{}
	for _, made := range transfers {
		_, kind, _ := strings.Cut(made.ID, ":")
		kinds[strings.TrimRight(kind, "0123456789")]++
	}
	return kinds
}

func TestEthereumETLTokenTransfers(t *testing.T) {
	for _, order := range [][]string{
		{"token_transfers.json"},
		{"logs.json"},
		{"transactions.json", "token_transfers.json"},
		{"token_transfers.json", "transactions.json"},
		{"logs.json", "token_transfers.json", "transactions.json"},
		{"blocks.json", "transactions.json", "logs.json", "token_transfers.json"},
	} {
		var paths []string
		for _, name := range order {
			paths = append(paths, ethPath(t, ethStream+name))
		}
		got, stats := convertFiles(t, "ethereum-etl", Options{}, paths...)
		kinds := countKinds(got)
		t.Logf("%v %v %+v", order, kinds, stats)
	}
}

func TestEthereumBlocks(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testdata.Dir(t, "eth-blocks-pevm"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, stats := convertFiles(t, "ethereum-block", Options{}, paths...)
	t.Logf("%v %+v", countKinds(got), stats)
}

func TestBitcoinETL(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testdata.Dir(t, "btc-etl"), "*expected_transactions.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		got, stats := convertFiles(t, "bitcoin-etl", Options{}, path)
		t.Logf("%s %s %+v %v", filepath.Base(path), got[0].Network, stats, total(t, got))
		for _, made := range got { t.Logf("%s", transfer.AppendCanonical(nil, made)) }
	}
}
