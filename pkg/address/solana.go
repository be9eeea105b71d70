package address

import "sluice/pkg/network"

// A Solana address is 32 bytes in Base58: a public key, or an account that a program derived. It carries no checksum,
// so a mistyped one is as good as another, and most texts of 43 or 44 Base58 digits are one. The test networks spell
// alike.
const solanaBytes = 32

func parseSolana(_ network.Network, text string, _ Option) (Address, problem) {
	var raw [solanaBytes]byte
	if f := bitcoinBase58.decode(raw[:], text); f != sound {
		return Address{}, bitcoinBase58.problem(f, text, "want 32 bytes in Base58, 32 to 44 characters")
	}
	return Address{Text: text, Key: NewKey(network.Solana, Account, raw[:])}, problem{}
}

func encodeSolana(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != solanaBytes {
		return "", false
	}
	var text [48]byte
	return string(bitcoinBase58.encode(text[:0], payload)), true
}
