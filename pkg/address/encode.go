package address

import (
	"fmt"

	"sluice/pkg/network"
)

// Encode makes the address of a payload that was read from a chain: a hash of a public key or script, a witness
// program, an account. Which payload it is, form says: P2PKH, P2SH, P2WPKH, P2WSH, P2TR, WitnessFuture (the version in
// front of the program) for Bitcoin and its relatives; P2PKH and P2SH with 28 bytes for Cardano's enterprise addresses;
// Plain for accounts: 20 bytes on EVM networks, Tron, XRP and the Cosmos family, 24 on Hedera (three numbers), 32 on
// Solana, Stellar, Polkadot, TON (workchain 0), Algorand, NEAR, Aptos and Sui, 64 bytes of keys on Monero. The address is
// what Parse makes of the canonical text: on bitcoin-cash a P2PKH payload gives a CashAddr.
func Encode(n network.Network, form Form, payload []byte) (Address, error) {
	if int(n.Family) >= len(families) || families[n.Family].encode == nil {
		return Address{}, fmt.Errorf("no address rules for network %q", n.Canonical())
	}
	text, ok := families[n.Family].encode(n, form, payload)
	if !ok {
		return Address{}, fmt.Errorf("%s has no %s address of %d bytes", n.Canonical(), form, len(payload))
	}
	return Parse(n, text)
}
