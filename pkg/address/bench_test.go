package address

import (
	"testing"
)

// hot are the spellings on the clean path, with the allocations that each may cost.
var hot = []struct {
	name, network, text string
	allocs              float64
}{
	{"evm", "ethereum", evmText, 0},
	{"evm-checksummed", "ethereum", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", 1},
	{"bitcoin-p2pkh", "bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", 0},
	{"bitcoin-p2wpkh", "bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", 0},
	{"bitcoin-cash", "bitcoin-cash", "bitcoincash:qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy", 0},
	{"tron", "tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", 0},
	{"tron-hex", "tron", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c", 1},
	{"solana", "solana", "833XorXTTx5iya5B3Tr6iqEs9GbRuvVfwyLCP2vpdzhq", 0},
	{"xrp", "xrp", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", 0},
	{"stellar", "stellar", "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ", 0},
	{"monero", "monero", "47zQ5LAivg6hNCgijXSEFVLX7mke1bgM6YGLFaANDoJbgXDymcAAZvvMNt2PmMpqEe5qRy2zyfMYXdwpmdyitiFh84xnPG2", 0},
}

func TestHotPathAllocatesNothingButTheText(t *testing.T) {
	for _, c := range hot {
		n := net(t, c.network)
		if got := testing.AllocsPerRun(100, func() { _, _ = Parse(n, c.text) }); got > c.allocs {
			t.Errorf("%s: %v allocations, want %v", c.name, got, c.allocs)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, c := range hot {
		n := net(b, c.network)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(n, c.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGuess(b *testing.B) {
	for _, c := range hot[:3] {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = Guess(c.text)
			}
		})
	}
}

func BenchmarkFingerprint(b *testing.B) {
	k := mustParse(b, "ethereum", evmText).Key
	b.ReportAllocs()
	for b.Loop() {
		_ = k.Fingerprint()
	}
}
