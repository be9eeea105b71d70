package watchlist

import (
	"strings"
	"unicode/utf8"

	"sluice/pkg/taxonomy"
)

// scanEntry reads a line exactly as AppendJSON writes it, where no text needs an escape. Its texts are parts of the
// line, its categories lie in the memory that e.Categories had, and its key is not set. False: another layout, which is
// the reference decoder's to read or to refuse; e is then of no use. It does not validate.
func scanEntry(line string, e *Entry) bool {
	c := cursor{line: line}
	ok := c.text(`{"network":"`, &e.Network) && c.text(`,"address":"`, &e.Address) && c.optional(`,"tag":"`, &e.Tag) &&
		c.text(`,"category":"`, (*string)(&e.Category)) && c.categories(&e.Categories) &&
		c.text(`,"entity":"`, &e.Entity) && c.text(`,"list":"`, &e.List) && c.text(`,"entry_id":"`, &e.EntryID)
	if !ok {
		return false
	}
	if e.Confidence = 0; c.ended() { // most entries say no more
		e.Authority, e.Program, e.Measure, e.Severity = "", "", "", ""
		e.PartyListedAt, e.AddressListedAt, e.DelistedAt = "", "", ""
		e.Use, e.Names, e.Service, e.Customer, e.ForList, e.ForEntry = "", "", "", "", "", ""
		e.ExpiresAt, e.KnownAt, e.Author, e.Reason, e.Reference, e.Approver = "", "", "", "", "", ""
		return true
	}
	return c.optional(`,"authority":"`, &e.Authority) && c.optional(`,"program":"`, &e.Program) &&
		c.optional(`,"measure":"`, (*string)(&e.Measure)) && c.confidence(&e.Confidence) && c.optional(`,"severity":"`, &e.Severity) &&
		c.optional(`,"party_listed_at":"`, &e.PartyListedAt) && c.optional(`,"address_listed_at":"`, &e.AddressListedAt) &&
		c.optional(`,"delisted_at":"`, &e.DelistedAt) && c.optional(`,"use":"`, (*string)(&e.Use)) &&
		c.optional(`,"names":"`, (*string)(&e.Names)) && c.optional(`,"service":"`, (*string)(&e.Service)) &&
		c.optional(`,"customer_id":"`, &e.Customer) && c.optional(`,"for_list":"`, &e.ForList) &&
		c.optional(`,"for_entry":"`, &e.ForEntry) && c.optional(`,"expires_at":"`, &e.ExpiresAt) &&
		c.optional(`,"known_at":"`, &e.KnownAt) && c.optional(`,"author":"`, &e.Author) &&
		c.optional(`,"reason":"`, &e.Reason) && c.optional(`,"reference":"`, &e.Reference) &&
		c.optional(`,"approver":"`, &e.Approver) && c.ended()
}

// cursor is a place in a line.
type cursor struct {
	line string
	at   int
}

// is says whether the line goes on with the text, and steps over it.
func (c *cursor) is(text string) bool {
	if !strings.HasPrefix(c.line[c.at:], text) {
		return false
	}
	c.at += len(text)
	return true
}

// ended says whether the line ends here, as an entry does.
func (c *cursor) ended() bool { return c.line[c.at:] == "}" }

// text reads a string behind the text that opens it.
func (c *cursor) text(open string, to *string) bool { return c.is(open) && c.rest(to) }

// optional is text for a member that is left out when it is empty.
func (c *cursor) optional(open string, to *string) bool {
	if !c.is(open) {
		*to = ""
		return true
	}
	return c.rest(to) && *to != ""
}

// rest reads a string from behind its quotation mark, to behind its end.
func (c *cursor) rest(to *string) bool {
	from, ascii := c.at, true
	for i := from; i < len(c.line); i++ {
		switch b := c.line[i]; {
		case b == '"':
			*to = c.line[from:i]
			c.at = i + 1
			return ascii || utf8.ValidString(*to)
		case b == '\\' || b < ' ':
			return false
		case b >= utf8.RuneSelf:
			ascii = false
		}
	}
	return false
}

func (c *cursor) categories(to *[]taxonomy.Category) bool {
	all := (*to)[:0]
	if !c.is(`,"categories":[`) {
		return false
	}
	for !c.is(`]`) {
		var one string
		if len(all) > 0 && !c.is(`,`) || !c.text(`"`, &one) {
			return false
		}
		all = append(all, taxonomy.Category(one))
	}
	*to = all
	return true
}

// confidence reads a number from 1 to 255 without leading zeros, or nothing for 0.
func (c *cursor) confidence(to *uint8) bool {
	if !c.is(`,"confidence":`) {
		return true
	}
	n, digits := 0, 0
	for ; c.at < len(c.line) && c.line[c.at] >= '0' && c.line[c.at] <= '9' && digits < 4; c.at++ {
		n = 10*n + int(c.line[c.at]-'0')
		digits++
		if n == 0 {
			return false
		}
	}
	*to = uint8(n)
	return digits > 0 && n <= 255
}
