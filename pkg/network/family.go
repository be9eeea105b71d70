package network

// Family is a set of networks that share one address space: one key on any of them is the same key.
// The zero value is Unknown. The numbers are part of the wire form of address keys: a new family is added at the end,
// and none is ever renumbered.
type Family uint8

// The families.
const (
	Unknown  Family = iota
	EVM             // Ethereum and every chain with its accounts
	Bitcoin         // bitcoin, bitcoin-cash, bitcoin-sv, bitcoin-gold: one history, the same key hashes
	Litecoin        // litecoin
	Dogecoin        // dogecoin
	Dash            // dash
	Zcash           // zcash
	Tron            // tron
	Solana          // solana
	XRP             // the XRP ledger
	Stellar         // stellar
	Monero          // monero
	Verge           // verge
	Cardano         // cardano
	Polkadot        // polkadot, kusama and every chain that spells in SS58: one public key under any prefix
	TON             // ton
	Cosmos          // cosmos and its relatives, bnb-beacon among them: one public key hash under any prefix
	Algorand        // algorand
	NEAR            // near
	Aptos           // aptos
	Sui             // sui
	Hedera          // hedera

	familyEnd // one past the last
)

var familyNames = [familyEnd]string{
	Unknown:  "unknown",
	EVM:      "evm",
	Bitcoin:  "bitcoin",
	Litecoin: "litecoin",
	Dogecoin: "dogecoin",
	Dash:     "dash",
	Zcash:    "zcash",
	Tron:     "tron",
	Solana:   "solana",
	XRP:      "xrp",
	Stellar:  "stellar",
	Monero:   "monero",
	Verge:    "verge",
	Cardano:  "cardano",
	Polkadot: "polkadot",
	TON:      "ton",
	Cosmos:   "cosmos",
	Algorand: "algorand",
	NEAR:     "near",
	Aptos:    "aptos",
	Sui:      "sui",
	Hedera:   "hedera",
}

// String is the family's name in lower case, as it stands in front of an address key; "unknown" for a number that
// names no family.
func (f Family) String() string {
	if f >= familyEnd {
		return familyNames[Unknown]
	}
	return familyNames[f]
}

// ParseFamily finds the family with the name that String gives it; "unknown" names none.
func ParseFamily(name string) (Family, bool) {
	for f := Unknown + 1; f < familyEnd; f++ {
		if familyNames[f] == name {
			return f, true
		}
	}
	return Unknown, false
}

// Families returns every family but Unknown, in the order of their numbers.
func Families() []Family {
	all := make([]Family, 0, familyEnd-1)
	for f := Unknown + 1; f < familyEnd; f++ {
		all = append(all, f)
	}
	return all
}
