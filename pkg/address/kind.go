package address

import "strconv"

// Kind tells apart the payloads of one family: a public key hash is no script hash. The numbers are part of the wire
// form of keys: a new kind is added at the end, and none is ever renumbered.
type Kind uint8

// The kinds.
const (
	Account    Kind = iota // the family's plain account: EVM, Tron, Solana, XRP, Stellar G, Monero standard, and others
	PKH                    // hash of a public key, however it is spelled: HASH160 for P2PKH and P2WPKH; Cardano's BLAKE2b-224
	SH                     // hash of a script: HASH160, on bitcoin-cash also HASH256; Cardano's BLAKE2b-224
	WSH                    // SHA-256 of a witness script
	TR                     // taproot output key
	Contract               // Stellar contract; Cosmos account of 32 bytes; NEAR account derived from code
	Pool                   // Stellar liquidity pool
	Balance                // Stellar claimable balance
	Subaddress             // Monero subaddress
	Sprout                 // Zcash payment address of the first shielded pool
	Sapling                // Zcash receiver of the second shielded pool
	Orchard                // Zcash receiver of the third shielded pool, part of a unified address
	MWEB                   // Litecoin stealth address
	Named                  // NEAR account with a name
	Master                 // TON account on the masterchain

	witness Kind = 16 // + version: a witness program without rules of its own yet
)

// lastWitness is the highest witness version that an address can have.
const lastWitness = 16

// Witness is the kind of a program of witness version 1 to 16 that is neither WSH nor TR.
func Witness(version uint8) Kind { return witness + Kind(version) }

var kindNames = [...]string{
	Account: "account", PKH: "pkh", SH: "sh", WSH: "wsh", TR: "tr",
	Contract: "contract", Pool: "pool", Balance: "balance", Subaddress: "sub",
	Sprout: "sprout", Sapling: "sapling", Orchard: "orchard", MWEB: "mweb", Named: "named", Master: "master",
}

// String is the kind's name as it stands in a key's text.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	if k > witness && k <= witness+lastWitness {
		return "w" + strconv.Itoa(int(k-witness))
	}
	return "kind" + strconv.Itoa(int(k))
}

// parseKind finds the kind that String names; Account is not named in a key's text.
func parseKind(name string) (Kind, bool) {
	for k := Account + 1; int(k) < len(kindNames); k++ {
		if kindNames[k] == name {
			return k, true
		}
	}
	for k := witness + 1; k <= witness+lastWitness; k++ {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}
