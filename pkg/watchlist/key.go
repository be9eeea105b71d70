package watchlist

import (
	"crypto/sha256"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// TextKey is the key of an address that this release cannot read: one on a network without a parser, or one that an
// authority lists although its network would refuse it. Family Unknown, payload SHA-256 of the exact text. Such an entry
// is never dropped; it answers for the same text, letter by letter, whatever the network is called.
func TextKey(text string) address.Key {
	sum := sha256.Sum256([]byte(text))
	return address.NewKey(network.Unknown, 0, sum[:])
}

// keyOf derives the key of an entry from its text. It is derived anew wherever an entry is read, never stored, so that
// lists and transfers are always compared by the same release's rules.
func keyOf(networkName, text string) address.Key {
	n, ok := network.Lookup(networkName)
	if !ok {
		return TextKey(text)
	}
	a, err := address.Parse(n, text)
	if err != nil {
		return TextKey(text)
	}
	return a.Key
}
