package address

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"sluice/pkg/network"
)

func TestNewKeyKeepsUpToMaxPayload(t *testing.T) {
	at, over := bytes.Repeat([]byte{7}, MaxPayload), bytes.Repeat([]byte{7}, MaxPayload+1)
	if got := NewKey(network.Solana, Account, at).Payload(); !bytes.Equal(got, at) {
		t.Errorf("at the bound: %x", got)
	}
	sum := sha256.Sum256(over)
	if got := NewKey(network.Solana, Account, over).Payload(); !bytes.Equal(got, sum[:]) {
		t.Errorf("over the bound: %x, want %x", got, sum)
	}
}

func TestKeyIsComparable(t *testing.T) {
	a := NewKey(network.Bitcoin, PKH, make([]byte, 20))
	for _, b := range []Key{
		NewKey(network.Litecoin, PKH, make([]byte, 20)), NewKey(network.Bitcoin, SH, make([]byte, 20)), NewKey(network.Bitcoin, PKH, make([]byte, 21)), {},
	} {
		if a == b || a.Fingerprint() == b.Fingerprint() {
			t.Errorf("%s equals %s", a, b)
		}
	}
	if a != NewKey(network.Bitcoin, PKH, make([]byte, 20)) || a.IsZero() || !(Key{}).IsZero() {
		t.Error("equal keys are not equal, or the zero key is not told")
	}
}

func TestFingerprintIsTheHashOfTheWireForm(t *testing.T) {
	for _, k := range []Key{{}, NewKey(network.EVM, Account, make([]byte, 20)), NewKey(network.Bitcoin, WSH, bytes.Repeat([]byte{9}, 32))} {
		if got, want := k.Fingerprint(), xxhash.Sum64(k.Append(nil)); got != want {
			t.Errorf("%s: %x, want %x", k, got, want)
		}
		if n := testing.AllocsPerRun(100, func() { _ = k.Fingerprint() }); n != 0 {
			t.Errorf("%s: %v allocations", k, n)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	for _, c := range []struct{ text, word string }{
		{"", "family:payload"}, {"evm", "family:payload"}, {"unknown:00", "family"}, {"EVM:" + strings.Repeat("0", 40), "family"},
		{"evm:" + strings.Repeat("0", 38), "19 bytes"}, {"evm:" + strings.Repeat("0", 42), "21 bytes"}, {"evm:" + strings.Repeat("0", 41), "even"},
		{"evm:" + strings.Repeat("0", 66), "at most 64"}, {"evm:" + strings.Repeat("A", 40), "lower-case"}, {"evm:" + strings.Repeat("g", 40), "lower-case"},
		{"evm:pkh:" + strings.Repeat("0", 40), "no such kind"}, {"evm:account:" + strings.Repeat("0", 40), "kind"}, {"evm:", "0 bytes"},
		{"bitcoin:" + strings.Repeat("0", 40), "no such kind"}, {"bitcoin:w0:0000", "kind"}, {"bitcoin:w17:0000", "kind"}, {"bitcoin:w2:00", "1 bytes"},
		{"bitcoin:pkh:" + strings.Repeat("0", 64), "32 bytes"}, {"litecoin:sh:" + strings.Repeat("0", 64), "32 bytes"}, {"dogecoin:tr:" + strings.Repeat("0", 64), "no such kind"},
		{"bitcoin:pkh:000:00", "lower-case"},
	} {
		if k, err := ParseKey(c.text); err == nil || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%q: %s, %v, want an error with %q", c.text, k, err, c.word)
		}
	}
	for _, text := range []string{"bitcoin:w16:" + strings.Repeat("ab", 32), "bitcoin:sh:" + strings.Repeat("ab", 32), "stellar:pool:" + strings.Repeat("ab", 32), "monero:sub:" + strings.Repeat("ab", 32)} {
		if k, err := ParseKey(text); err != nil || k.String() != text {
			t.Errorf("%s: %s, %v", text, k, err)
		}
	}
}

func TestDecodeKeyRefuses(t *testing.T) {
	for _, wire := range [][]byte{nil, {1}, {1, 0}, {0, 0, 1}, {1, 0, 1}, {200, 0, 1}, append([]byte{1, 1}, make([]byte, 20)...), make([]byte, MaxKeyWire+1)} {
		if k, err := DecodeKey(wire); err == nil {
			t.Errorf("%x: %s", wire, k)
		}
	}
}

// The numbers are part of the wire form, which is kept in topics and segments.
func TestWireNumbersNeverChange(t *testing.T) {
	for want, f := range []network.Family{
		network.Unknown, network.EVM, network.Bitcoin, network.Litecoin, network.Dogecoin, network.Dash, network.Zcash, network.Tron,
		network.Solana, network.XRP, network.Stellar, network.Monero,
		network.Verge, network.Cardano, network.Polkadot, network.TON, network.Cosmos, network.Algorand, network.NEAR, network.Aptos, network.Sui,
		network.Hedera,
	} {
		if int(f) != want {
			t.Errorf("family %s is %d, was %d", f, f, want)
		}
	}
	for want, k := range []Kind{
		Account, PKH, SH, WSH, TR, Contract, Pool, Balance, Subaddress, Sprout, Sapling, Orchard, MWEB, Named, Master,
	} {
		if int(k) != want {
			t.Errorf("kind %s is %d, was %d", k, k, want)
		}
	}
	if Witness(1) != 17 || Witness(16) != 32 {
		t.Errorf("witness kinds are %d to %d, were 17 to 32", Witness(1), Witness(16))
	}
}

func TestNamesOfNumbersOutOfRange(t *testing.T) {
	if got := Kind(200).String() + " " + Form(200).String() + " " + Code(200).String() + " " + (Key{}).String(); got != "kind200 unknown unknown " {
		t.Errorf("%q", got)
	}
}
