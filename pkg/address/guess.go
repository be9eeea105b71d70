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
func Guess(text string) []Guessed {
	bare := trim(text)
	if bare == "" || len(text) > MaxText {
		return nil
	}
	var found []Guessed
	for _, n := range candidates {
		if len(found) > 0 && found[len(found)-1].Network.Family == n.Family {
			continue
		}
		if a, p := families[n.Family].parse(n, bare, 0); p.ok() {
			a.Trimmed = len(bare) != len(text)
			found = append(found, Guessed{n, a})
		}
	}
	return found
}
