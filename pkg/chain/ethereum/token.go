package ethereum

import (
	"sluice/pkg/amount"
	"sluice/pkg/network"
)

// token is what is known about a contract without asking the chain.
type token struct {
	symbol   string
	decimals int
}

// mainnetTokens are the tokens of Ethereum that exchanges see most. Any other token is counted in its base units, for
// how many decimals it has stands only in the contract.
var mainnetTokens = map[string]token{
	"0xdac17f958d2ee523a2206206994597c13d831ec7": {"USDT", 6},
	"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": {"USDC", 6},
	"0x6b175474e89094c44da98b954eedeac495271d0f": {"DAI", 18},
	"0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": {"WETH", 18},
	"0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": {"WBTC", 8},
	"0x4fabb145d64652a948d72533023f6e7a623c7c53": {"BUSD", 18},
	"0x0000000000085d4780b73119b644ae5ecd22b376": {"TUSD", 18},
	"0x8e870d67f660d95d5be530380d0ec0bd388289e1": {"USDP", 18},
	"0x056fd409e1d7a124bd7017459dfea2f387b6d5cd": {"GUSD", 2},
	"0x6c3ea9036406852006290770bedfcaba0e23a0e8": {"PYUSD", 6},
	"0x514910771af9ca656af840dff83e8264ecf986ca": {"LINK", 18},
	"0x1f9840a85d5af5bf1d1762f925bdaddc4201f984": {"UNI", 18},
	"0x95ad61b0a150d79219dcf64e1e6cc01f0b64c4ce": {"SHIB", 18},
	"0x7d1afa7b718fb893db30a3abc0cfc608aacfebb0": {"MATIC", 18},
	"0xae7ab96520de3a18e5e111b5eaab095312d7fe84": {"STETH", 18},
	"0x7f39c581f595b53c5cb19bd0b3f8da6c935e2ca0": {"WSTETH", 18},
	"0x45804880de22913dafe09f4980848ece6ecbaf78": {"PAXG", 18},
}

const mainnet = "eip155:1"

// describe names what moved and how much of it.
//
// A token that is not in the table is named by its contract's address and counted in base units. A thing with an id, and
// a value of more digits than an amount has (in an export that does not tell ids from values nothing else is that
// large), is one piece with the id in its asset id.
func describe(n network.Network, k *Token) (asset, assetID string, a amount.Amount) {
	contract := k.Contract.String()
	known, ok := mainnetTokens[contract]
	if !ok || n.CAIP2 != mainnet {
		known = token{symbol: contract}
	}
	if !k.Unique {
		if a, err := amount.FromInt(&k.Value, known.decimals); err == nil {
			return known.symbol, n.CAIP2 + "/erc20:" + contract, a
		}
	}
	return contract, n.CAIP2 + "/erc721:" + contract + "/" + k.Value.Dec(), amount.MustParse("1")
}
