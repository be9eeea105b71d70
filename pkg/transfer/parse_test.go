package transfer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/pkg/transfer"
)

var now = time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)

const (
	vitalik = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" // an address of EIP-55
	other   = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
	genesis = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
)

// body is a valid deposit with members changed: a nil value takes a member away.
func body(t testing.TB, changes map[string]any) []byte {
	t.Helper()
	members := map[string]any{
		"id": "t1", "direction": "deposit", "customer_id": "c1", "network": "ethereum", "asset": "ETH", "amount": "1.5",
		"from": []string{vitalik}, "to": []string{other}, "tx_hash": "0xabc", "occurred_at": "2026-11-01T00:00:00Z",
	}
	for name, value := range changes {
		if value == nil {
			delete(members, name)
		} else {
			members[name] = value
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

type m = map[string]any

// null is a value that JSON spells null.
var null = json.RawMessage("null")

func parse(t testing.TB, text []byte) transfer.Parsed {
	t.Helper()
	p, err := transfer.Parse(text, now)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func reject(t testing.TB, text []byte) *transfer.Rejection {
	t.Helper()
	p, err := transfer.Parse(text, now)
	var rejection *transfer.Rejection
	if !errors.As(err, &rejection) {
		t.Fatalf("%.300s: got %v, %v; want a *Rejection", text, p.Transfer, err)
	}
	if len(rejection.Problems) == 0 {
		t.Fatalf("%.300s: rejected without a problem", text)
	}
	return rejection
}

func TestEveryMemberIsReadAndWrittenCanonically(t *testing.T) {
	text := `{"occurred_at":"2026-10-31T23:30:00.500+01:30", "evidence" : "log","initiator":"` + vitalik + `",
		"memo":"für \"dich\"\n","to":["` + other + `"],"from_amounts":["0.50","1"],"from":["` + vitalik + `","0x` + strings.Repeat("11", 20) + `"],
		"log_index":7,"tx_hash":"0xABC","fiat":{"currency":"EUR","amount":"3000.10"},"amount":"1.500",
		"contract":"0xdAC17F958D2ee523a2206206994597C13D831ec7","asset_id":"eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7",
		"asset":"USDT","network":"eip155:1","customer_id":"c1","stage":"attempt","direction":"deposit","id":"t1"}`
	p := parse(t, []byte(text))
	want := `{"id":"t1","direction":"deposit","stage":"attempt","customer_id":"c1","network":"ethereum","asset":"USDT",` +
		`"asset_id":"eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7",` +
		`"contract":"0xdac17f958d2ee523a2206206994597c13d831ec7","amount":"1.5","fiat":{"amount":"3000.1","currency":"EUR"},` +
		`"tx_hash":"0xABC","log_index":7,"from":["` + strings.ToLower(vitalik) + `","0x` + strings.Repeat("11", 20) + `"],` +
		`"from_amounts":["0.5","1"],"to":["` + strings.ToLower(other) + `"],"memo":"für \"dich\"\n",` +
		`"initiator":"` + strings.ToLower(vitalik) + `","evidence":"log","occurred_at":"2026-10-31T22:00:00.5Z"}`
	if got := string(p.Canonical()); got != want {
		t.Errorf("canonical\n%s\nwant\n%s", got, want)
	}
}

func TestDefaultsAndEmptyMembersAreLeftOut(t *testing.T) {
	plain := parse(t, body(t, nil))
	spelledOut := parse(t, body(t, m{
		"stage": "confirmed", "evidence": "declared", "memo": "", "contract": "", "initiator": "", "asset_id": "",
		"counterparty_customer_id": "", "from_amounts": []string{},
	}))
	if string(plain.Canonical()) != string(spelledOut.Canonical()) {
		t.Errorf("canonical\n%s\nand\n%s", plain.Canonical(), spelledOut.Canonical())
	}
	for _, member := range []string{"stage", "evidence", "memo", "contract", "initiator", "asset_id", "from_amounts", "fiat", "_index", "null"} {
		if strings.Contains(string(plain.Canonical()), member) {
			t.Errorf("canonical has %s: %s", member, plain.Canonical())
		}
	}
	if plain.Transfer.Stage != transfer.Confirmed || plain.Transfer.Evidence != transfer.Declared {
		t.Errorf("stage %q, evidence %q; want the defaults in place", plain.Transfer.Stage, plain.Transfer.Evidence)
	}
}

// Each case breaks one rule of a valid deposit; want is the field that must be named and words of its rule.
func TestRejectionNamesFieldValueAndRule(t *testing.T) {
	long := strings.Repeat("x", 257)
	cases := []struct {
		change                  m
		field, value, ruleWords string
	}{
		{m{"id": nil}, "id", "", "is missing"},
		{m{"id": ""}, "id", "", "1 to 256 bytes"},
		{m{"id": long}, "id", strings.Repeat("x", 80) + "…", "1 to 256 bytes, has 257"},
		{m{"id": 7}, "id", "7", "must be a string"},
		{m{"id": null}, "id", "null", "must not be null"},
		{m{"id": "a\nb"}, "id", "a\nb", "control characters"},
		{m{"id": "a\u0085b"}, "id", "a\u0085b", "control characters"},
		{m{"direction": nil}, "direction", "", "is missing"},
		{m{"direction": "in"}, "direction", "in", "deposit, withdrawal or internal"},
		{m{"direction": "Deposit"}, "direction", "Deposit", "deposit, withdrawal or internal"},
		{m{"stage": "done"}, "stage", "done", "attempt or confirmed"},
		{m{"stage": ""}, "stage", "", "attempt or confirmed"},
		{m{"customer_id": nil}, "customer_id", "", "is missing"},
		{m{"customer_id": long}, "customer_id", strings.Repeat("x", 80) + "…", "1 to 256 bytes"},
		{m{"counterparty_customer_id": "c2"}, "counterparty_customer_id", "c2", "internal transfers only"},
		{m{"direction": "internal"}, "counterparty_customer_id", "", "is missing"},
		{m{"direction": "internal", "counterparty_customer_id": ""}, "counterparty_customer_id", "", "1 to 256 bytes"},
		{m{"network": nil}, "network", "", "is missing"},
		{m{"network": ""}, "network", "", "CAIP-2"},
		{m{"network": "my chain"}, "network", "my chain", "CAIP-2"},
		{m{"asset": nil}, "asset", "", "is missing"},
		{m{"asset": ""}, "asset", "", "1 to 64 bytes"},
		{m{"asset_id": "USDT"}, "asset_id", "USDT", "CAIP-19"},
		{m{"amount": nil}, "amount", "", "is missing"},
		{m{"amount": 1.5}, "amount", "1.5", "decimal in a string"},
		{m{"amount": "1e5"}, "amount", "1e5", "exponent"},
		{m{"amount": "-1"}, "amount", "-1", "no sign"},
		{m{"amount": ""}, "amount", "", "is empty"},
		{m{"amount": "0." + strings.Repeat("1", 31)}, "amount", "0." + strings.Repeat("1", 31), "30 fraction digits"},
		{m{"fiat": null}, "fiat", "null", "must not be null"},
		{m{"fiat": "10 EUR"}, "fiat", "10 EUR", "must be an object"},
		{m{"fiat": m{"currency": "EUR"}}, "fiat.amount", "", "is missing"},
		{m{"fiat": m{"amount": "1"}}, "fiat.currency", "", "is missing"},
		{m{"fiat": m{"amount": "1", "currency": "eur"}}, "fiat.currency", "eur", "upper-case"},
		{m{"fiat": m{"amount": "1", "currency": "EURO"}}, "fiat.currency", "EURO", "three"},
		{m{"fiat": m{"amount": 1, "currency": "EUR"}}, "fiat.amount", "1", "must be a string"},
		{m{"fiat": m{"amount": "0.123456789", "currency": "EUR"}}, "fiat.amount", "0.123456789", "8 fraction digits"},
		{m{"fiat": m{"amount": strings.Repeat("9", 31), "currency": "EUR"}}, "fiat.amount", strings.Repeat("9", 31), "30 integer"},
		{m{"fiat": m{"amount": "1", "currency": "EUR", "curency": "EUR"}}, "fiat.curency", "", `"currency"`},
		{m{"tx_hash": strings.Repeat("a", 257)}, "tx_hash", strings.Repeat("a", 80) + "…", "0 to 256 bytes"},
		{m{"output_index": -1}, "output_index", "-1", "0 to 4294967295"},
		{m{"output_index": 1.5}, "output_index", "1.5", "0 to 4294967295"},
		{m{"output_index": json.RawMessage("1e3")}, "output_index", "1e3", "without fraction or exponent"},
		{m{"output_index": json.RawMessage("1.0")}, "output_index", "1.0", "without fraction or exponent"},
		{m{"output_index": json.RawMessage("-0")}, "output_index", "-0", "0 to 4294967295"},
		{m{"output_index": "1"}, "output_index", "1", "must be an integer"},
		{m{"log_index": 4294967296}, "log_index", "4294967296", "0 to 4294967295"},
		{m{"log_index": 1, "output_index": 1}, "log_index", "1", "output_index"},
		{m{"from": vitalik}, "from", vitalik, "array of addresses"},
		{m{"from": null}, "from", "null", "must not be null"},
		{m{"from": []any{vitalik, 7}}, "from[1]", "7", "must be a string"},
		{m{"from": []any{vitalik, null}}, "from[1]", "null", "must not be null"},
		{m{"from": []any{m{"a": []int{1}}}}, "from[0]", "{", "must be a string"},
		{m{"to": []string{strings.Repeat("y", 513)}}, "to[0]", strings.Repeat("y", 80) + "…", "512 bytes"},
		{m{"contract": strings.Repeat("y", 513)}, "contract", strings.Repeat("y", 80) + "…", "512 bytes, has 513"},
		{m{"initiator": strings.Repeat("y", 513)}, "initiator", strings.Repeat("y", 80) + "…", "512 bytes, has 513"},
		{m{"asset": "a\x7f"}, "asset", "a\x7f", "control characters"},
		{m{"from_amounts": []string{"1", "2"}}, "from_amounts", "", "as many elements as from: 1, not 2"},
		{m{"from_amounts": []string{"x"}}, "from_amounts[0]", "x", "digits"},
		{m{"from_amounts": []int{1}}, "from_amounts[0]", "1", "must be a string"},
		{m{"memo": strings.Repeat("m", 4097)}, "memo", strings.Repeat("m", 80) + "…", "4096 bytes, has 4097"},
		{m{"memo": []string{"a"}}, "memo", "[", "must be a string"},
		{m{"evidence": "rumour"}, "evidence", "rumour", "declared, log, trace or calldata"},
		{m{"occurred_at": nil}, "occurred_at", "", "is missing"},
		{m{"occurred_at": "yesterday"}, "occurred_at", "yesterday", "RFC 3339"},
		{m{"occurred_at": 1793491200}, "occurred_at", "1793491200", "RFC 3339"},
		{m{"occurred_at": "2026-11-01"}, "occurred_at", "2026-11-01", "RFC 3339"},
		{m{"occurred_at": "2026-11-01T00:00:00"}, "occurred_at", "2026-11-01T00:00:00", "offset"},
		{m{"occurred_at": "2026-02-29T00:00:00Z"}, "occurred_at", "2026-02-29T00:00:00Z", "calendar"},
		{m{"occurred_at": "2026-11-01T00:00:60Z"}, "occurred_at", "2026-11-01T00:00:60Z", "calendar"},
		{m{"occurred_at": "2026-11-01T00:00:00.1234567890Z"}, "occurred_at", "2026-11-01T00:00:00.1234567890Z", "9 fraction digits"},
		{m{"occurred_at": "2009-01-02T23:59:59.999999999Z"}, "occurred_at", "2009-01-02T23:59:59.999999999Z", "2009-01-03"},
		{m{"occurred_at": "0001-01-01T00:00:00Z"}, "occurred_at", "0001-01-01T00:00:00Z", "2009-01-03"},
		{m{"occurred_at": "2026-11-02T12:00:00.000000001Z"}, "occurred_at", "2026-11-02T12:00:00.000000001Z", "24 h after now"},
		{m{"ID": "t2"}, "ID", "", `write "id"`},
		{m{"Amount": "2"}, "Amount", "", `write "amount"`},
		{m{"custmer_id": "2"}, "custmer_id", "", `nearest member is "customer_id"`},
		{m{"color": "red"}, "color", "", "is not a member"},
		{m{strings.Repeat("k", 100_000): "x"}, strings.Repeat("k", 80) + "…", "", "is not a member"},
		{m{"stage": "attempt", "from": []string{"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}}, "from[0]", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "is no ethereum address"},
		{m{"stage": "attempt", "network": "atlantis"}, "network", "atlantis", "not a known network"},
		{m{"stage": "attempt", "contract": "0x12"}, "contract", "0x12", "is no ethereum address"},
	}
	for _, c := range cases {
		rejection := reject(t, body(t, c.change))
		i := slices.IndexFunc(rejection.Problems, func(p transfer.Problem) bool { return p.Field == c.field })
		if i < 0 {
			t.Errorf("%.200v: no problem of %s in %v", c.change, c.field, rejection)
			continue
		}
		got := rejection.Problems[i]
		if len(rejection.Problems) != 1 {
			t.Errorf("%.200v: more problems than one: %v", c.change, rejection)
		}
		if got.Value != c.value || !strings.Contains(got.Rule, c.ruleWords) {
			t.Errorf("%.200v: value %q, rule %q; want value %q and a rule with %q", c.change, got.Value, got.Rule, c.value, c.ruleWords)
		}
	}
}

func TestAllProblemsOfATransferComeAtOnceInTheContractsOrder(t *testing.T) {
	rejection := reject(t, body(t, m{
		"direction": "in", "customer_id": nil, "amount": "1e5", "occurred_at": "soon", "Memo": "x", "to": 5, "stage": "attempt",
		"from": []string{"nothing"}, "fiat": m{"amount": "1"},
	}))
	var fields []string
	for _, p := range rejection.Problems {
		fields = append(fields, p.Field)
	}
	want := []string{"direction", "customer_id", "amount", "fiat.currency", "from[0]", "to", "occurred_at", "Memo"}
	if !slices.Equal(fields, want) {
		t.Errorf("problems of %v, want %v", fields, want)
	}
	if rejection.TransferID != "t1" || !strings.Contains(rejection.Error(), `"t1"`) {
		t.Errorf("the rejection does not name the transfer: %v", rejection)
	}
}

func TestRepeatedMembersAreRefused(t *testing.T) {
	plain := string(body(t, nil))
	for name, text := range map[string]string{
		"id":          plain[:len(plain)-1] + `,"id":"t2"}`,
		"amount":      plain[:len(plain)-1] + `,"amount":"1.5"}`,
		"to":          plain[:len(plain)-1] + `,"to":[]}`,
		"asset":       plain[:len(plain)-1] + `,"\u0061sset":"BTC"}`,
		"fiat.amount": plain[:len(plain)-1] + `,"fiat":{"amount":"1","amount":"2","currency":"EUR"}}`,
	} {
		rejection := reject(t, []byte(text))
		if p := rejection.Problems[0]; p.Field != name || !strings.Contains(p.Rule, "twice") {
			t.Errorf("%s: %v", name, rejection)
		}
	}
}

func TestWhatIsNoJSONObjectIsRefusedWithThePlace(t *testing.T) {
	plain := string(body(t, nil))
	for text, words := range map[string]string{
		"":                           "ends",
		"  ":                         "ends",
		"garbage":                    "at byte 0",
		"[]":                         "JSON object",
		`"id"`:                       "JSON object",
		"null":                       "JSON object",
		"{":                          "ends",
		plain[:len(plain)-1]:         "ends",
		plain[:40]:                   "ends",
		plain + "x":                  fmt.Sprintf("at byte %d", len(plain)),
		plain + "{}":                 "behind the object",
		plain[:len(plain)-1] + ",}":  "at byte",
		"\ufeff" + plain:             "at byte 0",
		`{"id":"a` + "\xff" + `"}`:   "UTF-8",
		`{"id":"\ud800"}`:            "at byte",
		`{'id':'a'}`:                 "at byte 1",
		`{"id":"a" "direction":"x"}`: "at byte 10",
		`{"memo":"a` + "\x01" + `"}`: "at byte",
		`{"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`:               "nested deeper than 16",
		`{"from":` + strings.Repeat("[", 100_000) + `}`:                                 "nested deeper than 16",
		`{"fiat":{"a":` + strings.Repeat(`{"a":`, 50_000):                               "nested deeper than 16",
		strings.Repeat("[", 100_000):                                                    "nested deeper than 16",
		`{"id":"` + strings.Repeat("a", transfer.MaxBody) + `"}`:                        "at most 1048576 bytes, has 1048585",
		`{"id":"` + strings.Repeat("a", 1000) + `","memo":tru` + strings.Repeat("e", 5): "at byte",
	} {
		rejection := reject(t, []byte(text))
		last := rejection.Problems[len(rejection.Problems)-1]
		first := rejection.Problems[0]
		if first.Field != "" && last.Field != "" {
			t.Errorf("%.60q: %v; want a problem of the whole body", text, rejection)
			continue
		}
		if !strings.Contains(first.Rule, words) {
			t.Errorf("%.60q: %q does not say %q", text, first.Rule, words)
		}
		if strings.Contains(rejection.Error(), "missing") {
			t.Errorf("%.60q: speaks of missing members in what could not be read: %v", text, rejection)
		}
	}
}

func TestBoundsAreInclusive(t *testing.T) {
	addresses := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("0x%040x", i+1)
		}
		return list
	}
	accepted := map[string]m{
		"id of 256 bytes":         {"id": strings.Repeat("i", 256)},
		"id of one byte":          {"id": "i"},
		"asset of 64 bytes":       {"asset": strings.Repeat("A", 64)},
		"hash of 256 bytes":       {"tx_hash": strings.Repeat("a", 256)},
		"no hash":                 {"tx_hash": nil},
		"memo of 4096 bytes":      {"memo": strings.Repeat("m ", 2048)},
		"38 and 30 digits":        {"amount": strings.Repeat("9", 38) + "." + strings.Repeat("9", 30)},
		"amount 0":                {"amount": "0"},
		"fiat of 30 and 8 digits": {"fiat": m{"amount": strings.Repeat("9", 30) + ".99999999", "currency": "XAU"}},
		"first day":               {"occurred_at": "2009-01-03T00:00:00Z"},
		"24 h ahead":              {"occurred_at": "2026-11-02T12:00:00Z"},
		"nine fraction digits":    {"occurred_at": "2026-11-01T00:00:00.123456789Z"},
		"largest index":           {"log_index": 4294967295},
		"index 0":                 {"output_index": 0},
		"1,000 addresses":         {"from": addresses(999), "to": []string{other}},
		"address of 512 bytes":    {"to": []string{strings.Repeat("y", 512)}},
		"no sender":               {"from": nil},
		"no recipient":            {"to": []string{}},
	}
	for name, change := range accepted {
		if _, err := transfer.Parse(body(t, change), now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]m{
		"from":      {"from": addresses(1000), "to": []string{other}},
		"to":        {"from": addresses(1), "to": addresses(1000)},
		"initiator": {"from": addresses(999), "initiator": other},
	} {
		rejection := reject(t, body(t, change))
		if !strings.Contains(rejection.Problems[0].Rule, "1000 addresses") {
			t.Errorf("%s: %v", name, rejection)
		}
	}
}

func TestSumOfSendersMustBeAnAmount(t *testing.T) {
	rejection := reject(t, body(t, m{
		"from": []string{vitalik, other}, "from_amounts": []string{strings.Repeat("9", 38), "1"},
	}))
	if p := rejection.Problems[0]; p.Field != "from_amounts" || !strings.Contains(p.Rule, "38 integer digits") {
		t.Errorf("%v", rejection)
	}
}

func TestRejectionsAreBounded(t *testing.T) {
	many := make([]any, 5000)
	for i := range many {
		many[i] = i
	}
	rejection := reject(t, body(t, m{"from": many}))
	if len(rejection.Problems) != transfer.MaxProblems || rejection.Omitted != 4901 { // each element, and their number
		t.Errorf("%d problems and %d omitted", len(rejection.Problems), rejection.Omitted)
	}
	if text := rejection.Error(); !strings.HasSuffix(text, "and 4901 more") {
		t.Errorf("%s", text[len(text)-60:])
	}
}

func TestAParserCanBeUsedAgain(t *testing.T) {
	bodies := [][]byte{
		body(t, m{"fiat": m{"amount": "1", "currency": "EUR"}, "log_index": 3, "from_amounts": []string{"1"}}),
		body(t, nil),
		[]byte("garbage"),
		body(t, m{"network": "atlantis"}),
		body(t, m{"from": []string{}, "output_index": 4, "memo": vitalik}),
		body(t, m{"stage": "attempt"}),
		body(t, m{"amount": "x"}),
	}
	var p transfer.Parser
	for range 2 {
		for i, text := range slices.Concat(bodies, bodies) {
			fresh, freshErr := transfer.Parse(text, now)
			again, err := p.Parse(text, now)
			if fmt.Sprint(err) != fmt.Sprint(freshErr) {
				t.Fatalf("body %d: %v, used again %v", i, freshErr, err)
			}
			if err == nil {
				same(t, fresh, *again)
			}
		}
	}
}

// same compares all that two parsed transfers hold.
func same(t testing.TB, a, b transfer.Parsed) {
	t.Helper()
	if x, y := describe(a), describe(b); x != y {
		t.Fatalf("\n%s\nand\n%s", x, y)
	}
}

func describe(p transfer.Parsed) string {
	fiat, output, log := "none", "none", "none"
	if p.Transfer.Fiat != nil {
		fiat = fmt.Sprint(*p.Transfer.Fiat)
	}
	if p.Transfer.OutputIndex != nil {
		output = fmt.Sprint(*p.Transfer.OutputIndex)
	}
	if p.Transfer.LogIndex != nil {
		log = fmt.Sprint(*p.Transfer.LogIndex)
	}
	values := p.Transfer
	values.Fiat, values.OutputIndex, values.LogIndex = nil, nil, nil
	return fmt.Sprintf("%s %q fiat %s output %s log %s net %v parties %v coverage %v unscreenable %v",
		p.Canonical(), fmt.Sprint(values), fiat, output, log, p.Net, p.Parties, p.Coverage, p.Unscreenable)
}

func TestDecodeReadsWhatAppendCanonicalWrites(t *testing.T) {
	for name, change := range map[string]m{
		"plain":       nil,
		"full":        {"fiat": m{"amount": "1", "currency": "EUR"}, "log_index": 3, "from_amounts": []string{"1"}, "memo": "ä\n\"\\"},
		"output":      {"output_index": 0, "evidence": "trace", "stage": "attempt"},
		"unparseable": {"from": []string{"nobody"}, "network": "atlantis"},
	} {
		p := parse(t, body(t, change))
		decoded, err := transfer.Decode(p.Canonical())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := string(transfer.AppendCanonical(nil, &decoded)); got != string(p.Canonical()) {
			t.Errorf("%s: wrote\n%s\nread\n%s", name, p.Canonical(), got)
		}
		restored, err := transfer.Restore(p.Canonical())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, p, restored)
	}
}

func TestReadersIgnoreMembersOfALaterRelease(t *testing.T) {
	p := parse(t, body(t, nil))
	text := string(p.Canonical())
	later := text[:len(text)-1] + `,"colour":{"deep":[null]},"fiat":{"amount":"1","currency":"EUR","rate":"2"}}`
	decoded, err := transfer.Decode([]byte(later))
	if err != nil {
		t.Fatal(err)
	}
	if decoded.ID != "t1" || decoded.Fiat == nil || decoded.Fiat.Currency != "EUR" {
		t.Errorf("%+v", decoded)
	}
	for _, damaged := range []string{"", "{}", text[:50], strings.Replace(text, `"1.5"`, `"x"`, 1), strings.Replace(text, `"deposit"`, `7`, 1)} {
		if _, err := transfer.Decode([]byte(damaged)); err == nil {
			t.Errorf("%.80q was read", damaged)
		}
	}
}

func TestOnlyTheRequiredMembersAreAskedFor(t *testing.T) {
	var members m
	if err := json.Unmarshal(body(t, nil), &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		_, err := transfer.Parse(body(t, m{name: nil}), now)
		optional := name == "from" || name == "to" || name == "tx_hash"
		if optional != (err == nil) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
