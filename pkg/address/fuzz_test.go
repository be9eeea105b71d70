package address

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/network"
)

// seeds are addresses of every family, some broken.
var seeds = []string{
	"", " ", evmText, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x", "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
	"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3LDsS579y7sruadqu11beEJoTjdFiFCdX4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
	"BC1SW50QGDZ25J", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
	"bitcoincash:qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy", "zr6m7j9njldwwzlg9v7v53unlr4jkmx6eycnjehshe", "bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t",
	"bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS", "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9",
	"ltc1qg42tkwuuxefutzxezdkdel39gfstuap288mfea", "DDogepartyxxxxxxxxxxxxxxxxxxw1dfzr", "XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2",
	"t1VmmGiyjVNeCjxDZzg7vZmd99WyzVby9yC", "tex1s2rt77ggv6q989lr49rkgzmh5slsksa9khdgte", "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9sly",
	"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "833XorXTTx5iya5B3Tr6iqEs9GbRuvVfwyLCP2vpdzhq",
	"11111111111111111111111111111111", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu",
	"GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ", "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK",
	"BAAD6DBUX6J22DMZOHIEZTEQ64CVCHEDRKWZONFEUL5Q26QD7R76RGR4TU",
	"47zQ5LAivg6hNCgijXSEFVLX7mke1bgM6YGLFaANDoJbgXDymcAAZvvMNt2PmMpqEe5qRy2zyfMYXdwpmdyitiFh84xnPG2",
	"4Gd4DLiXzBmbVX2FZZ3Cvu6fUaWACup1qDowprUCje1kSP4FmbftiJMSfV8kWZXNqmVwj4m52xqtgFNUudVmsmGkGvkLcCibWfVUfUFVB7",
	"5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", "sn259rEFXrQrWyx3Q7XneWcwV6dfL", "0x5\u0430aeb", "\ufeff1A", "a\xffb",
}

// FuzzParse holds Parse to its promise on every network: no panic, an error that says why, and a canonical text that
// is read as itself.
func FuzzParse(f *testing.F) {
	var networks []network.Network // EVM networks all parse alike
	for _, n := range network.All() {
		if n.Family != network.EVM || n.Alias == "ethereum" {
			networks = append(networks, n)
		}
	}
	for i, n := range networks {
		for j, text := range seeds {
			if _, err := Parse(n, text, AllowTestnet()); err == nil || i == j%len(networks) {
				f.Add(uint8(i), text, i%2 == 0)
			}
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, text string, testnets bool) {
		n := networks[int(i)%len(networks)]
		var opts []Option
		if testnets {
			opts = append(opts, AllowTestnet())
		}
		a, err := Parse(n, text, opts...)
		if err != nil {
			var bad *Invalid
			if !errors.As(err, &bad) || bad.Reason == "" || strings.ContainsAny(bad.Reason, "\t\r\n") || a != (Address{}) {
				t.Fatalf("%s %q: %+v, %#v", n.Canonical(), text, a, err)
			}
			return
		}
		if a.Key.Family != n.Family && a.Form != ViaEVM && n.Family != network.Cosmos || a.Text != strings.TrimSpace(a.Text) || a.Trimmed != (len(trim(text)) != len(text)) {
			t.Fatalf("%s %q: %+v", n.Canonical(), text, a)
		}
		stable(t, n, a, opts...)
		a.Key.Unlistable()
		a.Also()
		WrappedSegwit(a.Key)
	})
}

// fuzzFamily holds Parse to its promise on the networks of one family, with texts that are shaped like its own.
func fuzzFamily(f *testing.F, family network.Family, texts ...string) {
	var networks []network.Network
	for _, n := range network.All() {
		if n.Family == family {
			networks = append(networks, n)
		}
	}
	for i := range networks {
		for _, text := range texts {
			f.Add(uint8(i), text, i%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, text string, testnets bool) {
		n := networks[int(i)%len(networks)]
		var opts []Option
		if testnets {
			opts = append(opts, AllowTestnet())
		}
		a, err := Parse(n, text, opts...)
		if err != nil {
			return
		}
		stable(t, n, a, opts...)
		for _, k := range append(a.Also(), a.Key) {
			if back, err := ParseKey(k.String()); err != nil || back != k {
				t.Fatalf("%s %q: key %s is read as %s, %v", n.Alias, text, k, back, err)
			}
		}
		if b, err := Parse(n, strings.TrimSpace(text), opts...); err != nil || b.Key != a.Key || b.Text != a.Text {
			t.Fatalf("%s %q: %+v, without spaces %+v, %v", n.Alias, text, a, b, err)
		}
	})
}

func FuzzZcash(f *testing.F) {
	texts := []string{
		"t1VmmGiyjVNeCjxDZzg7vZmd99WyzVby9yC", "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya",
		"zcU1Cd6zYyZCd2VJF8yKgmzjxdiiU1rgTTjEwoN1CGUWCziPkUTXUjXmX7TMqdMNsTfuiGN1jQoVN4kGxUR4sAPN4XZ7pxb", "tex1s2rt77ggv6q989lr49rkgzmh5slsksa9khdgte",
	}
	for _, v := range unifiedVectors {
		texts = append(texts, v.text)
	}
	fuzzFamily(f, network.Zcash, texts...)
}

// FuzzUnified reads the inside of unified addresses, whose checksum and jumbling keep a fuzzer out.
func FuzzUnified(f *testing.F) {
	f.Add(append(item(0, 20, 1), item(2, 43, 2)...))
	f.Add([]byte{0xfe, 0, 0, 1, 0, 0xfd, 1})
	f.Fuzz(func(t *testing.T, list []byte) {
		var u unified
		if p := u.read(list); !p.ok() {
			return
		}
		if a, p := u.address(); p.ok() && (a.Key.IsZero() || !a.Shielded || len(a.Also()) > 2) {
			t.Fatalf("%x: %+v", list, a)
		}
	})
}

// FuzzUnjumble holds the two directions of F4Jumble to each other.
func FuzzUnjumble(f *testing.F) {
	f.Add(make([]byte, unifiedShortest))
	f.Fuzz(func(t *testing.T, message []byte) {
		if len(message) < unifiedShortest || len(message) > MaxText {
			return
		}
		b := slices.Clone(message)
		jumble(b)
		unjumble(b)
		if !slices.Equal(b, message) {
			t.Fatalf("%x comes back as %x", message, b)
		}
	})
}

func FuzzLitecoin(f *testing.F) {
	fuzzFamily(f, network.Litecoin, "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gf",
		"LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", "ltc1qg42tkwuuxefutzxezdkdel39gfstuap288mfea")
}

func FuzzVerge(f *testing.F) { fuzzFamily(f, network.Verge, "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z") }

func FuzzCardano(f *testing.F) {
	fuzzFamily(f, network.Cardano, "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x",
		"addr1gx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer5pnz75xxcrzqf96k", "stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw",
		"addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz", "Ae2tdPwUPEYzs5BRbGcoS3DXvK8mwgggmESz4HqUwMyaS9eNksZGz1LMS9v",
		"37btjrVyb4KEB2STADSsj3MYSAdj52X5FrFWpw2r7Wmj2GDzXjFRsHWuZqrw7zSkwopv8Ci3VWeg6bisU9dgJxW5hb2MZYeduNKbQJrqz3zVBsu9nT")
}

// FuzzByron reads the inside of Byron addresses, whose checksum keeps a fuzzer out.
func FuzzByron(f *testing.F) {
	f.Add(append(append([]byte{0x83, 0x58, 0x1c}, make([]byte, cardanoHash)...), 0xa0, 0))
	f.Fuzz(func(t *testing.T, body []byte) {
		if root, _, ok := readByron(body); ok && len(root) != cardanoHash {
			t.Fatalf("%x: root %x", body, root)
		}
	})
}

func FuzzPolkadot(f *testing.F) {
	fuzzFamily(f, network.Polkadot, "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5", "yGF4JP7q5AK46d1FPCEm9sYQ4KooSjHMpyVAjLnsCSWVafPnf", "F7Hs")
}

func FuzzTON(f *testing.F) {
	fuzzFamily(f, network.TON, "EQAs9VlT6S776tq3unJcP5Ogsj-ELLunLXuOb1EKcOQi4wJB", "kQAs9VlT6S776tq3unJcP5Ogsj+ELLunLXuOb1EKcOQi47nL",
		"0:2cf55953e92efbeadab7ba725c3f93a0b23f842cbba72d7b8e6f510a70e422e3", "-1:2CF55953E92EFBEADAB7BA725C3F93A0B23F842CBBA72D7B8E6F510A70E422E3")
}

func FuzzCosmos(f *testing.F) {
	fuzzFamily(f, network.Cosmos, "cosmos1jv65s3grqf6v6jl3dp4t6c9t9rk99cd88lyufl", "bnb1grpf0955h0ykzq3ar5nmum7y6gdfl6lxfn46h2",
		"inj14au322k9munkmx5wrchz9q30juf5wjgz2cfqku", "terravaloper1dcegyrekltswvyy0xy69ydgxn9x8x32zdy3ua5")
}

func FuzzAlgorand(f *testing.F) {
	fuzzFamily(f, network.Algorand, "GONISIUAYDOMHM7VURRAAAP5H6OAWRRBCPXEIOZO3QI7TZKR5GTAQ7WK7Y")
}

func FuzzNEAR(f *testing.F) {
	fuzzFamily(f, network.NEAR, "alice.near", evmText, "0s85f17cf997934a597031b2e18a9ab6ebd4b9f6a4", strings.Repeat("0a", 32), "a-b_c", "-a", "a..b")
}

func FuzzAptos(f *testing.F) {
	fuzzFamily(f, network.Aptos, "0x1", "0xF", "0xaabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133", "0xabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133")
}

func FuzzSui(f *testing.F) {
	fuzzFamily(f, network.Sui, "0x2", "0xdee9", "0xaabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133")
}

func FuzzHedera(f *testing.F) {
	fuzzFamily(f, network.Hedera, "0.0.123", "0.0.123-vfmkw", "0.0.123-esxsf", evmText, "0x000000000000000000000000000000000000007b", "0.0."+evmText[2:], "9.9.9")
}

// FuzzGuess holds Guess to Parse.
func FuzzGuess(f *testing.F) {
	for _, text := range seeds {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[network.Family]bool{}
		readings := Readings(text)
		for _, g := range readings {
			if a, err := Parse(g.Network, text); err != nil || a != g.Address || seen[g.Network.Family] {
				t.Fatalf("%q: read as %+v, parsed %+v, %v", text, g, a, err)
			}
			seen[g.Network.Family] = true
		}
		for _, g := range Guess(text) {
			if !slices.Contains(readings, g) {
				t.Fatalf("%q: guessed %+v, and not among its readings", text, g)
			}
		}
	})
}

// FuzzParseKey holds the texts of keys to one spelling each.
func FuzzParseKey(f *testing.F) {
	f.Add("evm:5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
	f.Add("bitcoin:w16:751e")
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParseKey(text); err == nil && k.String() != text {
			t.Fatalf("%q is read as %s", text, k)
		}
	})
}

// FuzzDecodeKey holds the wire forms of keys to one spelling each.
func FuzzDecodeKey(f *testing.F) {
	f.Add([]byte("\x01\x0001234567890123456789"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		if k, err := DecodeKey(wire); err == nil && string(k.Append(nil)) != string(wire) {
			t.Fatalf("%x is read as %s", wire, k)
		}
	})
}

// FuzzLine holds the filter to its columns.
func FuzzLine(f *testing.F) {
	for _, text := range seeds {
		f.Add("bitcoin\t" + text)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, line string) {
		out, _, ok := Line(line)
		c := strings.Split(out, "\t")
		if strings.ContainsAny(out, "\r\n") || ok != (c[0] == "ok") || !ok && (c[0] != "invalid" || len(c) != 2) || ok && len(c) > 3 || c[1] == "" {
			t.Fatalf("%q: %q, %t", line, out, ok)
		}
	})
}
