// Package network knows the blockchains by name: CAIP-2 identifiers, Sluice's aliases, publishers' tickers, the family
// whose address rules apply, and the native asset. It is a table and its look-ups; it does no I/O.
package network

// Family is a set of networks that share one address space: one key on any of them is the same key.
// The zero value is Unknown.
type Family uint8

// Network describes one blockchain.
type Network struct {
	Alias    string // Sluice's name, lower case, "" where CAIP-2 is the only one
	CAIP2    string // chain id by CAIP-2, such as "eip155:1"
	Name     string // for people
	Family   Family
	Asset    string // symbol of the native asset
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
