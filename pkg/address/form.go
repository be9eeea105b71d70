package address

// Form is how an address was spelled. Two texts with one key and different forms are the same address written in two
// ways; a form without rules of its own is Plain.
type Form uint8

// The forms.
const (
	Plain          Form = iota // the family's only spelling
	P2PKH                      // Base58Check of a public key hash
	P2SH                       // Base58Check of a script hash
	P2WPKH                     // witness version 0, 20 bytes
	P2WSH                      // witness version 0, 32 bytes
	P2TR                       // witness version 1, 32 bytes
	WitnessFuture              // another witness version or length
	CashAddr                   // bitcoin-cash's own spelling
	CashAddrToken              // CashAddr that says that the wallet takes tokens
	Legacy                     // Base58Check where the network now spells otherwise: bitcoin-cash, litecoin's 3…
	TEX                        // Zcash tex1…: a transparent address that wants transparent senders
	Hex                        // Tron's 41… in hex
	XAddress                   // XRP address with the tag in it
	Muxed                      // Stellar M…: account with an id in it
	Integrated                 // Monero address with a payment id in it
	SproutAddress              // Zcash zc…
	SaplingAddress             // Zcash zs1…
	Unified                    // Zcash u1…: several receivers in one address
	Stealth                    // Litecoin ltcmweb1…
	Byron                      // Cardano's first form, Base58
	Base                       // Cardano: a payment part and the key or script of its stake
	Pointer                    // Cardano: a payment part and where on the chain its stake key is
	Enterprise                 // Cardano: a payment part alone
	Reward                     // Cardano stake1…: the account that staking rewards come to
	Friendly                   // TON in base64, with flags
	ViaEVM                     // the account of an EVM address, on a network that is none: NEAR, Hedera
	Checked                    // Hedera with its checksum
	Short                      // Aptos or Sui with fewer than 64 digits

	formEnd
)

var formNames = [formEnd]string{
	Plain: "plain", P2PKH: "p2pkh", P2SH: "p2sh", P2WPKH: "p2wpkh", P2WSH: "p2wsh", P2TR: "p2tr",
	WitnessFuture: "witness", CashAddr: "cashaddr", CashAddrToken: "cashaddr_token", Legacy: "legacy",
	TEX: "tex", Hex: "hex", XAddress: "x_address", Muxed: "muxed", Integrated: "integrated",
	SproutAddress: "sprout", SaplingAddress: "sapling", Unified: "unified", Stealth: "stealth",
	Byron: "byron", Base: "base", Pointer: "pointer", Enterprise: "enterprise", Reward: "reward",
	Friendly: "friendly", ViaEVM: "evm", Checked: "checked", Short: "short",
}

// Partial reports a form of which the key holds a part only, so that addresses of one key may still differ in what they
// say: the stake part of a Cardano address, the other receivers of a unified one. Such addresses have one spender.
func (f Form) Partial() bool {
	switch f {
	case Unified, Base, Pointer, Enterprise, Reward:
		return true
	default:
		return false
	}
}

// String is the form's name in lower case.
func (f Form) String() string {
	if f >= formEnd {
		return "unknown"
	}
	return formNames[f]
}
