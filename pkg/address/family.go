package address

import "sluice/pkg/network"

// families holds the rules of every family, by its number.
var families = [...]family{
	network.EVM:      {parse: parseEVM, encode: encodeEVM, sizes: sizesAccount20},
	network.Bitcoin:  {parse: parseUTXO, encode: encodeUTXO, sizes: sizesBitcoin},
	network.Litecoin: {parse: parseUTXO, encode: encodeUTXO, sizes: sizesLitecoin},
	network.Dogecoin: {parse: parseUTXO, encode: encodeUTXO, sizes: sizesHashes},
	network.Dash:     {parse: parseUTXO, encode: encodeUTXO, sizes: sizesHashes},
	network.Zcash:    {parse: parseUTXO, encode: encodeUTXO, sizes: sizesZcash},
	network.Tron:     {parse: parseTron, encode: encodeTron, sizes: sizesAccount20},
	network.Solana:   {parse: parseSolana, encode: encodeSolana, sizes: sizesAccount32},
	network.XRP:      {parse: parseXRP, encode: encodeXRP, sizes: sizesAccount20},
	network.Stellar:  {parse: parseStellar, encode: encodeStellar, sizes: sizesStellar},
	network.Monero:   {parse: parseMonero, encode: encodeMoneroAddress, sizes: sizesMonero},
	network.Verge:    {parse: parseUTXO, encode: encodeUTXO, sizes: sizesHashes},
	network.Cardano:  {parse: parseCardano, encode: encodeCardano, sizes: sizesCardano},
	network.Polkadot: {parse: parseSS58, encode: encodeSS58, sizes: sizesAccount32},
	network.TON:      {parse: parseTON, encode: encodeTON, sizes: sizesTON},
	network.Cosmos:   {parse: parseCosmos, encode: encodeCosmos, sizes: sizesCosmos, mark: markCosmos},
	network.Algorand: {parse: parseAlgorand, encode: encodeAlgorand, sizes: sizesAccount32},
	network.NEAR:     {parse: parseNEAR, encode: encodeNEAR, sizes: sizesNEAR, mark: markNEAR},
	network.Aptos:    {parse: parseAptos, encode: encodeAptos, sizes: sizesAccount32, mark: unmarked},
	network.Sui:      {parse: parseSui, encode: encodeSui, sizes: sizesAccount32, mark: unmarked},
	network.Hedera:   {parse: parseHedera, encode: encodeHedera, sizes: sizesHedera, mark: markHedera},
}

// unmarked is the mark of a family that is never guessed.
func unmarked(network.Network, string) bool { return false }

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
