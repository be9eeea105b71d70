package address

import (
	"strings"
	"testing"
)

// Spellings of one address, on the networks that they are of: canonical text, tag, form, and one key for all.
func TestSpellingsOfOneKey(t *testing.T) {
	type spelling struct{ network, text, canonical, tag, form string }
	const (
		genesis     = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
		genesisCash = "bitcoincash:qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy"
		script      = "3LDsS579y7sruadqu11beEJoTjdFiFCdX4"
		scriptCash  = "bitcoincash:pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e"
		witness     = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
		litecoin3   = "36MawjXaMq6831thXAcFyKKoAaGfxPB14M"
		litecoinM   = "MCZjFcwYJwwYqXAbd3bbnxaCVGs81cp43Z"
		tether      = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
		tetherHex   = "41a614f803b6fd780986a42c78ec9c7f77e6ded13c"
		zec         = "t1VmmGiyjVNeCjxDZzg7vZmd99WyzVby9yC"
		tex         = "tex1s2rt77ggv6q989lr49rkgzmh5slsksa9khdgte"
		ripple      = "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"
		lumen       = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"
		xmr         = "4AdUndXHHZ6cfufTMvppY6JwXNouMBzSkbLYfpAV5Usx3skxNgYeYTRj5UzqtReoS44qo9mtmXCqY45DJ852K5Jv2684Rge"
		evm         = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
	)
	for name, spellings := range map[string][]spelling{
		"evm:5aaeb6053f3e94c9b9a09f33669435e7ef1beaed": {
			{"ethereum", evm, evm, "", "plain"},
			{"polygon", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", evm, "", "plain"},
			{"eip155:8453", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", evm, "", "plain"},
		},
		"bitcoin:pkh:62e907b15cbf27d5425399ebf6f0fb50ebb88f18": {
			{"bitcoin", genesis, genesis, "", "p2pkh"},
			{"bitcoin", "bc1qvt5s0v2uhuna2sjnn84ldu8m2r4m3rcc4048ry", "bc1qvt5s0v2uhuna2sjnn84ldu8m2r4m3rcc4048ry", "", "p2wpkh"},
			{"bitcoin-cash", genesis, genesisCash, "", "legacy"},
			{"bitcoin-cash", genesisCash, genesisCash, "", "cashaddr"},
			{"bitcoin-cash", strings.ToUpper(genesisCash), genesisCash, "", "cashaddr"},
			{"bitcoin-cash", "qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy", genesisCash, "", "cashaddr"},
			{"bitcoin-cash", "QP3WJPA3TJLJ042Z2WV7HAHSLDGWHWY0RQ9SYWJPYY", genesisCash, "", "cashaddr"},
			{"bitcoin-sv", genesis, genesis, "", "p2pkh"},
			{"bitcoin-sv", genesisCash, genesis, "", "cashaddr"},
		},
		"bitcoin:pkh:751e76e8199196d454941c45d1b3a323f1433bd6": {
			{"bitcoin", witness, witness, "", "p2wpkh"},
			{"bitcoin", strings.ToUpper(witness), witness, "", "p2wpkh"},
			{"bitcoin", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "", "p2pkh"},
			{"bitcoin-testnet", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "", "p2wpkh"},
		},
		"bitcoin:pkh:f5bf48b397dae70be82b3cca4793f8eb2b6cdac9": {
			{"bitcoin-cash", "bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2", "bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2", "", "cashaddr"},
			{"bitcoin-cash", "bitcoincash:zr6m7j9njldwwzlg9v7v53unlr4jkmx6eycnjehshe", "bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2", "", "cashaddr_token"},
			{"bitcoin-cash", "zr6m7j9njldwwzlg9v7v53unlr4jkmx6eycnjehshe", "bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2", "", "cashaddr_token"},
		},
		"bitcoin:sh:cb481232299cd5743151ac4b2d63ae198e7bb0a9": {
			{"bitcoin", script, script, "", "p2sh"},
			{"bitcoin-cash", script, scriptCash, "", "legacy"},
			{"bitcoin-cash", scriptCash, scriptCash, "", "cashaddr"},
		},
		"litecoin:sh:332bdfb31f688c0be0137c7c038a6d0fea0de0b6": {
			{"litecoin", litecoin3, litecoin3, "", "legacy"},
			{"litecoin", litecoinM, litecoinM, "", "p2sh"},
		},
		"tron:a614f803b6fd780986a42c78ec9c7f77e6ded13c": {
			{"tron", tether, tether, "", "plain"},
			{"tron", tetherHex, tether, "", "hex"},
			{"tron", "0x" + tetherHex, tether, "", "hex"},
			{"tron", strings.ToUpper(tetherHex), tether, "", "hex"},
			{"tron-nile", tether, tether, "", "plain"},
		},
		"zcash:pkh:8286bf790866805397e3a947640b77a43f0b43a5": {
			{"zcash", zec, zec, "", "p2pkh"},
			{"zcash", tex, tex, "", "tex"},
			{"zcash", strings.ToUpper(tex), tex, "", "tex"},
		},
		"xrp:5e7b112523f68d2f5e879db4eac51c6698a69304": {
			{"xrp", ripple, ripple, "", "plain"},
			{"xrp", "X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ", ripple, "", "x_address"},
			{"xrp", "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", ripple, "1", "x_address"},
			{"xrp-testnet", "T719a5UwUCnEs54UsxG9CJYYDhwmFCqkr7wxCcNcfZ6p5GZ", ripple, "", "x_address"},
			{"xrp-testnet", ripple, ripple, "", "plain"},
		},
		"stellar:3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a": {
			{"stellar", lumen, lumen, "", "plain"},
			{"stellar", "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ", lumen, "0", "muxed"},
			{"stellar", "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK", lumen, "9223372036854775808", "muxed"},
			{"stellar-testnet", lumen, lumen, "", "plain"},
		},
		"stellar:pool:3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a": {
			{"stellar", "LA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUPJN", "LA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUPJN", "", "plain"},
		},
		"stellar:balance:3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a": {
			{"stellar", "BAAD6DBUX6J22DMZOHIEZTEQ64CVCHEDRKWZONFEUL5Q26QD7R76RGR4TU", "BAAD6DBUX6J22DMZOHIEZTEQ64CVCHEDRKWZONFEUL5Q26QD7R76RGR4TU", "", "plain"},
		},
		"stellar:contract:363eaa3867841fbad0f4ed88c779e4fe66e56a2470dc98c0ec9c073d05c7b103": {
			{"stellar", "CA3D5KRYM6CB7OWQ6TWYRR3Z4T7GNZLKERYNZGGA5SOAOPIFY6YQGAXE", "CA3D5KRYM6CB7OWQ6TWYRR3Z4T7GNZLKERYNZGGA5SOAOPIFY6YQGAXE", "", "plain"},
		},
		"monero": {
			{"monero", xmr, xmr, "", "plain"},
			{"monero", "4LL9oSLmtpccfufTMvppY6JwXNouMBzSkbLYfpAV5Usx3skxNgYeYTRj5UzqtReoS44qo9mtmXCqY45DJ852K5Jv2bYXZKKQePHES9khPK", xmr, "8a125052fe6f3877", "integrated"},
		},
	} {
		var first Key
		for i, s := range spellings {
			a := mustParse(t, s.network, s.text)
			if i == 0 {
				first = a.Key
			}
			if a.Text != s.canonical || a.Tag != s.tag || a.Form.String() != s.form || a.Key != first {
				t.Errorf("%s %s: %s %q %s %s\nwant %s %q %s %s", s.network, s.text, a.Text, a.Tag, a.Form, a.Key, s.canonical, s.tag, s.form, first)
			}
			if strings.Contains(name, ":") && a.Key.String() != name {
				t.Errorf("%s %s: key %s, want %s", s.network, s.text, a.Key, name)
			}
			stable(t, net(t, s.network), a)
		}
	}
}

func TestMoneroKinds(t *testing.T) {
	standard := mustParse(t, "monero", "47zQ5LAivg6hNCgijXSEFVLX7mke1bgM6YGLFaANDoJbgXDymcAAZvvMNt2PmMpqEe5qRy2zyfMYXdwpmdyitiFh84xnPG2")
	sub := mustParse(t, "monero", "88WB4JKdQVhWfkc8cBT9EEJ6vejSAqKJHbV1dXBAXdpgQovtNDNRxfKCS7wB8rHQ5D5zH2Pd1YkyMNNQDie6ZfeZ311fPgn")
	integrated := mustParse(t, "monero", "4Gd4DLiXzBmbVX2FZZ3Cvu6fUaWACup1qDowprUCje1kSP4FmbftiJMSfV8kWZXNqmVwj4m52xqtgFNUudVmsmGkGvkLcCibWfVUfUFVB7")
	if standard.Key.Kind != Account || sub.Key.Kind != Subaddress || integrated.Key.Kind != Account {
		t.Errorf("kinds %s, %s, %s", standard.Key.Kind, sub.Key.Kind, integrated.Key.Kind)
	}
	if !strings.HasPrefix(integrated.Text, "4") || len(integrated.Text) != moneroText || len(integrated.Tag) != 2*moneroPaymentID {
		t.Errorf("integrated: %s, payment id %q", integrated.Text, integrated.Tag)
	}
	if n := len(standard.Key.Payload()); n != MaxPayload {
		t.Errorf("payload of %d bytes, want the hash of the keys", n)
	}
	stable(t, net(t, "monero"), integrated)
}

func TestWrappedSegwit(t *testing.T) {
	// BIP-49's test vector.
	key, err := ParseKey("bitcoin:pkh:38971f73930f6c141d977ac4fd4a727c854935b3")
	if err != nil {
		t.Fatal(err)
	}
	want := mustParse(t, "bitcoin-testnet", "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2").Key
	if got, ok := WrappedSegwit(key); !ok || got != want {
		t.Errorf("%s, %t, want %s", got, ok, want)
	}
	if got, ok := WrappedSegwit(mustParse(t, "litecoin", "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9").Key); !ok || got.Kind != SH || got.Family.String() != "litecoin" {
		t.Errorf("litecoin: %s, %t", got, ok)
	}
	for _, k := range []Key{{}, want, mustParse(t, "dogecoin", "DDogepartyxxxxxxxxxxxxxxxxxxw1dfzr").Key, mustParse(t, "ethereum", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed").Key} {
		if got, ok := WrappedSegwit(k); ok {
			t.Errorf("%s: %s, want none", k, got)
		}
	}
}

// What is no address of a network, with the code and a word of the reason.
func TestRefusals(t *testing.T) {
	const genesis = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
	for _, c := range []struct{ network, text, code, word string }{
		{"bitcoin", "", "malformed", "empty"},
		{"bitcoin", " \t ", "malformed", "empty"},
		{"bitcoin", "bitcoin:" + genesis, "malformed", "payment link"},
		{"bitcoin", "bitcoin:" + genesis + "?amount=1", "malformed", "payment link"},
		{"ethereum", "ethereum:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "malformed", "payment link"},
		{"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "checksum", "checksum"},
		{"bitcoin", strings.ToLower(genesis), "malformed", `character 22 is "l"`},
		{"bitcoin", genesis[:20], "malformed", "length"},
		{"bitcoin", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "other_network", "ethereum"},
		{"bitcoin", "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", "other_network", "litecoin"},
		{"bitcoin", "ltc1qg42tkwuuxefutzxezdkdel39gfstuap288mfea", "other_network", "litecoin"},
		{"bitcoin", "bitcoincash:qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy", "other_network", "bitcoin-cash"},
		{"bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "checksum", "checksum"},
		{"bitcoin", "bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "malformed", "one case"},
		{"bitcoin", "BC1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "malformed", "one case"},
		{"bitcoin", "mzBc4XEFSdzCDcTxAgf6EZXgsZWpztRhef", "testnet", "testnet"},
		{"bitcoin", "bcrt1q6z64a43mjgkcq0ul2znwneq3spghrlau9slefp", "testnet", "testnet"},
		{"bitcoin-testnet", genesis, "other_network", "bitcoin"},
		{"bitcoin-testnet", "bcrt1q6z64a43mjgkcq0ul2znwneq3spghrlau9slefp", "other_network", "tb1"},
		{"bitcoin-cash", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "other_network", "segwit"},
		{"bitcoin-cash", "bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", "testnet", "testnet"},
		{"bitcoin-cash", "pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", "testnet", "testnet"},
		{"bitcoin-cash", "bitcoincash:qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyz", "checksum", "CashAddr"},
		{"bitcoin-cash", "bitcoincash:Qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy", "malformed", "one case"},
		{"bitcoin-cash", "BitcoinCash:qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy", "malformed", "one case"},
		{"bitcoin-cash", "bitcoincash:qp3wjpa3tjlj042z2wb7hahsldgwhwy0rq9sywjpyy", "malformed", `character 31 is "b"`},
		{"bitcoin-cash", "bitcoincash:qvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq5nlegake", "malformed", "32 bytes"},
		{"bitcoin-cash", "bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0", "malformed", "24 bytes"},
		{"bitcoin-gold", genesis, "other_network", "bitcoin"},
		{"litecoin", "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gq", "checksum", "checksum"},
		{"litecoin-testnet", "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gf", "other_network", "main network"},
		{"litecoin", "mzBc4XEFSdzCDcTxAgf6EZXgsZWpztRhef", "testnet", "testnet"},
		{"dogecoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "other_network", "bitcoin"},
		{"dash", "yXGeNPQXYFXhLAN1ZKrAjxzzBnZ2JZNnnh", "checksum", "checksum"},
		{"zcash", "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9sly", "checksum", "checksum"},
		{"zcash", "t2UNzUUx8mWBCRYPRezvA363EYXyEpHokyi", "testnet", "testnet"},
		{"ethereum", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "malformed", "0x is missing"},
		{"ethereum", "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", "malformed", "0X"},
		{"ethereum", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", "malformed", "41 characters"},
		{"ethereum", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaedd", "malformed", "43 characters"},
		{"ethereum", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg", "malformed", `character 42 is "g"`},
		{"ethereum", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "checksum", "EIP-55"},
		{"ethereum", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "other_network", "tron"},
		{"tron", "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c", "other_network", "41"},
		{"tron", "a0a614f803b6fd780986a42c78ec9c7f77e6ded13c", "testnet", "testnet"},
		{"tron", "27bLJCYjbH6MT8DBF9xcrK6yZnm43vx7MNQ", "testnet", "testnet"},
		{"tron", "42a614f803b6fd780986a42c78ec9c7f77e6ded13c", "malformed", "41"},
		{"tron", genesis, "other_network", "bitcoin"},
		{"solana", "833XorXTTx5iya5B3Tr6iqEs9GbRuvVfwyLCP2vpdz", "malformed", "32 bytes"},
		{"solana", genesis, "other_network", "bitcoin"},
		{"xrp", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk5A", "checksum", "checksum"},
		{"xrp", "T719a5UwUCnEs54UsxG9CJYYDhwmFCqkr7wxCcNcfZ6p5GZ", "testnet", "testnet"},
		{"xrp", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59:12345", "malformed", "the tag goes in memo"},
		{"xrp", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59?dt=12345", "malformed", "the tag goes in memo"},
		{"xrp", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk5A:12345", "malformed", ""},
		{"xrp-testnet", "X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ", "other_network", "main network"},
		{"stellar", "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGA", "checksum", "checksum"},
		{"stellar", strings.ToLower("GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"), "malformed", `character 1 is "g"`},
		{"monero", "4", "malformed", "95 characters"},
		{"monero", "5BAP9qLbRseYrGneYVRaFANMajuaD4KZrf3fGWvt5cVDR1xUXm6qoFYLkgU6Vp12fs2R24r4269inAWHFEdsLnE87rGCxYK", "testnet", "testnet"},
		{"monero-testnet", "5BAP9qLbRseYrGneYVRaFANMajuaD4KZrf3fGWvt5cVDR1xUXm6qoFYLkgU6Vp12fs2R24r4269inAWHFEdsLnE87rGCxYK", "other_network", "another test network"},
		{"monero-testnet", "47zQ5LAivg6hNCgijXSEFVLX7mke1bgM6YGLFaANDoJbgXDymcAAZvvMNt2PmMpqEe5qRy2zyfMYXdwpmdyitiFh84xnPG2", "other_network", "main network"},
		{"monero", "L63ymg8cb5aRz1PhXrEQ22PWw9KBhBS8rMsgqbABhTGFfh53U3Rc2iWCJpCPsHZT5hfyt7fPQa612a5Z1tBnGYEA9h6YHnn", "other_network", "another network"},
	} {
		bad := refused(t, c.network, c.text)
		if bad.Code.String() != c.code || !strings.Contains(bad.Reason, c.word) {
			t.Errorf("%s %q: %s, %q\nwant %s and %q in the reason", c.network, c.text, bad.Code, bad.Reason, c.code, c.word)
		}
	}
}

func TestSecretsAreNamedAndNotRepeated(t *testing.T) {
	for network, text := range map[string]string{
		"bitcoin":      "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
		"litecoin":     "L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ",
		"bitcoin-cash": "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
		"xrp":          "sn259rEFXrQrWyx3Q7XneWcwV6dfL",
		"tron":         "sEdTM1uX8pu2do5XvTnutH6HsouMaM2",
		"stellar":      "SBGWKM3CD4IL47QN6X54N6Y33T3JDNVI6AIJ6CD5IM47HG3IG4O36XCU",
		"near":         "ed25519:3D4YudUQRE39Lc4JHghuB5WM8kbgDDa34mnrEP5DdTApVH81af7e2dWgNPEaiQfdJnZq1CNPp5im4Rg5b733oiMP",
		"aptos":        "ed25519-priv-0xc5338cd251c22daa8c9c9cc94f498cc8a5c7e1d2e75287a5dda91096fe64efa5",
		"sui":          "suiprivkey1qzwant3kaegmjy4qxex93s0jzvemekkjmyv3r2sjwgnv2y479pgsywhveae",
		"cardano":      "addr_xsk1fzw9r482t0ekua7rcqewg3k8ju5d9run4juuehm2p24jtuzz4dg4wpeulnqhualvtx9lyy7u0h9pdjvmyhxdhzsyy49szs6y8c9zwfp0eqyrqyl290e6dr0q3fvngmsjn4aask9jjr6q34juh25hczw3euust0dw",
	} {
		bad := refused(t, network, text)
		if bad.Code != Secret || bad.Text != "" || strings.Contains(bad.Error(), text[:8]) {
			t.Errorf("%s: %s, text %q, %q", network, bad.Code, bad.Text, bad)
		}
	}
	xpub := "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"
	if bad := refused(t, "bitcoin", xpub); bad.Code != Malformed || !strings.Contains(bad.Reason, "extended public key") {
		t.Errorf("xpub: %s %q", bad.Code, bad.Reason)
	}
}
