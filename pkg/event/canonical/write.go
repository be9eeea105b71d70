// Package canonical is the spelling of Sluice's canonical JSON: no spaces, minimal escapes as RFC 8785 has them, times in
// UTC without trailing zeros. Whoever writes a record writes its strings and times here, so that equal content is equal
// bytes.
package canonical

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendString appends text as a JSON string. Bytes that are no UTF-8 become U+FFFD.
func AppendString[T ~string](dst []byte, text T) []byte { return appendString(dst, string(text)) }

func appendString(dst []byte, text string) []byte {
	if !isPlain(text) {
		dst, _ = jsontext.AppendQuote(dst, text) // the only error is invalid UTF-8, which it has replaced
		return dst
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// isPlain reports whether a text is ASCII that stands in a JSON string as it is. It looks at eight bytes at a time.
func isPlain(text string) bool {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		s := text[i : i+8]
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		if special(w)|w&tops != 0 {
			return false
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}

// AppendStrings appends an array of JSON strings.
func AppendStrings[T ~string](dst []byte, texts []T) []byte {
	dst = append(dst, '[')
	for i, text := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, string(text))
	}
	return append(dst, ']')
}

// AppendTime appends a time as a JSON string: RFC 3339 in UTC with `Z`, fractions to the nanosecond without trailing
// zeros. The year must be 0 to 9999.
func AppendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}
