package address

import "strings"

// Private keys are pasted where addresses belong. They are told apart by their checksums, so that the error does not
// repeat them.

var secretFound = problem{code: Secret, reason: "a private key or seed, not an address: it must be shown to nobody"}

// secretPrefixes begin private keys whose spelling says so: of Aptos (AIP-80), Sui, Zcash, Cardano.
var secretPrefixes = []string{
	"ed25519-priv-0x", "secp256k1-priv-0x", "suiprivkey1", "secret-extended-key-main1", "secret-extended-key-test1",
	"addr_sk1", "addr_xsk1", "stake_sk1", "stake_xsk1", "acct_sk1", "acct_xsk1", "root_sk1", "root_xsk1",
}

// nearSecret is in front of a NEAR key of 64 bytes; behind it 32 are a public key.
const (
	nearSecret      = "ed25519:"
	nearSecretBytes = 64
)

// secret reports a private key: of Bitcoin's relatives (WIF, extended), of XRP, of Stellar, of those that spell it out.
func secret(text string) problem {
	for _, prefix := range secretPrefixes {
		if hasPrefixFold(text, prefix) {
			return secretFound
		}
	}
	if digits, ok := strings.CutPrefix(text, nearSecret); ok {
		var raw [nearSecretBytes]byte
		if bitcoinBase58.decode(raw[:], digits) == sound {
			return secretFound
		}
	}
	switch n := len(text); {
	case n >= 50 && n <= 53: // WIF: a version above those of addresses, 32 bytes, 1 more for a compressed key
		for _, size := range [...]int{1 + 32, 1 + 32 + 1} {
			var raw [1 + 32 + 1 + checksumBytes]byte
			if bitcoinBase58.decodeCheck(raw[:size+checksumBytes], text) == sound && raw[0] >= 0x80 {
				return secretFound
			}
		}
	case n >= 107 && n <= 112: // an extended key of BIP-32; the byte behind chain code 0 begins a private one
		var raw [78 + checksumBytes]byte
		if bitcoinBase58.decodeCheck(raw[:], text) == sound {
			if raw[45] == 0 {
				return secretFound
			}
			return problem{code: Malformed, reason: "an extended public key, which stands for many addresses: want one of them"}
		}
	case n >= 27 && n <= 33 && text[0] == 's': // an XRP seed of 16 bytes, behind one byte or three
		for _, size := range [...]int{1 + 16, 3 + 16} {
			var raw [3 + 16 + checksumBytes]byte
			if rippleBase58.decodeCheck(raw[:size+checksumBytes], text) == sound {
				return secretFound
			}
		}
	case n == 56 && text[0] == 'S':
		var raw [strkeyLongest]byte
		if _, p := decodeStrkey(&raw, text); p.ok() && raw[0] == strkeySeed {
			return secretFound
		}
	}
	return problem{}
}
