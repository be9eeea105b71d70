package screening_test

import (
	"testing"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/screening"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
)

const (
	saplingText = "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya"
	mwebText    = "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gf"
	// A unified address with a transparent, a Sapling and an Orchard receiver, and the transparent one by itself.
	unifiedText     = "tu1fm5xassnx4us9jm60l0ntfcyy6awx7xy02nf2yfkq24uungm3pt0uuvtkjemrav8xvvzm6c4j3clpqwlx5qscvt4lyagng0jqxgu9jjd2cf42pwqnj7uwzua7swgjzfm4swmauuz0lu42nrv7vkx9kjkgjluvddsya20tsat5ejujgg66ulw8r0pdhh5vzhjy2yelhrh2wcsx06kf4z"
	transparentText = "t1M3p1MgJCgjq4FMogS84kVvuszJbxPnpSM"
	aptosText       = "0xd05448f15a03f25b2816c4538b72bd54752ba7522d4831a4c9ea5a613becb47a"
)

// Whoever moves by a listed shielded address is hit, and his transfer is still one whose counterparty is hidden.
func TestListedShieldedAddresses(t *testing.T) {
	for _, c := range []struct{ network, text string }{{"zcash", saplingText}, {"zcash", unifiedText}, {"litecoin", mwebText}} {
		snap := snapshot(t, entry(t, c.network, c.text, taxonomy.Ransomware))
		for direction, member := range map[string]string{"deposit": "from", "withdrawal": "to"} {
			p := parse(t, `"direction":"`+direction+`","network":"`+c.network+`","`+member+`":["`+c.text+`"]`)
			r := screening.Screen(p, snap)
			if h := only(t, r); h.Match != screening.MatchExact || h.Side != transfer.SideCounterparty || h.Address != c.text {
				t.Errorf("%s %s: %+v", direction, c.text, h)
			}
			if r.Status != screening.Partial || r.Coverage != (transfer.Coverage{Counterparty: transfer.KnownNone, Reason: transfer.GapShielded}) {
				t.Errorf("%s %s: %v, %+v", direction, c.text, r.Status, r.Coverage)
			}
		}
	}
}

// One owner, and several spellings that say more than who owns: the hit is of the same key.
func TestSameKeyInTheFamilies(t *testing.T) {
	const (
		base       = "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x"
		enterprise = "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8"
		otherStake = "addr1yx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerkr0vd4msrxnuwnccdxlhdjar77j6lg0wypcc9uar5d2shs2z78ve"
		alice      = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"
		evmText    = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
		tonRaw     = "0:2cf55953e92efbeadab7ba725c3f93a0b23f842cbba72d7b8e6f510a70e422e3"
		cosmosText = "cosmos1jv65s3grqf6v6jl3dp4t6c9t9rk99cd88lyufl"
	)
	for _, c := range []struct {
		listedOn, listed, network, sender string
		match                             screening.Match
	}{
		{"zcash", transparentText, "zcash", unifiedText, screening.MatchSameKey},
		{"zcash", unifiedText, "zcash", transparentText, screening.MatchSameKey},
		{"cardano", base, "cardano", enterprise, screening.MatchSameKey},
		{"cardano", base, "cardano", otherStake, screening.MatchSameKey},
		{"cardano", base, "cardano", base, screening.MatchExact},
		{"polkadot", alice, "polkadot", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", screening.MatchExact},
		{"polkadot", alice, "kusama", "HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F", screening.MatchExact},
		{"ton", tonRaw, "ton", "UQAs9VlT6S776tq3unJcP5Ogsj-ELLunLXuOb1EKcOQi41-E", screening.MatchExact},
		{"cosmos", cosmosText, "osmosis", "osmo1jv65s3grqf6v6jl3dp4t6c9t9rk99cd80yhvld", screening.MatchExact},
		{"ethereum", evmText, "near", evmText, screening.MatchExact},
		{"ethereum", evmText, "hedera", evmText, screening.MatchExact},
		{"near", evmText, "base", evmText, screening.MatchExact},
		{"ethereum", "0xaf79152ac5df276d9a8e1e2e22822f9713474902", "injective", "inj14au322k9munkmx5wrchz9q30juf5wjgz2cfqku", screening.MatchExact},
		{"hedera", "0.0.123", "hedera", "0x000000000000000000000000000000000000007b", screening.MatchExact},
	} {
		p := parse(t, `"direction":"deposit","network":"`+c.network+`","from":["`+c.sender+`"]`)
		h := only(t, screening.Screen(p, snapshot(t, entry(t, c.listedOn, c.listed, taxonomy.Scam))))
		listedOn := ""
		if c.listedOn != c.network {
			listedOn = c.listedOn
		}
		if h.Match != c.match || h.ListedOn != listedOn {
			t.Errorf("%s %s, listed as %s %s: %s, listed on %q, want %s, %q", c.network, c.sender, c.listedOn, c.listed, h.Match, h.ListedOn, c.match, listedOn)
		}
	}
}

// An entry for a public key hash answers for its third address, on each network with segwit.
func TestWrappedSegwitOfTheFamilies(t *testing.T) {
	for alias, listed := range map[string]string{"litecoin": "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", "bitcoin-gold": "GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS"} {
		n, _ := network.Lookup(alias)
		wrapped, ok := address.WrappedSegwit(key(t, alias, listed))
		third, err := address.Encode(n, address.P2SH, wrapped.Payload())
		if err != nil || !ok {
			t.Fatalf("%s: %t, %v", alias, ok, err)
		}
		segwit, err := address.Encode(n, address.P2WPKH, key(t, alias, listed).Payload())
		if err != nil {
			t.Fatal(err)
		}
		snap := snapshot(t, entry(t, alias, listed, taxonomy.Scam))
		for _, sender := range []string{third.Text, segwit.Text} {
			p := parse(t, `"direction":"deposit","network":"`+alias+`","from":["`+sender+`"]`)
			if h := only(t, screening.Screen(p, snap)); h.Match != screening.MatchSameKey {
				t.Errorf("%s: %s", sender, h.Match)
			}
		}
	}
}

// The same bytes are not the same owner.
func TestNoHitAcrossFamilies(t *testing.T) {
	for _, c := range []struct{ listedOn, listed, network, sender string }{
		{"aptos", aptosText, "sui", aptosText},
		{"dogecoin", "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", "verge", "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z"},
		{"near", "d05448f15a03f25b2816c4538b72bd54752ba7522d4831a4c9ea5a613becb47a", "aptos", aptosText},
	} {
		p := parse(t, `"direction":"deposit","network":"`+c.network+`","from":["`+c.sender+`"]`)
		if r := screening.Screen(p, snapshot(t, entry(t, c.listedOn, c.listed, taxonomy.Scam))); len(r.Hits) != 0 || r.Status != screening.Complete {
			t.Errorf("%s listed, %s: %+v", c.listedOn, c.network, r)
		}
	}
}

// Exchanges tell their customers apart by memo on these networks too: an entry with one hits that one.
func TestMemosOfTheFamilies(t *testing.T) {
	for network, text := range map[string]string{
		"cosmos": "cosmos1jv65s3grqf6v6jl3dp4t6c9t9rk99cd88lyufl", "bnb-beacon": "bnb1grpf0955h0ykzq3ar5nmum7y6gdfl6lxfn46h2",
		"ton": "EQAs9VlT6S776tq3unJcP5Ogsj-ELLunLXuOb1EKcOQi4wJB", "hedera": "0.0.12345", "algorand": "GONISIUAYDOMHM7VURRAAAP5H6OAWRRBCPXEIOZO3QI7TZKR5GTAQ7WK7Y",
	} {
		e := entry(t, network, text, taxonomy.Sanctions)
		e.Tag = "104273"
		snap := snapshot(t, e)
		for memo, want := range map[string]screening.Match{"104273": screening.MatchExact, "7": screening.MatchBaseOnly, "": screening.MatchBaseOnly} {
			p := parse(t, `"direction":"withdrawal","network":"`+network+`","to":["`+text+`"],"memo":"`+memo+`"`)
			if h := only(t, screening.Screen(p, snap)); h.Match != want {
				t.Errorf("%s, memo %q: %s, want %s", network, memo, h.Match, want)
			}
		}
	}
}
