package address

import (
	"strings"

	"sluice/pkg/network"
)

// Zcash's transparent addresses are key hashes (t1…) and script hashes (t3…) with a version of two bytes. tex1… is a
// key hash that only takes money from transparent addresses (ZIP 320): the same key. Sprout (zc…) and Sapling (zs1…)
// addresses are shielded: who pays and is paid cannot be seen. Unified addresses (u1…) have a file of their own.
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

// zcashNet are the spellings of one network beside the transparent ones. ZIP 316 has three names for unified addresses:
// u of its first revision, zu without a transparent receiver and tu, which may have one.
type zcashNet struct {
	tex, sapling string
	unified      []string
	sprout       string  // how the text begins
	sproutLead   [2]byte // and its bytes
}

var (
	zcashMain = zcashNet{tex: "tex", sapling: "zs", unified: []string{"u", "zu", "tu"}, sprout: "zc", sproutLead: [2]byte{0x16, 0x9a}}
	zcashTest = zcashNet{tex: "textest", sapling: "ztestsapling", unified: []string{"utest"}, sprout: "zt", sproutLead: [2]byte{0x16, 0xb6}}
)

const (
	sproutText   = 95 // characters of a Sprout address
	sproutBytes  = 64 // of a paying and a transmission key
	saplingBytes = 43 // of a diversifier and a public key; Orchard's receivers are as long
)

func parseZcash(text string, r *utxo, o Option) (Address, problem, bool) {
	own, other := &zcashMain, &zcashTest
	if r.alias == "zcash-testnet" {
		own, other = other, own
	}
	if a, p, mine := own.parse(text); mine {
		return a, p, true
	}
	a, p, mine := other.parse(text)
	switch {
	case !mine || !p.ok():
		return a, p, mine
	case other == &zcashMain:
		return Address{}, problem{code: OtherNet, reason: "an address of the main network, and zcash-testnet is a test network"}, true
	case o&allowTestnet == 0:
		return Address{}, testnetOnly(r.alias), true
	}
	a.Testnet = true
	return a, p, true
}

// parse reads a text that begins as one of the network's does; mine is false for any other.
func (z *zcashNet) parse(text string) (a Address, p problem, mine bool) {
	name, _, found := strings.Cut(text, "1")
	switch {
	case len(text) == sproutText && strings.HasPrefix(text, z.sprout):
		a, p = z.parseSprout(text)
		return a, p, true
	case !found:
		return Address{}, problem{}, false
	case sameFold(name, z.tex):
		a, p = parseTEX(text, z.tex)
		return a, p, true
	case sameFold(name, z.sapling):
		a, p = parseSapling(text, z.sapling)
		return a, p, true
	}
	for _, hrp := range z.unified {
		if sameFold(name, hrp) {
			a, p = parseUnified(text, hrp)
			return a, p, true
		}
	}
	return Address{}, problem{}, false
}

func (z *zcashNet) parseSprout(text string) (Address, problem) {
	var raw [2 + sproutBytes + checksumBytes]byte
	if f := bitcoinBase58.decodeCheck(raw[:], text); f != sound {
		return Address{}, bitcoinBase58.problem(f, text, "want the 95 characters of a Sprout address")
	}
	if [2]byte(raw[:2]) != z.sproutLead {
		return Address{}, problem{code: Malformed, reason: "no Sprout address: its version is another"}
	}
	key := NewKey(network.Zcash, Sprout, raw[2:2+sproutBytes])
	return Address{Text: text, Key: key, Form: SproutAddress, Shielded: true}, problem{}
}

// parseSapling reads bech32 of a receiver. That it lies on the curve is not asked.
func parseSapling(text, hrp string) (Address, problem) {
	var raw [MaxText]byte
	low, p := bech32Payload(raw[:saplingBytes], text, hrp, bech32Spec, "Sapling address")
	if !p.ok() {
		return Address{}, p
	}
	key := NewKey(network.Zcash, Sapling, raw[:saplingBytes])
	return Address{Text: low, Key: key, Form: SaplingAddress, Shielded: true}, problem{}
}

// parseTEX reads bech32m with the 20 bytes of a public key hash and nothing else in it.
func parseTEX(text, hrp string) (Address, problem) {
	var hash [hashBytes]byte
	low, p := bech32Payload(hash[:], text, hrp, bech32mSpec, "TEX address")
	if !p.ok() {
		return Address{}, p
	}
	return Address{Text: low, Key: NewKey(network.Zcash, PKH, hash[:]), Form: TEX}, problem{}
}

// sizesZcash are the kinds of transparent addresses and of shielded receivers.
func sizesZcash(kind Kind) (low, high int) {
	switch kind {
	case Sprout, Sapling, Orchard:
		return MaxPayload, MaxPayload
	default:
		return sizesHashes(kind)
	}
}
