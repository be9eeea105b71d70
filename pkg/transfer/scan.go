package transfer

import (
	"math"
	"unicode/utf8"

	"sluice/pkg/event/canonical"
)

// scan is the fast decoder. It guesses that members come in the order of the contract, which costs little when wrong,
// and declines whatever is unusual: escapes, null, an unknown or repeated member, an empty object, any error. text is
// body as a string, which the values it fills in are parts of. When it returns false, in holds nothing of use.
func (in *input) scan(body []byte, text string) bool {
	in.reset()
	if !utf8.ValidString(text) {
		return false
	}
	s := scanner{body: body, text: text}
	if !s.delimiter('{') {
		return false
	}
	for next := field(0); ; {
		f, ok := s.member(next)
		if !ok || in.given.has(f) || !s.delimiter(':') || !s.value(in, f) {
			return false
		}
		in.given.put(f)
		next = f + 1
		if s.delimiter(',') {
			continue
		}
		return s.delimiter('}') && s.end()
	}
}

// scanner walks over a body. Its methods return false without a promise about the position when the body is not what
// they want, except for delimiter, which then stays before the byte.
type scanner struct {
	body []byte
	text string
	at   int
}

// quoted holds the members' names as they stand in a body.
var quoted = func() (q [fieldCount]string) {
	for f := range q {
		q[f] = `"` + members[f].name + `"`
	}
	return q
}()

// space skips white space.
func (s *scanner) space() {
	for s.at < len(s.body) {
		switch s.body[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// delimiter steps over white space and the byte c.
func (s *scanner) delimiter(c byte) bool {
	if s.at < len(s.body) && s.body[s.at] == c {
		s.at++
		return true
	}
	s.space()
	if s.at < len(s.body) && s.body[s.at] == c {
		s.at++
		return true
	}
	return false
}

// end reports whether nothing but white space is left.
func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.body)
}

// member steps over the name of a member, looking for it from the guessed field on.
func (s *scanner) member(guess field) (field, bool) {
	s.space()
	rest := s.text[s.at:]
	for n := range fieldCount {
		f := guess + n
		if f >= fieldCount {
			f -= fieldCount
		}
		if name := quoted[f]; len(rest) >= len(name) && rest[:len(name)] == name {
			s.at += len(name)
			return f, true
		}
	}
	return 0, false
}

func (s *scanner) value(in *input, f field) (ok bool) {
	switch members[f].shape {
	case shapeText:
		in.text[f], ok = s.string()
	case shapeIndex:
		in.index[f], ok = s.uint32()
	case shapeTexts:
		ok = s.strings(in.list(f))
	case shapeFiat:
		ok = s.fiat(in)
	}
	return ok
}

// string steps over a string without escapes and returns what is between its quotes.
func (s *scanner) string() (string, bool) {
	if !s.delimiter('"') {
		return "", false
	}
	end := canonical.StringEnd(s.body, s.at)
	if end < 0 {
		return "", false
	}
	text := s.text[s.at:end]
	s.at = end + 1
	return text, true
}

// strings steps over an array of strings and appends them.
func (s *scanner) strings(list *[]string) bool {
	if !s.delimiter('[') {
		return false
	}
	if s.delimiter(']') {
		return true
	}
	for len(*list) < MaxAddresses {
		text, ok := s.string()
		if !ok {
			return false
		}
		*list = append(*list, text)
		if s.delimiter(',') {
			continue
		}
		return s.delimiter(']')
	}
	return false
}

// uint32 steps over a plain unsigned integer.
func (s *scanner) uint32() (uint32, bool) {
	s.space()
	start := s.at
	var n uint64
	for s.at < len(s.body) && s.at-start < 11 {
		digit := s.body[s.at] - '0'
		if digit > 9 {
			break
		}
		n = n*10 + uint64(digit)
		s.at++
	}
	size := s.at - start
	if size == 0 || n > math.MaxUint32 || size > 1 && s.body[start] == '0' {
		return 0, false
	}
	return uint32(n), true // a fraction or an exponent behind it is no delimiter
}

// fiat steps over the object of a value in a currency.
func (s *scanner) fiat(in *input) bool {
	if !s.delimiter('{') {
		return false
	}
	for {
		name, ok := s.string()
		if !ok || !s.delimiter(':') {
			return false
		}
		m := fiatAmount
		if name != fiatMembers[fiatAmount] {
			m = fiatCurrency
			if name != fiatMembers[fiatCurrency] {
				return false
			}
		}
		if in.fiatGiven[m] {
			return false
		}
		if in.fiat[m], ok = s.string(); !ok {
			return false
		}
		in.fiatGiven[m] = true
		if s.delimiter(',') {
			continue
		}
		return s.delimiter('}')
	}
}
