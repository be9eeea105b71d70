package address

import "strings"

// Litecoin has Bitcoin's kinds with versions of its own. Script hashes were first spelled with Bitcoin's version
// (3…), which is still read; M… replaced it because the two were mistaken for each other. MWEB addresses (ltcmweb1…)
// are stealth addresses: who is paid cannot be seen from them.
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

func parseMWEB(text string, _ *utxo) (Address, problem, bool) {
	if low := lower(text); !strings.HasPrefix(low, "ltcmweb1") && !strings.HasPrefix(low, "tmweb1") {
		return Address{}, problem{}, false
	}
	return Address{}, problem{code: Shielded, reason: "an MWEB address, which is shielded: it cannot be screened"}, true
}
