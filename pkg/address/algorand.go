package address

import (
	"crypto/sha512"

	"sluice/pkg/network"
)

// An Algorand address is 32 bytes, a public key or the hash of a program, and the last four bytes of their SHA-512/256,
// in base32 without padding. The test networks spell alike.
const (
	algorandBytes = 32
	algorandText  = 58 // characters
)

func parseAlgorand(n network.Network, text string, _ Option) (Address, problem) {
	if len(text) != algorandText {
		return Address{}, problem{code: Malformed, reason: "wrong length: an algorand address has 58 characters"}
	}
	var digits [algorandText]uint8
	for i := range digits {
		v := base32Values[text[i]]
		if v == noDigit {
			return Address{}, badCharacter(i, "base32 digit (A-Z, 2-7)")
		}
		digits[i] = v
	}
	var raw [algorandBytes + checksumBytes]byte
	if _, ok := packDigits(raw[:], digits[:]); !ok {
		return Address{}, problem{code: Malformed, reason: "stray bits at its end"}
	}
	if checksumAlgorand(raw[:algorandBytes]) != [checksumBytes]byte(raw[algorandBytes:]) {
		return Address{}, problem{code: Checksum, reason: "wrong checksum: a character is mistyped"}
	}
	return Address{Text: text, Key: NewKey(network.Algorand, Account, raw[:algorandBytes]), Testnet: n.Testnet}, problem{}
}

func checksumAlgorand(payload []byte) [checksumBytes]byte {
	sum := sha512.Sum512_256(payload)
	return [checksumBytes]byte(sum[len(sum)-checksumBytes:])
}

func encodeAlgorand(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != algorandBytes {
		return "", false
	}
	var raw [algorandBytes + checksumBytes]byte
	copy(raw[:], payload)
	sum := checksumAlgorand(payload)
	copy(raw[algorandBytes:], sum[:])
	var buffer [algorandText]byte
	text := appendDigits(buffer[:0], raw[:])
	for i, d := range text {
		text[i] = base32Digits[d]
	}
	return string(text), true
}
