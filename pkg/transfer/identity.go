package transfer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
)

// ID identifies a fact: the same transfer, however it was spelled, has the same ID, and any change of its content gives
// another. The zero ID is none.
type ID [16]byte

// FactID is the identity of a canonical transfer within a tenant: the first 16 bytes of the SHA-256 of four parts, each
// behind its length as four bytes, big-endian: tenant, transfer id, stage, canonical JSON. The last is what
// AppendCanonical writes, and so the bytes of the record's `transfer` member: an id can be checked without parsing.
func FactID(tenant string, t *Transfer) ID {
	return identify(new(hasher), tenant, t.ID, t.EffectiveStage(), AppendCanonical(nil, t))
}

// hasher is the memory that an identity is computed in.
type hasher struct {
	hash  hash.Hash
	parts []byte // all but the canonical JSON, which is hashed where it lies
	sum   [sha256.Size]byte
}

func identify[T string | []byte](h *hasher, tenant string, transferID T, stage Stage, canonical []byte) ID {
	if h.hash == nil {
		h.hash = sha256.New()
	}
	h.parts = appendPart(h.parts[:0], tenant)
	h.parts = appendPart(h.parts, transferID)
	h.parts = appendPart(h.parts, string(stage))
	h.parts = binary.BigEndian.AppendUint32(h.parts, uint32(len(canonical)))
	h.hash.Reset()
	h.hash.Write(h.parts)
	h.hash.Write(canonical)
	return ID(h.hash.Sum(h.sum[:0])[:len(ID{})])
}

func appendPart[T string | []byte](dst []byte, part T) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(part)))
	return append(dst, part...)
}

// IsZero reports whether there is no ID.
func (id ID) IsZero() bool { return id == ID{} }

// String returns 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Append appends the 32 digits to dst.
func (id ID) Append(dst []byte) []byte {
	for i := 0; i < len(id); i += 4 {
		dst = binary.LittleEndian.AppendUint64(dst, hexDigits(binary.LittleEndian.Uint32(id[i:])))
	}
	return dst
}

// hexDigits are the eight digits of four bytes; the lowest byte is the first of either.
func hexDigits(bytes uint32) uint64 {
	w := uint64(bytes)
	w = (w | w<<16) & 0x0000ffff0000ffff
	w = (w | w<<8) & 0x00ff00ff00ff00ff
	w = (w>>4 | w<<8) & (ones * 0x0f)
	letters := (w + ones*6) >> 4 & ones // 1 in each byte from ten on
	return w + ones*'0' + letters*('a'-'9'-1)
}

// MarshalText returns the 32 digits, so that JSON has a string.
func (id ID) MarshalText() ([]byte, error) { return id.Append(nil), nil }

// UnmarshalText reads what MarshalText writes.
func (id *ID) UnmarshalText(text []byte) error {
	v, err := ParseID(text)
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// ParseID reads 32 lower-case hexadecimal digits.
func ParseID[T string | []byte](text T) (ID, error) {
	var id ID
	if len(text) != 2*len(id) {
		return ID{}, fmt.Errorf("id %q: want %d lower-case hexadecimal digits", clip(string(text)), 2*len(id))
	}
	for i := range id {
		high, ok1 := hexDigit(text[2*i])
		low, ok2 := hexDigit(text[2*i+1])
		if !ok1 || !ok2 {
			return ID{}, fmt.Errorf("id %q: want %d lower-case hexadecimal digits", clip(string(text)), 2*len(id))
		}
		id[i] = high<<4 | low
	}
	return id, nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
