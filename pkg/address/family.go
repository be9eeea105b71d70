package address

import "sluice/pkg/network"

// families holds the rules of every family, by its number.
var families = [...]family{
	network.EVM:      {parseEVM, encodeEVM, sizesAccount20},
	network.Bitcoin:  {parseUTXO, encodeUTXO, sizesBitcoin},
	network.Litecoin: {parseUTXO, encodeUTXO, sizesSegwit},
	network.Dogecoin: {parseUTXO, encodeUTXO, sizesHashes},
	network.Dash:     {parseUTXO, encodeUTXO, sizesHashes},
	network.Zcash:    {parseUTXO, encodeUTXO, sizesHashes},
	network.Tron:     {parseTron, encodeTron, sizesAccount20},
	network.Solana:   {parseSolana, encodeSolana, sizesAccount32},
	network.XRP:      {parseXRP, encodeXRP, sizesAccount20},
	network.Stellar:  {parseStellar, encodeStellar, sizesStellar},
	network.Monero:   {parseMonero, encodeMoneroAddress, sizesMonero},
}

// sizesAccount20 is for families whose only kind is an account of 20 bytes.
func sizesAccount20(kind Kind) (low, high int) {
	if kind != Account {
		return 0, 0
	}
	return 20, 20
}

// sizesAccount32 is for families whose only kind is an account of 32 bytes.
func sizesAccount32(kind Kind) (low, high int) {
	if kind != Account {
		return 0, 0
	}
	return 32, 32
}
