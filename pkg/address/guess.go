package address

import "sluice/pkg/network"

// Guessed is one reading of a text whose network is not known.
type Guessed struct {
	Network network.Network
	Address Address
}

// candidates are the main networks that Guess tries, those with addresses of their own: of the EVM family ethereum
// alone, for all of them spell alike.
var candidates = func() []network.Network {
	var list []network.Network
	for _, n := range network.All() {
		if !n.Testnet && (n.Family != network.EVM || n.Alias == "ethereum") {
			list = append(list, n)
		}
	}
	return list
}()

// Guess reads a text without knowing its network: one reading for every family that accepts it, under the first
// network of the family that does, in the order of the network table. It gives none for what no family accepts. Two
// readings mean that the form does not decide (3… is an address of bitcoin and of litecoin), and a lone one is no
// proof either: families whose addresses have no checksum (Solana) accept many a text that is something else.
//
// Some families are not guessed by a form that others share. 32 bytes in hex, with 0x or without, are a transaction
// hash, a public key, an account of Aptos or of Sui, or an implicit one of NEAR, and nearly every word is a name there:
// a list or a memo would fill up with addresses that nobody meant. Of NEAR only names that end in .near are guessed, of
// Hedera only 0.0.N, of Aptos and Sui nothing; forty hex digits behind 0x are an EVM address. Readings has them all.
func Guess(text string) []Guessed { return readings(text, nil, marked) }

// Readings is Guess for a look-up: behind its readings stand those of the families that it leaves out. Too many of them
// cost a look-up nothing, for it compares exact keys.
func Readings(text string) []Guessed {
	return readings(text, Guess(text), func(network.Network, string) bool { return true })
}

// marked reports whether a text bears what tells the network from others.
func marked(n network.Network, text string) bool {
	mark := families[n.Family].mark
	return mark == nil || mark(n, text)
}

// readings adds to found the readings of families that are not in it yet.
func readings(text string, found []Guessed, try func(network.Network, string) bool) []Guessed {
	bare := trim(text)
	if bare == "" || len(text) > MaxText {
		return nil
	}
	var seen [len(families)]bool
	for _, g := range found {
		seen[g.Network.Family] = true
	}
	for _, n := range candidates {
		if seen[n.Family] || !try(n, bare) {
			continue
		}
		if a, p := families[n.Family].parse(n, bare, 0); p.ok() {
			a.Trimmed = len(bare) != len(text)
			found = append(found, Guessed{n, a})
			seen[n.Family] = true
		}
	}
	return found
}
