package address

// The entries of hexDigits: the value of a digit with a mark for its case, noDigit for every other byte.
const (
	digitValue = 0x0f
	lowerDigit = 0x10 // a-f
	upperDigit = 0x20 // A-F
	noDigit    = 0xff
)

var hexDigits = func() (t [256]byte) {
	for i := range t {
		t[i] = noDigit
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c - '0'
	}
	for c := byte(0); c < 6; c++ {
		t['a'+c] = lowerDigit | 10 + c
		t['A'+c] = upperDigit | 10 + c
	}
	return t
}()

// decodeHex reads len(dst) bytes from twice as many hex digits. marks holds the case marks of all digits seen; bad is
// the place of the first byte that is no digit, -1 when there is none.
func decodeHex(dst []byte, digits string) (marks byte, bad int) {
	for i := range dst {
		high, low := hexDigits[digits[2*i]], hexDigits[digits[2*i+1]]
		if high == noDigit {
			return 0, 2 * i
		}
		if low == noDigit {
			return 0, 2*i + 1
		}
		marks |= high | low
		dst[i] = high<<4 | low&digitValue
	}
	return marks, -1
}

// lowerHex reads the eight digits in the bytes of a word at once, the first in its lowest byte, and so are the four bytes
// of the result. ok is false when any of them is no digit, or a capital one.
func lowerHex(w uint64) (bytes uint32, ok bool) {
	const (
		ones = 0x0101010101010101
		tops = 0x8080808080808080
	)
	// Below 0x80 no sum runs over into the next byte; its highest bit says whether the byte reaches a bound.
	number := (w + ones*(0x80-'0')) &^ (w + ones*(0x80-'9'-1)) & tops
	letter := (w + ones*(0x80-'a')) &^ (w + ones*(0x80-'f'-1)) & tops
	if w&tops != 0 || number|letter != tops {
		return 0, false
	}
	w = w&(ones*digitValue) + letter>>7*9
	w = (w<<4 | w>>8) & 0x00ff00ff00ff00ff
	w = (w | w>>8) & 0x0000ffff0000ffff
	return uint32(w | w>>16), true
}
