package address

import "sluice/pkg/network"

// families holds the rules of every family, by its number.
var families = [...]family{
	network.EVM:      {parseEVM, encodeEVM, sizesEVM},
	network.Bitcoin:  {parseUTXO, encodeUTXO, sizesBitcoin},
	network.Litecoin: {parseUTXO, encodeUTXO, sizesSegwit},
	network.Dogecoin: {parseUTXO, encodeUTXO, sizesHashes},
	network.Dash:     {parseUTXO, encodeUTXO, sizesHashes},
	network.Zcash:    {parseUTXO, encodeUTXO, sizesHashes},
}
