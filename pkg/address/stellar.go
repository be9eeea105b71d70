package address

import (
	"encoding/binary"
	"strconv"

	"sluice/pkg/network"
)

// Stellar's addresses are strkeys (SEP-23): base32 without padding of a version byte, a payload and a CRC-16. The first
// letter tells the kind: G an account, M an account with an id of 64 bits in it, C a contract, L a liquidity pool, B a
// claimable balance. The canonical text of M is its G, the id apart. The test networks spell alike.
const (
	strkeyAccount  = 6 << 3  // G
	strkeyMuxed    = 12 << 3 // M
	strkeyContract = 2 << 3  // C
	strkeyPool     = 11 << 3 // L
	strkeyBalance  = 1 << 3  // B
	strkeySeed     = 18 << 3 // S

	strkeyBytes   = 32             // of a key or hash
	strkeyLongest = 1 + 8 + 32 + 2 // version, id of M, key, CRC
	crcBytes      = 2              // at the end, low byte first
	balanceV0     = 0              // the only type of claimable balances, in front of the hash
)

func parseStellar(_ network.Network, text string, _ Option) (Address, problem) {
	var raw [strkeyLongest]byte
	n, p := decodeStrkey(&raw, text)
	if !p.ok() {
		return Address{}, p
	}
	payload := raw[1 : n-crcBytes]
	a := Address{Text: text}
	switch version := raw[0]; {
	case version == strkeyAccount && len(payload) == strkeyBytes:
		a.Key = NewKey(network.Stellar, Account, payload)
	case version == strkeyContract && len(payload) == strkeyBytes:
		a.Key = NewKey(network.Stellar, Contract, payload)
	case version == strkeyPool && len(payload) == strkeyBytes:
		a.Key = NewKey(network.Stellar, Pool, payload)
	case version == strkeyBalance && len(payload) == 1+strkeyBytes && payload[0] == balanceV0:
		a.Key = NewKey(network.Stellar, Balance, payload[1:])
	case version == strkeyMuxed && len(payload) == strkeyBytes+8:
		a.Key = NewKey(network.Stellar, Account, payload[:strkeyBytes])
		a.Tag = strconv.FormatUint(binary.BigEndian.Uint64(payload[strkeyBytes:]), 10)
		a.Text = encodeStrkey(strkeyAccount, payload[:strkeyBytes])
		a.Form = Muxed
	default:
		return Address{}, problem{code: Malformed, reason: "of another kind: want an address that begins with G, M, C, L or B"}
	}
	return a, problem{}
}

// decodeStrkey reads text into raw and returns how many bytes it has, version and CRC included.
func decodeStrkey(raw *[strkeyLongest]byte, text string) (int, problem) {
	switch len(text) {
	case 56, 58, 69: // 35, 36 and 43 bytes
	default:
		return 0, problem{code: Malformed, reason: "wrong length: a stellar address has 56 characters, with an id in it 69"}
	}
	var digits [69]uint8
	for i := range len(text) {
		v := base32Values[text[i]]
		if v == noDigit {
			return 0, badCharacter(i, "base32 digit (A-Z, 2-7)")
		}
		digits[i] = v
	}
	n, ok := packDigits(raw[:], digits[:len(text)])
	if !ok {
		return 0, problem{code: Malformed, reason: "stray bits at its end"}
	}
	if crc := crc16(raw[:n-crcBytes]); raw[n-2] != byte(crc) || raw[n-1] != byte(crc>>8) {
		return 0, problem{code: Checksum, reason: "wrong checksum: a character is mistyped"}
	}
	return n, problem{}
}

func encodeStrkey(version byte, payload []byte) string {
	var body [strkeyLongest]byte
	raw := append(append(body[:0], version), payload...)
	crc := crc16(raw)
	raw = append(raw, byte(crc), byte(crc>>8))
	var buffer [72]byte
	text := appendDigits(buffer[:0], raw)
	for i, d := range text {
		text[i] = base32Digits[d]
	}
	return string(text)
}

func encodeStellar(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != strkeyBytes {
		return "", false
	}
	return encodeStrkey(strkeyAccount, payload), true
}

func sizesStellar(kind Kind) (low, high int) {
	switch kind {
	case Account, Contract, Pool, Balance:
		return strkeyBytes, strkeyBytes
	default:
		return 0, 0
	}
}
