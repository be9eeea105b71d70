package address

import (
	"hash/crc32"
	"strings"

	"sluice/pkg/network"
)

// Cardano's addresses (CIP-19) are of two times. Shelley's are bech32 without a bound on its length (addr1…, stake1…):
// a byte of type and network, the hash of the key or script that can spend, and in some the hash of the key or script
// that has the stake, or a pointer to it. Byron's are Base58 of CBOR with a CRC-32 (Ae2…, DdzFF…).
//
// The key is the hash of who can spend, a payment key (PKH) or script (SH): addresses that differ in their stake part
// have one spender, and are one key. Anybody can put another's stake key into an address of his own, so that a stake
// part says nothing of an owner. Of a reward account (stake1…) the stake key or script is who can spend. A Byron address
// shows no key hash: its key is its root, a hash over key and attributes.
const (
	cardanoHash     = 28 // BLAKE2b-224
	cardanoMain     = 1  // the lower half of the first byte; 0 are the test networks
	cardanoNumber   = 10
	cardanoMagic    = 2 // the attribute of a Byron address that names a test network
	cardanoNetworks = 0x0f
)

func parseCardano(n network.Network, text string, o Option) (Address, problem) {
	if name, _, found := strings.Cut(lower(text), "1"); found {
		switch name {
		case "addr", "addr_test", "stake", "stake_test":
			return parseShelley(n, text, name, o)
		}
	}
	return parseByron(n, text, o)
}

// cardanoNet reconciles the network of an address with the one it was given for.
func cardanoNet(n network.Network, testnet bool, o Option) problem {
	switch {
	case testnet && !n.Testnet && o&allowTestnet == 0:
		return testnetOnly(n.Alias)
	case !testnet && n.Testnet:
		return mainOnly(n)
	}
	return problem{}
}

func parseShelley(n network.Network, text, name string, o Option) (Address, problem) {
	var t bech32Text
	if p := decodeLongBech32(&t, text); !p.ok() {
		return Address{}, p
	}
	var raw [MaxText]byte
	size, ok := packDigits(raw[:], t.digits[:t.n])
	if t.spec != bech32Spec {
		return Address{}, problem{code: Checksum, reason: "checksum of bech32m: a cardano address has that of bech32"}
	}
	if !ok || size < 1+cardanoHash || !sameFold(t.prefix, name) {
		return Address{}, problem{code: Malformed, reason: "no cardano address: want a first byte and a hash of 28 bytes"}
	}
	kind, netTag := raw[0]>>4, raw[0]&cardanoNetworks
	_, test := strings.CutSuffix(name, "_test")
	switch reward := kind == 14 || kind == 15; {
	case netTag > cardanoMain || (netTag != cardanoMain) != test:
		return Address{}, problem{code: Malformed, reason: "its prefix and its first byte name different networks"}
	case kind > 7 && !reward || reward != strings.HasPrefix(name, "stake"):
		return Address{}, problem{code: Malformed, reason: "its prefix and its first byte name different kinds of addresses"}
	}
	if p := cardanoNet(n, test, o); !p.ok() {
		return Address{}, p
	}
	form, fits := shelleyForm(kind, raw[1+cardanoHash:size])
	if !fits {
		return Address{}, problem{code: Malformed, reason: "its stake part is not of the length that its kind asks for"}
	}
	a := Address{Text: text, Form: form, Testnet: test || n.Testnet}
	a.Key = NewKey(network.Cardano, PKH+Kind(kind&1), raw[1:1+cardanoHash])
	if t.capital {
		a.Text = lower(text)
	}
	return a, problem{}
}

// shelleyForm is the form of a type, and whether what follows the first hash is of its length.
func shelleyForm(kind byte, rest []byte) (Form, bool) {
	switch kind {
	case 0, 1, 2, 3:
		return Base, len(rest) == cardanoHash
	case 4, 5:
		return Pointer, isPointer(rest)
	case 6, 7:
		return Enterprise, len(rest) == 0
	default:
		return Reward, len(rest) == 0
	}
}

// isPointer reports three numbers, seven bits to a byte, the last byte of each below 0x80.
func isPointer(b []byte) bool {
	numbers, width := 0, 0
	for _, c := range b {
		if width++; width > cardanoNumber {
			return false
		}
		if c < 0x80 {
			numbers, width = numbers+1, 0
		}
	}
	return numbers == 3 && width == 0
}

func parseByron(n network.Network, text string, o Option) (Address, problem) {
	var raw [base58Bytes]byte
	size, f := bitcoinBase58.decodeAny(&raw, text)
	if f != sound {
		return Address{}, bitcoinBase58.problem(f, text, "want addr1…, or a Base58 text of Byron's time")
	}
	c := cbor{rest: raw[:size]}
	if c.head(cborArray) != 2 || c.head(cborTag) != 24 {
		return Address{}, problem{code: Malformed, reason: "no cardano address: want addr1…, or the Base58 of Byron's time, which begins with Ae2 or DdzFF"}
	}
	body := c.bytes()
	sum := c.head(cborUint)
	switch {
	case c.failed || len(c.rest) > 0:
		return Address{}, problem{code: Malformed, reason: "no Byron address: its CBOR is damaged"}
	case sum != uint64(crc32.ChecksumIEEE(body)):
		return Address{}, problem{code: Checksum, reason: "wrong checksum: a character is mistyped"}
	}
	root, test, ok := readByron(body)
	if !ok {
		return Address{}, problem{code: Malformed, reason: "no Byron address: want a root of 28 bytes, attributes and a type"}
	}
	if p := cardanoNet(n, test, o); !p.ok() {
		return Address{}, p
	}
	return Address{Text: text, Key: NewKey(network.Cardano, Account, root), Form: Byron, Testnet: test || n.Testnet}, problem{}
}

// readByron reads the checked part: root, attributes, type. test says that an attribute names a test network.
func readByron(body []byte) (root []byte, test, ok bool) {
	c := cbor{rest: body}
	if c.head(cborArray) != 3 {
		return nil, false, false
	}
	root = c.bytes()
	for range min(c.head(cborMap), uint64(len(body))) {
		if c.head(cborUint) == cardanoMagic {
			test = true
		}
		c.bytes()
	}
	c.head(cborUint)
	return root, test, !c.failed && len(c.rest) == 0 && len(root) == cardanoHash
}

// encodeCardano writes the enterprise address of a payment key hash (P2PKH) or script hash (P2SH).
func encodeCardano(n network.Network, form Form, payload []byte) (string, bool) {
	if form != P2PKH && form != P2SH || len(payload) != cardanoHash {
		return "", false
	}
	var raw [1 + cardanoHash]byte
	name := "addr_test"
	raw[0] = 6 << 4
	if form == P2SH {
		raw[0] = 7 << 4
	}
	if !n.Testnet {
		name = "addr"
		raw[0] |= cardanoMain
	}
	copy(raw[1:], payload)
	return encodeBech32Bytes(bech32Spec, name, raw[:]), true
}

// sizesCardano are key hashes, script hashes and the roots of Byron addresses, all of one length.
func sizesCardano(kind Kind) (low, high int) {
	switch kind {
	case Account, PKH, SH:
		return cardanoHash, cardanoHash
	default:
		return 0, 0
	}
}
