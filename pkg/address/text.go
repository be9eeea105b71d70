package address

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// trim removes the white space of Unicode around text. It does not remove what cannot be seen (zero-width characters):
// those are refused by name.
func trim(text string) string {
	if text == "" || plain(text[0]) && plain(text[len(text)-1]) {
		return text
	}
	return strings.TrimFunc(text, unicode.IsSpace)
}

// plain reports a printable ASCII character.
func plain(c byte) bool { return c > ' ' && c < 0x7f }

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// lower is text with its ASCII letters in lower case.
func lower(text string) string { return strings.ToLower(text) }

// hasPrefixFold reports whether text begins with prefix, which is in lower case, in either case.
func hasPrefixFold(text, prefix string) bool {
	if len(text) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lowerByte(text[i]) != prefix[i] {
			return false
		}
	}
	return true
}

// sameFold reports whether text is want, which is in lower case, in either case.
func sameFold(text, want string) bool { return len(text) == len(want) && hasPrefixFold(text, want) }

func isHex(text string) bool {
	for i := range len(text) {
		if hexDigits[text[i]] == noDigit {
			return false
		}
	}
	return true
}

// quote writes a text in quotation marks, on one line.
func quote(text string) string { return strconv.Quote(text) }

// badCharacter says that the character of text at byte i is no what. The sentence is made only where somebody reads
// it: a text is often tried on networks that it is not of.
func badCharacter(i int, what string) problem {
	return problem{code: Malformed, reason: what, at: i + 1}
}

func tooLong(n int) problem {
	return problem{code: TooLong, reason: fmt.Sprintf("%d bytes: no address is longer than %d", n, MaxText)}
}

func upper(text string) string { return strings.ToUpper(text) }
