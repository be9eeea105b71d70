package table

import (
	"bytes"
	"unicode/utf8"
)

// FitsCSV says whether a file that begins so may be a table: text whose first line has a separator.
func FitsCSV(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return plainText(head) && bytes.ContainsAny(line, ",;\t")
}

// FitsJSON says whether a file that begins so may be an array or an object.
func FitsJSON(head []byte) bool {
	head = bytes.TrimSpace(head)
	return bytes.HasPrefix(head, []byte("[")) || bytes.HasPrefix(head, []byte("{"))
}

// FitsText says whether a file that begins so may be one of text alone.
func FitsText(head []byte) bool { return plainText(head) }

// plainText says whether head is text that is no markup, JSON or YAML document.
func plainText(head []byte) bool {
	head = bytes.TrimSpace(head)
	if len(head) == 0 || bytes.ContainsRune([]byte("<{[%"), rune(head[0])) || bytes.HasPrefix(head, []byte("---")) {
		return false
	}
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 && len(head) >= utf8.UTFMax || r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
		head = head[n:]
	}
	return true
}
