package ethereum

import (
	"golang.org/x/crypto/sha3"
)

// The calls that move tokens by the caller's own word, by the first four bytes of the Keccak-256 of their signatures.
const (
	selectorTransfer     = "\xa9\x05\x9c\xbb" // transfer(address to, uint256 value)
	selectorTransferFrom = "\x23\xb8\x72\xdd" // transferFrom(address from, address to, uint256 value)
)

const (
	word    = 32
	maxCall = 4 + 3*word // the longest input that DecodeCall looks at
)

// DecodeCall reads a token transfer from the input of a call. The transaction's recipient is then the token, and who
// pays whom stands in the input. An input that goes on behind the arguments is accepted, as contracts accept it; a
// shorter one is not. NFTs share transferFrom's selector: the call cannot tell an id from a value.
func DecodeCall(t *Transaction) (Token, bool) {
	if t.To == nil || len(t.Input) < 4 {
		return Token{}, false
	}
	k := Token{Transaction: t.Hash, Contract: *t.To, Time: t.Time}
	args := t.Input[4:]
	switch string(t.Input[:4]) {
	case selectorTransfer:
		if len(args) < 2*word {
			return Token{}, false
		}
		k.From = t.From
	case selectorTransferFrom:
		if len(args) < 3*word {
			return Token{}, false
		}
		k.From = addressOf(args[:word])
		args = args[word:]
	default:
		return Token{}, false
	}
	k.To = addressOf(args[:word])
	k.Value.SetBytes32(args[word : 2*word])
	return k, true
}

// addressOf takes the low 20 bytes, as the contracts of the early years do.
func addressOf(argument []byte) Address { return Address(argument[word-20 : word]) }

// CreatedContract is the address of the contract that a creating transaction makes: the last 20 bytes of the Keccak-256
// of the RLP list (sender, nonce).
func CreatedContract(sender Address, nonce uint64) Address {
	rlp := append(make([]byte, 1, 32), 0x80+20)
	rlp = append(rlp, sender[:]...)
	switch {
	case nonce == 0:
		rlp = append(rlp, 0x80)
	case nonce < 0x80:
		rlp = append(rlp, byte(nonce))
	default:
		var digits []byte
		for n := nonce; n > 0; n >>= 8 {
			digits = append([]byte{byte(n)}, digits...)
		}
		rlp = append(append(rlp, 0x80+byte(len(digits))), digits...)
	}
	rlp[0] = 0xc0 + byte(len(rlp)-1)
	h := sha3.NewLegacyKeccak256()
	h.Write(rlp)
	return Address(h.Sum(nil)[12:])
}
