package address

import (
	"encoding/hex"

	"sluice/pkg/network"
)

// A Monero address is a network byte, two public keys (spend and view) and four bytes of Keccak-256 over them, in
// Monero's own Base58. An integrated address holds a payment id of eight bytes besides; its canonical text is the
// standard address, the payment id apart. That the keys are points of the curve is not asked.
const (
	moneroKeys      = 64
	moneroPaymentID = 8
	moneroBytes     = 1 + moneroKeys + checksumBytes
	moneroLongest   = moneroBytes + moneroPaymentID

	moneroText           = 95 // characters
	moneroIntegratedText = 106
)

// moneroVersions are the network bytes of one network.
type moneroVersions struct{ standard, integrated, sub byte }

var (
	moneroMain  = moneroVersions{18, 19, 42}
	moneroTest  = moneroVersions{53, 54, 63}
	moneroStage = moneroVersions{24, 25, 36}
)

func moneroRules(n network.Network) moneroVersions {
	switch n.Alias {
	case "monero-testnet":
		return moneroTest
	case "monero-stagenet":
		return moneroStage
	}
	return moneroMain
}

func (v moneroVersions) has(b byte) bool { return b == v.standard || b == v.integrated || b == v.sub }

func parseMonero(n network.Network, text string, o Option) (Address, problem) {
	if len(text) != moneroText && len(text) != moneroIntegratedText {
		if bad := bitcoinBase58.foreign(text); bad >= 0 {
			return Address{}, badCharacter(bad, "Base58 digit")
		}
		return Address{}, problem{code: Malformed, reason: "wrong length: a monero address has 95 characters, with a payment id in it 106"}
	}
	var b [moneroLongest]byte
	raw := b[:moneroBytes]
	if len(text) == moneroIntegratedText {
		raw = b[:]
	}
	if f := decodeMonero(raw, text); f != sound {
		return Address{}, bitcoinBase58.problem(f, text, "a block of it is no number of its length")
	}
	body := raw[:len(raw)-checksumBytes]
	if sum := keccak256(body); [checksumBytes]byte(sum[:]) != [checksumBytes]byte(raw[len(body):]) {
		return Address{}, problem{code: Checksum, reason: "wrong checksum: a character is mistyped"}
	}
	v := moneroRules(n)
	testnet := n.Testnet
	if !v.has(body[0]) {
		switch {
		case n.Testnet && moneroMain.has(body[0]):
			return Address{}, mainOnly(n)
		case !moneroTest.has(body[0]) && !moneroStage.has(body[0]):
			return Address{}, problem{code: OtherNet, reason: "of another network that spells as monero does"}
		case n.Testnet:
			return Address{}, problem{code: OtherNet, reason: "an address of another test network than " + n.Alias}
		case o&allowTestnet == 0:
			return Address{}, testnetOnly(n.Alias)
		}
		testnet = true
		if v = moneroTest; !v.has(body[0]) {
			v = moneroStage
		}
	}
	return v.address(text, body, testnet)
}

// address makes the address of a body with a good checksum, whose version byte is one of v.
func (v moneroVersions) address(text string, body []byte, testnet bool) (Address, problem) {
	integrated := len(body) > 1+moneroKeys
	if integrated != (body[0] == v.integrated) {
		return Address{}, problem{code: Malformed, reason: "its length is not what its kind asks for"}
	}
	keys := body[1 : 1+moneroKeys]
	a := Address{Text: text, Testnet: testnet}
	switch body[0] {
	case v.sub:
		a.Key = NewKey(network.Monero, Subaddress, keys)
	case v.standard:
		a.Key = NewKey(network.Monero, Account, keys)
	default:
		a.Key = NewKey(network.Monero, Account, keys)
		a.Text = encodeMoneroText(v.standard, keys)
		a.Tag = hex.EncodeToString(body[1+moneroKeys:])
		a.Form = Integrated
	}
	return a, problem{}
}

// encodeMoneroText writes the address of 64 bytes of keys under a network byte.
func encodeMoneroText(version byte, keys []byte) string {
	var raw [moneroBytes]byte
	raw[0] = version
	copy(raw[1:], keys)
	sum := keccak256(raw[:1+moneroKeys])
	copy(raw[1+moneroKeys:], sum[:checksumBytes])
	return encodeMonero(raw[:])
}

func encodeMoneroAddress(n network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != moneroKeys {
		return "", false
	}
	return encodeMoneroText(moneroRules(n).standard, payload), true
}

func sizesMonero(kind Kind) (low, high int) {
	if kind != Account && kind != Subaddress {
		return 0, 0
	}
	return MaxPayload, MaxPayload
}
