package address

import (
	"sluice/pkg/internal/blake2b"
	"sluice/pkg/network"
)

// SS58 is how Polkadot, Kusama and the chains made of the same parts spell an account: Base58 of a prefix of one or two
// bytes that names the network, a public key of 32 bytes, and two bytes of BLAKE2b. One public key has an address under
// every prefix, and wallets show whichever; exchanges are paid under the generic one (5…) too. So every prefix is read
// on every network of the family, and the key is the public key. Account indexes, which are shorter, stand for nothing
// outside of a chain's state and are refused.
const (
	ss58Bytes    = 32
	ss58Checksum = 2
	ss58TwoBytes = 64  // a first byte from here on is one of two
	ss58Reserved = 128 // and from here on has no meaning yet
)

// ss58Prefix is the one-byte prefix of a network: Polkadot's 0, Kusama's 2, for the others the generic one.
func ss58Prefix(alias string) byte {
	switch alias {
	case "polkadot":
		return 0
	case "kusama":
		return 2
	}
	return 42
}

func parseSS58(n network.Network, text string, _ Option) (Address, problem) {
	var raw [base58Bytes]byte
	size, f := bitcoinBase58.decodeAny(&raw, text)
	if f != sound {
		return Address{}, bitcoinBase58.problem(f, text, "want a Base58 text of 46 to 50 characters")
	}
	prefix := 1
	if raw[0] >= ss58TwoBytes {
		prefix = 2
	}
	switch {
	case size != prefix+ss58Bytes+ss58Checksum:
		return Address{}, problem{code: Malformed, reason: "wrong length: want a prefix, a public key of 32 bytes and a checksum"}
	case raw[0] >= ss58Reserved:
		return Address{}, problem{code: Malformed, reason: "its prefix is of a kind that is not in use"}
	}
	body := raw[:prefix+ss58Bytes]
	if sum := checksumSS58(body); sum != [ss58Checksum]byte(raw[len(body):]) {
		return Address{}, problem{code: Checksum, reason: "wrong checksum: a character is mistyped"}
	}
	return Address{Text: text, Key: NewKey(network.Polkadot, Account, body[prefix:]), Testnet: n.Testnet}, problem{}
}

func checksumSS58(body []byte) [ss58Checksum]byte {
	var sum [blake2b.Size]byte
	blake2b.Sum(sum[:], "", []byte("SS58PRE"), body)
	return [ss58Checksum]byte(sum[:])
}

func encodeSS58(n network.Network, form Form, payload []byte) (string, bool) {
	if form != Plain || len(payload) != ss58Bytes {
		return "", false
	}
	var body [1 + ss58Bytes + ss58Checksum]byte
	body[0] = ss58Prefix(n.Alias)
	copy(body[1:], payload)
	sum := checksumSS58(body[:1+ss58Bytes])
	copy(body[1+ss58Bytes:], sum[:])
	var text [64]byte
	return string(bitcoinBase58.encode(text[:0], body[:])), true
}
