// Package network knows the blockchains by name: CAIP-2 identifiers, Sluice's aliases, publishers' tickers, the family
// whose address rules apply, and the native asset. It is a table and its look-ups: it does no I/O, and what it returns
// is a copy that the caller may keep and compare.
package network

import "strings"

// Network describes one blockchain. The zero value is no network. It is comparable.
type Network struct {
	Alias    string // Sluice's name, lower case, "" where CAIP-2 is the only one
	CAIP2    string // chain id by CAIP-2, such as "eip155:1"; "" where none is registered
	Name     string // for people
	Family   Family
	Asset    string // symbol of the native asset, "" unknown
	Decimals uint8  // of the native asset
	Testnet  bool
}

// Canonical is how Sluice writes the network: the alias, CAIP-2 where there is none.
func (n Network) Canonical() string {
	if n.Alias != "" {
		return n.Alias
	}
	return n.CAIP2
}

// evmNamespace begins the CAIP-2 id of every EVM network; a decimal chain id of EIP-155 follows.
const evmNamespace = "eip155:"

// maxReference is the longest reference that CAIP-2 allows behind the namespace, in characters.
const maxReference = 32

// Lookup finds a network by its alias, by a known second name, or by its CAIP-2 id; the comparison is exact, and all
// aliases are lower case. Any eip155:N is an EVM network, N a decimal number above zero without leading zeros and of at
// most 32 digits; one that the table does not have has no alias, 18 decimals, and shares the memory of name.
func Lookup(name string) (Network, bool) {
	if i, ok := byName[name]; ok {
		return table[i], true
	}
	if reference, ok := strings.CutPrefix(name, evmNamespace); ok && chainID(reference) {
		return Network{CAIP2: name, Name: name, Family: EVM, Decimals: 18}, true
	}
	return Network{}, false
}

// chainID reports whether s is the decimal number of an EVM chain as CAIP-2 writes it.
func chainID(s string) bool {
	if s == "" || len(s) > maxReference || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// All returns every network of the table in its order: the main network of a family before its siblings, testnets last.
func All() []Network {
	return append([]Network(nil), table...)
}

// byName maps aliases, second names and CAIP-2 ids to places in the table.
var byName = func() map[string]int {
	m := make(map[string]int, 4*len(table))
	for i, n := range table {
		if n.Alias != "" {
			m[n.Alias] = i
		}
		if n.CAIP2 != "" {
			m[n.CAIP2] = i
		}
	}
	for name, alias := range secondNames {
		m[name] = m[alias]
	}
	return m
}()
