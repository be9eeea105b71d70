package address

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/internal/testdata"
	"sluice/pkg/network"
)

// One key under several prefixes: the accounts that Substrate's documentation uses.
func TestSS58PrefixesAreOneKey(t *testing.T) {
	for key, texts := range map[string][]string{
		"polkadot:d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d": {
			"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
			"HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F",
		},
		"polkadot:0645d27ed4a302cb08513f22871bdaafdccae6575952a197950a451806d7c215": {
			"5CCvtLnaPwk1cBo8wuayYAuwgCumHnssrY5Nxk7S7t1ruBU2", "19E2g3eFj1V3ioeuYdygKk6XpuQz6S1w2os836nfy3P5bYL",
			"CiYYf8T2JkwMqcaicQ2S8GwpoC16Th4Juv8MQPPbgEMe6dv", "211pcbTg6dkkcJrHxsSDTLQLzgLMXvjDpSMBGsXoJWzFtbPS",
		},
		"polkadot:66cd6cf085627d6c85af1aaf2bd10cf843033e929b4e3b1c2ba8e4aa46fe111b": {"yGF4JP7q5AK46d1FPCEm9sYQ4KooSjHMpyVAjLnsCSWVafPnf"}, // prefix 255, two bytes
	} {
		for _, text := range texts {
			for _, name := range []string{"polkadot", "kusama", "westend"} {
				a := mustParse(t, name, text)
				if a.Key.String() != key || a.Text != text {
					t.Errorf("%s %s: %s, want %s", name, text, a.Key, key)
				}
				stable(t, net(t, name), a)
			}
		}
	}
}

// writeSS58 spells a payload under a prefix.
func writeSS58(prefix, payload []byte) string {
	body := slices.Concat(prefix, payload)
	sum := checksumSS58(body)
	return string(bitcoinBase58.encode(nil, append(body, sum[:]...)))
}

func TestSS58Structure(t *testing.T) {
	key := slices.Repeat([]byte{7}, ss58Bytes)
	want := NewKey(network.Polkadot, Account, key)
	for prefix := range 16384 { // every prefix there is
		b := []byte{byte(prefix)}
		if prefix >= ss58TwoBytes {
			b = []byte{0x40 | byte(prefix&0xfc>>2), byte(prefix>>8) | byte(prefix&3<<6)}
		}
		if a := mustParse(t, "polkadot", writeSS58(b, key)); a.Key != want {
			t.Fatalf("prefix %d: %s", prefix, a.Key)
		}
	}
	for text, word := range map[string]string{
		writeSS58([]byte{0x80}, key):         "wrong length",
		writeSS58([]byte{0x80, 1}, key):      "not in use",
		writeSS58([]byte{0xff, 1}, key):      "not in use",
		writeSS58([]byte{0}, key[1:]):        "wrong length",
		writeSS58([]byte{0}, append(key, 1)): "wrong length",
		writeSS58([]byte{42}, []byte{1}):     "wrong length",
		"":                                   "empty",
	} {
		if bad := refused(t, "polkadot", text); !strings.Contains(bad.Reason, word) {
			t.Errorf("%s: %s, want %q", text, bad.Reason, word)
		}
	}
}

func TestTONVectors(t *testing.T) {
	for _, line := range lines(t, testdata.Dir(t, "addresses", "ton-core", "vectors.tsv"))[1:] {
		c := strings.Split(line, "\t")
		want, text, raw := c[0], c[1], c[2]
		switch want {
		case "invalid":
			refused(t, "ton", text)
			continue
		case "valid":
			if a := mustParse(t, "ton-testnet", text); a.Text != raw || !a.Testnet {
				t.Errorf("%s: %+v", text, a)
			}
		}
		a := mustParse(t, "ton", text)
		if a.Text != raw || a.Key.String() != "ton:"+raw[2:] || a.Testnet != (want != "valid") {
			t.Errorf("%s: %+v", text, a)
		}
		stable(t, net(t, "ton"), a)
	}
}

func TestTONStructure(t *testing.T) {
	write := func(flags, workchain byte) string {
		raw := append([]byte{flags, workchain}, slices.Repeat([]byte{0xfb}, tonHash)...)
		crc := crc16(raw)
		raw = append(raw, byte(crc>>8), byte(crc))
		var text []byte
		for i := 0; i < len(raw); i += 3 {
			group := uint32(raw[i])<<16 | uint32(raw[i+1])<<8 | uint32(raw[i+2])
			for shift := 18; shift >= 0; shift -= 6 {
				text = append(text, base64Digits[group>>shift&63])
			}
		}
		return string(text)
	}
	hash := strings.Repeat("fb", tonHash)
	master := mustParse(t, "ton", "-1:"+strings.ToUpper(hash))
	if master.Text != "-1:"+hash || master.Key.Kind != Master {
		t.Errorf("%+v", master)
	}
	if a := mustParse(t, "ton", write(tonNoBounce, 0xff)); a.Key != master.Key || a.Text != master.Text || a.Form != Friendly {
		t.Errorf("%+v", a)
	}
	if a := mustParse(t, "ton", write(tonBounce, 0)); a.Key == master.Key || a.Text != "0:"+hash {
		t.Errorf("%+v", a)
	}
	url := strings.NewReplacer("+", "-", "/", "_").Replace(write(tonBounce, 0))
	if a := mustParse(t, "ton", url); a.Text != "0:"+hash || url == write(tonBounce, 0) {
		t.Errorf("%s: %+v", url, a)
	}
	for text, word := range map[string]string{
		write(0x12, 0):                 "first byte",
		write(tonBounce, 1):            "workchain",
		write(tonBounce, 0xfe):         "workchain",
		"1:" + hash:                    "workchain",
		"00:" + hash:                   "workchain",
		":" + hash:                     "workchain",
		"0:" + hash[1:]:                "64 hex digits",
		"0:" + hash[1:] + "g":          "64 hex digits",
		write(tonBounce, 0)[:47] + "=": "base64 digit",
		write(tonBounce, 0) + "A":      "48 characters",
	} {
		if bad := refused(t, "ton", text); !strings.Contains(bad.Reason, word) {
			t.Errorf("%s: %s, want %q", text, bad.Reason, word)
		}
	}
}

func TestCosmosAccounts(t *testing.T) {
	for key, texts := range map[string]map[string]string{
		"cosmos:93354845030274cd4bf1686abd60ab28ec52e1a7": {
			"cosmos": "cosmos1jv65s3grqf6v6jl3dp4t6c9t9rk99cd88lyufl", "osmosis": "osmo1jv65s3grqf6v6jl3dp4t6c9t9rk99cd80yhvld",
		},
		"cosmos:6e32820f36fae0e6108f3134523506994c734542": {
			"terra": "terra1dcegyrekltswvyy0xy69ydgxn9x8x32zdtapd8", "terra-classic": "terra1dcegyrekltswvyy0xy69ydgxn9x8x32zdtapd8",
		},
		"cosmos:40c2979694bbc961023d1d27be6fc4d21a9febe6": {"bnb-beacon": "bnb1grpf0955h0ykzq3ar5nmum7y6gdfl6lxfn46h2"},
		"evm:af79152ac5df276d9a8e1e2e22822f9713474902":    {"injective": "inj14au322k9munkmx5wrchz9q30juf5wjgz2cfqku"},
	} {
		for name, text := range texts {
			a := mustParse(t, name, text)
			if a.Text != text || a.Key.String() != key {
				t.Errorf("%s %s: %s %s, want %s", name, text, a.Text, a.Key, key)
			}
			if b := mustParse(t, name, strings.ToUpper(text)); b != a {
				t.Errorf("%s in capitals: %+v", text, b)
			}
			stable(t, net(t, name), a)
		}
	}
	for _, n := range network.All() {
		if n.Family == network.Cosmos {
			if _, err := Encode(n, Plain, make([]byte, cosmosAccount)); err != nil {
				t.Errorf("%s: %v", n.Alias, err)
			}
		}
	}
}

// A transfer between chains names an account of the other one.
func TestCosmosPeers(t *testing.T) {
	account := slices.Repeat([]byte{9}, cosmosAccount)
	for prefix, evm := range cosmosPeers {
		a := mustParse(t, "cosmos", encodeBech32Bytes(bech32Spec, prefix, account))
		want := NewKey(network.Cosmos, Account, account)
		if evm {
			want.Family = network.EVM
		}
		if a.Key != want {
			t.Errorf("%s: %s, want %s", a.Text, a.Key, want)
		}
		stable(t, net(t, "cosmos"), a)
	}
}

func TestCosmosContractsAreOfOneChain(t *testing.T) {
	payload := slices.Repeat([]byte{9}, cosmosContract)
	juno := mustParse(t, "juno", encodeBech32Bytes(bech32Spec, "juno", payload))
	osmosis := mustParse(t, "osmosis", encodeBech32Bytes(bech32Spec, "osmo", payload))
	if juno.Key == osmosis.Key || juno.Key.Kind != Contract || osmosis.Key.Kind != Contract {
		t.Errorf("%s, %s", juno.Key, osmosis.Key)
	}
	terra := encodeBech32Bytes(bech32Spec, "terra", payload)
	if a, b := mustParse(t, "terra", terra), mustParse(t, "terra", strings.ToUpper(terra)); a != b {
		t.Errorf("%+v, %+v", a, b)
	}
	if got := juno.Key.String(); got != "cosmos:contract:"+hex.EncodeToString(NewKey(0, 0, append([]byte("juno1"), payload...)).Payload()) {
		t.Errorf("%s", got)
	}
}

func TestCosmosStructure(t *testing.T) {
	account := slices.Repeat([]byte{9}, cosmosAccount)
	for _, c := range []struct{ network, text, code, word string }{
		{"cosmos", encodeBech32Bytes(bech32mSpec, "cosmos", account), "checksum", "bech32m"},
		{"cosmos", encodeBech32Bytes(bech32Spec, "cosmos", account[1:]), "malformed", "19 bytes"},
		{"cosmos", encodeBech32Bytes(bech32Spec, "cosmos", append(account, 1)), "malformed", "21 bytes"},
		{"bnb-beacon", encodeBech32Bytes(bech32Spec, "osmo", account), "other_network", "an address of osmosis"},
		{"cosmos", encodeBech32Bytes(bech32Spec, "bnb", account), "other_network", "an address of bnb-beacon"},
		{"cosmos", encodeBech32Bytes(bech32Spec, "cosmosvaloper", account), "other_network", "validator"},
		{"cosmos", encodeBech32Bytes(bech32Spec, "cosmosvalcons", account), "other_network", "validator"},
		{"cosmos", encodeBech32Bytes(bech32Spec, "one", account), "other_network", "begin with cosmos1"},
		{"cosmos", encodeDigits(bech32Spec, "cosmos", slices.Repeat([]byte{31}, 33)), "malformed", "stray bits"},
		{"bnb-beacon", encodeBech32Bytes(bech32Spec, "tbnb", account), "testnet", "testnet"},
		{"bnb-beacon-testnet", encodeBech32Bytes(bech32Spec, "bnb", account), "other_network", "tbnb1"},
		{"crypto-org", encodeBech32Bytes(bech32Spec, "tcro", account), "testnet", "testnet"},
	} {
		if bad := refused(t, c.network, c.text); bad.Code.String() != c.code || !strings.Contains(bad.Reason, c.word) {
			t.Errorf("%s %s: %s, %s, want %s, %q", c.network, c.text, bad.Code, bad.Reason, c.code, c.word)
		}
	}
	if a := mustParse(t, "bnb-beacon", encodeBech32Bytes(bech32Spec, "tbnb", account), AllowTestnet()); !a.Testnet {
		t.Errorf("%+v", a)
	}
}

func TestAlgorandStructure(t *testing.T) {
	const good = "GONISIUAYDOMHM7VURRAAAP5H6OAWRRBCPXEIOZO3QI7TZKR5GTAQ7WK7Y"
	for text, word := range map[string]string{
		strings.ToLower(good): `"g"`,
		good[:57] + "Z":       "stray bits",
		good + "A":            "58 characters",
		good[:56]:             "58 characters",
	} {
		if bad := refused(t, "algorand", text); !strings.Contains(bad.Reason, word) {
			t.Errorf("%s: %s, want %q", text, bad.Reason, word)
		}
	}
}

// The names that NEAR's own tests take and refuse.
func TestNEARNames(t *testing.T) {
	for _, text := range []string{
		"aa", "a-a", "a-aa", "100", "0o", "com", "near", "bowen", "b-o_w_e-n", "b.owen", "bro.wen", "a.ha", "a.b-a.ra", "system", "over.9000", "google.com",
		"illia.cheapaccounts.near", "0o0ooo00oo00o", "alex-skidanov", "10-4.8-2", "no_lols", "near.a", "relay.aurora",
		"0123456789012345678901234567890123456789012345678901234567890123", "9902c136629fc630416e50d4f2fef6aff867ea7e.lockup.near",
		strings.Repeat("z", 64),
	} {
		a := mustParse(t, "near", text)
		if a.Text != text {
			t.Errorf("%s: %+v", text, a)
		}
		stable(t, net(t, "near"), a)
	}
	for _, text := range []string{
		"a", "A", "Abc", "-near", "near-", "-near-", "near.", ".near", "near@", "@near", "неар", "_____", "0__0", "0_-_0", "0_-_0", "..", "a..near", "nEar",
		"_bowen", "hello world", "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz", "01234567890123456789012345678901234567890123456789012345678901234",
		"$$$", "some-complex-address@gmail.com", "not-_alice.near", strings.Repeat("z", 65),
		"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", strings.Repeat("A", 64),
	} {
		refused(t, "near", text)
	}
}

func TestNEARKeys(t *testing.T) {
	implicit := strings.Repeat("ab", 32)
	for text, want := range map[string]string{
		implicit:             "near:" + implicit,
		implicit[:62] + ".a": "near:named:" + hex.EncodeToString(NewKey(0, 0, []byte(implicit[:62]+".a")).Payload()),
		"0s" + implicit[:40]: "near:contract:" + implicit[:40],
		"0s" + implicit[:38]: "near:named:" + hex.EncodeToString(NewKey(0, 0, []byte("0s"+implicit[:38])).Payload()),
		"0x" + implicit[:40]: "evm:" + implicit[:40],
		"0x" + implicit[:38]: "near:named:" + hex.EncodeToString(NewKey(0, 0, []byte("0x"+implicit[:38])).Payload()),
		"alice.near":         "near:named:" + hex.EncodeToString([]byte("alice.near")),
	} {
		a := mustParse(t, "near", text)
		if a.Key.String() != want {
			t.Errorf("%s: %s, want %s", text, a.Key, want)
		}
		stable(t, net(t, "near"), a)
	}
	if a, b := mustParse(t, "near", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), mustParse(t, "ethereum", evmText); a.Key != b.Key || a.Text != evmText || a.Form != ViaEVM {
		t.Errorf("%+v", a)
	}
}

func TestMoveAccounts(t *testing.T) {
	full := "0x" + strings.Repeat("0", 63) + "1"
	long := "0x0000" + strings.Repeat("ab", 30)
	for _, c := range []struct {
		network, text, canonical string
		form                     Form
	}{
		{"aptos", full, "0x1", Plain}, {"aptos", "0x1", "0x1", Short}, {"aptos", "0xF", "0xf", Short}, {"aptos", "0x0", "0x0", Short},
		{"aptos", long, long, Plain}, {"aptos", "0x" + long[6:], long, Short}, {"aptos", "0x" + strings.ToUpper(long[2:]), long, Plain},
		{"sui", full, full, Plain}, {"sui", "0x1", full, Short}, {"sui", "0xDEE9", "0x" + strings.Repeat("0", 60) + "dee9", Short},
		{"sui", "0x" + long[6:], long, Short}, {"sui", long, long, Plain},
	} {
		a := mustParse(t, c.network, c.text)
		if a.Text != c.canonical || a.Form != c.form {
			t.Errorf("%s %s: %s %s, want %s %s", c.network, c.text, a.Text, a.Form, c.canonical, c.form)
		}
		stable(t, net(t, c.network), a)
	}
	for _, name := range []string{"aptos", "sui"} {
		for text, word := range map[string]string{
			strings.Repeat("ab", 32):        "0x is missing",
			"0x":                            "does not begin with 0x",
			"0X" + strings.Repeat("ab", 32): "does not begin with 0x",
			"0x" + strings.Repeat("ab", 32)[1:] + "g": `"g"`,
			"0x" + strings.Repeat("a", 65):            "65 hex digits",
			"0x" + strings.Repeat("a", 59):            "59 hex digits",
			"0x12345":                                 "5 hex digits",
			evmText:                                   "an address of ethereum",
		} {
			if bad := refused(t, name, text); !strings.Contains(bad.Reason, word) {
				t.Errorf("%s %s: %s, want %q", name, text, bad.Reason, word)
			}
		}
	}
	refused(t, "aptos", "0x10")
	if a, b := mustParse(t, "aptos", long), mustParse(t, "sui", long); a.Key == b.Key {
		t.Errorf("%s on both", a.Key)
	}
}

// HIP-15 and the SDKs' own examples.
func TestHederaAccounts(t *testing.T) {
	for _, c := range []struct {
		network, text, canonical string
		form                     Form
	}{
		{"hedera", "0.0.123", "0.0.123", Plain}, {"hedera", "0.0.123-vfmkw", "0.0.123", Checked}, {"hedera-testnet", "0.0.123-esxsf", "0.0.123", Checked},
		{"hedera", "0.0.1234567890-zbhlt", "0.0.1234567890", Checked}, {"hedera", "0.0.0-uvnqa", "0.0.0", Checked},
		{"hedera", "10.5.987", "10.5.987", Plain}, {"hedera", "0.0.9223372036854775807", "0.0.9223372036854775807", Plain},
		{"hedera", "0x000000000000000000000000000000000000007b", "0.0.123", ViaEVM}, {"hedera", "0.0.000000000000000000000000000000000000007b", "0.0.123", ViaEVM},
		{"hedera", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", evmText, ViaEVM}, {"hedera", "0.0." + evmText[2:], evmText, ViaEVM},
	} {
		a := mustParse(t, c.network, c.text)
		if a.Text != c.canonical || a.Form != c.form || a.Testnet != (c.network != "hedera") {
			t.Errorf("%s %s: %+v, want %s %s", c.network, c.text, a, c.canonical, c.form)
		}
		stable(t, net(t, c.network), a)
	}
	if a, b := mustParse(t, "hedera", evmText), mustParse(t, "base", evmText); a.Key != b.Key {
		t.Errorf("%s, %s", a.Key, b.Key)
	}
	for _, c := range []struct{ network, text, code string }{
		{"hedera", "0.0.123-esxsf", "testnet"}, {"hedera-testnet", "0.0.123-vfmkw", "other_network"}, {"hedera", "0.0.123-vfmkx", "checksum"},
		{"hedera", "0.0.123-VFMKW", "checksum"}, {"hedera", "0.0.123-vfmk", "checksum"}, {"hedera", "0.0.123-", "checksum"}, {"hedera", "0.0.124-vfmkw", "checksum"},
		{"hedera", "0.0.0123", "malformed"}, {"hedera", "00.0.123", "malformed"}, {"hedera", "0.0", "malformed"}, {"hedera", "0.0.", "malformed"},
		{"hedera", "0.0.1.2", "malformed"}, {"hedera", "0.0.-1", "malformed"}, {"hedera", "0.0.+1", "malformed"}, {"hedera", "0.0.9223372036854775808", "malformed"},
		{"hedera", "0.0.1_0", "malformed"}, {"hedera", "123", "malformed"}, {"hedera", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "checksum"},
	} {
		if bad := refused(t, c.network, c.text); bad.Code.String() != c.code {
			t.Errorf("%s %s: %s %s, want %s", c.network, c.text, bad.Code, bad.Reason, c.code)
		}
	}
	if a := mustParse(t, "hedera", "0.0.123-esxsf", AllowTestnet()); !a.Testnet || a.Text != "0.0.123" {
		t.Errorf("%+v", a)
	}
}

// A mistyped character is noticed wherever the network has a checksum, on every place and by every character of a
// spelling.
func TestMistypedCharactersAreRefused(t *testing.T) {
	for _, c := range []struct{ network, text, digits string }{
		{"zcash", "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya", bech32Digits},
		{"zcash", "zcU1Cd6zYyZCd2VJF8yKgmzjxdiiU1rgTTjEwoN1CGUWCziPkUTXUjXmX7TMqdMNsTfuiGN1jQoVN4kGxUR4sAPN4XZ7pxb", bitcoinBase58.digits},
		{"zcash", unifiedVectors[5].text, bech32Digits},
		{"litecoin", "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gf", bech32Digits},
		{"verge", "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", bitcoinBase58.digits},
		{"cardano", "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x", bech32Digits},
		{"cardano", "Ae2tdPwUPEYzs5BRbGcoS3DXvK8mwgggmESz4HqUwMyaS9eNksZGz1LMS9v", bitcoinBase58.digits},
		{"ton", "EQAs9VlT6S776tq3unJcP5Ogsj-ELLunLXuOb1EKcOQi4wJB", base64Digits},
		{"cosmos", "cosmos1jv65s3grqf6v6jl3dp4t6c9t9rk99cd88lyufl", bech32Digits},
		{"bnb-beacon", "bnb1grpf0955h0ykzq3ar5nmum7y6gdfl6lxfn46h2", bech32Digits},
		{"algorand", "GONISIUAYDOMHM7VURRAAAP5H6OAWRRBCPXEIOZO3QI7TZKR5GTAQ7WK7Y", base32Digits},
		{"hedera", "0.0.1234567890-zbhlt", "0123456789abcdefghijklmnopqrstuvwxyz."},
	} {
		original := mustParse(t, c.network, c.text)
		tried := 0
		for i := range c.text {
			for _, d := range c.digits {
				text := c.text[:i] + string(d) + c.text[i+1:]
				if text == c.text || strings.NewReplacer("+", "-", "/", "_").Replace(text) == c.text {
					continue
				}
				tried++
				if a, err := Parse(net(t, c.network), text); err == nil && a.Key != original.Key {
					t.Errorf("%s: %q in place %d is read as %s", c.text, d, i, a.Key)
				} else if err == nil {
					t.Errorf("%s: %q in place %d is read as the same", c.text, d, i)
				}
			}
		}
		if tried < 20*len(c.text) {
			t.Errorf("%s: %d mutations", c.text, tried)
		}
	}
}

// SS58 has two bytes of checksum: of 65,536 mistyped texts one passes, and none of these does but with its chance.
func TestMistypedSS58IsRefusedAlmostAlways(t *testing.T) {
	const text = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"
	passed := ""
	for i := range text {
		for _, d := range bitcoinBase58.digits {
			if mutant := text[:i] + string(d) + text[i+1:]; mutant != text {
				if _, err := Parse(net(t, "polkadot"), mutant); err == nil {
					passed += fmt.Sprintf(" %s", mutant)
				}
			}
		}
	}
	if passed != "" {
		t.Errorf("read:%s", passed)
	}
}
