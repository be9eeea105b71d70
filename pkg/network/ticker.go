package network

// ByTicker returns the networks on which an address filed under a publisher's ticker may be, the likeliest first: OFAC
// writes XBT for bitcoin, and files a stablecoin's addresses of several chains under the coin. ASCII case does not
// count. It returns none for a ticker that it does not know or whose network has no address rules here: never a wrong
// one. The ticker is the publisher's word and can be wrong (OFAC files a Tron address under XBT): where the text is no
// address of any network returned, its form has to decide.
func ByTicker(ticker string) []Network {
	if len(ticker) > maxTicker {
		return nil
	}
	var upper [maxTicker]byte
	for i := range len(ticker) {
		c := ticker[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	aliases := tickers[string(upper[:len(ticker)])]
	if aliases == nil {
		return nil
	}
	networks := make([]Network, len(aliases))
	for i, alias := range aliases {
		networks[i] = table[byName[alias]]
	}
	return networks
}

// maxTicker is the longest ticker of the table, in bytes.
const maxTicker = 8

// tickers maps a ticker in upper case to the aliases of its networks.
var tickers = map[string][]string{
	"XBT": {"bitcoin"}, "BTC": {"bitcoin"},
	"BCH": {"bitcoin-cash"}, "BCC": {"bitcoin-cash"}, "BCHABC": {"bitcoin-cash"},
	"BSV": {"bitcoin-sv"}, "BCHSV": {"bitcoin-sv"},
	"BTG":  {"bitcoin-gold"},
	"LTC":  {"litecoin"},
	"DOGE": {"dogecoin"}, "XDG": {"dogecoin"},
	"DASH": {"dash"},
	"ZEC":  {"zcash"},
	"TRX":  {"tron"}, "TRON": {"tron"},
	"SOL": {"solana"},
	"XRP": {"xrp"},
	"XLM": {"stellar"},
	"XMR": {"monero"},
	"XVG": {"verge"},
	"ADA": {"cardano"},
	"DOT": {"polkadot"}, "KSM": {"kusama"},
	"TON": {"ton"}, "TONCOIN": {"ton"},
	"ALGO": {"algorand"},
	"NEAR": {"near"},
	"APT":  {"aptos"},
	"SUI":  {"sui"},
	"HBAR": {"hedera"},

	"ATOM": {"cosmos"},
	"OSMO": {"osmosis"},
	"LUNA": {"terra", "terra-classic"}, "LUNC": {"terra-classic"}, "USTC": {"terra-classic"},
	"RUNE": {"thorchain"},
	"INJ":  {"injective", "ethereum"},
	"TIA":  {"celestia"},
	"DYDX": {"dydx", "ethereum"},
	"SEI":  {"sei"},
	"AXL":  {"axelar"},
	"JUNO": {"juno"},
	"SCRT": {"secret"},
	"AKT":  {"akash"},
	"CRO":  {"crypto-org", "cronos", "ethereum"},

	"ETH":  {"ethereum"},
	"ETC":  {"ethereum-classic"},
	"ETHW": {"ethereum-pow"},
	"BSC":  {"bsc"}, "BNB": {"bsc", "bnb-beacon"}, "BEP2": {"bnb-beacon"},
	"MATIC": {"polygon"}, "POL": {"polygon"},
	"ARB":  {"arbitrum"},
	"OP":   {"optimism"},
	"BASE": {"base"},
	"AVAX": {"avalanche"},
	"FTM":  {"fantom"},
	"XDAI": {"gnosis"}, "GNO": {"gnosis"},
	"CELO": {"celo"},
	"FLR":  {"flare"},
	"CLO":  {"callisto"},
	"BERA": {"berachain"},
	"ONE":  {"harmony"},

	// Tether began on bitcoin, as Omni; OFAC files all of its addresses under USDT.
	// NEAR, Aptos and Sui, where both coins are too, are left out: what is no address there is hard to tell.
	"USDT":  {"tron", "ethereum", "bitcoin", "solana", "ton", "polkadot"},
	"USDC":  {"ethereum", "solana", "stellar", "algorand", "hedera", "noble"},
	"BUSD":  {"ethereum", "bsc"},
	"TUSD":  {"ethereum", "tron"},
	"USDD":  {"tron", "ethereum"},
	"DAI":   {"ethereum"},
	"PYUSD": {"ethereum", "solana"},
	"WETH":  {"ethereum"},
	"WBTC":  {"ethereum"},
}
