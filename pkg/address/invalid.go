package address

import (
	"strings"
	"unicode/utf8"

	"sluice/pkg/network"
)

// Code is why a text is no address, for those who act on it; Reason says it to people.
type Code uint8

// The codes. The zero value is no trouble.
const (
	Malformed Code = iota + 1 // wrong characters, length or structure
	Checksum                  // of the right form, and damaged
	Testnet                   // an address of a test network, where it was not asked for
	OtherNet                  // an address, but not of this network
	Shielded                  // a private address with nothing in it that is known here: no key to compare
	Lookalike                 // a character that only looks like the right one, or cannot be seen
	TooLong                   // longer than MaxText
	Secret                    // a private key or seed
	NoRules                   // a network whose addresses are not known here
)

var codeNames = [...]string{
	"", "malformed", "checksum", "testnet", "other_network", "shielded", "lookalike", "too_long", "secret", "no_rules",
}

// String is the code's name in lower case.
func (c Code) String() string {
	if int(c) >= len(codeNames) {
		return "unknown"
	}
	return codeNames[c]
}

// maxQuoted is how much of a text an error repeats, in bytes.
const maxQuoted = 128

// Invalid is the error of Parse: why Text is no address of Network.
type Invalid struct {
	Network string // canonical name, "" where the network itself is missing
	Text    string // as it was given, cut to 128 bytes; "" where it is a secret
	Code    Code
	Reason  string // one line without tabs, about the address: what is wrong and, where known, what would be right
}

// Error says what is wrong with which address.
func (e *Invalid) Error() string {
	if e.Text == "" {
		return e.Network + " address: " + e.Reason
	}
	return e.Network + " address " + quote(e.Text) + ": " + e.Reason
}

func invalid(n network.Network, text string, p problem) *Invalid {
	if p.code == Secret {
		text = ""
	}
	return &Invalid{Network: n.Canonical(), Text: cut(text), Code: p.code, Reason: p.reason}
}

// cut shortens what an error repeats, between two characters, and lets go of the memory that the text is a part of.
func cut(text string) string {
	n := len(text)
	if n > maxQuoted {
		for n = maxQuoted; n > maxQuoted-utf8.UTFMax && !utf8.RuneStart(text[n]); n-- {
		}
	}
	return strings.Clone(text[:n])
}

// problem is what a parser found wrong; the zero value is nothing.
type problem struct {
	code   Code
	reason string
	at     int // above 0: the character at byte at-1 is none of what reason names
}

func (p problem) ok() bool { return p.code == 0 }
