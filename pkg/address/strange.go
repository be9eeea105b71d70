package address

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// strange finds the first character of text that no address has although it may look like one that does, or like
// nothing: letters of other scripts, characters of no width, spaces inside, control characters, broken UTF-8. Places
// are counted in characters from 1, after the spaces around the text.
func strange(text string) problem {
	place := 0
	for i, r := range text {
		place++
		if r > ' ' && r < 0x7f {
			continue
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return problem{code: Malformed, reason: fmt.Sprintf("byte %d (0x%02x) is not UTF-8", i+1, text[i])}
			}
		}
		return problem{code: strangeCode(r), reason: fmt.Sprintf("character %d is %s", place, nameRune(r))}
	}
	return problem{}
}

func strangeCode(r rune) Code {
	if r < 0x80 {
		return Malformed
	}
	return Lookalike
}

// nameRune names a character by its code point and, where it is one that is mistaken for another or overlooked, by
// its Unicode name.
func nameRune(r rune) string {
	code := fmt.Sprintf("U+%04X", r)
	if name, ok := unseen[r]; ok {
		return code + " " + name + ", which cannot be seen"
	}
	if l, ok := lookalikes[r]; ok {
		return fmt.Sprintf("%s %s, which looks like %q", code, l.name, string(l.like))
	}
	switch {
	case r == ' ':
		return "a space"
	case r >= 0xff01 && r <= 0xff5e:
		c := byte(r - 0xff01 + '!')
		return fmt.Sprintf("%s %s, which looks like %q", code, fullwidthName(c), string(c))
	case r >= 0x1d400 && r <= 0x1d7ff:
		return code + ", a mathematical letter or digit that looks like a plain one"
	case r >= 0xe0100 && r <= 0xe01ef, r >= 0xfe00 && r <= 0xfe0f:
		return code + " VARIATION SELECTOR, which cannot be seen"
	case unicode.IsSpace(r):
		return code + ", white space"
	case unicode.IsControl(r):
		return code + ", a control character"
	case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r):
		return code + ", which cannot be seen or sits on the character before it"
	}
	return code + ", which is in no address"
}

func fullwidthName(c byte) string {
	switch {
	case c >= '0' && c <= '9':
		return "FULLWIDTH DIGIT " + [...]string{"ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"}[c-'0']
	case c >= 'A' && c <= 'Z':
		return "FULLWIDTH LATIN CAPITAL LETTER " + string(c)
	case c >= 'a' && c <= 'z':
		return "FULLWIDTH LATIN SMALL LETTER " + string(c-('a'-'A'))
	}
	return "FULLWIDTH form"
}
