package address

import "sluice/pkg/network"

// Sui's system packages and objects have short forms of up to four digits (0x2, 0xdee9); canonical are all 64 digits.
// The test networks spell alike.
const suiSpecialDigits = 4

func parseSui(n network.Network, text string, _ Option) (Address, problem) {
	var raw [moveBytes]byte
	form, p := parseMove(&raw, text, suiSpecialDigits)
	if !p.ok() {
		return Address{}, p
	}
	a := Address{Text: moveText(raw[:]), Key: NewKey(network.Sui, Account, raw[:]), Form: form, Testnet: n.Testnet}
	return a, p
}

func encodeSui(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != moveBytes {
		return "", false
	}
	return moveText(payload), true
}
