package address

import (
	"bytes"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil"
	oraclecheck "github.com/btcsuite/btcd/btcutil/base58"
	oraclebech32 "github.com/btcsuite/btcd/btcutil/bech32"
	oracle58 "github.com/mr-tron/base58"
	"golang.org/x/crypto/sha3"
	"pgregory.net/rapid"
)

// bytesOf draws byte strings of a length, with leading zeros more often than chance has them.
func bytesOf(low, high int) *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		b := rapid.SliceOfN(rapid.Byte(), low, high).Draw(t, "bytes")
		clear(b[:rapid.IntRange(0, min(4, len(b))).Draw(t, "zeros")])
		return b
	})
}

func TestBase58AgreesWithTheOracle(t *testing.T) {
	ripple := oracle58.NewAlphabet(rippleBase58.digits)
	rapid.Check(t, func(t *rapid.T) {
		b := bytesOf(1, base58Longest).Draw(t, "b")
		for _, c := range []struct {
			own    *base58
			oracle *oracle58.Alphabet
		}{{bitcoinBase58, oracle58.BTCAlphabet}, {rippleBase58, ripple}} {
			want := oracle58.EncodeAlphabet(b, c.oracle)
			if got := string(c.own.encode(nil, b)); got != want {
				t.Fatalf("%x: %s, want %s", b, got, want)
			}
			got := make([]byte, len(b))
			if f := c.own.decode(got, want); f != sound || !bytes.Equal(got, b) {
				t.Fatalf("%s: %x (%d), want %x", want, got, f, b)
			}
			if f := c.own.decode(make([]byte, len(b)+1), want); f == sound {
				t.Fatalf("%s: read as %d bytes", want, len(b)+1)
			}
			if f := c.own.decode(make([]byte, len(b)-1), want); f == sound {
				t.Fatalf("%s: read as %d bytes", want, len(b)-1)
			}
		}
	})
}

// A text that is no encoding of anything is refused exactly where the oracle refuses it or reads another length.
func TestBase58RefusesWithTheOracle(t *testing.T) {
	digit := rapid.SampledFrom([]byte(bitcoinBase58.digits + "0OIl "))
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(digit, 0, 60).Draw(t, "text"))
		size := rapid.IntRange(1, 40).Draw(t, "size")
		want, err := oracle58.Decode(text)
		got := make([]byte, size)
		f := bitcoinBase58.decode(got, text)
		if ok := err == nil && len(want) == size; ok != (f == sound) || ok && !bytes.Equal(got, want) {
			t.Fatalf("%q as %d bytes: %x (%d), oracle %x, %v", text, size, got, f, want, err)
		}
	})
}

func TestBase58CheckAgreesWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version, hash := rapid.Byte().Draw(t, "version"), bytesOf(hashBytes, hashBytes).Draw(t, "hash")
		text := bitcoinBase58.encodeCheck([]byte{version}, hash)
		if want := oraclecheck.CheckEncode(hash, version); text != want {
			t.Fatalf("%d %x: %s, want %s", version, hash, text, want)
		}
		var raw [1 + hashBytes + checksumBytes]byte
		if f := bitcoinBase58.decodeCheck(raw[:], text); f != sound || raw[0] != version || !bytes.Equal(raw[1:21], hash) {
			t.Fatalf("%s: %x (%d)", text, raw, f)
		}
		i := rapid.IntRange(0, len(text)-1).Draw(t, "place")
		c := rapid.SampledFrom([]byte(bitcoinBase58.digits)).Draw(t, "digit")
		if c != text[i] && bitcoinBase58.decodeCheck(raw[:], text[:i]+string(c)+text[i+1:]) == sound {
			t.Fatalf("%s with %c for character %d is read", text, c, i+1)
		}
	})
}

func TestMoneroBase58RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 1, 80).Draw(t, "b")
		text := encodeMonero(b)
		got := make([]byte, len(b))
		if f := decodeMonero(got, text); f != sound || !bytes.Equal(got, b) {
			t.Fatalf("%x: %s is read as %x (%d)", b, text, got, f)
		}
		if len(b) == blockBytes { // one full block is plain Base58, filled up
			if want := oracle58.Encode(b); strings.TrimLeft(text, "1") != strings.TrimLeft(want, "1") {
				t.Fatalf("%x: %s, want %s", b, text, want)
			}
		}
	})
}

// The greatest number of a block is its last encoding; one above it has as many digits and stands for nothing.
func TestMoneroBase58Overflow(t *testing.T) {
	for _, c := range []struct {
		text string
		size int
		want fault
	}{
		{"jpXCZedGfVQ", 8, sound}, {"jpXCZedGfVR", 8, badLength}, {"zzzzzzzzzzz", 8, badLength},
		{"5Q", 1, sound}, {"5R", 1, badLength}, {"LUv", 2, sound}, {"LUw", 2, badLength}, {"VtB5VXc", 5, sound}, {"VtB5VXd", 5, badLength},
		{"1l", 1, badDigit},
	} {
		if got := decodeMonero(make([]byte, c.size), c.text); got != c.want {
			t.Errorf("%s: fault %d, want %d", c.text, got, c.want)
		}
	}
}

func TestBech32AgreesWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SampledFrom([]string{"bc", "tb", "bcrt", "ltc", "btg", "tex"}).Draw(t, "prefix")
		version := rapid.Uint8Range(0, 31).Draw(t, "version")
		program := bytesOf(1, 40).Draw(t, "program")
		five, err := oraclebech32.ConvertBits(program, 8, 5, true)
		if err != nil {
			t.Fatal(err)
		}
		data := append([]byte{version}, five...)
		for _, c := range []struct {
			spec   uint32
			encode func(string, []byte) (string, error)
		}{{bech32Spec, oraclebech32.Encode}, {bech32mSpec, oraclebech32.EncodeM}} {
			want, err := c.encode(prefix, data)
			if err != nil {
				t.Fatal(err)
			}
			text := encodeBech32(c.spec, prefix, version, program)
			if text != want {
				t.Fatalf("%x: %s, want %s", program, text, want)
			}
			var decoded bech32Text
			if p := decodeBech32(&decoded, text); !p.ok() || decoded.spec != c.spec || decoded.prefix != prefix || !bytes.Equal(decoded.digits[:decoded.n], data) {
				t.Fatalf("%s: %v %+v", text, p, decoded)
			}
			var packed [64]byte
			if n, ok := packDigits(packed[:], decoded.digits[1:decoded.n]); !ok || !bytes.Equal(packed[:n], program) {
				t.Fatalf("%s: %x, want %x", text, packed[:n], program)
			}
		}
	})
}

// Whatever text: the two decoders read the same.
func TestBech32RefusesWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"bc1", "BC1", "tb1", "1", "x1", ""}).Draw(t, "prefix") +
			rapid.StringOfN(rapid.RuneFrom([]rune(bech32Digits+"bioQP1")), 0, 88, -1).Draw(t, "digits")
		var decoded bech32Text
		p := decodeBech32(&decoded, text)
		_, data, version, err := oraclebech32.DecodeGeneric(text)
		if p.ok() != (err == nil) {
			t.Fatalf("%q: %v, oracle %v", text, p, err)
		}
		if p.ok() && (!bytes.Equal(decoded.digits[:decoded.n], data) || (decoded.spec == bech32mSpec) != (version == oraclebech32.VersionM)) {
			t.Fatalf("%q: %x, oracle %x", text, decoded.digits[:decoded.n], data)
		}
	})
}

func TestCashAddrRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom(cashHashBytes[:]).Draw(t, "size")
		hash := bytesOf(size, size).Draw(t, "hash")
		kind := rapid.Uint8Range(0, 15).Draw(t, "kind")
		text, ok := encodeCash("bitcoincash", kind, hash)
		if !ok {
			t.Fatalf("%x: not written", hash)
		}
		digits := strings.TrimPrefix(text, "bitcoincash:")
		var got [64]byte
		k, n, p := decodeCash(&got, "bitcoincash", digits)
		if !p.ok() || k != kind || !bytes.Equal(got[:n], hash) {
			t.Fatalf("%s: type %d, %x, %v", text, k, got[:n], p)
		}
		if _, _, p := decodeCash(&got, "bchtest", digits); p.code != Checksum {
			t.Fatalf("%s under another prefix: %v, want the checksum refused", text, p)
		}
	})
	if _, ok := encodeCash("bitcoincash", cashPKH, make([]byte, 21)); ok {
		t.Error("a hash of 21 bytes was written")
	}
}

func TestKeccakAgreesWithTheOracle(t *testing.T) {
	for n := range 3*keccakRate + 2 { // each length around the ends of blocks
		data := bytes.Repeat([]byte{byte(n)}, n)
		h := sha3.NewLegacyKeccak256()
		h.Write(data)
		if got := keccak256(data); !bytes.Equal(got[:], h.Sum(nil)) {
			t.Fatalf("%d bytes: %x", n, got)
		}
	}
}

func TestHash160AgreesWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		if got, want := hash160(b), btcutil.Hash160(b); !bytes.Equal(got, want) {
			t.Fatalf("%x: %x, want %x", b, got, want)
		}
	})
}

func TestCRC16(t *testing.T) {
	if got := crc16([]byte("123456789")); got != 0x31c3 { // the check value of CRC-16/XMODEM
		t.Errorf("%#04x, want 0x31c3", got)
	}
}
