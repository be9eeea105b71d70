package transfer

import (
	"encoding/binary"
	"math/bits"
)

// The lowest and the highest bit of each byte of a word.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// plain reports whether b is printable ASCII without a backslash. It looks at eight bytes at a time, and decides once, at
// the end: a branch for each string of a body costs more than all of it.
func plain(b []byte) bool {
	if len(b) < 8 {
		for _, c := range b {
			if c < 0x20 || c >= 0x7f || c == '\\' {
				return false
			}
		}
		return true
	}
	marks := strange(binary.LittleEndian.Uint64(b[len(b)-8:]))
	for ; len(b) >= 8; b = b[8:] {
		marks |= strange(binary.LittleEndian.Uint64(b))
	}
	return marks&tops == 0
}

// strange marks a byte of w in its highest bit when any of them is not printable ASCII, or a backslash. Which of them it
// marks is not exact: a borrow or a carry runs on into the bytes above.
func strange(w uint64) uint64 {
	escape := w ^ ones*'\\'
	return w | (w + ones) | (w-ones*0x20)&^w | (escape-ones)&^escape
}

// quote returns the index of the first quote in b at or behind from, -1 without one.
func quote(b []byte, from int) int {
	i := from
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:]) ^ ones*'"'
		if marks := (w - ones) &^ w & tops; marks != 0 {
			return i + bits.TrailingZeros64(marks)/8 // the lowest mark is exact
		}
	}
	for ; i < len(b); i++ {
		if b[i] == '"' {
			return i
		}
	}
	return -1
}
