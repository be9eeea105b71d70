package address

import (
	"encoding/binary"
	"strconv"
	"strings"

	"sluice/pkg/network"
)

// An XRP account is 20 bytes, spelled in Ripple's Base58Check with version 0 (r…): the classic address. An X-address
// (X…, on test networks T…) holds the same account and a destination tag of 32 bits or none. Canonical is the classic
// address, the tag apart. Classic addresses are the same on the test networks.
const (
	xrpVersion = 0x00
	xrpBytes   = 1 + hashBytes + checksumBytes
	xBytes     = 2 + hashBytes + 1 + 8 + checksumBytes // prefix, account, flag, tag, checksum
	xShortest  = 46                                    // characters of an X-address

	xMain uint16 = 0x0544
	xTest uint16 = 0x0493

	// The flag of an X-address. 64-bit tags have no use on the ledger, and are refused by its specification.
	xNoTag = 0
	xTag32 = 1
)

func parseXRP(n network.Network, text string, o Option) (Address, problem) {
	a, p := parseRipple(n, text, o)
	if p.ok() {
		return a, p
	}
	if account, _, tagged := strings.Cut(strings.Replace(text, "?dt=", ":", 1), ":"); tagged {
		if _, alone := parseRipple(n, account, o); alone.ok() {
			p = problem{code: Malformed, reason: "an address with a tag behind it: the tag goes in memo (of a list's entry in tag), and the address stands alone"}
		}
	}
	return Address{}, p
}

func parseRipple(n network.Network, text string, o Option) (Address, problem) {
	if len(text) >= xShortest {
		return parseX(n, text, o)
	}
	var raw [xrpBytes]byte
	if f := rippleBase58.decodeCheck(raw[:], text); f != sound {
		return Address{}, rippleBase58.problem(f, text, "want a classic address of 25 to 35 characters, or an X-address of 47")
	}
	if raw[0] != xrpVersion {
		return Address{}, problem{code: Malformed, reason: "of another kind than an account: a classic address begins with r"}
	}
	return Address{Text: text, Key: NewKey(network.XRP, Account, raw[1:1+hashBytes])}, problem{}
}

func parseX(n network.Network, text string, o Option) (Address, problem) {
	var raw [xBytes]byte
	if f := rippleBase58.decodeCheck(raw[:], text); f != sound {
		return Address{}, rippleBase58.problem(f, text, "want a classic address of 25 to 35 characters, or an X-address of 47")
	}
	a := Address{Form: XAddress}
	switch prefix := binary.BigEndian.Uint16(raw[:]); {
	case prefix == xMain && n.Testnet:
		return Address{}, mainOnly(n)
	case prefix == xMain:
	case prefix == xTest && (n.Testnet || o&allowTestnet != 0):
		a.Testnet = true
	case prefix == xTest:
		return Address{}, testnetOnly(n.Alias)
	default:
		return Address{}, problem{code: Malformed, reason: "no X-address: it begins with X, on test networks with T"}
	}
	account, flag, tag := raw[2:2+hashBytes], raw[2+hashBytes], binary.LittleEndian.Uint64(raw[3+hashBytes:])
	switch {
	case flag == xNoTag && tag == 0:
	case flag == xTag32 && tag <= 1<<32-1:
		a.Tag = strconv.FormatUint(tag, 10)
	case flag == xNoTag:
		return Address{}, problem{code: Malformed, reason: "X-address that says that it has no tag, and has one"}
	default:
		return Address{}, problem{code: Malformed, reason: "X-address with a tag of more than 32 bits"}
	}
	a.Key = NewKey(network.XRP, Account, account)
	a.Text = rippleBase58.encodeCheck([]byte{xrpVersion}, account)
	return a, problem{}
}

func encodeXRP(_ network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != hashBytes {
		return "", false
	}
	return rippleBase58.encodeCheck([]byte{xrpVersion}, payload), true
}

func mainOnly(n network.Network) problem {
	return problem{code: OtherNet, reason: "an address of the main network, and " + n.Alias + " is a test network"}
}
