package address

import (
	"fmt"

	"sluice/pkg/network"
)

// A Tron address is a byte 0x41 and the 20 bytes that an EVM address would have, spelled in Base58Check (T…) or as 42
// hex digits (41…), which its nodes use, with or without 0x. Canonical is Base58. Twenty bytes with 0x alone, the
// form of its virtual machine, are refused: on a Tron transfer they are more often an EVM address in the wrong place.
// The test networks have the same version.
const (
	tronVersion = 0x41
	tronRetired = 0xa0 // the version of the first test network
	tronHex     = 2 * (1 + hashBytes)
)

func parseTron(_ network.Network, text string, _ Option) (Address, problem) {
	digits := text
	if len(text) > 2 && text[:2] == "0x" {
		digits = text[2:]
	}
	if len(digits) == tronHex && isHex(digits) {
		return parseTronHex(digits)
	}
	if len(digits) == 2*hashBytes && len(text) == evmLength && isHex(digits) {
		return Address{}, problem{code: OtherNet, reason: "0x and 20 bytes, the form of EVM networks: want Base58 (T…) or 41 in front of the hex digits"}
	}
	var raw [1 + hashBytes + checksumBytes]byte
	if f := bitcoinBase58.decodeCheck(raw[:], text); f != sound {
		return Address{}, bitcoinBase58.problem(f, text, "want 34 characters of Base58, or 42 hex digits")
	}
	switch raw[0] {
	case tronVersion:
		return Address{Text: text, Key: NewKey(network.Tron, Account, raw[1:1+hashBytes])}, problem{}
	case tronRetired:
		return Address{}, problem{code: Testnet, reason: "an address of the first testnet, which is gone"}
	}
	return Address{}, problem{code: OtherNet, reason: fmt.Sprintf("version 0x%02x: a tron address has 0x41", raw[0])}
}

func parseTronHex(digits string) (Address, problem) {
	var raw [1 + hashBytes]byte
	decodeHex(raw[:], digits)
	switch raw[0] {
	case tronVersion:
	case tronRetired:
		return Address{}, problem{code: Testnet, reason: "an address of the first testnet, which is gone"}
	default:
		return Address{}, problem{code: Malformed, reason: fmt.Sprintf("begins with %s: a tron address in hex begins with 41", digits[:2])}
	}
	a := Address{Key: NewKey(network.Tron, Account, raw[1:]), Form: Hex}
	a.Text = bitcoinBase58.encodeCheck(raw[:1], raw[1:])
	return a, problem{}
}

func encodeTron(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != hashBytes {
		return "", false
	}
	return bitcoinBase58.encodeCheck([]byte{tronVersion}, payload), true
}
