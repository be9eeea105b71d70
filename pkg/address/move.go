package address

import (
	"encoding/hex"
	"fmt"
)

// Aptos and Sui, whose contracts are in the language Move, write an account as 0x and 32 bytes in hex, without a
// checksum. Some tools leave out leading zeros; below a bound the number is a system account, and its short form is in
// use (0x1). Between the two lies what nobody writes on purpose: forty digits are an EVM address in the wrong place, and
// anything else has lost some of its digits. The same 32 bytes are not the same owner on both: each chain hashes public
// keys in its own way.
const (
	moveBytes  = 32
	moveDigits = 2 * moveBytes
	moveZeros  = 4 // leading zeros that may be left out of an account's digits
)

// parseMove reads an account; specials is how many digits a system account's short form has at most. The text is left
// empty.
func parseMove(raw *[moveBytes]byte, text string, specials int) (Form, problem) {
	switch {
	case len(text) == moveDigits && isHex(text):
		return 0, problem{code: Malformed, reason: "0x is missing in front of its 64 hex digits"}
	case len(text) < 3 || text[:2] != "0x":
		return 0, problem{code: Malformed, reason: "does not begin with 0x"}
	}
	digits := text[2:]
	if !isHex(digits) {
		for i := range len(digits) {
			if hexDigits[digits[i]] == noDigit {
				return 0, badCharacter(2+i, "hex digit")
			}
		}
	}
	n := len(digits)
	if n > moveDigits || n > specials && n < moveDigits-moveZeros {
		return 0, problem{code: Malformed, reason: fmt.Sprintf("%d hex digits behind 0x: want 64", n)}
	}
	var whole [moveDigits]byte
	for i := range whole {
		whole[i] = '0'
	}
	copy(whole[moveDigits-n:], digits)
	decodeHex(raw[:], string(whole[:]))
	if n < moveDigits {
		return Short, problem{}
	}
	return Plain, problem{}
}

// moveText writes an account with all its digits.
func moveText(raw []byte) string {
	return "0x" + hex.EncodeToString(raw)
}
