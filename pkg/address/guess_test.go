package address

import (
	"slices"
	"strings"
	"testing"

	"sluice/pkg/network"
)

func TestGuess(t *testing.T) {
	for text, want := range map[string]string{
		evmText: "ethereum",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":                                                      "ethereum",
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa":                                                              "bitcoin",
		"3LDsS579y7sruadqu11beEJoTjdFiFCdX4":                                                              "bitcoin litecoin", // the version means both
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4":                                                      "bitcoin",
		"qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy":                                                      "bitcoin-cash",
		"GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS":                                                              "bitcoin-gold",
		"LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9":                                                              "litecoin",
		"DDogepartyxxxxxxxxxxxxxxxxxxw1dfzr":                                                              "dogecoin verge", // the version means both
		"XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2":                                                              "dash",
		"t1MMXtBrSp1XG38Lx9cePcNUCJj5vdWfUWL":                                                             "zcash",
		"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t":                                                              "tron",
		"41a614f803b6fd780986a42c78ec9c7f77e6ded13c":                                                      "tron",
		"833XorXTTx5iya5B3Tr6iqEs9GbRuvVfwyLCP2vpdzhq":                                                    "solana",
		"r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59":                                                              "xrp",
		"GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ":                                        "stellar",
		"47zQ5LAivg6hNCgijXSEFVLX7mke1bgM6YGLFaANDoJbgXDymcAAZvvMNt2PmMpqEe5qRy2zyfMYXdwpmdyitiFh84xnPG2": "monero",
		"mzBc4XEFSdzCDcTxAgf6EZXgsZWpztRhef":                                                              "", // testnets are not guessed
		"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":                                                      "",
		"": "", " ": "", "alice": "", "vitalik.eth": "",

		"zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya": "zcash",
		"DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z":                                             "dogecoin verge",
		"addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8":                     "cardano",
		"Ae2tdPwUPEYzs5BRbGcoS3DXvK8mwgggmESz4HqUwMyaS9eNksZGz1LMS9v":                    "cardano",
		"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY":                               "polkadot",
		"EQAs9VlT6S776tq3unJcP5Ogsj-ELLunLXuOb1EKcOQi4wJB":                               "ton",
		"0:2cf55953e92efbeadab7ba725c3f93a0b23f842cbba72d7b8e6f510a70e422e3":             "ton",
		"kQAs9VlT6S776tq3unJcP5Ogsj-ELLunLXuOb1EKcOQi47nL":                               "ton",
		"cosmos1jv65s3grqf6v6jl3dp4t6c9t9rk99cd88lyufl":                                  "cosmos",
		"osmo1jv65s3grqf6v6jl3dp4t6c9t9rk99cd80yhvld":                                    "osmosis",
		"bnb1grpf0955h0ykzq3ar5nmum7y6gdfl6lxfn46h2":                                     "bnb-beacon",
		"GONISIUAYDOMHM7VURRAAAP5H6OAWRRBCPXEIOZO3QI7TZKR5GTAQ7WK7Y":                     "algorand",
		"alice.near":    "near",
		"0.0.12345":     "hedera",
		"0.0.123-vfmkw": "hedera",
		"0.1.12345":     "",
		// What many things look like is not guessed: hashes, keys, words.
		"0xaabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133": "",
		"98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de":   "",
		"0x1": "", "near": "", "deadbeef": "",
	} {
		var names []string
		for _, g := range Guess(text) {
			names = append(names, g.Network.Alias)
			if a, err := Parse(g.Network, text); err != nil || a != g.Address {
				t.Errorf("%q: guessed %+v, parsed %+v, %v", text, g, a, err)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A look-up tries what is not guessed, and never leaves out what is.
func TestReadings(t *testing.T) {
	for text, want := range map[string]string{
		"0xaabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133": "aptos sui",
		"98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de":   "near",
		evmText: "ethereum near hedera",
		"0x1":   "near aptos sui",
		"osmo1jv65s3grqf6v6jl3dp4t6c9t9rk99cd80yhvld": "osmosis near",
		"0.1.12345":  "near hedera",
		"alice.near": "near", "alice": "near", "Alice": "", "": "",
	} {
		var names []string
		for _, g := range Readings(text) {
			names = append(names, g.Network.Alias)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestEveryFamilyHasRulesAndIsGuessed(t *testing.T) {
	var guessed []network.Family
	for _, n := range candidates {
		guessed = append(guessed, n.Family)
	}
	for _, f := range network.Families() {
		if int(f) >= len(families) || families[f].parse == nil || families[f].encode == nil || families[f].sizes == nil || !slices.Contains(guessed, f) {
			t.Errorf("family %s: rules are missing", f)
		}
	}
	for _, n := range network.All() {
		if bad := refused(t, n.Canonical(), "nothing!"); bad.Code == NoRules {
			t.Errorf("%s: %s", n.Canonical(), bad.Reason)
		}
	}
	for _, n := range []network.Network{{}, {Family: 200}, {Family: network.Bitcoin}, {Alias: "x", Family: network.Zcash}} {
		if _, err := Parse(n, evmText); err == nil || !strings.Contains(err.Error(), "no address rules") {
			t.Errorf("%+v: %v", n, err)
		}
	}
}

func TestUnlistable(t *testing.T) {
	for _, e := range nobodysTexts {
		if reason, bad := mustParse(t, e.alias, e.text).Key.Unlistable(); !bad || reason != e.reason {
			t.Errorf("%s %s: %q, %t", e.alias, e.text, reason, bad)
		}
	}
	for _, c := range []struct {
		network, text string
		want          bool
	}{
		{"ethereum", "0x0000000000000000000000000000000000000000", true},
		{"ethereum", "0x0000000000000000000000000000000000000001", true},
		{"ethereum", "0x0000000000000000000000000000000000000011", true},
		{"ethereum", "0x0000000000000000000000000000000000000012", false},
		{"ethereum", "0x00000000000000000000000000000000000000ff", false},
		{"ethereum", "0x0000000000000000000000000000000000000100", true},
		{"ethereum", "0x0000000000000000000000000000000000000101", false},
		{"ethereum", "0x000000000000000000000000000000000000dEaD", true},
		{"ethereum", "0x00000000000000000000000000000000000dead1", false},
		{"ethereum", "0xffffffffffffffffffffffffffffffffffffffff", true},
		{"ethereum", "0xfffffffffffffffffffffffffffffffffffffffe", false},
		{"ethereum", evmText, false},
		{"ethereum", "0xdac17f958d2ee523a2206206994597c13d831ec7", false}, // a token contract is no business of this list
		{"bitcoin", "1111111111111111111114oLvT2", true},
		{"bitcoin-cash", "1111111111111111111114oLvT2", true},
		{"bitcoin", "1QLbz7JHiBTspS962RLKV8GndWFwi5j6Qr", true},
		{"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", false},
		{"litecoin", "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", false},
		{"tron", "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", true},
		{"tron", "T9yD14Nj9j7xAB4dbGeiX9h8upfCg3PBbY", true},
		{"solana", "11111111111111111111111111111111", true},
		{"solana", "833XorXTTx5iya5B3Tr6iqEs9GbRuvVfwyLCP2vpdzhq", false},
		{"xrp", "rrrrrrrrrrrrrrrrrrrrrhoLvTp", true},
		{"aptos", "0x1", true},
		{"aptos", "0xf", true},
		{"aptos", "0x0000000000000000000000000000000000000000000000000000000000000010", false},
		{"aptos", "0xaabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133", false},
		{"sui", "0xdee9", true},
		{"sui", "0x0000000000000000000000000000000000000000000000000000000000010000", false},
		{"hedera", "0.0.999", true},
		{"hedera", "0.0.1000", false},
		{"hedera", "0.1.999", false},
		{"osmosis", "osmo1jv65s3grqf6v6jl3dp4t6c9t9rk99cd80yhvld", true},
		{"polkadot", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5", false},
		{"ton", "EQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAM9c", true},
		{"algorand", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ", true},
		{"near", "alice.near", false},
		{"stellar", "GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF", true},
	} {
		a := mustParse(t, c.network, c.text)
		if reason, got := a.Key.Unlistable(); got != c.want || got != (reason != "") {
			t.Errorf("%s %s: %q, %t, want %t", c.network, c.text, reason, got, c.want)
		}
	}
	if _, bad := (Key{}).Unlistable(); !bad {
		t.Error("the zero key can be listed")
	}
}
