package address

import (
	"encoding/hex"
	"fmt"
	"strings"

	"sluice/pkg/network"
)

// A NEAR account has a name: 2 to 64 characters of a-z, 0-9 and the separators . - _, no two of which meet and none of
// which is at an end (alice.near). There is no checksum. Names of three forms are made and not chosen: 64 hex digits are
// a public key, 0x and 40 hex digits the account of an EVM address, whose key owns it, so that it has the EVM's key; 0s
// and 40 hex digits were derived from code. The test network spells alike, most of its names ending in .testnet.
const (
	nearShortest = 2
	nearLongest  = 64
	nearKey      = 32
	nearDerived  = 20
)

func parseNEAR(n network.Network, text string, o Option) (Address, problem) {
	a := Address{Text: text, Testnet: n.Testnet}
	switch {
	case len(text) == evmLength && text[:2] == "0x":
		evm, p := parseEVM(n, text, o)
		if !p.ok() {
			return Address{}, p
		}
		evm.Form, evm.Testnet = ViaEVM, n.Testnet
		return evm, p
	case len(text) < nearShortest || len(text) > nearLongest:
		return Address{}, problem{code: Malformed, reason: fmt.Sprintf("%d characters: the name of a near account has 2 to 64", len(text))}
	}
	if p := nearGrammar(text); !p.ok() {
		return Address{}, p
	}
	switch {
	case len(text) == 2*nearKey && isHex(text):
		var key [nearKey]byte
		decodeHex(key[:], text)
		a.Key = NewKey(network.NEAR, Account, key[:])
	case len(text) == 2+2*nearDerived && text[:2] == "0s" && isHex(text[2:]):
		var derived [nearDerived]byte
		decodeHex(derived[:], text[2:])
		a.Key = NewKey(network.NEAR, Contract, derived[:])
	default:
		a.Key = NewKey(network.NEAR, Named, []byte(text))
	}
	return a, problem{}
}

// nearGrammar finds the first place at which a text is no name.
func nearGrammar(text string) problem {
	separated := true // as if one stood in front
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			separated = false
		case c != '.' && c != '-' && c != '_':
			return badCharacter(i, "character of a near account (a-z, 0-9, and . - _ between them)")
		case separated:
			return problem{code: Malformed, reason: fmt.Sprintf("character %d is a separator at an end or behind another one", i+1)}
		default:
			separated = true
		}
	}
	if separated {
		return problem{code: Malformed, reason: "a separator at its end"}
	}
	return problem{}
}

// markNEAR reports a name of the main network's own registrar.
func markNEAR(_ network.Network, text string) bool { return strings.HasSuffix(text, ".near") }

// encodeNEAR writes the account of a public key.
func encodeNEAR(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != nearKey {
		return "", false
	}
	return hex.EncodeToString(payload), true
}

// sizesNEAR are public keys, names (a name longer than a payload by its hash) and what was derived from code.
func sizesNEAR(kind Kind) (low, high int) {
	switch kind {
	case Account:
		return nearKey, nearKey
	case Named:
		return nearShortest, MaxPayload
	case Contract:
		return nearDerived, nearDerived
	default:
		return 0, 0
	}
}
