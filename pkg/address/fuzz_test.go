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
		if a.Key.Family != n.Family && a.Form != ViaEVM && n.Alias != "injective" || a.Text != strings.TrimSpace(a.Text) || a.Trimmed != (len(trim(text)) != len(text)) {
			t.Fatalf("%s %q: %+v", n.Canonical(), text, a)
		}
		stable(t, n, a, opts...)
		a.Key.Unlistable()
		a.Also()
		WrappedSegwit(a.Key)
	})
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
