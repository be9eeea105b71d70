package address

import (
	"slices"
	"strings"
	"testing"

	"sluice/pkg/internal/testdata"
	"sluice/pkg/network"
)

// multicoinNetworks are the names of coins in the vectors that are neither an alias nor a ticker here.
var multicoinNetworks = map[string]string{
	"binance": "bsc", "binancesmartchain": "bsc", "ethereumpow": "ethereum-pow", "exp": "eip155:2", "expanse": "eip155:2",
	"bera": "berachain", "ip": "story", "s": "sonic",
	// Tokens of the EVM.
	"bankex": "ethereum", "bkx": "ethereum", "bonk": "solana", "etherzero": "eip155:1", "etz": "eip155:1",
	"eurc": "ethereum", "game": "ethereum", "mana": "ethereum", "mobile": "solana", "shdw": "solana", "tap": "ethereum",
	"unknown token": "ethereum", "unknown trc20": "tron", "xtp": "ethereum", "yfi": "ethereum",
}

// multicoinChains are the values of the option chainType, in lower case, that are no alias here.
var multicoinChains = map[string]string{"binance": "bsc", "binancesmartchain": "bsc", "erc20": "ethereum", "omni": "bitcoin"}

// multicoinExceptions are the vectors with which the package disagrees, each with its reason.
var multicoinExceptions = map[string]string{
	"valid bitcoin GSa5espVLNseXEfKt46zEdS6jrPkmFghBU": "an address of bitcoin-gold, taken for one of bitcoin's testnet",
	"invalid ltc 3FLj1iFqS359KvBXeaStPgqX7hgyifVKbN":   "the first spelling of litecoin's script hashes, which its nodes read",
}

// multicoinForeign are the coins of the vectors whose network is not in the table, by the reason, in lower case: their
// addresses are not read, and a transfer there is held as unscreenable.
var multicoinForeign = map[string]string{
	"relatives of bitcoin with versions of their own, which no publisher's list here names": "auroracoin aur beavercoin bvc biocoin bio bitcoinprivate btcp bitcoinz btcz decred dcr digibyte dgb freicoin frc " +
		"garlicoin grlc hush komodo kmd lbc lbry megacoin mec namecoin nmc peercoin ppc pivx primecoin xpm protoshares pts qtum " +
		"snowgem sng vertcoin vtc votecoin vot zclassic zcl zencash zen",
	"address formats of their own": "eos loki nano nem xem neo neogas siacoin solarcoin slr vechain vet waves xtz",
}

// foreignCoin reports whether a coin is one of multicoinForeign.
func foreignCoin(coin string) bool {
	first, _, _ := strings.Cut(strings.ToLower(coin), " ") // LBRY Credits
	for _, names := range multicoinForeign {
		if slices.Contains(strings.Fields(names), first) {
			return true
		}
	}
	return false
}

// multicoinNetwork finds the network of a vector, or none that the package knows.
func multicoinNetwork(coin, address, options string) (network.Network, bool) {
	if _, rest, ok := strings.Cut(options, "chainType: '"); ok {
		chain, _, _ := strings.Cut(rest, "'")
		chain = strings.ToLower(chain)
		if alias, ok := multicoinChains[chain]; ok {
			chain = alias
		}
		return network.Lookup(chain)
	}
	low := strings.ToLower(coin)
	if n, ok := network.Lookup(low); ok {
		return n, true
	}
	if n, ok := network.Lookup(multicoinNetworks[low]); ok {
		return n, true
	}
	candidates := network.ByTicker(strings.Replace(low, "tether", "usdt", 1))
	for _, n := range candidates { // of a token's chains, the one whose form it has
		if _, err := Parse(n, address); err == nil {
			return n, true
		}
	}
	if len(candidates) > 0 {
		return candidates[0], true
	}
	return network.Network{}, false
}

func TestMulticoinVectors(t *testing.T) {
	asserted := map[string]int{}
	foreign, used := 0, 0
	for _, line := range lines(t, testdata.Dir(t, "addresses", "multicoin", "vectors.tsv"))[1:] {
		c := strings.Split(line, "\t")
		want, coin, text, options := c[0], c[1], c[2], c[3]
		n, ok := multicoinNetwork(coin, text, options)
		if !ok {
			if !foreignCoin(coin) {
				t.Errorf("no network for %s %s, and no reason", coin, text)
			}
			foreign++
			continue
		}
		if reason, ok := multicoinExceptions[want+" "+coin+" "+text]; ok {
			t.Logf("exception: %s %s is %s there: %s", coin, text, want, reason)
			used++
			continue
		}
		asserted[want]++
		var opts []Option
		if strings.Contains(options, "testnet") || strings.Contains(options, "stagenet") || strings.Contains(options, "both") {
			opts = append(opts, AllowTestnet())
		}
		a, err := Parse(n, text, opts...)
		if (err == nil) != (want == "valid") {
			t.Errorf("%s %s %s: want %s on %s, got %+v, %v", coin, text, options, want, n.Alias, a, err)
		}
		if err == nil {
			stable(t, n, a, opts...)
		}
	}
	t.Logf("asserted %v; %d of coins without a family here", asserted, foreign)
	if used != len(multicoinExceptions) {
		t.Errorf("%d exceptions met, %d listed", used, len(multicoinExceptions))
	}
	if asserted["valid"] != 349 || asserted["invalid"] != 114 || foreign != 226 {
		t.Errorf("asserted %v, %d foreign, want 349 valid and 114 invalid, and 226 foreign", asserted, foreign)
	}
}

// stable asserts that the canonical text of a is read as a.
func stable(t *testing.T, n network.Network, a Address, opts ...Option) {
	t.Helper()
	b, err := Parse(n, a.Text, opts...)
	if err != nil || b.Text != a.Text || b.Key != a.Key || b.Tag != "" && b.Tag != a.Tag || b.Trimmed {
		t.Errorf("%s: canonical %s is read as %+v, %v", n.Canonical(), a.Text, b, err)
	}
	key, err := ParseKey(a.Key.String())
	if err != nil || key != a.Key {
		t.Errorf("key %s of %s: read back as %s, %v", a.Key, a.Text, key, err)
	}
	wire, err := DecodeKey(a.Key.Append(nil))
	if err != nil || wire != a.Key {
		t.Errorf("key %s of %s: its wire form is read as %s, %v", a.Key, a.Text, wire, err)
	}
}
