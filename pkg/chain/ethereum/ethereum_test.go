package ethereum

import (
	"encoding/hex"
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
	other = "0xee00000000000000000000000000000000000009"
)

// argument pads an address or a number in hex to a word.
func argument(text string) string {
	text = strings.TrimPrefix(text, "0x")
	return strings.Repeat("0", 64-len(text)) + text
}

func txHash(n int) string { return fmt.Sprintf("0x%064x", n) }

func callTransfer(to, value string) string { return "0xa9059cbb" + argument(to) + argument(value) }

func callTransferFrom(from, to, value string) string {
	return "0x23b872dd" + argument(from) + argument(to) + argument(value)
}

// tx is the JSON of a transaction; to is "" for one that creates a contract.
func tx(n int, from, to, value, input string) string {
	recipient := "null"
	if to != "" {
		recipient = `"` + to + `"`
	}
	return fmt.Sprintf(`{"hash":"%s","nonce":"0x0","from":"%s","to":%s,"value":"%s","input":"%s","type":"0x2"}`,
		txHash(n), from, recipient, value, input)
}

func block(txs ...string) string {
	return `{"hash":"0xb10c","number":"0x10","timestamp":"0x65920080","transactions":[` + strings.Join(txs, ",") + `]}`
}

func logJSON(index int, contract, data string, topics ...string) string {
	return fmt.Sprintf(`{"address":"%s","data":"%s","logIndex":"0x%x","topics":["%s"]}`,
		contract, data, index, strings.Join(topics, `","`))
}

var transferTopic = "0x" + hex.EncodeToString([]byte(topicTransfer))

func tokenLog(index int, contract, from, to, value string) string {
	return logJSON(index, contract, "0x"+argument(value), transferTopic, "0x"+argument(from), "0x"+argument(to))
}

func receipt(n int, status string, logs ...string) string {
	return fmt.Sprintf(`{"transactionHash":"%s","status":"%s","logs":[%s]}`, txHash(n), status, strings.Join(logs, ","))
}

// convert gives a line for each transfer of an input.
func convert(t *testing.T, input string) ([]string, build.Stats, error) {
	t.Helper()
	mainnet, _ := network.Lookup("ethereum")
	var lines []string
	b := &build.Builder{
		Direction: transfer.Deposit,
		Network:   mainnet,
		Emit: func(made *transfer.Transfer) error {
			line := fmt.Sprintf("%s %s %s %s>%s", made.ID[64:], made.Amount, made.Asset, made.From[0][:4], made.To[0][:4])
			if made.Initiator != "" {
				line += " by " + made.Initiator[:4]
			}
			if made.Evidence != "" {
				line += " " + string(made.Evidence)
			}
			lines = append(lines, line)
			return nil
		},
	}
	r := NewReader(b)
	err := r.Add(strings.NewReader(input))
	if err == nil {
		err = r.Close()
	}
	return lines, b.Stats, err
}

func TestBlocks(t *testing.T) {
	pay := tx(1, alice, bob, "0xde0b6b3a7640000", "0x")
	empty := tx(2, alice, bob, "0x0", "0x")
	token := tx(3, alice, usdt, "0x0", callTransfer(bob, "0xf4240"))
	paidToken := tx(4, alice, usdt, "0x1", callTransfer(bob, "0xf4240"))
	pulled := tx(5, carol, usdt, "0x0", callTransferFrom(alice, bob, "0x1"))
	created := tx(6, alice, "", "0x0", "0x6001")
	for _, c := range []struct {
		name, input string
		want        []string
	}{
		{"native payments, of nothing too", block(pay, empty), []string{
			"01:native 1 ETH 0xa1>0xb2", "02:native 0 ETH 0xa1>0xb2"}},
		{"a call of no value that pays a token", block(token), []string{"03:call 1 USDT 0xa1>0xb2 calldata"}},
		{"a call with value that pays a token", block(paidToken), []string{
			"04:native 0.000000000000000001 ETH 0xa1>0xda", "04:call 1 USDT 0xa1>0xb2 calldata"}},
		{"paid by neither end", block(pulled), []string{"05:call 0.000001 USDT 0xa1>0xb2 by 0xc3 calldata"}},
		{"a creation pays the created contract", block(created), []string{"06:native 0 ETH 0xa1>0x" +
			CreatedContract(mustAddress(t, alice), 0).String()[2:4]}},
		{"an answer", `{"jsonrpc":"2.0","id":1,"result":` + block(pay) + `}`, []string{"01:native 1 ETH 0xa1>0xb2"}},
		{"a batch of answers", `[{"id":1,"result":` + block(pay) + `},{"id":2,"result":` + block(empty) + `}]`, []string{
			"01:native 1 ETH 0xa1>0xb2", "02:native 0 ETH 0xa1>0xb2"}},
		{"blocks one after the other", block(pay) + "\n" + block(empty), []string{
			"01:native 1 ETH 0xa1>0xb2", "02:native 0 ETH 0xa1>0xb2"}},
		{"no transactions", block(), nil},
	} {
		got, _, err := convert(t, c.input)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v\ngot  %q\nwant %q", c.name, err, got, c.want)
		}
	}
}

func mustAddress(t *testing.T, text string) Address {
	t.Helper()
	a, err := ParseAddress(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestReceipts(t *testing.T) {
	txs := block(
		tx(1, alice, bob, "0x1", "0x"),                        // fails
		tx(2, alice, usdt, "0x0", callTransfer(bob, "0x1")),   // a token that moves what its log says
		tx(3, carol, other, "0x0", "0x12345678"),              // a call that pays two tokens
		tx(4, alice, usdt, "0x0", callTransfer(carol, "0x1")), // says so and moves nothing
	)
	receipts := "[" + strings.Join([]string{
		receipt(1, "0x0"),
		receipt(2, "0x1", tokenLog(7, usdt, alice, bob, "0x2")),
		receipt(3, "0x1",
			logJSON(8, other, "0x", "0x"+argument("1")), // another event
			tokenLog(9, usdt, alice, bob, "0x3"),
			logJSON(10, other, "0x", transferTopic, "0x"+argument(bob), "0x"+argument(alice), "0x"+argument("0x539")),
		),
		receipt(4, "0x1"),
	}, ",") + "]"
	want := []string{
		"02:log7 0.000002 USDT 0xa1>0xb2 log",
		"03:log9 0.000003 USDT 0xa1>0xb2 by 0xc3 log",
		"03:log10 1 " + other + " 0xb2>0xa1 by 0xc3 log", // one thing: its id is in the asset id
		"04:native 0 ETH 0xa1>0xda",
	}
	for name, input := range map[string]string{
		"behind the block":    txs + receipts,
		"answers":             `{"result":` + txs + `}{"result":` + receipts + `}`,
		"a batch of answers":  `[{"result":` + txs + `},{"result":` + receipts + `}]`,
		"both in one":         `{"block":` + txs + `,"receipts":` + receipts + `}`,
		"member of the block": strings.TrimSuffix(txs, "}") + `,"receipts":` + receipts + `}`,
	} {
		got, stats, err := convert(t, input)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v\ngot  %q\nwant %q", name, err, got, want)
		}
		if stats.Failed != 1 || stats.Transactions != 4 || stats.Blocks != 1 {
			t.Errorf("%s: %+v", name, stats)
		}
	}
}

func TestReceiptsFromBeforeStatus(t *testing.T) {
	got, _, err := convert(t, block(tx(1, alice, bob, "0x1", "0x"))+
		`[{"transactionHash":"`+txHash(1)+`","root":"0x00","logs":[]}]`)
	if err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}

func TestReaderRefuses(t *testing.T) {
	good := tx(1, alice, bob, "0x1", "0x")
	for _, c := range []struct{ name, input, want string }{
		{"hashes alone", block(`"` + txHash(1) + `"`), "full transactions"},
		{"null", `{"jsonrpc":"2.0","result":null}`, "does not have this block"},
		{"an error", `{"jsonrpc":"2.0","error":{"code":-32000,"message":"busy"}}`, "busy"},
		{"text", `hello`, "invalid"},
		{"a number", `7`, "neither"},
		{"some object", `{"a":1}`, "neither"},
		{"cut", block(good)[:100], "unexpected EOF"},
		{"duplicate member", `{"transactions":[],"transactions":[]}`, "duplicate"},
		{"receipts without a block", "[" + receipt(1, "0x1") + "]", "without their block"},
		{"too few receipts", block(good) + "[]", "0 receipts"},
		{"another's receipt", block(good) + "[" + receipt(2, "0x1") + "]", txHash(2)},
		{"a status of 2", block(good) + "[" + receipt(1, "0x2") + "]", "neither 0 nor 1"},
		{"a short address", block(tx(1, alice, "0x12", "0x1", "0x")), "to: "},
		{"a value of 257 bits", block(tx(1, alice, bob, "0x1"+strings.Repeat("0", 64), "0x")), "256 bits"},
		{"an input without 0x", block(tx(1, alice, bob, "0x1", "12")), "input: "},
		{"no value", block(tx(1, alice, bob, "", "0x")), "value: "},
		{"no timestamp", `{"transactions":[]}`, "timestamp"},
		{"a timestamp in nanoseconds", `{"timestamp":"0x17a68d3e5f2c0000","transactions":[]}`, "no time in seconds"},
		{"arrays in arrays", strings.Repeat("[", 9) + "1" + strings.Repeat("]", 9), "nested"},
		{"five topics", block(good) + "[" + receipt(1, "0x1",
			logJSON(1, usdt, "0x", transferTopic, transferTopic, transferTopic, transferTopic, transferTopic)) + "]", "at most 4"},
	} {
		got, _, err := convert(t, c.input)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
		if len(got) > 0 {
			t.Errorf("%s: gave %q", c.name, got)
		}
	}
}

func TestDecodeCall(t *testing.T) {
	for _, c := range []struct {
		name, to, input string
		ok              bool
	}{
		{"transfer", usdt, callTransfer(bob, "0x1"), true},
		{"transfer with more behind it", usdt, callTransfer(bob, "0x1") + "00", true},
		{"transfer, a byte short", usdt, callTransfer(bob, "0x1")[:2+2*67], false},
		{"transferFrom", usdt, callTransferFrom(alice, bob, "0x1"), true},
		{"transferFrom, a byte short", usdt, callTransferFrom(alice, bob, "0x1")[:2+2*99], false},
		{"another call", usdt, "0x095ea7b3" + argument(bob) + argument("1"), false},
		{"three bytes", usdt, "0xa9059c", false},
		{"a creation", "", callTransfer(bob, "0x1"), false},
		{"bytes above the address", usdt, "0xa9059cbb" + strings.Repeat("f", 24) + bob[2:] + argument("1"), true},
	} {
		call := Transaction{From: mustAddress(t, alice)}
		if c.to != "" {
			to := mustAddress(t, c.to)
			call.To = &to
		}
		var err error
		if call.Input, err = ParseCallInput(c.input); err != nil {
			t.Fatal(err)
		}
		got, ok := DecodeCall(&call)
		if ok != c.ok || ok && (got.From.String() != alice || got.To.String() != bob || got.Value.Dec() != "1") {
			t.Errorf("%s: %+v, %t", c.name, got, ok)
		}
	}
}

func TestDecodeLogShapes(t *testing.T) {
	words := []string{alice, bob, "0x2a"}
	for topics := 0; topics <= 4; topics++ {
		l := Log{}
		if topics > 0 {
			l.Topics = append(l.Topics, []byte(topicTransfer))
		}
		for i, w := range words {
			raw, _ := hex.DecodeString(argument(w))
			if i < topics-1 {
				l.Topics = append(l.Topics, raw)
			} else {
				l.Data = append(l.Data, raw...)
			}
		}
		got, ok := DecodeLog(&l)
		if ok != (topics > 0) || ok && (got.From.String() != alice || got.To.String() != bob || got.Value.Dec() != "42") {
			t.Errorf("%d topics: %+v, %t", topics, got, ok)
		}
		if got.Unique != (topics == 4) {
			t.Errorf("%d topics: unique %t", topics, got.Unique)
		}
		l.Data = append(l.Data, 0)
		if _, ok := DecodeLog(&l); ok {
			t.Errorf("%d topics and a byte more of data: taken for a transfer", topics)
		}
	}
}

// The addresses that are widely known for these senders and nonces.
func TestCreatedContract(t *testing.T) {
	sender := mustAddress(t, "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
	for nonce, want := range map[uint64]string{
		0: "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
		1: "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8",
		2: "0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
		3: "0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c",
	} {
		if got := CreatedContract(sender, nonce).String(); got != want {
			t.Errorf("nonce %d: %s, want %s", nonce, got, want)
		}
	}
}

func TestParseQuantity(t *testing.T) {
	for text, want := range map[string]string{
		"0x0": "0", "0x00": "0", "0x0a": "10", "0xff": "255", "17": "17", "0": "0", "007": "7",
		"0x" + strings.Repeat("f", 64): "115792089237316195423570985008687907853269984665640564039457584007913129639935",
		"":                             "", "0x": "", "0xg": "", "-1": "", "+1": "", "1e3": "", "0x1" + strings.Repeat("0", 64): "", " 1": "",
	} {
		got, err := ParseQuantity(text)
		if (err == nil) != (want != "") || err == nil && got.Dec() != want {
			t.Errorf("%q: %s, %v, want %q", text, got.Dec(), err, want)
		}
	}
}

func TestAmountsThatDoNotFit(t *testing.T) {
	mainnet, _ := network.Lookup("ethereum")
	k := Token{Contract: mustAddress(t, other)}
	for text, want := range map[string]string{
		strings.Repeat("9", 38):       "erc20:" + other,
		"1" + strings.Repeat("0", 38): "erc721:" + other + "/1" + strings.Repeat("0", 38),
	} {
		var err error
		if k.Value, err = ParseQuantity(text); err != nil {
			t.Fatal(err)
		}
		if _, id, _ := describe(mainnet, &k); id != "eip155:1/"+want {
			t.Errorf("%s: %s", text, id)
		}
	}
}

func TestDocumentBound(t *testing.T) {
	b := &bounded{in: strings.NewReader("12345"), left: 4}
	buf := make([]byte, 10)
	if n, err := b.Read(buf); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := b.Read(buf); !errors.Is(err, errTooLong) {
		t.Errorf("%v", err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(block(tx(1, alice, bob, "0x1", "0x")))
	f.Add(block(tx(1, alice, usdt, "0x0", callTransfer(bob, "0x1"))) + "[" + receipt(1, "0x1", tokenLog(1, usdt, alice, bob, "0x1")) + "]")
	f.Add(`[{"result":{"transactions":[],"timestamp":1}},{"error":1}]`)
	f.Fuzz(func(t *testing.T, input string) {
		b := &build.Builder{Direction: transfer.Withdrawal, Emit: func(made *transfer.Transfer) error {
			if made.ID == "" || len(made.From) == 0 || len(made.To) == 0 || made.OccurredAt.IsZero() {
				t.Fatalf("%+v", made)
			}
			return nil
		}}
		b.Network, _ = network.Lookup("ethereum")
		r := NewReader(b)
		if r.Add(strings.NewReader(input)) == nil {
			_ = r.Close()
		}
	})
}
