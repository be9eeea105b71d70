package address

// Dash has key hashes (X…) and script hashes (7…), and no segwit.
var (
	dashRules = utxo{
		alias: "dash", width: 1,
		versions: []version{{0x4c, PKH, P2PKH}, {0x10, SH, P2SH}},
		test:     []*utxo{&dashTestRules},
	}
	dashTestRules = utxo{
		alias: "dash-testnet", width: 1,
		versions: []version{{0x8c, PKH, P2PKH}, {0x13, SH, P2SH}},
	}
)
