package table

import (
	"bytes"
	"unicode/utf8"
)

// FitsCSV, FitsJSON and FitsText say whether a file that begins so may be one of the format.
func FitsCSV(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return plainText(head) && bytes.ContainsAny(line, ",;\t")
}

// FitsJSON is described with FitsCSV.
func FitsJSON(head []byte) bool {
	head = bytes.TrimSpace(head)
	return bytes.HasPrefix(head, []byte("[")) || bytes.HasPrefix(head, []byte("{"))
}

// FitsText is described with FitsCSV.
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
