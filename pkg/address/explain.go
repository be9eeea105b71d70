package address

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sluice/pkg/network"
)

// explain turns what a parser found wrong with a text into what a person can act on: first what cannot be seen by
// looking (a look-alike letter), then what the text is instead, then the parser's own finding.
func explain(n network.Network, text string, p problem) problem {
	if p.code == TooLong || p.code == NoRules {
		return p
	}
	bare := trim(text)
	if q := strange(bare); !q.ok() {
		return q
	}
	if q := secret(bare); !q.ok() {
		return q
	}
	if scheme, ok := uriScheme(bare); ok && p.code == Malformed {
		return problem{code: Malformed, reason: "begins with " + quote(scheme+":") + ", as a payment link does: want the address alone"}
	}
	if p.at > 0 {
		p.reason = wordCharacter(bare, p.at-1, p.reason)
		p.at = 0
	}
	if p.code == Malformed || p.code == OtherNet {
		if names := elsewhere(n, bare); names != "" {
			p.code = OtherNet
			p.reason += "; it is an address of " + names
		}
	}
	return p
}

// wordCharacter says which character of text, the one at byte i, is no what. Places are counted in characters from 1.
func wordCharacter(text string, i int, what string) string {
	r, _ := utf8.DecodeRuneInString(text[i:])
	return fmt.Sprintf("character %d is %s, no %s", utf8.RuneCountInString(text[:i])+1, quote(string(r)), what)
}

// uriScheme parts the scheme of a URI such as bitcoin: from the text. The prefixes of CashAddr are none: they belong to
// the address.
func uriScheme(text string) (scheme string, ok bool) {
	scheme, _, ok = strings.Cut(text, ":")
	if !ok || scheme == "" || sameFold(scheme, "bitcoincash") || sameFold(scheme, "bchtest") || sameFold(scheme, "bchreg") {
		return "", false
	}
	for i := range len(scheme) {
		if c := lowerByte(scheme[i]); (c < 'a' || c > 'z') && c != '-' {
			return "", false
		}
	}
	return scheme, true
}

// elsewhere names the networks other than n, one a family, that accept the text.
func elsewhere(n network.Network, bare string) string {
	var names []string
	for _, g := range Guess(bare) {
		if g.Network.Alias != n.Alias {
			names = append(names, g.Network.Canonical())
		}
	}
	return strings.Join(names, " or ")
}
