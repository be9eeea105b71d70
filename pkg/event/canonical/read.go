package canonical

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth bounds the nesting that Skip follows; deeper values take the strict decoder, which has a bound of its own.
const maxDepth = 32

// StringEnd returns the index of the closing quote of the JSON string whose content begins at from, and -1 when an
// escape, a control character or the end of b comes first. It looks at eight bytes at a time. It does not check that
// the bytes are UTF-8.
func StringEnd(b []byte, from int) int {
	i := from
	for ; i+8 <= len(b); i += 8 {
		if marks := special(binary.LittleEndian.Uint64(b[i:])); marks != 0 {
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
		case c == '\\', c < 0x20:
			return -1
		}
	}
	return -1
}

// The lowest and the highest bit of each byte of a word.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// special marks the top bit of each byte of w that is a quote, a backslash or a control character. The lowest mark is
// exact; a borrow can mark further bytes above a marked one.
func special(w uint64) uint64 {
	quote, escape := w^(ones*'"'), w^(ones*'\\')
	return ((quote-ones)&^quote | (escape-ones)&^escape | (w-ones*0x20)&^w) & tops
}

// Skip returns the index behind the JSON value that begins at i, and -1 when b does not hold a value in the canonical
// spelling there: no white space, only the escapes that AppendString writes. What it steps over is well-formed JSON, as
// long as b is UTF-8, which the caller checks.
func Skip(b []byte, i int) int { return skip(b, i, 0) }

func skip(b []byte, i, depth int) int {
	if i >= len(b) || depth > maxDepth {
		return -1
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{':
		return skipList(b, i, depth, '}')
	case '[':
		return skipList(b, i, depth, ']')
	case 't':
		return skipWord(b, i, "true")
	case 'f':
		return skipWord(b, i, "false")
	case 'n':
		return skipWord(b, i, "null")
	default:
		return skipNumber(b, i)
	}
}

// skipList steps over an object or an array.
func skipList(b []byte, i, depth int, closing byte) int {
	i++
	if i < len(b) && b[i] == closing {
		return i + 1
	}
	for {
		if closing == '}' {
			if i = skipString(b, i); i < 0 || i >= len(b) || b[i] != ':' {
				return -1
			}
			i++
		}
		if i = skip(b, i, depth+1); i < 0 || i >= len(b) {
			return -1
		}
		switch b[i] {
		case closing:
			return i + 1
		case ',':
			i++
		default:
			return -1
		}
	}
}

func skipWord(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func skipString(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	i++
	for {
		if end := StringEnd(b, i); end >= 0 {
			return end + 1
		}
		for i < len(b) && b[i] != '\\' {
			if b[i] < 0x20 {
				return -1
			}
			i++
		}
		if i = skipEscape(b, i); i < 0 {
			return -1
		}
	}
}

// skipEscape steps over an escape that AppendString writes: a short one, or \u00xx of a control character.
func skipEscape(b []byte, i int) int {
	if i+1 >= len(b) {
		return -1
	}
	switch b[i+1] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if i+6 <= len(b) && b[i+2] == '0' && b[i+3] == '0' && (b[i+4] == '0' || b[i+4] == '1') && isHex(b[i+5]) {
			return i + 6
		}
	}
	return -1
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

// skipNumber steps over a number as JSON writes it.
func skipNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	start := i
	if i = skipDigits(b, i); i == start || i-start > 1 && b[start] == '0' {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		start = i + 1
		if i = skipDigits(b, start); i == start {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = skipDigits(b, start); i == start {
			return -1
		}
	}
	return i
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

// Uint reads the plain unsigned integer at i and returns it with the index behind it, -1 when there is none or it does
// not fit.
func Uint(b []byte, i int) (n uint64, end int) {
	start := i
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		digit := uint64(b[i] - '0')
		high, low := bits.Mul64(n, 10)
		sum, carry := bits.Add64(low, digit, 0)
		if high != 0 || carry != 0 {
			return 0, -1
		}
		n = sum
	}
	if i == start || i-start > 1 && b[start] == '0' {
		return 0, -1
	}
	return n, i
}
