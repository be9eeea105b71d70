package stix

import (
	"fmt"
	"strings"
)

// walletTypes are the types under which publishers keep wallet addresses: none is in the standard, which leaves them to
// extensions.
var walletTypes = map[string]bool{
	"cryptocurrency-wallet": true, "x-cryptocurrency-wallet": true, "cryptocurrency-address": true,
	"x-cryptocurrency-address": true, "x-crypto-wallet": true, "x-wallet-address": true, "x-opencti-cryptocurrency-wallet": true,
	"x-defi-address": true, "blockchain-address": true, "x-blockchain-address": true, "wallet-address": true,
}

// addressProperties hold the address in such an object, and networkProperties the network or currency.
var (
	addressProperties = []string{"value", "address", "wallet_address", "hash"}
	networkProperties = []string{"currency", "currency_code", "symbol", "network", "blockchain", "chain", "asset", "coin"}
)

// found are the addresses that a pattern comes down to.
type found struct {
	addresses []string
	network   string // or currency, as the pattern names it
}

// maxPattern is the longest pattern that is read, in bytes, and maxAddresses the most addresses of one.
const (
	maxPattern   = 1 << 20
	maxAddresses = 10_000
)

// mentionsWallet says whether a pattern is about wallets at all.
func mentionsWallet(pattern string) bool {
	for t := range walletTypes {
		if strings.Contains(pattern, t+":") {
			return true
		}
	}
	return false
}

// addressesOf reads a STIX pattern that names wallets by their address: comparisons with = and IN, joined in any way. A
// pattern that says something else of an address (that it is not one, or is like one) comes down to no addresses, and
// the error says so.
func addressesOf(pattern string) (found, error) {
	var f found
	if len(pattern) > maxPattern {
		return f, fmt.Errorf("the pattern is longer than %d bytes", maxPattern)
	}
	s := &scanner{text: pattern}
	for {
		tok, err := s.next()
		if err != nil {
			return f, err
		}
		if tok.kind == end {
			break
		}
		object, path, ok := strings.Cut(tok.text, ":")
		if tok.kind != word || !ok || !walletTypes[object] {
			continue
		}
		values, err := s.comparison()
		if err != nil {
			return f, fmt.Errorf("%s: %w", tok.text, err)
		}
		property, _, _ := strings.Cut(path, ".")
		switch {
		case contains(addressProperties, property):
			f.addresses = append(f.addresses, values...)
		case contains(networkProperties, property) && len(values) == 1:
			f.network = values[0]
		}
		if len(f.addresses) > maxAddresses {
			return f, fmt.Errorf("the pattern names more than %d addresses", maxAddresses)
		}
	}
	if len(f.addresses) == 0 {
		return f, fmt.Errorf("the pattern names no address")
	}
	return f, nil
}

func contains(all []string, name string) bool {
	for _, a := range all {
		if strings.EqualFold(a, name) {
			return true
		}
	}
	return false
}

// kind is the kind of a token.
type kind int

const (
	end kind = iota
	word
	text
	symbol
)

type token struct {
	kind kind
	text string
}

// scanner splits a pattern into words (paths, operators, numbers), texts between apostrophes, and single symbols.
type scanner struct {
	text string
	at   int
}

func (s *scanner) next() (token, error) {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
	if s.at == len(s.text) {
		return token{}, nil
	}
	c := s.text[s.at]
	if c == '\'' {
		return s.quoted()
	}
	start := s.at
	for s.at < len(s.text) && wordByte(s.text[s.at]) {
		s.at++
	}
	if s.at > start {
		return token{word, s.text[start:s.at]}, nil
	}
	s.at++
	return token{symbol, string(c)}, nil
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_:.*", c) >= 0
}

// quoted reads a text; a backslash takes the next character as it is.
func (s *scanner) quoted() (token, error) {
	var b strings.Builder
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '\\' && i+1 < len(s.text):
			i++
			b.WriteByte(s.text[i])
		case c == '\'':
			s.at = i + 1
			return token{text, b.String()}, nil
		default:
			b.WriteByte(c)
		}
	}
	return token{}, fmt.Errorf("a text in the pattern does not end")
}

// comparison reads what follows a path: = and a text, or IN and texts between parentheses.
func (s *scanner) comparison() ([]string, error) {
	tok, err := s.next()
	if err != nil {
		return nil, err
	}
	for tok.kind == symbol && (tok.text == "[" || tok.text == "]") || tok.kind == word && tok.text == "*" { // an index of a list
		if tok, err = s.next(); err != nil {
			return nil, err
		}
	}
	switch {
	case tok.kind == symbol && tok.text == "=":
		if tok, err = s.next(); err != nil {
			return nil, err
		}
		if tok.kind == symbol && tok.text == "=" { // == is another spelling
			if tok, err = s.next(); err != nil {
				return nil, err
			}
		}
		if tok.kind != text {
			return nil, fmt.Errorf("%q where a text between apostrophes is wanted", tok.text)
		}
		return []string{tok.text}, nil
	case tok.kind == word && strings.EqualFold(tok.text, "IN"):
		return s.set()
	default:
		return nil, fmt.Errorf("the operator %q does not name an address: only = and IN do", s.rest(tok))
	}
}

// rest is an operator of two symbols for people.
func (s *scanner) rest(tok token) string {
	if tok.kind == symbol && s.at < len(s.text) && s.text[s.at] == '=' {
		return tok.text + "="
	}
	return tok.text
}

func (s *scanner) set() ([]string, error) {
	var out []string
	tok, err := s.next()
	if err != nil || tok.kind != symbol || tok.text != "(" {
		return nil, fmt.Errorf("IN wants texts between parentheses")
	}
	for {
		if tok, err = s.next(); err != nil {
			return nil, err
		}
		switch {
		case tok.kind == text:
			out = append(out, tok.text)
		case tok.kind == symbol && tok.text == ")":
			return out, nil
		case tok.kind == symbol && tok.text == ",":
		default:
			return nil, fmt.Errorf("IN wants texts between parentheses")
		}
	}
}
