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

// plainEnd returns the index of the quote that ends the string whose content begins at from, and -1 when anything but
// printable ASCII without a backslash comes before it. It looks at eight bytes at a time.
func plainEnd(b []byte, from int) int {
	i := from
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, escape, del := w^(ones*'"'), w^(ones*'\\'), w^(ones*0x7f)
		// The lowest mark is exact; a borrow can mark further bytes above a marked one.
		marks := ((quote-ones)&^quote | (escape-ones)&^escape | (del-ones)&^del | (w-ones*0x20)&^w | w) & tops
		if marks != 0 {
			i += bits.TrailingZeros64(marks) / 8
			if b[i] == '"' {
				return i
			}
			return -1
		}
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i
		case c == '\\', c < 0x20, c >= 0x7f:
			return -1
		}
	}
	return -1
}
