package address

// Verge has key hashes (D…, the version of Dogecoin's) and script hashes (E…), and no segwit in use. A text with D is
// an address of both networks, and of one key on both.
var (
	vergeRules = utxo{
		alias: "verge", width: 1,
		versions: []version{{0x1e, PKH, P2PKH}, {0x21, SH, P2SH}},
		test:     []*utxo{&vergeTestRules},
	}
	vergeTestRules = utxo{
		alias: "verge-testnet", width: 1,
		versions: []version{{0x73, PKH, P2PKH}, {0xc6, SH, P2SH}},
	}
)
