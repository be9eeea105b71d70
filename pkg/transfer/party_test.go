package transfer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/network"
	"sluice/pkg/transfer"
)

// Addresses that publishers and standards use as examples.
const (
	damaged      = "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" // one letter's case is wrong
	unifiedText  = "tu1fm5xassnx4us9jm60l0ntfcyy6awx7xy02nf2yfkq24uungm3pt0uuvtkjemrav8xvvzm6c4j3clpqwlx5qscvt4lyagng0jqxgu9jjd2cf42pwqnj7uwzua7swgjzfm4swmauuz0lu42nrv7vkx9kjkgjluvddsya20tsat5ejujgg66ulw8r0pdhh5vzhjy2yelhrh2wcsx06kf4z"
	mweb         = "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gf"
	sapling      = "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya"
	transparent  = "t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs"
	solanaWallet = "7EqQdEULxWcraVx3mXKFjc84LhCkMGZCkRuDpvcMwJeK"
)

func coverage(known transfer.Known, gap transfer.Gap) transfer.Coverage {
	return transfer.Coverage{Counterparty: known, Reason: gap}
}

func TestCoverageSaysHowMuchOfTheCounterpartyIsKnown(t *testing.T) {
	full := coverage(transfer.KnownFull, transfer.GapNone)
	unknown := coverage(transfer.KnownNone, transfer.GapUnknownCounterparty)
	unparsed := coverage(transfer.KnownNone, transfer.GapUnparsed)
	bitcoin := func(more m) m {
		all := m{"network": "bitcoin", "asset": "BTC", "to": []string{genesis}}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	zcash := func(senders ...string) m {
		return m{"network": "zcash", "asset": "ZEC", "from": senders, "to": []string{transparent}}
	}
	cases := []struct {
		name         string
		change       m
		want         transfer.Coverage
		unscreenable []string
	}{
		{"deposit with a sender", nil, full, nil},
		{"deposit without", m{"from": nil}, unknown, nil},
		{"deposit with an empty list", m{"from": []string{}}, unknown, nil},
		{"deposit without a recipient", m{"to": nil}, full, nil},
		{"withdrawal with a recipient", m{"direction": "withdrawal", "from": nil}, full, nil},
		{"withdrawal without", m{"direction": "withdrawal", "to": nil}, unknown, nil},
		{"internal", m{"direction": "internal", "counterparty_customer_id": "c2", "from": nil, "to": nil}, full, nil},
		{"a bad sender", m{"from": []string{damaged}}, unparsed, []string{"from[0]"}},
		{"an empty sender", m{"from": []string{""}}, unparsed, []string{"from[0]"}},
		{"one of two senders bad", m{"from": []string{vitalik, damaged}}, coverage(transfer.KnownPartial, transfer.GapUnparsed), []string{"from[1]"}},
		{"a bad own address", m{"to": []string{damaged}}, full, []string{"to[0]"}},
		{"a bad contract", m{"contract": damaged}, full, []string{"contract"}},
		{"a bad initiator", m{"initiator": damaged}, full, []string{"initiator"}},
		{"a bad recipient of a withdrawal", m{"direction": "withdrawal", "to": []string{damaged}}, unparsed, []string{"to[0]"}},
		{"an unknown network", m{"network": "atlantis"}, unparsed, []string{"network"}},
		{"an unknown network without senders", m{"network": "atlantis", "from": nil}, unknown, []string{"network"}},
		{"an upper-case network", m{"network": "Ethereum"}, unparsed, []string{"network"}},
		{"newly minted coins", bitcoin(m{"from": []string{transfer.Coinbase}}), full, nil},
		{"newly minted coins with their value", bitcoin(m{"from": []string{transfer.Coinbase}, "from_amounts": []string{"6.25"}}), full, nil},
		{"minted and another", bitcoin(m{"from": []string{transfer.Coinbase, genesis}}), coverage(transfer.KnownPartial, transfer.GapUnparsed), []string{"from[0]"}},
		{"minted on a network of accounts", m{"from": []string{transfer.Coinbase}}, unparsed, []string{"from[0]"}},
		{"paid to the word", bitcoin(m{"from": []string{genesis}, "to": []string{transfer.Coinbase}}), full, []string{"to[0]"}},
		{"minted tokens", m{"from": []string{"0x" + strings.Repeat("0", 40)}}, full, nil},
		{"a shielded sender", zcash(sapling), coverage(transfer.KnownNone, transfer.GapShielded), nil},
		{"one of two shielded", zcash(sapling, transparent), coverage(transfer.KnownPartial, transfer.GapShielded), nil},
		{"shielded and bad", zcash(sapling, "t1bad"), coverage(transfer.KnownNone, transfer.GapUnparsed), []string{"from[1]"}},
		{"a unified sender", zcash(unifiedText), coverage(transfer.KnownNone, transfer.GapShielded), nil},
		{"a mistyped shielded sender", zcash(sapling[:77] + "z"), coverage(transfer.KnownNone, transfer.GapUnparsed), []string{"from[0]"}},
		{"a shielded sender on litecoin", m{"network": "litecoin", "asset": "LTC", "from": []string{mweb}, "to": nil}, coverage(transfer.KnownNone, transfer.GapShielded), nil},
		{"minted on NEAR", m{"network": "near", "asset": "NEAR", "from": []string{transfer.Coinbase}}, unparsed, []string{"from[0]"}},
		{"unknown on NEAR", m{"network": "near", "asset": "NEAR", "from": []string{transfer.UnknownSender}}, unknown, nil},
		{"a name on NEAR", m{"network": "near", "asset": "NEAR", "from": []string{"alice.near"}}, full, nil},
		{"a shielded text on another network", m{"from": []string{sapling}}, unparsed, []string{"from[0]"}},
	}
	for _, c := range cases {
		p := parse(t, body(t, c.change))
		if p.Coverage != c.want {
			t.Errorf("%s: coverage %v %v, want %v %v", c.name, p.Coverage.Counterparty, p.Coverage.Reason, c.want.Counterparty, c.want.Reason)
		}
		var fields []string
		for _, problem := range p.Unscreenable {
			fields = append(fields, problem.Field)
		}
		if !slices.Equal(fields, c.unscreenable) {
			t.Errorf("%s: unscreenable %v, want %v", c.name, p.Unscreenable, c.unscreenable)
		}
	}
}

func TestWhatCannotBeParsedKeepsItsText(t *testing.T) {
	p := parse(t, body(t, m{"from": []string{" not an address ", vitalik}, "network": "ethereum"}))
	if p.Transfer.From[0] != " not an address " || p.Transfer.From[1] != strings.ToLower(vitalik) {
		t.Errorf("from %q", p.Transfer.From)
	}
	p = parse(t, body(t, m{"network": "eip155:1234567"}))
	if p.Transfer.Network != "eip155:1234567" || p.Transfer.From[0] != strings.ToLower(vitalik) {
		t.Errorf("an EVM network without a name: %s %q", p.Transfer.Network, p.Transfer.From)
	}
}

func TestAnAttemptOnAShieldedAddressIsNoError(t *testing.T) {
	p := parse(t, body(t, m{"network": "zcash", "asset": "ZEC", "direction": "withdrawal", "stage": "attempt", "from": nil, "to": []string{sapling}}))
	if p.Coverage != coverage(transfer.KnownNone, transfer.GapShielded) {
		t.Errorf("coverage %v", p.Coverage)
	}
}

func roles(parties []transfer.Party) string {
	var list []string
	for _, p := range parties {
		text := fmt.Sprintf("%s/%s/%d", p.Role, p.Side, p.Index)
		if p.Tag != "" {
			text += "#" + p.Tag
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}

func TestPartiesComeInOrderWithTheirSide(t *testing.T) {
	all := m{"from": []string{vitalik, other}, "contract": other, "initiator": vitalik, "memo": solanaWallet}
	for direction, want := range map[string]string{
		"deposit":    "sender/counterparty/0 sender/counterparty/1 recipient/own/0#" + solanaWallet + " contract/token/0 initiator/initiator/0 memo/counterparty/0",
		"withdrawal": "sender/own/0 sender/own/1 recipient/counterparty/0#" + solanaWallet + " contract/token/0 initiator/initiator/0 memo/counterparty/0",
		"internal":   "sender/own/0 sender/own/1 recipient/own/0#" + solanaWallet + " contract/token/0 initiator/initiator/0 memo/counterparty/0",
	} {
		all["direction"] = direction
		all["counterparty_customer_id"] = ""
		if direction == "internal" {
			all["counterparty_customer_id"] = "c2"
		}
		p := parse(t, body(t, all))
		if got := roles(p.Parties); got != want {
			t.Errorf("%s: %s\nwant %s", direction, got, want)
		}
		for _, party := range p.Parties {
			if party.Key.IsZero() {
				t.Errorf("%s: a party without a key: %v", direction, party)
			}
		}
		if got := p.Transfer.Addresses(p.Net); !slices.Equal(got, p.Parties) {
			t.Errorf("%s: Addresses gives %v", direction, roles(got))
		}
	}
}

func TestAddressesLeavesTheTransferAlone(t *testing.T) {
	built := transfer.Transfer{Direction: transfer.Deposit, Network: "ethereum", From: []string{vitalik}, To: []string{"x"}}
	net, _ := network.Lookup("ethereum")
	if got := roles(built.Addresses(net)); got != "sender/counterparty/0" {
		t.Error(got)
	}
	if built.From[0] != vitalik {
		t.Errorf("from became %q", built.From)
	}
	if got := built.Addresses(network.Network{}); len(got) != 0 {
		t.Errorf("addresses without a network: %v", got)
	}
}

func TestAddressesInMemosAreFound(t *testing.T) {
	for memo, want := range map[string][]string{
		"":                                    nil,
		"12345":                               nil,
		"thanks":                              nil,
		genesis:                               {"bitcoin"},
		" " + vitalik + "\n":                  {"evm"},
		"please pay " + genesis:               nil,
		"=:ETH.ETH:" + vitalik + ":1000:te:0": {"evm"},
		"=:BTC.BTC:" + genesis + "/" + vitalik + ":0/1/0":        {"bitcoin", "evm"},
		"SWAP:SOL.USDC:" + solanaWallet:                          {"solana"},
		"bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a": {"bitcoin"},
		"=:ETH.ETH:" + damaged + ":0":                            nil,
		strings.Repeat("a:", 2000):                               nil,
	} {
		p := parse(t, body(t, m{"memo": memo}))
		var families []string
		for _, party := range p.Parties {
			if party.Role == transfer.RoleMemo {
				if party.Index != len(families) {
					t.Errorf("memo %q: index %d", memo, party.Index)
				}
				families = append(families, party.Key.Family.String())
			}
		}
		if !slices.Equal(families, want) {
			t.Errorf("memo %.80q: addresses of %v, want %v", memo, families, want)
		}
		if p.Transfer.Memo != memo {
			t.Errorf("memo %q became %q", memo, p.Transfer.Memo)
		}
	}
}

// The tag of a recipient may stand in the memo or inside the address; both are one transfer.
func TestTheTagInsideTheOnlyRecipientIsTheMemo(t *testing.T) {
	const (
		xrpClassic = "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"
		xrpTagged  = "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu" // the same with tag 1
		xrpNoTag   = "X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ"
		account    = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"
		muxed      = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK" // the same with id 2^63
		standard   = "46vPCXu3NvFbVX2FZZ3Cvu6fUaWACup1qDowprUCje1kSP4FmbftiJMSfV8kWZXNqmVwj4m52xqtgFNUudVmsmGkBkLrZgu"
		integrated = "4Gd4DLiXzBmbVX2FZZ3Cvu6fUaWACup1qDowprUCje1kSP4FmbftiJMSfV8kWZXNqmVwj4m52xqtgFNUudVmsmGkGvkLcCibWfVUfUFVB7"
	)
	type spelling struct{ to, memo string }
	for _, c := range []struct {
		network     string
		given, want spelling
		tag         string
	}{
		{"xrp", spelling{xrpClassic, "1"}, spelling{xrpClassic, "1"}, "1"},
		{"xrp", spelling{xrpTagged, ""}, spelling{xrpClassic, "1"}, "1"},
		{"xrp", spelling{" " + xrpTagged, "1"}, spelling{xrpClassic, "1"}, "1"},
		{"xrp", spelling{xrpNoTag, ""}, spelling{xrpClassic, ""}, ""},
		{"xrp", spelling{xrpNoTag, "1"}, spelling{xrpClassic, "1"}, "1"},
		{"xrp", spelling{xrpTagged, "2"}, spelling{xrpTagged, "2"}, "1"},
		{"xrp", spelling{xrpTagged + " ", "invoice"}, spelling{xrpTagged, "invoice"}, "1"},
		{"stellar", spelling{muxed, ""}, spelling{account, "9223372036854775808"}, "9223372036854775808"},
		{"monero", spelling{integrated, ""}, spelling{standard, "3828eabf8e8fccf5"}, "3828eabf8e8fccf5"},
	} {
		p := parse(t, body(t, m{"network": c.network, "asset": "X", "from": nil, "to": []string{c.given.to}, "memo": c.given.memo}))
		if got := (spelling{p.Transfer.To[0], p.Transfer.Memo}); got != c.want {
			t.Errorf("%v became %v, want %v", c.given, got, c.want)
		}
		if party := p.Parties[0]; party.Tag != c.tag || party.Text != c.want.to && party.Text != xrpClassic {
			t.Errorf("%v: party %+v, want the tag %q", c.given, party, c.tag)
		}
		again, err := transfer.Parse(p.Canonical(), now)
		if err != nil {
			t.Fatal(err)
		}
		same(t, p, again)
	}
}

func TestTagsOfSendersAndOfSeveralRecipientsStayInTheAddress(t *testing.T) {
	const tagged, classic = "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"
	p := parse(t, body(t, m{"network": "xrp", "asset": "XRP", "from": []string{tagged}, "to": []string{classic, tagged}}))
	if p.Transfer.From[0] != tagged || p.Transfer.To[0] != classic || p.Transfer.To[1] != tagged || p.Transfer.Memo != "" {
		t.Errorf("%s", p.Canonical())
	}
	if got := roles(p.Parties); got != "sender/counterparty/0#1 recipient/own/0 recipient/own/1#1" {
		t.Error(got)
	}
	if p.Parties[0].Text != classic || p.Parties[0].Key != p.Parties[1].Key {
		t.Errorf("%v", p.Parties)
	}
}

func TestSpellingsOfOneAddressAreOneTransfer(t *testing.T) {
	for name, c := range map[string]struct {
		network   string
		spellings []string
	}{
		"checksum case and spaces":  {"ethereum", []string{vitalik, strings.ToLower(vitalik), "0x" + strings.ToUpper(vitalik[2:]), " " + vitalik + "\n"}},
		"CashAddr, bare and legacy": {"bitcoin-cash", []string{"bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"}},
		"bech32 in capitals":        {"bitcoin", []string{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"}},
		"base58 and hex":            {"tron", []string{"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c"}},
	} {
		var first transfer.Parsed
		for i, text := range c.spellings {
			p := parse(t, body(t, m{"network": c.network, "from": []string{text}, "to": nil, "contract": text, "initiator": text}))
			if i == 0 {
				first = p
			}
			same(t, first, p)
			if len(p.Parties) != 3 || len(p.Unscreenable) != 0 {
				t.Errorf("%s: %q: parties %v, unscreenable %v", name, text, p.Parties, p.Unscreenable)
			}
		}
	}
}
