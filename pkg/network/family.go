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
	Zcash           // transparent addresses of zcash
	Tron            // tron
	Solana          // solana
	XRP             // the XRP ledger
	Stellar         // stellar
	Monero          // monero

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
