package address

import (
	"encoding/binary"
	"strconv"
	"strings"

	"sluice/pkg/network"
)

// A Hedera account is shard.realm.number, 0.0.N in practice, which may have five letters of checksum behind a hyphen
// (HIP-15), made for one network; canonical is the account without them. An account can also be paid by an EVM address:
// one of twelve zero bytes and a number is 0.0.number written long; any other is the hash of the key that owns the
// account, and has the EVM's key. Both may also follow 0.0. in place of the number.
const (
	hederaBytes    = 3 * 8
	hederaLetters  = 5
	hederaLongZero = evmBytes - 8
)

// The ledger ids of the networks, which the checksum covers.
const (
	hederaMain = iota
	hederaTest
	hederaPreview
)

func parseHedera(n network.Network, text string, o Option) (Address, problem) {
	if len(text) == evmLength && text[:2] == "0x" {
		return parseHederaEVM(n, text, o)
	}
	entity, letters, checked := strings.Cut(text, "-")
	if alias, ok := strings.CutPrefix(entity, "0.0."); ok && !checked && len(alias) == 2*evmBytes && isHex(alias) {
		return parseHederaEVM(n, "0x"+alias, o)
	}
	var numbers [3]uint64
	if !hederaNumbers(&numbers, entity) {
		return Address{}, problem{code: Malformed, reason: "no hedera account: want shard.realm.number, such as 0.0.1234, or an EVM address"}
	}
	a := hederaAddress(n, numbers)
	if !checked {
		return a, problem{}
	}
	a.Form = Checked
	ledger := byte(hederaMain)
	if n.Testnet {
		ledger = hederaTest
	}
	switch letters {
	case hederaChecksum(entity, ledger):
		return a, problem{}
	case hederaChecksum(entity, hederaTest), hederaChecksum(entity, hederaPreview):
		if o&allowTestnet == 0 || n.Testnet {
			return Address{}, problem{code: Testnet, reason: "its checksum is that of a test network"}
		}
		a.Testnet = true
		return a, problem{}
	case hederaChecksum(entity, hederaMain):
		return Address{}, mainOnly(n)
	}
	return Address{}, problem{code: Checksum, reason: "wrong checksum: a character is mistyped"}
}

// hederaNumbers reads three numbers of 63 bits without leading zeros.
func hederaNumbers(numbers *[3]uint64, entity string) bool {
	for i := range numbers {
		part, rest, more := strings.Cut(entity, ".")
		if more != (i < 2) || part == "" || part[0] == '0' && len(part) > 1 || part[0] == '+' {
			return false
		}
		v, err := strconv.ParseUint(part, 10, 63)
		if err != nil {
			return false
		}
		numbers[i], entity = v, rest
	}
	return true
}

func hederaAddress(n network.Network, numbers [3]uint64) Address {
	var raw [hederaBytes]byte
	var text []byte
	for i, v := range numbers {
		if i > 0 {
			text = append(text, '.')
		}
		text = strconv.AppendUint(text, v, 10)
		binary.BigEndian.PutUint64(raw[8*i:], v)
	}
	return Address{Text: string(text), Key: NewKey(network.Hedera, Account, raw[:]), Testnet: n.Testnet}
}

func parseHederaEVM(n network.Network, text string, o Option) (Address, problem) {
	a, p := parseEVM(n, text, o)
	if !p.ok() {
		return Address{}, p
	}
	if bytes := a.Key.payload[:evmBytes]; all(bytes[:hederaLongZero], 0) && bytes[hederaLongZero]&0x80 == 0 {
		a = hederaAddress(n, [3]uint64{2: binary.BigEndian.Uint64(bytes[hederaLongZero:])})
	}
	a.Form, a.Testnet = ViaEVM, n.Testnet
	return a, p
}

// hederaChecksum are the letters of HIP-15 for an account without leading zeros on a ledger.
func hederaChecksum(entity string, ledger byte) string {
	const (
		threeLetters = 26 * 26 * 26
		fiveLetters  = 26 * 26 * threeLetters
		weight       = 31
		spread       = 1_000_003
	)
	even, odd, all := 0, 0, 0
	for i := range len(entity) {
		d := 10 // the dot
		if entity[i] != '.' {
			d = int(entity[i] - '0')
		}
		all = (weight*all + d) % threeLetters
		if i%2 == 0 {
			even = (even + d) % 11
		} else {
			odd = (odd + d) % 11
		}
	}
	hash := 0
	for _, b := range [...]byte{ledger, 0, 0, 0, 0, 0, 0} {
		hash = (weight*hash + int(b)) % fiveLetters
	}
	sum := ((((len(entity)%5)*11+even)*11+odd)*threeLetters + all + hash) % fiveLetters
	sum = sum * spread % fiveLetters
	var letters [hederaLetters]byte
	for i := range letters {
		letters[hederaLetters-1-i] = byte('a' + sum%26)
		sum /= 26
	}
	return string(letters[:])
}

// markHedera reports the shard and realm in which every account is.
func markHedera(_ network.Network, text string) bool { return strings.HasPrefix(text, "0.0.") }

// encodeHedera writes the account of three numbers of eight bytes.
func encodeHedera(n network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != hederaBytes {
		return "", false
	}
	var numbers [3]uint64
	for i := range numbers {
		if numbers[i] = binary.BigEndian.Uint64(payload[8*i:]); numbers[i]>>63 != 0 {
			return "", false
		}
	}
	return hederaAddress(n, numbers).Text, true
}

// sizesHedera are three numbers of eight bytes.
func sizesHedera(kind Kind) (low, high int) {
	if kind != Account {
		return 0, 0
	}
	return hederaBytes, hederaBytes
}
