package address

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"sluice/pkg/network"
)

// An EVM address is 0x and 40 hex digits. In one case it carries no checksum; in mixed case the letters' case is one
// (EIP-55), and it must be right. The prefix is asked for, in lower case: without it forty hex digits may as well be a
// public key hash, and 0X is what no wallet writes. Canonical is lower case.
const (
	evmBytes  = 20
	evmLength = 2 + 2*evmBytes
)

func parseEVM(_ network.Network, text string, _ Option) (Address, problem) {
	if len(text) < 2 || text[0] != '0' || text[1] != 'x' {
		return Address{}, evmPrefix(text)
	}
	if len(text) != evmLength {
		return Address{}, problem{code: Malformed, reason: fmt.Sprintf("%d characters, want 0x and 40 hex digits", len(text))}
	}
	a := Address{Text: text, Key: Key{Family: network.EVM, size: evmBytes}}
	marks, bad := decodeHex(a.Key.payload[:evmBytes], text[2:])
	if bad >= 0 {
		return Address{}, badCharacter(bad+2, "hex digit")
	}
	switch {
	case marks&upperDigit == 0:
		return a, problem{}
	case marks&lowerDigit != 0 && !checksumEVM(text):
		return Address{}, problem{code: Checksum, reason: "wrong checksum in the case of its letters (EIP-55); in one case it would be read without"}
	}
	a.Text = lower(text)
	return a, problem{}
}

// PrintEVM returns the fingerprint of the key of an EVM address in its canonical spelling, which has no checksum and is
// the same on every EVM network. ok is false for any other text, valid or not: Parse is to be asked then.
func PrintEVM(text []byte) (print uint64, ok bool) {
	if len(text) != evmLength || text[0] != '0' || text[1] != 'x' {
		return 0, false
	}
	var wire [2 + evmBytes]byte
	wire[0], wire[1] = byte(network.EVM), byte(Account)
	for i := 0; i < evmBytes; i += 4 {
		digits, ok := lowerHex(binary.LittleEndian.Uint64(text[2+2*i:]))
		if !ok {
			return 0, false
		}
		binary.LittleEndian.PutUint32(wire[2+i:], digits)
	}
	return xxhash.Sum64(wire[:]), true
}

func evmPrefix(text string) problem {
	switch {
	case len(text) == evmLength-2 && isHex(text):
		return problem{code: Malformed, reason: "0x is missing in front of its 40 hex digits"}
	case len(text) > 1 && text[:2] == "0X":
		return problem{code: Malformed, reason: "0X in front: want 0x"}
	}
	return problem{code: Malformed, reason: "does not begin with 0x"}
}

// checksumEVM reports whether the case of the digits is what EIP-55 makes it: a letter is a capital where the digit
// at its place in the Keccak-256 of the lower-case digits is 8 or more.
func checksumEVM(text string) bool {
	var low [2 * evmBytes]byte
	for i := range low {
		c := text[2+i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	sum := keccak256(low[:])
	for i := range low {
		if low[i] < 'a' {
			continue
		}
		nibble := sum[i/2] >> 4
		if i%2 == 1 {
			nibble = sum[i/2] & 0x0f
		}
		if capital := text[2+i] != low[i]; capital != (nibble >= 8) {
			return false
		}
	}
	return true
}

// ChecksumEVM spells a canonical EVM address with the capitals of EIP-55, as wallets show it. Any other text is
// returned as it is.
func ChecksumEVM(canonical string) string {
	if len(canonical) != evmLength || canonical[:2] != "0x" || !isHex(canonical[2:]) || lower(canonical) != canonical {
		return canonical
	}
	text := []byte(canonical)
	sum := keccak256(text[2:])
	for i, c := range text[2:] {
		nibble := sum[i/2] >> 4
		if i%2 == 1 {
			nibble = sum[i/2] & 0x0f
		}
		if c >= 'a' && nibble >= 8 {
			text[2+i] = c - ('a' - 'A')
		}
	}
	return string(text)
}

func encodeEVM(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != evmBytes {
		return "", false
	}
	var text [evmLength]byte
	text[0], text[1] = '0', 'x'
	hex.Encode(text[2:], payload)
	return string(text[:]), true
}
