package transfer_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/pkg/transfer"
)

// The identity is part of the contract: these values never change.
func TestFactIDIsFixed(t *testing.T) {
	full := m{
		"contract": "0xdAC17F958D2ee523a2206206994597C13D831ec7", "asset": "USDT", "log_index": 7, "memo": "für dich",
		"fiat": m{"amount": "3000.10", "currency": "EUR"}, "from_amounts": []string{"1.50"}, "evidence": "log",
	}
	for _, c := range []struct {
		tenant, want string
		change       m
	}{
		{"default", "6bb3277ccb0ca3ec7d71f9e079aee1de", nil},
		{"acme", "3d44c4d1613a0235d99f3aa5dfa9dd77", nil},
		{"default", "56135af3e6e2ba952a863c1104f26e1b", m{"stage": "attempt"}},
		{"default", "050dadf1d0a8beb9232530986ec47035", full},
		{"default", "56163c16950ca12b20b8ff128f15d9db", m{"network": "bitcoin", "asset": "BTC", "from": []string{transfer.Coinbase}, "to": []string{genesis}, "output_index": 0}},
	} {
		p := parse(t, body(t, c.change))
		if got := p.FactID(c.tenant).String(); got != c.want {
			t.Errorf("%s %v: id %s, want %s\n%s", c.tenant, c.change, got, c.want, p.Canonical())
		}
		if got := transfer.FactID(c.tenant, &p.Transfer); got != p.FactID(c.tenant) {
			t.Errorf("%s %v: FactID of the transfer is %v", c.tenant, c.change, got)
		}
	}
}

func TestIDReadsBack(t *testing.T) {
	id := transfer.ID{0x01, 0xfe}
	if got, err := transfer.ParseID(id.String()); err != nil || got != id {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "01", strings.Repeat("g", 32), strings.Repeat("A", 32), strings.Repeat("0", 33)} {
		if _, err := transfer.ParseID(text); err == nil {
			t.Errorf("%q was read as an id", text)
		}
	}
}

// valid draws the members of a valid transfer in one spelling.
func valid(t *rapid.T) m {
	address := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("0x%x", rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "address"))
	})
	text := rapid.StringN(0, 12, 40)
	decimal := rapid.StringMatching(`(0|[1-9][0-9]{0,12})\.[0-9]{0,7}[1-9]`)
	senders := rapid.SliceOfN(address, 0, 3).Draw(t, "from")
	members := m{
		"id":          rapid.StringMatching(`[a-zA-Z0-9:_é-]{1,20}`).Draw(t, "id"),
		"customer_id": rapid.StringMatching(`[a-z0-9]{1,20}`).Draw(t, "customer"),
		"direction":   rapid.SampledFrom([]string{"deposit", "withdrawal"}).Draw(t, "direction"),
		"network":     "ethereum", "asset": "ETH",
		"amount": decimal.Draw(t, "amount"), "from": senders,
		"to":          rapid.SliceOfN(address, 0, 2).Draw(t, "to"),
		"occurred_at": time.Unix(rapid.Int64Range(1_300_000_000, 1_790_000_000).Draw(t, "at"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC().Format(time.RFC3339Nano),
	}
	optional := func(name string, value any) {
		if rapid.Bool().Draw(t, "has "+name) {
			members[name] = value
		}
	}
	optional("memo", text.Draw(t, "memo"))
	optional("tx_hash", rapid.StringMatching(`[a-f0-9]{64}`).Draw(t, "hash"))
	optional("stage", rapid.SampledFrom([]string{"attempt", "confirmed"}).Draw(t, "stage"))
	optional("evidence", rapid.SampledFrom([]string{"declared", "log", "trace", "calldata"}).Draw(t, "evidence"))
	optional("contract", address.Draw(t, "contract"))
	optional("initiator", address.Draw(t, "initiator"))
	optional("fiat", m{"amount": decimal.Draw(t, "fiat"), "currency": rapid.StringMatching(`[A-Z]{3}`).Draw(t, "currency")})
	optional("output_index", rapid.Uint32().Draw(t, "index"))
	if rapid.Bool().Draw(t, "has amounts") {
		amounts := make([]string, len(senders))
		for i := range amounts {
			amounts[i] = decimal.Draw(t, "from amount")
		}
		members["from_amounts"] = amounts
	}
	return members
}

// respell writes the same members as another writer might: other order, white space, escapes, zeros, zone and case.
func respell(t *rapid.T, members m) []byte {
	space := rapid.StringMatching(`[ \t\n\r]{0,2}`)
	names := rapid.Permutation(slices.Sorted(maps.Keys(members))).Draw(t, "order")
	var b strings.Builder
	b.WriteString(space.Draw(t, "space") + "{")
	for i, name := range names {
		if i > 0 {
			b.WriteString("," + space.Draw(t, "space"))
		}
		b.WriteString(quote(t, name) + space.Draw(t, "space") + ":" + space.Draw(t, "space"))
		b.WriteString(value(t, name, members[name]))
		b.WriteString(space.Draw(t, "space"))
	}
	b.WriteString("}" + space.Draw(t, "space"))
	return []byte(b.String())
}

func value(t *rapid.T, name string, v any) string {
	switch v := v.(type) {
	case string:
		switch name {
		case "amount":
			v += strings.Repeat("0", rapid.IntRange(0, 10).Draw(t, "zeros"))
		case "occurred_at":
			at, _ := time.Parse(time.RFC3339Nano, v)
			offset := rapid.IntRange(-23*60, 23*60).Draw(t, "offset")
			v = at.In(time.FixedZone("", offset*60)).Format(time.RFC3339Nano)
		case "contract", "initiator":
			v = addressCase(t, v)
		case "network":
			v = rapid.SampledFrom([]string{"ethereum", "eip155:1"}).Draw(t, "network")
		}
		return quote(t, v)
	case []string:
		parts := make([]string, len(v))
		for i, element := range v {
			if name == "from_amounts" {
				element += strings.Repeat("0", rapid.IntRange(0, 10).Draw(t, "zeros"))
			} else {
				element = addressCase(t, element)
			}
			parts[i] = quote(t, element)
		}
		return "[" + strings.Join(parts, " , ") + "]"
	case m:
		return `{"currency":` + quote(t, v["currency"].(string)) + `,"amount" : ` + value(t, "amount", v["amount"]) + "}"
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func addressCase(t *rapid.T, text string) string {
	if rapid.Bool().Draw(t, "upper case") {
		return "0x" + strings.ToUpper(text[2:])
	}
	return text
}

// quote writes a JSON string, sometimes with every UTF-16 unit escaped.
func quote(t *rapid.T, text string) string {
	if !rapid.Bool().Draw(t, "escaped") {
		b, _ := json.Marshal(text)
		return string(b)
	}
	b := []byte{'"'}
	for _, r := range text {
		if r < 0x10000 {
			b = fmt.Appendf(b, `\u%04X`, r)
		} else {
			r -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return string(append(b, '"'))
}

func TestEverySpellingOfATransferIsOneFact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := valid(t)
		plain, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		a, err := transfer.Parse(plain, now)
		if err != nil {
			t.Fatalf("%s: %v", plain, err)
		}
		again := respell(t, members)
		b, err := transfer.Parse(again, now)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if string(a.Canonical()) != string(b.Canonical()) || a.FactID("x") != b.FactID("x") {
			t.Fatalf("%s\nand\n%s\ngive\n%s\nand\n%s", plain, again, a.Canonical(), b.Canonical())
		}
		c, err := transfer.Parse(a.Canonical(), now)
		if err != nil || string(c.Canonical()) != string(a.Canonical()) {
			t.Fatalf("the canonical text\n%s\nreads back as\n%s, %v", a.Canonical(), c.Canonical(), err)
		}
	})
}

func TestEveryChangeOfContentIsAnotherFact(t *testing.T) {
	base := m{
		"memo": "m", "contract": vitalik, "initiator": vitalik, "log_index": 1, "from_amounts": []string{"1"},
		"fiat": m{"amount": "1", "currency": "EUR"}, "asset_id": "eip155:1/slip44:60",
	}
	changes := []m{
		nil,
		{"id": "t2"}, {"direction": "withdrawal"}, {"stage": "attempt"}, {"customer_id": "c2"},
		{"direction": "internal", "counterparty_customer_id": "c2"}, {"direction": "internal", "counterparty_customer_id": "c3"},
		{"network": "polygon"}, {"asset": "USDT"}, {"asset_id": "eip155:1/slip44:61"}, {"asset_id": nil},
		{"contract": other}, {"contract": nil}, {"amount": "1.51"}, {"amount": "1.500000000000000000000000000001"},
		{"fiat": nil}, {"fiat": m{"amount": "2", "currency": "EUR"}}, {"fiat": m{"amount": "1", "currency": "USD"}},
		{"tx_hash": "0xabd"}, {"tx_hash": nil}, {"log_index": 2}, {"log_index": nil}, {"log_index": nil, "output_index": 1},
		{"from": []string{other}}, {"from": []string{vitalik, other}, "from_amounts": nil}, {"from": nil, "from_amounts": nil},
		{"from_amounts": []string{"2"}}, {"from_amounts": nil}, {"to": []string{vitalik}}, {"to": nil},
		{"memo": "n"}, {"memo": "m "}, {"memo": nil}, {"initiator": other}, {"initiator": nil}, {"evidence": "log"},
		{"occurred_at": "2026-11-01T00:00:00.000000001Z"},
	}
	seen := map[transfer.ID]m{}
	for _, change := range changes {
		all := maps.Clone(base)
		maps.Copy(all, change)
		p := parse(t, body(t, all))
		for _, tenant := range []string{"default", "acme"} {
			id := p.FactID(tenant)
			if before, ok := seen[id]; ok {
				t.Errorf("%v and %v are one fact", before, change)
			}
			seen[id] = change
		}
	}
}

func TestPartsOfTheIdentityDoNotRunIntoEachOther(t *testing.T) {
	p := parse(t, body(t, m{"id": "at1"}))
	q := parse(t, body(t, nil))
	if p.FactID("") == q.FactID("a") {
		t.Error("tenant and transfer id run into each other")
	}
}

func TestAnIDIsWrittenAsTheLibraryWritesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := transfer.ID(rapid.SliceOfN(rapid.Byte(), len(transfer.ID{}), len(transfer.ID{})).Draw(t, "id"))
		if got, want := string(id.Append([]byte("x"))), "x"+hex.EncodeToString(id[:]); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}
