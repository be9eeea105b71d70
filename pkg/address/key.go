package address

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"

	"sluice/pkg/network"
)

// MaxPayload is the longest payload a Key keeps as it is, in bytes; a longer one is replaced by its SHA-256.
const MaxPayload = 32

// MaxKeyWire is the longest wire form of a key, in bytes: family, kind, payload.
const MaxKeyWire = 2 + MaxPayload

// Key identifies an address within all networks: (family, kind, payload). It is comparable, and the zero value is no
// key. Everything that decides who is paid is in it; spelling, tag and network are not.
type Key struct {
	Family  network.Family
	Kind    Kind
	size    uint8
	payload [MaxPayload]byte
}

// NewKey returns the key of a payload; one of more than MaxPayload bytes is replaced by its SHA-256. It is for parsers
// and for those who read payloads from a chain: it does not ask whether the family has such a kind or length.
func NewKey(f network.Family, kind Kind, payload []byte) Key {
	k := Key{Family: f, Kind: kind}
	if len(payload) > MaxPayload {
		k.payload = sha256.Sum256(payload)
		k.size = MaxPayload
		return k
	}
	k.size = uint8(copy(k.payload[:], payload))
	return k
}

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k == Key{} }

// Payload returns a copy of the payload: a hash of a public key or script, a public key, an account, or the SHA-256 of
// what was longer than MaxPayload.
func (k Key) Payload() []byte { return k.AppendPayload(nil) }

// AppendPayload appends the payload to dst.
func (k Key) AppendPayload(dst []byte) []byte { return append(dst, k.payload[:k.size]...) }

// Append appends the wire form to dst: one byte family, one byte kind, then the payload to the end. The length is not
// in it; who writes several keys in a row frames them.
func (k Key) Append(dst []byte) []byte {
	dst = append(dst, byte(k.Family), byte(k.Kind))
	return append(dst, k.payload[:k.size]...)
}

// Fingerprint is the xxhash64 of the wire form. Equal keys have equal fingerprints; the reverse does not hold, so a
// match is to be confirmed with the key itself.
func (k Key) Fingerprint() uint64 {
	var wire [MaxKeyWire]byte
	wire[0], wire[1] = byte(k.Family), byte(k.Kind)
	copy(wire[2:], k.payload[:k.size])
	return xxhash.Sum64(wire[:2+k.size])
}

// DecodeKey reads the wire form that Append writes. It refuses a family, kind or length that no parser here makes.
func DecodeKey(wire []byte) (Key, error) {
	if len(wire) < 3 || len(wire) > MaxKeyWire {
		return Key{}, fmt.Errorf("address key of %d bytes: the wire form has 3 to %d", len(wire), MaxKeyWire)
	}
	k := NewKey(network.Family(wire[0]), Kind(wire[1]), wire[2:])
	if err := k.check(); err != nil {
		return Key{}, err
	}
	return k, nil
}

// String writes the key as text, family[:kind]:payload in hex, such as "evm:5aae…" or "bitcoin:pkh:62e9…"; the kind
// Account is not written. The zero key is "".
func (k Key) String() string {
	if k.IsZero() {
		return ""
	}
	var b [96]byte
	text := append(b[:0], k.Family.String()...)
	text = append(text, ':')
	if k.Kind != Account {
		text = append(text, k.Kind.String()...)
		text = append(text, ':')
	}
	return string(hex.AppendEncode(text, k.payload[:k.size]))
}

// ParseKey reads the text that String writes, and nothing else: lower-case hex, a kind that the family has, a payload
// as long as the kind asks for.
func ParseKey(text string) (Key, error) {
	familyName, rest, ok := strings.Cut(text, ":")
	if !ok {
		return Key{}, fmt.Errorf("address key %.80q: want family:payload or family:kind:payload", text)
	}
	f, ok := network.ParseFamily(familyName)
	if !ok {
		return Key{}, fmt.Errorf("address key %.80q: no family is called %.20q", text, familyName)
	}
	kind := Account
	if kindName, payload, ok := strings.Cut(rest, ":"); ok {
		if kind, ok = parseKind(kindName); !ok {
			return Key{}, fmt.Errorf("address key %.80q: no kind is called %.20q", text, kindName)
		}
		rest = payload
	}
	var b [MaxPayload]byte
	if len(rest) > 2*MaxPayload || len(rest)%2 != 0 {
		return Key{}, fmt.Errorf("address key %.80q: a payload of %d hex digits: want an even number, at most %d", text, len(rest), 2*MaxPayload)
	}
	for i := range len(rest) {
		c := hexDigits[rest[i]]
		if c == noDigit || c&upperDigit != 0 {
			return Key{}, fmt.Errorf("address key %.80q: %q in the payload is no lower-case hex digit", text, rest[i])
		}
		b[i/2] = b[i/2]<<4 | c&digitValue
	}
	k := NewKey(f, kind, b[:len(rest)/2])
	if err := k.check(); err != nil {
		return Key{}, err
	}
	return k, nil
}

// check reports what no parser would have made.
func (k Key) check() error {
	if int(k.Family) >= len(families) || families[k.Family].sizes == nil {
		return fmt.Errorf("address key of family %d: no such family", k.Family)
	}
	low, high := families[k.Family].sizes(k.Kind)
	if high == 0 {
		return fmt.Errorf("address key of kind %s: %s has no such kind", k.Kind, k.Family)
	}
	if n := int(k.size); n < low || n > high {
		return fmt.Errorf("address key %s of %s with %d bytes: want %d to %d", k.Kind, k.Family, n, low, high)
	}
	return nil
}
