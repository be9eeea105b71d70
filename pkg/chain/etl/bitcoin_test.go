package etl

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/chain/internal/build"
	"sluice/pkg/network"
	"sluice/pkg/transfer"
)

const (
	satoshi  = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
	second   = "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX"
	dogecoin = "DLrPBnddK81Tn7YStmKVAhqfxYexZFJymq"
	txid     = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
)

func btcLine(coinbase bool, inputs, outputs string) string {
	return fmt.Sprintf(`{"hash":"%s","block_timestamp":1231006505,"is_coinbase":%t,"inputs":[%s],"outputs":[%s]}`+"\n",
		txid, coinbase, inputs, outputs)
}

func btcPart(index int, value string, addresses ...string) string {
	list := ""
	if len(addresses) > 0 {
		list = `"` + strings.Join(addresses, `","`) + `"`
	}
	return fmt.Sprintf(`{"index":%d,"script_hex":"","addresses":[%s],"value":%s}`, index, list, value)
}

func runBitcoin(t *testing.T, networkName string, inputs ...string) (lines, problems []string) {
	t.Helper()
	b := &build.Builder{Direction: transfer.Withdrawal, Emit: func(made *transfer.Transfer) error {
		customer := "someone"
		if made.CustomerID == build.NoCustomer {
			customer = "nobody"
		}
		lines = append(lines, fmt.Sprintf("%s %s%s %s %v%v>%v", made.Network, made.Amount, made.Asset, customer,
			made.From, made.FromAmounts, made.To))
		return nil
	}}
	detect := networkName == ""
	if detect {
		networkName = "bitcoin"
	}
	b.Network, _ = network.Lookup(networkName)
	c := NewBitcoin(b, func(err error) error {
		problems = append(problems, err.Error())
		return nil
	}, detect)
	for _, input := range inputs {
		if err := c.Add(strings.NewReader(input)); err != nil {
			t.Fatal(err)
		}
	}
	return lines, problems
}

func TestBitcoinSenders(t *testing.T) {
	out := btcPart(0, "5", second)
	for _, c := range []struct {
		name, line, want string
	}{
		{"coinbase", btcLine(true, "", out), "bitcoin 0.00000005BTC nobody [coinbase][]>[" + second + "]"},
		{"no inputs, and no coinbase", btcLine(false, "", out), "bitcoin 0.00000005BTC nobody [unknown][]>[" + second + "]"},
		{"two inputs of one address", btcLine(false, btcPart(0, "7", satoshi)+","+btcPart(1, "8", satoshi), out),
			"bitcoin 0.00000005BTC someone [" + satoshi + "][0.00000015]>[" + second + "]"},
		{"two addresses", btcLine(false, btcPart(0, "7", satoshi)+","+btcPart(1, "8", second), out),
			"bitcoin 0.00000005BTC someone [" + satoshi + " " + second + "][0.00000007 0.00000008]>[" + second + "]"},
		{"one input unknown", btcLine(false, btcPart(0, "7", satoshi)+","+btcPart(1, "8"), out),
			"bitcoin 0.00000005BTC someone [" + satoshi + " unknown][]>[" + second + "]"},
		{"multisig input", btcLine(false, btcPart(0, "7", satoshi, second), out),
			"bitcoin 0.00000005BTC someone [" + satoshi + " " + second + "][]>[" + second + "]"},
		{"no value", btcLine(false, btcPart(0, "null", satoshi), out),
			"bitcoin 0.00000005BTC someone [" + satoshi + "][]>[" + second + "]"},
		{"nonstandard output", btcLine(true, "", btcPart(0, "5", "nonstandard0123")), "bitcoin 0.00000005BTC nobody [coinbase][]>[]"},
		{"multisig output", btcLine(true, "", btcPart(0, "5", satoshi, second)),
			"bitcoin 0.00000005BTC nobody [coinbase][]>[" + satoshi + " " + second + "]"},
	} {
		got, problems := runBitcoin(t, "bitcoin", c.line)
		if len(problems) > 0 || !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %q\ngot  %q\nwant %q", c.name, problems, got, c.want)
		}
	}
}

func TestBitcoinNetwork(t *testing.T) {
	doge := btcLine(true, "", btcPart(0, "5", dogecoin))
	if got, problems := runBitcoin(t, "", doge, btcLine(true, "", btcPart(0, "5", satoshi))); len(problems) > 0 ||
		!strings.HasPrefix(got[0], "dogecoin 0.00000005DOGE") || !strings.HasPrefix(got[1], "bitcoin 0.00000005BTC") {
		t.Errorf("told by the addresses: %q %q", got, problems)
	}
	if got, problems := runBitcoin(t, "bitcoin", doge); len(got) > 0 || len(problems) != 1 {
		t.Errorf("named, and wrong: %q %q", got, problems)
	}
	if got, problems := runBitcoin(t, "", doge+btcLine(true, "", btcPart(0, "5", satoshi))); len(got) != 1 || len(problems) != 1 {
		t.Errorf("addresses of two networks: %q %q", got, problems)
	}
	if got, _ := runBitcoin(t, "", btcLine(true, "", btcPart(0, "5"))); len(got) != 1 || !strings.HasPrefix(got[0], "bitcoin ") {
		t.Errorf("no addresses: %q", got)
	}
}

func TestBitcoinProblems(t *testing.T) {
	good := btcLine(true, "", btcPart(0, "5", satoshi))
	for _, c := range []struct{ name, line, want string }{
		{"no JSON", "hello\n", "line 2: "},
		{"another type", `{"type":"cat"}` + "\n", "cat"},
		{"no outputs", `{"hash":"` + txid + `"}` + "\n", "no member outputs"},
		{"short hash", strings.Replace(good, txid, "00", 1), "64 hexadecimal digits"},
		{"no time", strings.Replace(good, "1231006505", "null", 1), "block_timestamp"},
		{"time in milliseconds", strings.Replace(good, "1231006505", "1231006505000", 1), "block_timestamp"},
		{"fraction of a satoshi", btcLine(true, "", btcPart(0, "5.5", satoshi)), "outputs[0]: value"},
		{"negative value", btcLine(true, "", btcPart(0, "-5", satoshi)), "outputs[0]: value"},
		{"bad address", btcLine(true, "", btcPart(0, "5", satoshi[:30])), "outputs[0]: "},
		{"bad sender", btcLine(false, btcPart(0, "5", satoshi[:30]), btcPart(0, "5", satoshi)), "inputs[0]: "},
		{"bad input value", btcLine(false, btcPart(0, `"x"`, satoshi), btcPart(0, "5", satoshi)), "inputs[0]: value"},
	} {
		got, problems := runBitcoin(t, "bitcoin", good+c.line+good)
		if len(got) != 2 || len(problems) != 1 || !strings.Contains(problems[0], c.want) || !strings.HasPrefix(problems[0], "line 2: ") {
			t.Errorf("%s: %d transfers, %q, want %q", c.name, len(got), problems, c.want)
		}
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"1231006505": "2009-01-03 18:15:05 +0000 UTC", "2009-01-03T18:15:05Z": "2009-01-03 18:15:05 +0000 UTC",
		"2009-01-03 18:15:05 UTC": "2009-01-03 18:15:05 +0000 UTC", "2009-01-03 18:15:05": "2009-01-03 18:15:05 +0000 UTC",
		"": "", "soon": "", "1231006505000": "",
	} {
		got, err := parseTime(text)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func FuzzBitcoin(f *testing.F) {
	f.Add(btcLine(true, "", btcPart(0, "5", satoshi)))
	f.Add(btcLine(false, btcPart(0, "7", satoshi, second)+","+btcPart(1, "8"), btcPart(0, "5", second)))
	f.Add(`{"type":"block"}`)
	f.Fuzz(func(t *testing.T, input string) {
		b := &build.Builder{Direction: transfer.Deposit, Emit: func(made *transfer.Transfer) error {
			if len(made.From) == 0 || made.OccurredAt.IsZero() ||
				len(made.FromAmounts) != 0 && len(made.FromAmounts) != len(made.From) {
				t.Fatalf("%+v", made)
			}
			return nil
		}}
		b.Network, _ = network.Lookup("bitcoin")
		_ = NewBitcoin(b, func(error) error { return nil }, true).Add(strings.NewReader(input))
	})
}
