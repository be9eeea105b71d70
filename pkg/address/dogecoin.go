package address

// Dogecoin has key hashes (D…) and script hashes (9… or A…), and no segwit.
var (
	dogecoinRules = utxo{
		alias: "dogecoin", width: 1,
		versions: []version{{0x1e, PKH, P2PKH}, {0x16, SH, P2SH}},
		test:     []*utxo{&dogecoinTestRules},
	}
	dogecoinTestRules = utxo{
		alias: "dogecoin-testnet", width: 1,
		versions: []version{{0x71, PKH, P2PKH}, {0xc4, SH, P2SH}},
	}
)
