package address

import "strings"

// Zcash's transparent addresses are key hashes (t1…) and script hashes (t3…) with a version of two bytes. tex1… is a
// key hash that only takes money from transparent addresses (ZIP 320): the same key. Sprout (zc…), Sapling (zs1…) and
// unified addresses (u1…) are shielded: named, and refused, for there is nothing in them to screen.
var (
	zcashRules = utxo{
		alias: "zcash", width: 2,
		versions: []version{{0x1cb8, PKH, P2PKH}, {0x1cbd, SH, P2SH}},
		test:     []*utxo{&zcashTestRules},
		extra:    parseZcash,
	}
	zcashTestRules = utxo{
		alias: "zcash-testnet", width: 2,
		versions: []version{{0x1d25, PKH, P2PKH}, {0x1cba, SH, P2SH}},
		extra:    parseZcash,
	}
)

// sproutLength is the length of a Base58Check text of a Sprout address, in characters.
const sproutLength = 95

func parseZcash(text string, r *utxo) (Address, problem, bool) {
	hrp, shielded := "tex", []string{"zs1", "u1"}
	if r.alias == "zcash-testnet" {
		hrp, shielded = "textest", []string{"ztestsapling1", "utest1"}
	}
	low := lower(text)
	for _, prefix := range shielded {
		if strings.HasPrefix(low, prefix) {
			return Address{}, problem{code: Shielded, reason: "a shielded address: it cannot be screened"}, true
		}
	}
	if len(text) == sproutLength && (strings.HasPrefix(text, "zc") || strings.HasPrefix(text, "zt")) {
		return Address{}, problem{code: Shielded, reason: "a shielded address: it cannot be screened"}, true
	}
	if !strings.HasPrefix(low, hrp+"1") {
		return Address{}, problem{}, false
	}
	a, p := parseTEX(text, hrp)
	return a, p, true
}

// parseTEX reads bech32m with the 20 bytes of a public key hash and nothing else in it.
func parseTEX(text, hrp string) (Address, problem) {
	var t bech32Text
	if p := decodeBech32(&t, text); !p.ok() {
		return Address{}, p
	}
	var hash [bech32Longest]byte
	n, ok := packDigits(hash[:], t.digits[:t.n])
	switch {
	case t.spec != bech32mSpec:
		return Address{}, problem{code: Checksum, reason: "checksum of bech32: a TEX address has that of bech32m"}
	case !hasPrefixFold(t.prefix, hrp) || len(t.prefix) != len(hrp) || !ok || n != hashBytes:
		return Address{}, problem{code: Malformed, reason: "no TEX address: want " + hrp + "1 and a hash of 20 bytes"}
	}
	if t.capital {
		text = lower(text)
	}
	return Address{Text: text, Key: NewKey(0, PKH, hash[:n]), Form: TEX}, problem{}
}
