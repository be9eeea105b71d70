package address

import (
	"crypto/sha256"

	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // what Bitcoin's addresses are made of

	"sluice/pkg/network"
)

// The Bitcoin family has one history up to its forks, so a key hash is the same key on each of its networks, whatever
// its spelling: bitcoin with Base58 and segwit; bitcoin-cash, which left segwit out and spells in CashAddr (Base58 is
// still read, with bitcoin's own versions); bitcoin-sv, the same with Base58 as its own spelling; bitcoin-gold with
// versions and a segwit prefix of its own.
var (
	bitcoinRules = utxo{
		alias: "bitcoin", width: 1, versions: []version{{0x00, PKH, P2PKH}, {0x05, SH, P2SH}}, hrp: "bc",
		test: []*utxo{&bitcoinTestRules, &bitcoinRegtestRules},
	}
	bitcoinTestRules    = utxo{alias: "bitcoin-testnet", width: 1, versions: testVersions, hrp: "tb"}
	bitcoinRegtestRules = utxo{alias: "bitcoin-regtest", width: 1, versions: testVersions, hrp: "bcrt"}

	bitcoinCashRules = utxo{
		alias: "bitcoin-cash", width: 1, versions: bitcoinRules.versions, cash: "bitcoincash",
		test: []*utxo{&bitcoinCashTestRules, &bitcoinCashRegtestRules},
	}
	bitcoinCashTestRules    = utxo{alias: "bitcoin-cash-testnet", width: 1, versions: testVersions, cash: "bchtest"}
	bitcoinCashRegtestRules = utxo{alias: "bitcoin-cash-regtest", width: 1, versions: testVersions, cash: "bchreg"}

	bitcoinSVRules = utxo{
		alias: "bitcoin-sv", width: 1, versions: bitcoinRules.versions, cash: "bitcoincash", legacy: true,
		test: []*utxo{&bitcoinSVTestRules},
	}
	bitcoinSVTestRules = utxo{alias: "bitcoin-sv-testnet", width: 1, versions: testVersions, cash: "bchtest", legacy: true}

	bitcoinGoldRules = utxo{
		alias: "bitcoin-gold", width: 1, versions: []version{{0x26, PKH, P2PKH}, {0x17, SH, P2SH}}, hrp: "btg",
		test: []*utxo{&bitcoinGoldTestRules},
	}
	bitcoinGoldTestRules = utxo{alias: "bitcoin-gold-testnet", width: 1, versions: testVersions, hrp: "tbtg"}
)

// testVersions are the Base58 versions of Bitcoin's test networks, which its forks took over.
var testVersions = []version{{0x6f, PKH, P2PKH}, {0xc4, SH, P2SH}}

// rulesUTXO finds the rules of a network with Bitcoin's kinds of addresses, nil when it has none.
func rulesUTXO(alias string) *utxo {
	switch alias {
	case "bitcoin":
		return &bitcoinRules
	case "bitcoin-cash":
		return &bitcoinCashRules
	case "bitcoin-sv":
		return &bitcoinSVRules
	case "bitcoin-gold":
		return &bitcoinGoldRules
	case "litecoin":
		return &litecoinRules
	case "dogecoin":
		return &dogecoinRules
	case "dash":
		return &dashRules
	case "zcash":
		return &zcashRules
	case "verge":
		return &vergeRules
	case "bitcoin-testnet", "bitcoin-testnet4", "bitcoin-signet":
		return &bitcoinTestRules
	case "bitcoin-regtest":
		return &bitcoinRegtestRules
	case "bitcoin-cash-testnet":
		return &bitcoinCashTestRules
	case "bitcoin-sv-testnet":
		return &bitcoinSVTestRules
	case "bitcoin-gold-testnet":
		return &bitcoinGoldTestRules
	case "litecoin-testnet":
		return &litecoinTestRules
	case "dogecoin-testnet":
		return &dogecoinTestRules
	case "dash-testnet":
		return &dashTestRules
	case "zcash-testnet":
		return &zcashTestRules
	}
	return nil
}

// sizesBitcoin is the segwit families' table, and bitcoin-cash's script hashes of 32 bytes.
func sizesBitcoin(kind Kind) (low, high int) {
	if kind == SH {
		return hashBytes, programHash
	}
	return sizesSegwit(kind)
}

// WrappedSegwit gives the script hash key of the P2SH-P2WPKH address of a public key hash: the third address that
// wallets make of one key, and the only script hash that a key hash tells. ok is false for a key of another kind, or
// of a family without segwit.
func WrappedSegwit(k Key) (wrapped Key, ok bool) {
	if k.Kind != PKH || k.Family != network.Bitcoin && k.Family != network.Litecoin {
		return Key{}, false
	}
	script := [2 + hashBytes]byte{0x00, hashBytes} // OP_0 and a push: version 0, then the program
	copy(script[2:], k.payload[:hashBytes])
	return NewKey(k.Family, SH, hash160(script[:])), true
}

// hash160 is RIPEMD-160 of SHA-256.
func hash160(data []byte) []byte {
	inner := sha256.Sum256(data)
	h := ripemd160.New()
	h.Write(inner[:])
	return h.Sum(nil)
}
