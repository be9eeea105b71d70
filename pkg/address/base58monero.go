package address

// Monero's Base58 works in blocks of 8 bytes and 11 digits, so that a text's length tells the number of its bytes; the
// last block may be shorter. Digits are Bitcoin's.
const (
	blockBytes  = 8
	blockDigits = 11
)

// blockText is how many digits a block of so many bytes has.
var blockText = [blockBytes + 1]int{0, 2, 3, 5, 6, 7, 9, 10, 11}

// decodeMonero reads a text that stands for exactly len(dst) bytes.
func decodeMonero(dst []byte, text string) fault {
	if len(text) != len(dst)/blockBytes*blockDigits+blockText[len(dst)%blockBytes] {
		return bitcoinBase58.length(text)
	}
	for len(dst) > 0 {
		n := min(blockBytes, len(dst))
		var value uint64
		for i := range blockText[n] {
			v := bitcoinBase58.values[text[i]]
			if v == noDigit {
				return badDigit
			}
			next := value*58 + uint64(v)
			if i == blockDigits-1 && (value > (1<<64-1)/58 || next < uint64(v)) {
				return badLength
			}
			value = next
		}
		if n < blockBytes && value>>(8*n) != 0 {
			return badLength
		}
		for i := n - 1; i >= 0; i-- {
			dst[i] = byte(value)
			value >>= 8
		}
		text, dst = text[blockText[n]:], dst[n:]
	}
	return sound
}

// encodeMonero writes src.
func encodeMonero(src []byte) string {
	text := make([]byte, len(src)/blockBytes*blockDigits+blockText[len(src)%blockBytes])
	at := 0
	for len(src) > 0 {
		n := min(blockBytes, len(src))
		var value uint64
		for _, b := range src[:n] {
			value = value<<8 | uint64(b)
		}
		for i := blockText[n] - 1; i >= 0; i-- {
			text[at+i] = bitcoinBase58.digits[value%58]
			value /= 58
		}
		at += blockText[n]
		src = src[n:]
	}
	return string(text)
}
