package address

// Litecoin has Bitcoin's kinds with versions of its own. Script hashes were first spelled with Bitcoin's version
// (3…), which is still read; M… replaced it because the two were mistaken for each other. MWEB addresses (ltcmweb1…)
// are stealth addresses: who is paid cannot be seen on the chain.
var (
	litecoinRules = utxo{
		alias: "litecoin", width: 1, hrp: "ltc",
		versions: []version{{0x30, PKH, P2PKH}, {0x32, SH, P2SH}, {0x05, SH, Legacy}},
		test:     []*utxo{&litecoinTestRules, &litecoinRegtestRules},
		extra:    parseMWEB,
	}
	litecoinTestRules = utxo{
		alias: "litecoin-testnet", width: 1, hrp: "tltc",
		versions: []version{{0x6f, PKH, P2PKH}, {0x3a, SH, P2SH}, {0xc4, SH, Legacy}},
		extra:    parseMWEB,
	}
	litecoinRegtestRules = utxo{alias: "litecoin-regtest", width: 1, hrp: "rltc", versions: litecoinTestRules.versions}
)

const (
	mwebPublicKey = 33 // a compressed public key
	mwebBytes     = 2 * mwebPublicKey
	mwebVersion   = 0
)

// parseMWEB reads a stealth address: bech32 of a version and two public keys, to scan with and to spend with. The key is
// the hash of both: each address that a wallet makes is one of its own.
func parseMWEB(text string, r *utxo, o Option) (Address, problem, bool) {
	main, test := hasPrefixFold(text, "ltcmweb1"), hasPrefixFold(text, "tmweb1")
	switch {
	case !main && !test:
		return Address{}, problem{}, false
	case main && r.alias == "litecoin-testnet":
		return Address{}, problem{code: OtherNet, reason: "an address of the main network, and litecoin-testnet is a test network"}, true
	case test && r.alias != "litecoin-testnet" && o&allowTestnet == 0:
		return Address{}, testnetOnly(r.alias), true
	}
	var t bech32Text
	if p := decodeLongBech32(&t, text); !p.ok() {
		return Address{}, p, true
	}
	var keys [MaxText]byte
	n, ok := 0, false
	if t.n > 0 && (sameFold(t.prefix, "ltcmweb") || sameFold(t.prefix, "tmweb")) {
		n, ok = packDigits(keys[:], t.digits[1:t.n])
	}
	switch {
	case t.spec != bech32Spec:
		return Address{}, problem{code: Checksum, reason: "checksum of bech32m: an MWEB address has that of bech32"}, true
	case !ok || n != mwebBytes || t.digits[0] != mwebVersion || keys[0]|1 != 3 || keys[mwebPublicKey]|1 != 3:
		return Address{}, problem{code: Malformed, reason: "no MWEB address: want version 0 and two public keys of 33 bytes"}, true
	}
	if t.capital {
		text = lower(text)
	}
	return Address{Text: text, Key: NewKey(0, MWEB, keys[:n]), Form: Stealth, Shielded: true, Testnet: test}, problem{}, true
}

// sizesLitecoin are Bitcoin's kinds, and the stealth addresses.
func sizesLitecoin(kind Kind) (low, high int) {
	if kind == MWEB {
		return MaxPayload, MaxPayload
	}
	return sizesSegwit(kind)
}
