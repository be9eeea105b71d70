package address

import (
	"fmt"
	"strings"

	"sluice/pkg/network"
)

// The chains of the Cosmos SDK, and BNB's beacon chain before it, spell an account in bech32 under a prefix of their own
// (cosmos1…, osmo1…, bnb1…). Twenty bytes are the hash of a public key, so one key has the same bytes on each of them:
// it is one key in the family, as on the networks of the EVM, and a hit says where it was listed. Thirty-two bytes are a
// contract, or an account that a module derived: they come from numbers that each chain counts for itself, so the prefix
// goes into the key. Some chains hash public keys as Ethereum does: their accounts are those of the EVM.
//
// Money moves between these chains (IBC), and a transfer on one then names an account of another: the prefixes of all
// known chains are read on each network but the beacon chain's.
const (
	cosmosAccount  = 20
	cosmosContract = 32
)

// cosmosPeers are the prefixes of chains that IBC connects; true for those whose accounts are the EVM's.
var cosmosPeers = map[string]bool{
	"cosmos": false, "osmo": false, "terra": false, "cro": false, "thor": false, "celestia": false, "dydx": false, "sei": false,
	"noble": false, "axelar": false, "juno": false, "secret": false, "akash": false, "kava": false, "stars": false, "stride": false,
	"umee": false, "persistence": false, "regen": false, "sent": false, "iaa": false, "core": false, "chihuahua": false, "comdex": false,
	"gravity": false, "ixo": false, "kujira": false, "migaloo": false, "neutron": false, "omniflix": false, "orai": false, "quick": false,
	"sif": false, "somm": false, "tori": false, "archway": false, "atone": false, "saga": false, "nolus": false, "lava": false,
	"fetch": false, "band": false, "shentu": false, "certik": false, "bitsong": false, "cheqd": false, "agoric": false, "like": false,
	"desmos": false, "cre": false, "bostrom": false, "maya": false, "pb": false, "mantra": false,

	"inj": true, "evmos": true, "dym": true, "canto": true, "crc": true, "zeta": true, "haqq": true,
}

// cosmosPrefix is the prefix of a network and of its test network; "" for one that has none here.
func cosmosPrefix(alias string) (hrp, test string) {
	switch alias {
	case "thorchain":
		return "thor", ""
	case "bnb-beacon":
		return "bnb", "tbnb"
	case "bnb-beacon-testnet":
		return "tbnb", ""
	case "osmosis":
		return "osmo", ""
	case "terra", "terra-classic":
		return "terra", ""
	case "crypto-org":
		return "cro", "tcro"
	case "injective":
		return "inj", ""
	case "cosmos", "celestia", "dydx", "sei", "noble", "axelar", "juno", "secret", "akash":
		return alias, ""
	}
	return "", ""
}

func parseCosmos(n network.Network, text string, o Option) (Address, problem) {
	hrp, test := cosmosPrefix(n.Alias)
	if hrp == "" {
		return Address{}, noRules
	}
	var t bech32Text
	if p := decodeBech32(&t, text); !p.ok() {
		return Address{}, p
	}
	a := Address{Text: text, Testnet: n.Testnet}
	prefix := lower(t.prefix)
	evm, peer := cosmosPeers[prefix]
	switch {
	case prefix == hrp, peer && hrp != "bnb" && hrp != "tbnb":
	case test != "" && prefix == test:
		if o&allowTestnet == 0 {
			return Address{}, testnetOnly(n.Alias)
		}
		a.Testnet = true
	case strings.HasSuffix(prefix, "valoper") || strings.HasSuffix(prefix, "valcons"):
		return Address{}, problem{code: OtherNet, reason: "the address of a validator: want its account, which begins with " + hrp + "1"}
	default:
		return Address{}, problem{code: OtherNet, reason: fmt.Sprintf("prefix %s: addresses of %s begin with %s1", quote(t.prefix), n.Alias, hrp)}
	}
	var raw [MaxText]byte
	size, ok := packDigits(raw[:], t.digits[:t.n])
	switch {
	case t.spec != bech32Spec:
		return Address{}, problem{code: Checksum, reason: "checksum of bech32m: want bech32"}
	case !ok:
		return Address{}, problem{code: Malformed, reason: "stray bits at its end"}
	case size == cosmosAccount && evm:
		a.Key = NewKey(network.EVM, Account, raw[:size])
	case size == cosmosAccount:
		a.Key = NewKey(network.Cosmos, Account, raw[:size])
	case size == cosmosContract:
		a.Key = cosmosContractKey(prefix, raw[:size])
	default:
		return Address{}, problem{code: Malformed, reason: fmt.Sprintf("%d bytes: an account has 20, a contract 32", size)}
	}
	if t.capital {
		a.Text = lower(text)
	}
	return a, problem{}
}

// cosmosContractKey is the key of 32 bytes under a prefix: both together are more than a payload holds, so it is their
// hash.
func cosmosContractKey(hrp string, payload []byte) Key {
	return NewKey(network.Cosmos, Contract, append([]byte(hrp+"1"), payload...))
}

// markCosmos reports a text under the network's own prefix.
func markCosmos(n network.Network, text string) bool {
	hrp, _ := cosmosPrefix(n.Alias)
	return hasPrefixFold(text, hrp+"1")
}

func encodeCosmos(n network.Network, form Form, payload []byte) (string, bool) {
	hrp, _ := cosmosPrefix(n.Alias)
	if hrp == "" || form != Plain || len(payload) != cosmosAccount {
		return "", false
	}
	return encodeBech32Bytes(bech32Spec, hrp, payload), true
}

// sizesCosmos are accounts and the hashes of contracts.
func sizesCosmos(kind Kind) (low, high int) {
	switch kind {
	case Account:
		return cosmosAccount, cosmosAccount
	case Contract:
		return MaxPayload, MaxPayload
	default:
		return 0, 0
	}
}
