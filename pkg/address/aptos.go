package address

import (
	"strconv"

	"sluice/pkg/network"
)

// aptosSpecials is how many system accounts have a short form on Aptos (AIP-40): 0x0 to 0xf, and it is their canonical
// one. Every other account is written with 64 digits. The test networks spell alike.
const aptosSpecials = 16

func parseAptos(n network.Network, text string, _ Option) (Address, problem) {
	var raw [moveBytes]byte
	form, p := parseMove(&raw, text, 1)
	if !p.ok() {
		return Address{}, p
	}
	a := Address{Text: aptosText(raw[:]), Key: NewKey(network.Aptos, Account, raw[:]), Form: form, Testnet: n.Testnet}
	return a, p
}

func aptosText(raw []byte) string {
	if last := raw[moveBytes-1]; last < aptosSpecials && all(raw[:moveBytes-1], 0) {
		return "0x" + strconv.FormatUint(uint64(last), 16)
	}
	return moveText(raw)
}

func encodeAptos(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != moveBytes {
		return "", false
	}
	return aptosText(payload), true
}
