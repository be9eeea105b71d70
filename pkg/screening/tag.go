package screening

import "strings"

// forTag says whether an entry for a tag, or for all when it names none, is about a transfer with a tag.
func forTag(entry, tag string) bool { return entry == "" || plainTag(entry) == plainTag(tag) }

// plainTag is a tag without what does not change whose it is: spaces around it, and zeros before a number. Networks whose
// tags are numbers pay 012 to the holder of 12, and a sender chooses how he writes it.
func plainTag(tag string) string {
	tag = strings.TrimSpace(tag)
	for _, c := range []byte(tag) {
		if c < '0' || c > '9' {
			return tag
		}
	}
	for len(tag) > 1 && tag[0] == '0' {
		tag = tag[1:]
	}
	return tag
}
