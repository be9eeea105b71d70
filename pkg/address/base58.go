package address

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// base58 is one of the two orders of the 58 digits: Bitcoin's, which all families but one use, and Ripple's.
type base58 struct {
	digits string
	values [256]uint8 // noDigit for a byte that is none
}

var (
	bitcoinBase58 = newBase58("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
	rippleBase58  = newBase58("rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz")
)

func newBase58(digits string) *base58 {
	b := &base58{digits: digits}
	for i := range b.values {
		b.values[i] = noDigit
	}
	for i := range len(digits) {
		b.values[digits[i]] = uint8(i)
	}
	return b
}

// Numbers are worked on ten digits at a time, in 64-bit limbs.
const (
	chunkDigits   = 10
	chunkValue    = 430804206899405824 // 58^10, below 2^59
	base58Limbs   = 11
	base58Longest = 8 * base58Limbs // bytes that decode and encode take at most
)

// powers58 are 58^0 to 58^10.
var powers58 = func() (p [chunkDigits + 1]uint64) {
	p[0] = 1
	for i := range chunkDigits {
		p[i+1] = 58 * p[i]
	}
	return p
}()

// fault is what a decoder found wrong.
type fault uint8

const (
	sound     fault = iota
	badDigit        // a character of no digit; its place is asked for separately
	badLength       // too short or too long
	badSum          // the checksum does not match
)

// decode reads a text that stands for exactly len(dst) bytes, at most base58Longest. Each leading zero byte is one
// leading first digit, so that every byte string has one text only.
func (b *base58) decode(dst []byte, text string) fault {
	// A byte string of n bytes has at least n and at most 1.37 n digits.
	if len(text) < len(dst) || len(text) > len(dst)*11/8+1 {
		return b.length(text)
	}
	var raw [base58Bytes]byte
	n, f := b.decodeAny(&raw, text)
	if f == sound && n != len(dst) {
		f = badLength
	}
	if f == sound {
		copy(dst, raw[:n])
	}
	return f
}

// base58Bytes is the room that decodeAny needs: a text may be a little too long for base58Longest.
const base58Bytes = 2 * base58Longest

// decodeAny reads a text of whatever length that stands for at most base58Longest bytes, and returns how many it has.
func (b *base58) decodeAny(dst *[base58Bytes]byte, text string) (n int, f fault) {
	if len(text) > base58Longest*11/8+1 {
		return 0, b.length(text)
	}
	zeros := 0
	for zeros < len(text) && text[zeros] == b.digits[0] {
		zeros++
	}
	var limbs [base58Limbs + 1]uint64 // least first
	used := 0
	for rest := text[zeros:]; rest != ""; {
		n := min(chunkDigits, len(rest))
		var chunk uint64
		for i := range n {
			v := b.values[rest[i]]
			if v == noDigit {
				return 0, badDigit
			}
			chunk = chunk*58 + uint64(v)
		}
		rest = rest[n:]
		carry := chunk
		for i := range used {
			high, low := bits.Mul64(limbs[i], powers58[n])
			var c uint64
			limbs[i], c = bits.Add64(low, carry, 0)
			carry = high + c
		}
		if carry != 0 {
			limbs[used] = carry
			used++
		}
	}
	significant := 0
	if used > 0 {
		significant = 8*used - bits.LeadingZeros64(limbs[used-1])/8
	}
	clear(dst[:zeros])
	n = zeros + significant
	for i := range significant {
		dst[n-1-i] = byte(limbs[i/8] >> (8 * (i % 8)))
	}
	return n, sound
}

// length says what is wrong with a text of the wrong length: a character that is no digit tells more than the length.
func (b *base58) length(text string) fault {
	if b.foreign(text) >= 0 {
		return badDigit
	}
	return badLength
}

// foreign is the place of the first byte that is no digit, -1 when there is none.
func (b *base58) foreign(text string) int {
	for i := range len(text) {
		if b.values[text[i]] == noDigit {
			return i
		}
	}
	return -1
}

// encode appends the text of src, which has at most base58Longest bytes, to dst.
func (b *base58) encode(dst, src []byte) []byte {
	zeros := 0
	for zeros < len(src) && src[zeros] == 0 {
		zeros++
		dst = append(dst, b.digits[0])
	}
	src = src[zeros:]
	var padded [base58Longest]byte
	copy(padded[base58Longest-len(src):], src)
	var limbs [base58Limbs]uint64 // greatest first
	for i := range limbs {
		limbs[i] = binary.BigEndian.Uint64(padded[8*i:])
	}
	var digits [base58Longest*11/8 + chunkDigits]byte
	at := len(digits)
	first := 0
	for {
		for first < len(limbs) && limbs[first] == 0 {
			first++
		}
		if first == len(limbs) {
			break
		}
		var chunk uint64
		for i := first; i < len(limbs); i++ {
			limbs[i], chunk = bits.Div64(chunk, limbs[i], chunkValue)
		}
		for range chunkDigits {
			at--
			digits[at] = b.digits[chunk%58]
			chunk /= 58
		}
	}
	for at < len(digits) && digits[at] == b.digits[0] {
		at++
	}
	return append(dst, digits[at:]...)
}

// checksumBytes is how long the checksum of Base58Check is.
const checksumBytes = 4

// checksum58 is the first bytes of the double SHA-256 of payload.
func checksum58(payload []byte) [checksumBytes]byte {
	once := sha256.Sum256(payload)
	twice := sha256.Sum256(once[:])
	return [checksumBytes]byte(twice[:checksumBytes])
}

// decodeCheck reads a Base58Check text that stands for len(dst) bytes, checksum included.
func (b *base58) decodeCheck(dst []byte, text string) fault {
	if f := b.decode(dst, text); f != sound {
		return f
	}
	body := dst[:len(dst)-checksumBytes]
	if checksum58(body) != [checksumBytes]byte(dst[len(body):]) {
		return badSum
	}
	return sound
}

// encodeCheck writes prefix and payload, together at most 64 bytes, as Base58Check.
func (b *base58) encodeCheck(prefix, payload []byte) string {
	var body [64 + checksumBytes]byte
	raw := append(append(body[:0], prefix...), payload...)
	sum := checksum58(raw)
	raw = append(raw, sum[:]...)
	var text [128]byte
	return string(b.encode(text[:0], raw))
}

// problem words what decodeCheck found wrong with text; want describes the length asked for.
func (b *base58) problem(f fault, text, want string) problem {
	switch f {
	case badDigit:
		return badCharacter(b.foreign(text), "Base58 digit")
	case badSum:
		return problem{code: Checksum, reason: "wrong checksum: a character is mistyped"}
	default:
		return problem{code: Malformed, reason: "wrong length: " + want}
	}
}
