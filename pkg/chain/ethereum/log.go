package ethereum

// topicTransfer is the Keccak-256 of Transfer(address,address,uint256), the event of ERC-20 and ERC-721 alike.
const topicTransfer = "\xdd\xf2\x52\xad\x1b\xe2\xc8\x9b\x69\xc2\xb0\x68\xfc\x37\x8d\xaa" +
	"\x95\x2b\xa7\xf1\x63\xc4\xa1\x16\x28\xf5\x5a\x4d\xf5\x23\xb3\xef"

// Log is one event of a receipt.
type Log struct {
	Index    uint32 // within the block
	Contract Address
	Topics   [][]byte // of 32 bytes each
	Data     []byte
}

// DecodeLog reads a token transfer from an event. The event and its three arguments are four words, of which tokens
// index the addresses (three topics), NFTs everything (four), and some contracts from before the standard nothing (one).
// Transaction and Time of the result are the caller's to fill.
func DecodeLog(l *Log) (Token, bool) {
	if len(l.Topics) == 0 || string(l.Topics[0]) != topicTransfer || len(l.Data)%word != 0 ||
		len(l.Topics)+len(l.Data)/word != 4 {
		return Token{}, false
	}
	words := append([][]byte{}, l.Topics[1:]...)
	for d := l.Data; len(d) > 0; d = d[word:] {
		words = append(words, d[:word])
	}
	k := Token{
		LogIndex: l.Index, Contract: l.Contract,
		From: addressOf(words[0]), To: addressOf(words[1]),
		Unique: len(l.Topics) == 4,
	}
	k.Value.SetBytes32(words[2])
	return k, true
}
