package judge

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/rules"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

var testNow = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

// The small world of the random transfers and lists: so few addresses that they meet.
var world = map[string][]string{
	"ethereum": {
		"0x00000000000000000000000000000000000000a1", "0x00000000000000000000000000000000000000a2",
		"0x00000000000000000000000000000000000000a3", "0x00000000000000000000000000000000000000a4",
	},
	"eip155:137": {
		"0x00000000000000000000000000000000000000a1", "0x00000000000000000000000000000000000000a5",
	},
	"bitcoin": {
		"1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
		"3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
	},
	"xrp":     {"rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv", "rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B"},
	"nowhere": {"some text"},
}

var worldNetworks = []string{"ethereum", "eip155:137", "bitcoin", "xrp", "nowhere"}

func genBody() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		networkName := rapid.SampledFrom(worldNetworks).Draw(t, "network")
		addresses := rapid.SampledFrom(append([]string{"broken"}, world[networkName]...))
		from := rapid.SliceOfN(addresses, 0, 3).Draw(t, "from")
		body := map[string]any{
			"id":          rapid.SampledFrom([]string{"t1", "t2", "t3"}).Draw(t, "id"),
			"direction":   rapid.SampledFrom([]string{"deposit", "withdrawal", "internal"}).Draw(t, "direction"),
			"customer_id": "c", "network": networkName, "asset": "X",
			"amount":      rapid.SampledFrom([]string{"0", "1", "0.5", "1000"}).Draw(t, "amount"),
			"occurred_at": "2026-06-15T12:00:00Z", "from": from, "to": rapid.SliceOfN(addresses, 0, 2).Draw(t, "to"),
		}
		if body["direction"] == "internal" {
			body["counterparty_customer_id"] = "d"
		}
		if len(from) > 0 && rapid.Bool().Draw(t, "amounts") {
			amounts := make([]string, len(from))
			for i := range amounts {
				amounts[i] = rapid.SampledFrom([]string{"0", "1", "2.5"}).Draw(t, "from amount")
			}
			body["from_amounts"] = amounts
		}
		for _, member := range []string{"contract", "initiator", "memo"} {
			if rapid.IntRange(0, 4).Draw(t, member) == 0 {
				body[member] = addresses.Draw(t, member+" address")
			}
		}
		if rapid.Bool().Draw(t, "fiat") {
			body["fiat"] = map[string]string{"amount": rapid.SampledFrom([]string{"0.5", "1", "90"}).Draw(t, "value"), "currency": "EUR"}
		}
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return text
	})
}

func genParsed() *rapid.Generator[*transfer.Parsed] {
	return rapid.Custom(func(t *rapid.T) *transfer.Parsed {
		body := genBody().Draw(t, "body")
		p, err := transfer.Parse(body, testNow)
		if err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		return &p
	})
}

func testKey(networkName, text string) address.Key {
	if n, ok := network.Lookup(networkName); ok {
		if a, err := address.Parse(n, text); err == nil {
			return a.Key
		}
	}
	return watchlist.TextKey(text)
}

func genSnapshot() *rapid.Generator[*watchlist.Snapshot] {
	return rapid.Custom(func(t *rapid.T) *watchlist.Snapshot {
		b := watchlist.NewBuilder().Add("empty", nil)
		for i := range rapid.IntRange(0, 5).Draw(t, "entries") {
			networkName := rapid.SampledFrom(worldNetworks).Draw(t, "network")
			text := rapid.SampledFrom(world[networkName]).Draw(t, "address")
			categories := taxonomy.Sort(rapid.SliceOfN(rapid.SampledFrom(taxonomy.All()), 1, 3).Draw(t, "categories"))
			date := rapid.SampledFrom([]string{"", "2020-01-01", "2026-06-15", "2026-06-20"})
			e := watchlist.Entry{
				List: "l", EntryID: fmt.Sprint(i), Network: networkName, Address: text, Key: testKey(networkName, text),
				Tag:      rapid.SampledFrom([]string{"", "", "7"}).Draw(t, "tag"),
				Entity:   rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "entity"),
				Category: categories[0], Categories: categories,
				Confidence:      rapid.Uint8Max(100).Draw(t, "confidence"),
				AddressListedAt: date.Draw(t, "listed"), PartyListedAt: date.Draw(t, "party"), DelistedAt: date.Draw(t, "delisted"),
			}
			switch e.Use = rapid.SampledFrom([]watchlist.Use{"", "", "", watchlist.UseAllow, watchlist.UseOwn}).Draw(t, "use"); e.Use {
			case watchlist.UseListed:
				e.Names = rapid.SampledFrom([]watchlist.Names{"", watchlist.NamesToken}).Draw(t, "names")
				e.Severity = rapid.SampledFrom([]string{"", "", "none", "high"}).Draw(t, "severity")
			case watchlist.UseAllow:
				e.Author, e.Reason, e.ExpiresAt = "anna", "licence", "2027-01-01T00:00:00Z"
				e.Reference, e.Approver = rapid.SampledFrom([]string{"", "R"}).Draw(t, "reference"), rapid.SampledFrom([]string{"", "bert"}).Draw(t, "approver")
				e.ForList = rapid.SampledFrom([]string{"", "l", "m"}).Draw(t, "for list")
			case watchlist.UseOwn:
			}
			b.Add("l", []watchlist.Entry{e})
		}
		s, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// testSets are compiled once: the built-in policy with several options, and a rule of the customer's own.
var testSets = func() []*rules.Set {
	strict, open := rules.DefaultOptions(), rules.DefaultOptions()
	open.UnknownDeposit, open.UnknownWithdrawal = rules.ClearIt, rules.FlagIt
	mine := rules.File{Name: "mine.yaml", Data: []byte(`rules:
  - id: every_bitcoin_transfer
    when: transfer.network == "bitcoin"
    verdict: flagged
    severity: medium
    reason: bitcoin moved
`)}
	var sets []*rules.Set
	for _, c := range []struct {
		o     rules.Options
		files []rules.File
	}{{strict, []rules.File{rules.Builtin()}}, {open, []rules.File{rules.Builtin()}}, {strict, []rules.File{rules.Builtin(), mine}}} {
		set, err := rules.Compile(c.o, c.files...)
		if err != nil {
			panic(err)
		}
		sets = append(sets, set)
	}
	return sets
}()

// builtin is the built-in policy with its defaults.
func builtin(testing.TB) *rules.Set { return testSets[0] }
