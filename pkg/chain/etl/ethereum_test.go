package etl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/chain/internal/build"
	"sluice/pkg/network"
	"sluice/pkg/transfer"
)

const (
	alice = "0xa100000000000000000000000000000000000001"
	bob   = "0xb200000000000000000000000000000000000002"
	carol = "0xc300000000000000000000000000000000000003"
	usdt  = "0xdac17f958d2ee523a2206206994597c13d831ec7"

	txHeader    = "hash,nonce,block_hash,block_number,transaction_index,from_address,to_address,value,gas,input,block_timestamp\n"
	tokenHeader = "token_address,from_address,to_address,value,transaction_hash,log_index,block_number\n"
	logHeader   = "log_index,transaction_hash,transaction_index,block_hash,block_number,address,data,topics\n"
)

var payCall = "0xa9059cbb" + word(bob) + word("01")

func word(text string) string {
	text = strings.TrimPrefix(text, "0x")
	return strings.Repeat("0", 64-len(text)) + text
}

func hash(n int) string { return fmt.Sprintf("0x%064x", n) }

func txLine(n int, from, to, value, input string) string {
	return fmt.Sprintf("%s,0,0xb10c,%d,0,%s,%s,%s,21000,%s,1700000000\n", hash(n), 100+n, from, to, value, input)
}

func tokenLine(n, index int, from, to, value string) string {
	return fmt.Sprintf("%s,%s,%s,%s,%s,%d,%d\n", usdt, from, to, value, hash(n), index, 100+n)
}

// testHeld is how many transactions wait in these tests.
const testHeld = 100

// run converts inputs one after the other and gives a line for each transfer and each reported problem.
func run(t *testing.T, inputs ...string) (lines, problems []string, stats build.Stats, err error) {
	t.Helper()
	b := &build.Builder{
		Direction: transfer.Deposit,
		Emit: func(made *transfer.Transfer) error {
			line := fmt.Sprintf("%s %s %s>%s", made.ID[64:], made.Amount, made.From[0][:4], made.To[0][:4])
			if made.Initiator != "" {
				line += " by " + made.Initiator[:4]
			}
			lines = append(lines, line)
			return nil
		},
	}
	b.Network, _ = network.Lookup("ethereum")
	c := NewEthereum(b, func(err error) error {
		problems = append(problems, err.Error())
		return nil
	})
	c.bound = testHeld
	for _, input := range inputs {
		if err = c.Add(strings.NewReader(input)); err != nil {
			return lines, problems, b.Stats, err
		}
	}
	err = c.Close()
	return lines, problems, b.Stats, err
}

func TestEthereumTables(t *testing.T) {
	txs := txHeader +
		txLine(1, alice, bob, "0", "0x") +
		txLine(2, alice, usdt, "0", payCall) +
		txLine(3, carol, usdt, "5", "0x12345678") +
		txLine(4, alice, "", "0", "0x60")
	tokens := tokenHeader + tokenLine(2, 7, alice, bob, "1") + tokenLine(3, 8, alice, bob, "2000000")
	logs := logHeader +
		hashlessLog(7, 2, alice, bob, "01") + hashlessLog(8, 3, alice, bob, "1e8480")
	receipts := "transaction_hash,cumulative_gas_used,status\n" + hash(1) + ",5,0\n" + hash(2) + ",5,1\n"

	native1, native3 := "01:native 0 0xa1>0xb2", "03:native 0.000000000000000005 0xc3>0xda"
	call2, created4 := "02:call 0.000001 0xa1>0xb2", "04:native 0 0xa1>"
	log2, log3, log3by := "02:log7 0.000001 0xa1>0xb2", "03:log8 2 0xa1>0xb2", "03:log8 2 0xa1>0xb2 by 0xc3"
	for _, c := range []struct {
		name   string
		inputs []string
		want   []string
	}{
		{"transactions alone", []string{txs}, []string{native1, call2, native3, created4}},
		{"token transfers behind them", []string{txs, tokens}, []string{log2, log3by, native1, native3, created4}},
		{"logs behind them", []string{txs, logs}, []string{log2, log3by, native1, native3, created4}},
		{"both behind them", []string{txs, logs, tokens}, []string{log2, log3by, native1, native3, created4}},
		{"token transfers before them, with blocks", []string{
			"number,timestamp\n102,1700000000\n103,1700000000\n", tokens, txs,
		}, []string{log2, log3, native1, native3, created4}},
		{"receipts before", []string{receipts, txs}, []string{call2, native3, created4}},
		{"receipts behind", []string{txs, receipts}, []string{call2, native3, created4}},
	} {
		got, problems, _, err := run(t, c.inputs...)
		for i := range got {
			if strings.HasPrefix(got[i], created4) {
				got[i] = created4
			}
		}
		if err != nil || len(problems) > 0 || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %q\ngot  %q\nwant %q", c.name, err, problems, got, c.want)
		}
	}
}

func hashlessLog(index, n int, from, to, value string) string {
	const topic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
	return fmt.Sprintf("%d,%s,0,0xb10c,%d,%s,0x%s,\"%s,0x%s,0x%s\"\n",
		index, hash(n), 100+n, usdt, word(value), topic, word(from), word(to))
}

// A stream has the batches of several blocks one behind the other.
func TestEthereumStream(t *testing.T) {
	batch := func(n int) string {
		return fmt.Sprintf(`{"type":"block","number":%d,"hash":"0xb10c","timestamp":1700000000}
{"type":"transaction","hash":"%s","nonce":1,"from_address":"%s","to_address":"%s","value":0,"input":"%s","block_number":%d,"block_timestamp":1700000000,"receipt_status":1}
{"type":"log","log_index":3,"transaction_hash":"%s","address":"%s","data":"0x%s","topics":["0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef","0x%s","0x%s"],"block_number":%d,"block_timestamp":1700000000}
{"type":"token_transfer","token_address":"%s","from_address":"%s","to_address":"%s","value":1,"transaction_hash":"%s","log_index":3,"block_number":%d,"block_timestamp":1700000000}
{"type":"trace","value":0}
`, n, hash(n), carol, usdt, payCall, n, hash(n), usdt, word("01"), word(alice), word(bob), n, usdt, alice, bob, hash(n), n)
	}
	got, problems, stats, err := run(t, batch(1)+batch(2))
	want := []string{"01:log3 0.000001 0xa1>0xb2 by 0xc3", "02:log3 0.000001 0xa1>0xb2 by 0xc3"}
	if err != nil || len(problems) > 0 || !slices.Equal(got, want) {
		t.Errorf("%v %q %q", err, problems, got)
	}
	if stats.Blocks != 2 || stats.Transactions != 2 || stats.Transfers != 2 {
		t.Errorf("%+v", stats)
	}
}

func TestEthereumProblemsLeaveTheOthersAlone(t *testing.T) {
	got, problems, stats, err := run(t, txHeader+
		"too,few\n"+
		txLine(1, alice, bob, "1", "0x")+
		txLine(2, "0x12", bob, "1", "0x")+
		txLine(3, alice, bob, "1.5", "0x")+
		txLine(4, alice, bob, "2", "0x"))
	if err != nil || len(got) != 2 || stats.Problems != 3 {
		t.Fatalf("%v %q %+v", err, got, stats)
	}
	for i, want := range []string{"line 2: 2 fields", "line 4: from_address", "line 5: value"} {
		if !strings.HasPrefix(problems[i], want) {
			t.Errorf("%q, want %q", problems[i], want)
		}
	}
}

func TestEthereumTokenTransfersWithoutTime(t *testing.T) {
	got, problems, _, err := run(t, tokenHeader+tokenLine(1, 1, alice, bob, "1"))
	if err != nil || len(got) > 0 || len(problems) != 1 || !strings.Contains(problems[0], "give the export of blocks") {
		t.Errorf("%v %q %q", err, got, problems)
	}
}

func TestEthereumRefusesUnknownTables(t *testing.T) {
	for _, input := range []string{"a,b,c\n", "hash,hash\n"} {
		if _, _, _, err := run(t, input); err == nil {
			t.Errorf("%q: accepted", input)
		}
	}
	for _, line := range []string{`{"type":"cat"}`, `{"a":1}`, `{"type":"log"}`, `{`} {
		if _, problems, _, err := run(t, line); err != nil || len(problems) != 1 {
			t.Errorf("%q: %v %q", line, err, problems)
		}
	}
}

// More transactions than wait are given without logs, and a log after them is an error and no second payment.
func TestEthereumLogsAfterTooManyTransactions(t *testing.T) {
	var txs strings.Builder
	txs.WriteString(txHeader)
	for n := range testHeld {
		txs.WriteString(txLine(n, alice, bob, "1", "0x"))
	}
	log := logHeader + hashlessLog(1, 2, alice, bob, "01")
	if got, _, _, err := run(t, txs.String(), log); err != nil || len(got) != testHeld+1 {
		t.Errorf("at the bound: %d transfers, %v", len(got), err)
	}
	txs.WriteString(txLine(testHeld, alice, bob, "1", "0x"))
	if _, _, _, err := run(t, txs.String(), log); err == nil || !strings.Contains(err.Error(), "before transactions") {
		t.Errorf("over the bound: %v", err)
	}
	if got, _, _, err := run(t, log[:len(logHeader)]+strings.Replace(log[len(logHeader):], "102", "0", 1), txs.String()); err != nil ||
		len(got) < testHeld {
		t.Errorf("logs first: %d transfers, %v", len(got), err)
	}
}

func TestEmitErrorIsNoProblemOfTheLine(t *testing.T) {
	full := errors.New("full")
	b := &build.Builder{Emit: func(*transfer.Transfer) error { return full }}
	b.Network, _ = network.Lookup("ethereum")
	c := NewEthereum(b, func(err error) error { t.Errorf("reported %v", err); return nil })
	err := c.Add(strings.NewReader(txHeader + txLine(1, alice, bob, "1", "0x")))
	if err == nil {
		err = c.Close()
	}
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func FuzzEthereum(f *testing.F) {
	f.Add(txHeader + txLine(1, alice, bob, "1", "0x") + txLine(2, alice, usdt, "0", payCall))
	f.Add(logHeader + hashlessLog(1, 2, alice, bob, "01"))
	f.Add(`{"type":"block","number":1,"timestamp":2}` + "\n" + `{"token_address":"` + usdt + `","from_address":"` + alice +
		`","to_address":"` + bob + `","value":1,"transaction_hash":"` + hash(1) + `","log_index":3,"block_number":1}`)
	f.Fuzz(func(t *testing.T, input string) {
		b := &build.Builder{Direction: transfer.Deposit, Emit: func(made *transfer.Transfer) error {
			if len(made.From) == 0 || len(made.To) == 0 || made.OccurredAt.IsZero() || made.Asset == "" {
				t.Fatalf("%+v", made)
			}
			return nil
		}}
		b.Network, _ = network.Lookup("ethereum")
		c := NewEthereum(b, func(error) error { return nil })
		if c.Add(strings.NewReader(input)) == nil {
			_ = c.Close()
		}
	})
}
