package address

import (
	"fmt"
	"strings"
)

// The codec of BIP-173 (bech32) and BIP-350 (bech32m): a human-readable part, the separator 1, five-bit digits of which
// the last six are a checksum. A text is in one case; canonical is lower case.
const (
	bech32Longest  = 90 // characters, by BIP-173
	bech32Checksum = 6  // digits

	bech32Spec  uint32 = 1
	bech32mSpec uint32 = 0x2bc830a3
)

const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

var bech32Values = func() (t [256]uint8) {
	for i := range t {
		t[i] = noDigit
	}
	for i := range len(bech32Digits) {
		c := bech32Digits[i]
		t[c] = uint8(i)
		if 'a' <= c && c <= 'z' {
			t[c-('a'-'A')] = uint8(i)
		}
	}
	return t
}()

// bech32Text is a decoded text with a good checksum.
type bech32Text struct {
	prefix  string // human-readable part, as it was given
	spec    uint32 // bech32Spec or bech32mSpec
	capital bool   // in upper case
	n       int
	digits  [MaxText]uint8 // the first n: five bits each, without the checksum
}

var bech32Generators = [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}

// bech32Table holds what the top five bits of the checksum add to it.
var bech32Table = func() (t [32]uint32) {
	for i := range t {
		for bit, g := range bech32Generators {
			if i>>bit&1 == 1 {
				t[i] ^= g
			}
		}
	}
	return t
}()

func bech32Step(sum uint32, digit uint8) uint32 {
	return (sum&0x1ffffff)<<5 ^ uint32(digit) ^ bech32Table[sum>>25]
}

// bech32Prefix is the checksum behind the human-readable part, given in either case.
func bech32Prefix(prefix string) uint32 {
	sum := uint32(1)
	for i := range len(prefix) {
		sum = bech32Step(sum, lowerByte(prefix[i])>>5)
	}
	sum = bech32Step(sum, 0)
	for i := range len(prefix) {
		sum = bech32Step(sum, lowerByte(prefix[i])&31)
	}
	return sum
}

// decodeBech32 reads text into t.
func decodeBech32(t *bech32Text, text string) problem {
	if len(text) > bech32Longest {
		return problem{code: Malformed, reason: "longer than the 90 characters of bech32"}
	}
	return decodeLongBech32(t, text)
}

// decodeLongBech32 is decodeBech32 for the networks that took the code and not its bound: Cardano, and the shielded
// addresses of Zcash and Litecoin. The text has at most MaxText characters.
func decodeLongBech32(t *bech32Text, text string) problem {
	separator := strings.LastIndexByte(text, '1')
	if separator < 1 || separator+1+bech32Checksum > len(text) {
		return problem{code: Malformed, reason: "no bech32: want a prefix, 1, and at least six more characters"}
	}
	small, capital := false, false
	for i := range len(text) {
		switch c := text[i]; {
		case c < 33 || c > 126:
			return badCharacter(i, "bech32 character")
		case 'a' <= c && c <= 'z':
			small = true
		case 'A' <= c && c <= 'Z':
			capital = true
		}
	}
	if small && capital {
		return problem{code: Malformed, reason: "small and capital letters mixed: bech32 is in one case"}
	}
	t.prefix, t.capital = text[:separator], capital
	sum := bech32Prefix(t.prefix)
	data := text[separator+1:]
	for i := range len(data) {
		v := bech32Values[data[i]]
		if v == noDigit {
			return badCharacter(separator+1+i, "bech32 digit")
		}
		sum = bech32Step(sum, v)
		t.digits[i] = v
	}
	if sum != bech32Spec && sum != bech32mSpec {
		return problem{code: Checksum, reason: "wrong bech32 checksum: a character is mistyped"}
	}
	t.spec, t.n = sum, len(data)-bech32Checksum
	return problem{}
}

// encodeBech32 writes prefix, which is in lower case, the digit first, and the payload in five-bit digits.
func encodeBech32(spec uint32, prefix string, first uint8, payload []byte) string {
	var buffer [bech32Longest + 16]byte
	text := append(append(buffer[:0], prefix...), '1')
	return finishBech32(spec, prefix, append(text, first), payload)
}

// encodeBech32Bytes writes prefix, which is in lower case, and the payload in five-bit digits.
func encodeBech32Bytes(spec uint32, prefix string, payload []byte) string {
	var buffer [bech32Longest + 16]byte
	return finishBech32(spec, prefix, append(append(buffer[:0], prefix...), '1'), payload)
}

// finishBech32 appends payload and checksum to a text of the prefix, the separator and, as five-bit values, the first
// digits.
func finishBech32(spec uint32, prefix string, text, payload []byte) string {
	at := len(prefix) + 1
	text = appendDigits(text, payload)
	sum := bech32Prefix(prefix)
	for _, d := range text[at:] {
		sum = bech32Step(sum, d)
	}
	for range bech32Checksum {
		sum = bech32Step(sum, 0)
	}
	sum ^= spec
	for i := range bech32Checksum {
		text = append(text, uint8(sum>>(5*(bech32Checksum-1-i)))&31)
	}
	for i := at; i < len(text); i++ {
		text[i] = bech32Digits[text[i]]
	}
	return string(text)
}

// appendDigits appends payload as five-bit digits, the last one filled up with zero bits.
func appendDigits(dst, payload []byte) []byte {
	var bits uint32
	n := 0
	for _, b := range payload {
		bits = bits<<8 | uint32(b)
		for n += 8; n >= 5; {
			n -= 5
			dst = append(dst, uint8(bits>>n)&31)
		}
	}
	if n > 0 {
		dst = append(dst, uint8(bits<<(5-n))&31)
	}
	return dst
}

// packDigits writes five-bit digits as bytes into dst, which is long enough, and returns how many there are. What is
// left over must be fewer than five bits, all zero.
func packDigits(dst []byte, digits []uint8) (n int, ok bool) {
	var bits uint32
	left := 0
	for _, d := range digits {
		bits = bits<<5 | uint32(d)
		if left += 5; left >= 8 {
			left -= 8
			dst[n] = byte(bits >> left)
			n++
		}
	}
	return n, left < 5 && bits&(1<<left-1) == 0
}

// bech32Payload reads a text of the prefix hrp, in lower case, and exactly len(dst) bytes behind it, and returns the
// text in lower case. what names such an address.
func bech32Payload(dst []byte, text, hrp string, spec uint32, what string) (low string, p problem) {
	var t bech32Text
	if p := decodeLongBech32(&t, text); !p.ok() {
		return "", p
	}
	if t.spec != spec {
		have, want := "bech32", "bech32m"
		if spec == bech32Spec {
			have, want = want, have
		}
		return "", problem{code: Checksum, reason: "checksum of " + have + ": a " + what + " has that of " + want}
	}
	var raw [MaxText]byte
	n, ok := packDigits(raw[:], t.digits[:t.n])
	if !ok || n != len(dst) || !sameFold(t.prefix, hrp) {
		return "", problem{code: Malformed, reason: fmt.Sprintf("no %s: want %s1 and %d bytes", what, hrp, len(dst))}
	}
	copy(dst, raw[:n])
	if t.capital {
		return lower(text), problem{}
	}
	return text, problem{}
}
