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
// goes into the key. Injective hashes public keys as Ethereum does: its accounts are those of the EVM.
const (
	cosmosAccount  = 20
	cosmosContract = 32
)

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
	switch {
	case sameFold(t.prefix, hrp):
	case test != "" && sameFold(t.prefix, test):
		if o&allowTestnet == 0 {
			return Address{}, testnetOnly(n.Alias)
		}
		a.Testnet = true
	case hasPrefixFold(t.prefix, hrp) && strings.HasPrefix(lower(t.prefix)[len(hrp):], "val"):
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
	case size == cosmosAccount && n.Alias == "injective":
		a.Key = NewKey(network.EVM, Account, raw[:size])
	case size == cosmosAccount:
		a.Key = NewKey(network.Cosmos, Account, raw[:size])
	case size == cosmosContract:
		a.Key = cosmosContractKey(lower(t.prefix), raw[:size])
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
