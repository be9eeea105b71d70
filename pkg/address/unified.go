package address

import (
	"encoding/binary"

	"sluice/pkg/internal/blake2b"
	"sluice/pkg/network"
)

// A unified address of Zcash (ZIP 316) is a list of receivers, of which the payer's wallet takes the best that it
// knows: a transparent one, Sapling's, Orchard's. They stand as (type, length, bytes) in the order of their types,
// followed by 16 bytes of the prefix; all is jumbled, so that no part of two addresses looks alike, and spelled in
// bech32m without a bound on its length.
//
// Its key is that of the receiver that other people may know by itself: the transparent one, else Sapling's, else
// Orchard's. The others are Also: a transfer to a unified address is compared by every receiver in it, so that it meets
// a list's transparent address, and an entry with a unified address answers for its transparent one. Types that are not
// known here, and what else the address says (when it expires), are passed over: this is about who is paid.
const (
	unifiedPadding  = 16
	unifiedP2PKH    = 0x00
	unifiedP2SH     = 0x01
	unifiedSapling  = 0x02
	unifiedOrchard  = 0x03
	unifiedShortest = 48 // bytes that can be jumbled
)

// unified are the receivers that are known here.
type unified struct {
	transparent, sapling, orchard Key
}

// parseUnified reads a text that begins with hrp, in lower case, and 1.
func parseUnified(text, hrp string) (Address, problem) {
	var t bech32Text
	if p := decodeLongBech32(&t, text); !p.ok() {
		return Address{}, p
	}
	var raw [MaxText]byte
	n, ok := packDigits(raw[:], t.digits[:t.n])
	switch {
	case t.spec != bech32mSpec:
		return Address{}, problem{code: Checksum, reason: "checksum of bech32: a unified address has that of bech32m"}
	case !ok || n < unifiedShortest || !sameFold(t.prefix, hrp):
		return Address{}, noUnified("want " + hrp + "1 and at least 48 bytes")
	}
	unjumble(raw[:n])
	body, padding := raw[:n-unifiedPadding], raw[n-unifiedPadding:n]
	var want [unifiedPadding]byte
	copy(want[:], hrp)
	if [unifiedPadding]byte(padding) != want {
		return Address{}, noUnified("its padding does not say " + hrp)
	}
	var u unified
	if p := u.read(body); !p.ok() {
		return Address{}, p
	}
	if hrp == "zu" && !u.transparent.IsZero() {
		return Address{}, noUnified("zu1 has no transparent receiver, and this one has")
	}
	a, p := u.address()
	if a.Text = text; t.capital {
		a.Text = lower(text)
	}
	return a, p
}

func noUnified(why string) problem {
	return problem{code: Malformed, reason: "no unified address: " + why}
}

// read takes the receivers out of the list.
func (u *unified) read(list []byte) problem {
	last := int64(-1)
	for len(list) > 0 {
		kind, rest, ok := compactSize(list)
		size, rest, okay := compactSize(rest)
		if !ok || !okay || size > uint64(len(rest)) {
			return noUnified("a receiver is cut off")
		}
		if int64(kind) <= last {
			return noUnified("its receivers are not in the order of their types")
		}
		last = int64(kind)
		receiver := rest[:size]
		list = rest[size:]
		switch kind {
		case unifiedP2PKH, unifiedP2SH:
			if len(receiver) != hashBytes {
				return noUnified("a transparent receiver has 20 bytes")
			}
			if !u.transparent.IsZero() {
				return noUnified("two transparent receivers")
			}
			u.transparent = NewKey(network.Zcash, PKH+Kind(kind), receiver)
		case unifiedSapling, unifiedOrchard:
			if len(receiver) != saplingBytes {
				return noUnified("a shielded receiver has 43 bytes")
			}
			if kind == unifiedSapling {
				u.sapling = NewKey(network.Zcash, Sapling, receiver)
			} else {
				u.orchard = NewKey(network.Zcash, Orchard, receiver)
			}
		}
	}
	return problem{}
}

// address makes the address of the receivers, without its text.
func (u *unified) address() (Address, problem) {
	a := Address{Form: Unified, Shielded: true}
	for _, k := range [...]Key{u.transparent, u.sapling, u.orchard} {
		switch {
		case k.IsZero():
		case a.Key.IsZero():
			a.Key = k
		default:
			a.addKey(k)
		}
	}
	if a.Key.IsZero() {
		return Address{}, problem{code: Shielded, reason: "a unified address without a receiver that is known here: it cannot be screened"}
	}
	return a, problem{}
}

// compactSize reads a number as Bitcoin writes lengths, below 2^25 as ZIP 316 asks, in its shortest form.
func compactSize(b []byte) (n uint64, rest []byte, ok bool) {
	switch {
	case len(b) >= 1 && b[0] < 0xfd:
		return uint64(b[0]), b[1:], true
	case len(b) >= 3 && b[0] == 0xfd:
		n = uint64(binary.LittleEndian.Uint16(b[1:]))
		return n, b[3:], n >= 0xfd
	case len(b) >= 5 && b[0] == 0xfe:
		n = uint64(binary.LittleEndian.Uint32(b[1:]))
		return n, b[5:], n > 0xffff && n <= 0x2000000
	}
	return 0, nil, false
}

// unjumble undoes F4Jumble, a Feistel cipher of four rounds without a key over the two parts of a message.
func unjumble(message []byte) {
	left := message[:min(blake2b.Size, len(message)/2)]
	right := message[len(left):]
	jumbleLeft(left, right, 1)
	jumbleRight(right, left, 1)
	jumbleLeft(left, right, 0)
	jumbleRight(right, left, 0)
}

// jumbleLeft adds a digest of the right part to the left one.
func jumbleLeft(left, right []byte, round byte) {
	var digest [blake2b.Size]byte
	blake2b.Sum(digest[:len(left)], "UA_F4Jumble_H"+string([]byte{round, 0, 0}), right)
	for i := range left {
		left[i] ^= digest[i]
	}
}

// jumbleRight adds digests of the left part, one behind the other, to the right one.
func jumbleRight(right, left []byte, round byte) {
	for block := 0; block*blake2b.Size < len(right); block++ {
		var digest [blake2b.Size]byte
		blake2b.Sum(digest[:], "UA_F4Jumble_G"+string([]byte{round, byte(block), byte(block >> 8)}), left)
		part := right[block*blake2b.Size:]
		for i := range min(len(part), len(digest)) {
			part[i] ^= digest[i]
		}
	}
}
