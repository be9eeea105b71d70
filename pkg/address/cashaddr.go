package address

import "strings"

// CashAddr is bitcoin-cash's spelling: a prefix, a colon, five-bit digits of which the last eight are a checksum. The
// prefix may be left out. The first byte of the payload tells type and length of the hash behind it.
const (
	cashChecksum = 8   // digits
	cashLongest  = 112 // digits, for a hash of 64 bytes

	// The types of addresses; the token types name the same outputs and say that the wallet takes tokens.
	cashPKH      = 0
	cashSH       = 1
	cashTokenPKH = 2
	cashTokenSH  = 3
)

// cashHashBytes are the lengths that the low bits of the version byte name.
var cashHashBytes = [8]int{20, 24, 28, 32, 40, 48, 56, 64}

var cashGenerators = [5]uint64{0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470}

var cashTable = func() (t [32]uint64) {
	for i := range t {
		for bit, g := range cashGenerators {
			if i>>bit&1 == 1 {
				t[i] ^= g
			}
		}
	}
	return t
}()

func cashStep(sum uint64, digit uint8) uint64 {
	return (sum&0x07ffffffff)<<5 ^ uint64(digit) ^ cashTable[sum>>35]
}

func cashPrefix(prefix string) uint64 {
	sum := uint64(1)
	for i := range len(prefix) {
		sum = cashStep(sum, prefix[i]&31)
	}
	return cashStep(sum, 0)
}

// decodeCash reads the digits behind the prefix, which is in lower case, into hash, and returns the type of the
// address and the length of the hash.
func decodeCash(hash *[64]byte, prefix, digits string) (kind uint8, n int, p problem) {
	if len(digits) < cashChecksum+2 || len(digits) > cashLongest {
		return 0, 0, problem{code: Malformed, reason: "wrong length for a CashAddr"}
	}
	var values [cashLongest]uint8
	small, capital := false, false
	sum := cashPrefix(prefix)
	for i := range len(digits) {
		c := digits[i]
		v := bech32Values[c]
		if v == noDigit {
			return 0, 0, badCharacter(i, "CashAddr digit")
		}
		small = small || 'a' <= c && c <= 'z'
		capital = capital || 'A' <= c && c <= 'Z'
		sum = cashStep(sum, v)
		values[i] = v
	}
	if small && capital {
		return 0, 0, problem{code: Malformed, reason: "small and capital letters mixed: a CashAddr is in one case"}
	}
	if sum != 1 {
		return 0, 0, problem{code: Checksum, reason: "wrong CashAddr checksum: a character is mistyped"}
	}
	var payload [1 + 64 + 4]byte
	length, ok := packDigits(payload[:], values[:len(digits)-cashChecksum])
	if !ok {
		return 0, 0, problem{code: Malformed, reason: "CashAddr with stray bits at its end"}
	}
	version := payload[0]
	n = cashHashBytes[version&7]
	if version&0x80 != 0 || length != 1+n {
		return 0, 0, problem{code: Malformed, reason: "CashAddr whose length is not what its version says"}
	}
	copy(hash[:], payload[1:length])
	return version >> 3, n, problem{}
}

// encodeCash writes prefix, colon and the digits of a hash; ok is false for a length that CashAddr does not have.
func encodeCash(prefix string, kind uint8, hash []byte) (text string, ok bool) {
	size := -1
	for i, n := range cashHashBytes {
		if n == len(hash) {
			size = i
		}
	}
	if size < 0 {
		return "", false
	}
	var body [1 + 64]byte
	payload := append(append(body[:0], kind<<3|uint8(size)), hash...)
	var buffer [32 + cashLongest]byte
	b := append(append(buffer[:0], prefix...), ':')
	at := len(b)
	b = appendDigits(b, payload)
	sum := cashPrefix(prefix)
	for _, d := range b[at:] {
		sum = cashStep(sum, d)
	}
	for range cashChecksum {
		sum = cashStep(sum, 0)
	}
	sum ^= 1
	for i := range cashChecksum {
		b = append(b, uint8(sum>>(5*(cashChecksum-1-i)))&31)
	}
	for i := at; i < len(b); i++ {
		b[i] = bech32Digits[b[i]]
	}
	return string(b), true
}

// cutCash parts a CashAddr from its prefix when it has that one, in one case with the digits.
func cutCash(text, prefix string) (digits string, ok bool) {
	given, digits, found := strings.Cut(text, ":")
	if !found {
		return "", false
	}
	if given == prefix {
		return digits, strings.ToLower(digits) == digits
	}
	return digits, given == strings.ToUpper(prefix) && strings.ToUpper(digits) == digits
}
