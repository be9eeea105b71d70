package ethereum

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/holiman/uint256"
)

var (
	errPrefix = errors.New("hexadecimal begins with 0x")
	errEmpty  = errors.New("a number has at least one digit")
)

// ParseHex reads 0x and an even number of hex digits.
func ParseHex(text string) ([]byte, error) {
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok {
		return nil, errPrefix
	}
	return hex.DecodeString(digits)
}

// ParseHash reads a transaction hash; 0x may be missing, as in some exports.
func ParseHash(text string) (h Hash, err error) {
	return h, parseFixed(h[:], text)
}

// ParseAddress reads an account's address in any case. Checksums are not for machines' exports.
func ParseAddress(text string) (a Address, err error) {
	return a, parseFixed(a[:], text)
}

func parseFixed(dst []byte, text string) error {
	digits := strings.TrimPrefix(text, "0x")
	if len(digits) != 2*len(dst) {
		return fmt.Errorf("%q is not %d bytes of hexadecimal", clip(text), len(dst))
	}
	if _, err := hex.Decode(dst, []byte(digits)); err != nil {
		return fmt.Errorf("%q is not %d bytes of hexadecimal", clip(text), len(dst))
	}
	return nil
}

// ParseQuantity reads a number as JSON-RPC writes it, 0x and hex digits, or in decimal.
func ParseQuantity(text string) (n uint256.Int, err error) {
	digits, isHex := strings.CutPrefix(text, "0x")
	switch {
	case digits == "":
		return n, errEmpty
	case isHex:
		digits = strings.TrimLeft(digits[:len(digits)-1], "0") + digits[len(digits)-1:] // nodes of old pad
		err = n.SetFromHex("0x" + digits)
	case digits[0] == '+': // which the library would accept
		err = errEmpty
	default:
		err = n.SetFromDecimal(digits)
	}
	if err != nil {
		return n, fmt.Errorf("%q is not a number of at most 256 bits", clip(text))
	}
	return n, nil
}

// clip keeps an error message short whatever the input holds.
func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}

// ParseCallInput reads as much of a call's input as DecodeCall looks at.
func ParseCallInput(text string) ([]byte, error) {
	const digits = len("0x") + 2*maxCall
	return ParseHex(text[:min(len(text), digits)])
}
