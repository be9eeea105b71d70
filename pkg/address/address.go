// Package address turns the text of an address on a network into its canonical form, its key and its tag, or says why
// it is none. One file per family; the codecs that several families share have files of their own.
//
// It promises that several spellings of one address give one key, that a text with a broken checksum gives none, that
// the canonical text parses to the same key and to itself, and that no input makes it panic or work longer than its
// bound. It does not ask whether an address is in use, and it never guesses at a mistyped one.
//
// Canonical text: EVM, bech32, Aptos and Sui in lower case; bitcoin-cash as CashAddr with its prefix, without the token
// mark; bitcoin-sv in Base58; Base58 otherwise as it was given, for its case carries meaning; Tron in Base58; TON raw;
// XRP classic, Stellar G and Monero standard, with the tag, id or payment id apart; Hedera without its checksum.
package address

import (
	"sluice/pkg/network"
)

// MaxText is the longest text that Parse looks at, in bytes, surrounding spaces included; a longer one is refused
// unread. The longest that wallets make, a unified address of zcash with every receiver and both expiries, has 243.
const MaxText = 256

// Address is a parsed address.
type Address struct {
	Text    string // canonical text, without the tag; shares the memory of the input where that was canonical
	Key     Key
	Tag     string // destination tag, muxed id, payment id; "" without one
	Form    Form   // how the text was spelled
	Trimmed bool   // surrounding spaces were removed
	Testnet bool   // the spelling is one that only test networks use
	// Shielded says that the network hides what this address pays and is paid: there is a key to compare, and nothing
	// on the chain to follow.
	Shielded bool

	also string // further keys, each behind a byte with the length of its wire form
}

// Also returns the further keys of an address that stands for several: the receivers of a unified address of zcash
// beside the one that Key holds. Who screens a transfer asks for all of them; an entry of a list has its Key alone.
func (a Address) Also() []Key {
	var keys []Key
	for rest := a.also; rest != ""; {
		n := 1 + int(rest[0])
		if k, err := DecodeKey([]byte(rest[1:n])); err == nil {
			keys = append(keys, k)
		}
		rest = rest[n:]
	}
	return keys
}

// addKey gives an address one more key.
func (a *Address) addKey(k Key) {
	wire := k.Append(nil)
	a.also += string(append([]byte{byte(len(wire))}, wire...))
}

// Option changes what Parse accepts.
type Option uint8

const allowTestnet Option = 1

// AllowTestnet accepts addresses of a network's test networks under the network itself. A test network that is named
// as such (bitcoin-testnet) needs no option.
func AllowTestnet() Option { return allowTestnet }

// family is what a family of networks teaches Parse.
type family struct {
	// parse reads a text without surrounding spaces, of at most MaxText bytes. It must accept the canonical text that
	// it returns, and return it unchanged.
	parse func(n network.Network, text string, o Option) (Address, problem)
	// encode writes the canonical text of a payload.
	encode func(n network.Network, form Form, payload []byte) (string, bool)
	// sizes gives the shortest and longest payload of a kind, in bytes; 0, 0 for a kind that the family does not have.
	sizes func(kind Kind) (low, high int)
	// mark reports whether a text bears what tells the network from others, so that Guess may try it; nil for families
	// whose every address does, by its checksum, prefix or length.
	mark func(n network.Network, text string) bool
}

// Parse reads the text of an address on network n. The error is an *Invalid.
//
// Spaces around the address are removed, and Trimmed says so. Testnet addresses are refused on a main network unless
// AllowTestnet is given.
func Parse(n network.Network, text string, opts ...Option) (Address, error) {
	var o Option
	for _, opt := range opts {
		o |= opt
	}
	a, p := parse(n, text, o)
	if !p.ok() {
		return Address{}, invalid(n, text, explain(n, text, p))
	}
	return a, nil
}

// parse is Parse without the explanation, which costs more than the parsing.
func parse(n network.Network, text string, o Option) (Address, problem) {
	if len(text) > MaxText {
		return Address{}, tooLong(len(text))
	}
	if int(n.Family) >= len(families) || families[n.Family].parse == nil {
		return Address{}, noRules
	}
	bare := trim(text)
	if bare == "" {
		return Address{}, problem{code: Malformed, reason: "empty"}
	}
	a, p := families[n.Family].parse(n, bare, o)
	if !p.ok() {
		return Address{}, p
	}
	a.Trimmed = len(bare) != len(text)
	return a, p
}

var noRules = problem{code: NoRules, reason: "no address rules for this network"}
