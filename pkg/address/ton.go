package address

import (
	"encoding/hex"
	"strings"

	"sluice/pkg/network"
)

// A TON address is a workchain and a hash of 32 bytes. Raw, as nodes write it, it is 0:… or -1:… and 64 hex digits, and
// this is the canonical text. Wallets show 48 digits of base64, either alphabet, with a CRC-16: a byte of flags, the
// workchain, the hash. The flags say whether the money comes back when the account is not there (EQ…, UQ…) and that a
// wallet of the main network should not take the address (kQ…, 0Q…). They are no part of who is paid: the account is the
// same on every network, so that all forms are one key, and the last two are read on the main network too, as Testnet.
const (
	tonHash      = 32
	tonRawDigits = 2 * tonHash
	tonText      = 48 // characters of the friendly form
	tonBytes     = 2 + tonHash + crcBytes

	tonBounce   = 0x11
	tonNoBounce = 0x51
	tonTest     = 0x80 // beside either

	tonBasechain   = 0
	tonMasterchain = 0xff // -1
)

func parseTON(n network.Network, text string, _ Option) (Address, problem) {
	if workchain, digits, ok := strings.Cut(text, ":"); ok {
		return parseTONRaw(n, workchain, digits)
	}
	if len(text) != tonText {
		return Address{}, problem{code: Malformed, reason: "wrong length: a ton address has 48 characters, or is 0: and 64 hex digits"}
	}
	var raw [tonBytes]byte
	if bad := decodeBase64(raw[:], text); bad >= 0 {
		return Address{}, badCharacter(bad, "base64 digit")
	}
	if crc := crc16(raw[:2+tonHash]); raw[2+tonHash] != byte(crc>>8) || raw[3+tonHash] != byte(crc) {
		return Address{}, problem{code: Checksum, reason: "wrong checksum: a character is mistyped"}
	}
	flags, test := raw[0]&^tonTest, raw[0]&tonTest != 0
	if flags != tonBounce && flags != tonNoBounce {
		return Address{}, problem{code: Malformed, reason: "no ton address: its first byte has no meaning"}
	}
	a, p := tonAddress(raw[1], raw[2:2+tonHash])
	a.Form, a.Testnet = Friendly, test || n.Testnet
	return a, p
}

func parseTONRaw(n network.Network, workchain, digits string) (Address, problem) {
	if len(digits) != tonRawDigits || !isHex(digits) {
		return Address{}, problem{code: Malformed, reason: "no raw address: want 64 hex digits behind the colon"}
	}
	var hash [tonHash]byte
	decodeHex(hash[:], digits)
	number := byte(tonBasechain)
	switch workchain {
	case "0":
	case "-1":
		number = tonMasterchain
	default:
		return Address{}, tonWorkchain
	}
	a, p := tonAddress(number, hash[:])
	a.Testnet = n.Testnet
	return a, p
}

var tonWorkchain = problem{code: Malformed, reason: "of another workchain: there are 0 and -1"}

func tonAddress(workchain byte, hash []byte) (Address, problem) {
	switch workchain {
	case tonBasechain:
		return Address{Text: "0:" + hex.EncodeToString(hash), Key: NewKey(network.TON, Account, hash)}, problem{}
	case tonMasterchain:
		return Address{Text: "-1:" + hex.EncodeToString(hash), Key: NewKey(network.TON, Master, hash)}, problem{}
	}
	return Address{}, tonWorkchain
}

// base64Digits are the digits of base64; the last two have another spelling in URLs.
const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

var base64Values = func() (t [256]uint8) {
	for i := range t {
		t[i] = noDigit
	}
	for i := range len(base64Digits) {
		t[base64Digits[i]] = uint8(i)
	}
	t['-'], t['_'] = 62, 63
	return t
}()

// decodeBase64 reads len(dst) bytes, a multiple of three, from four digits for each three; bad is the place of the
// first byte that is no digit, -1 when there is none.
func decodeBase64(dst []byte, digits string) (bad int) {
	for i := 0; i < len(dst); i += 3 {
		var group uint32
		for j := range 4 {
			at := i/3*4 + j
			v := base64Values[digits[at]]
			if v == noDigit {
				return at
			}
			group = group<<6 | uint32(v)
		}
		dst[i], dst[i+1], dst[i+2] = byte(group>>16), byte(group>>8), byte(group)
	}
	return -1
}

// encodeTON writes the raw address of a hash on workchain 0.
func encodeTON(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != tonHash {
		return "", false
	}
	return "0:" + hex.EncodeToString(payload), true
}

// sizesTON are accounts of workchain 0 and of the masterchain.
func sizesTON(kind Kind) (low, high int) {
	if kind != Account && kind != Master {
		return 0, 0
	}
	return tonHash, tonHash
}
