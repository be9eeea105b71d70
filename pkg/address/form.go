package address

// Form is how an address was spelled. Two texts with one key and different forms are the same address written in two
// ways; a form without rules of its own is Plain.
type Form uint8

// The forms.
const (
	Plain         Form = iota // the family's only spelling
	P2PKH                     // Base58Check of a public key hash
	P2SH                      // Base58Check of a script hash
	P2WPKH                    // witness version 0, 20 bytes
	P2WSH                     // witness version 0, 32 bytes
	P2TR                      // witness version 1, 32 bytes
	WitnessFuture             // another witness version or length
	CashAddr                  // bitcoin-cash's own spelling
	CashAddrToken             // CashAddr that says that the wallet takes tokens
	Legacy                    // Base58Check where the network now spells otherwise: bitcoin-cash, litecoin's 3…
	TEX                       // Zcash tex1…: a transparent address that wants transparent senders
	Hex                       // Tron's 41… in hex
	XAddress                  // XRP address with the tag in it
	Muxed                     // Stellar M…: account with an id in it
	Integrated                // Monero address with a payment id in it

	formEnd
)

var formNames = [formEnd]string{
	Plain: "plain", P2PKH: "p2pkh", P2SH: "p2sh", P2WPKH: "p2wpkh", P2WSH: "p2wsh", P2TR: "p2tr",
	WitnessFuture: "witness", CashAddr: "cashaddr", CashAddrToken: "cashaddr_token", Legacy: "legacy",
	TEX: "tex", Hex: "hex", XAddress: "x_address", Muxed: "muxed", Integrated: "integrated",
}

// String is the form's name in lower case.
func (f Form) String() string {
	if f >= formEnd {
		return "unknown"
	}
	return formNames[f]
}
