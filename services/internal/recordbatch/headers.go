package recordbatch

import (
	"encoding/binary"
	"iter"
)

// Header is one record header.
type Header struct {
	Name  string
	Value []byte
}

// Headers are the headers of a record, kept in their wire form so that they are read without allocation and copied to
// an output as they are. The zero value has none.
type Headers struct {
	n   int
	raw []byte // n times: varint length, name, varint length, value
}

// NewHeaders encodes headers; for tests and for messages that are built once.
func NewHeaders(headers ...Header) Headers {
	return Headers{n: len(headers), raw: appendHeaders(nil, headers)}
}

func appendHeaders(dst []byte, headers []Header) []byte {
	for i := range headers {
		h := &headers[i]
		dst = appendVarint(dst, int64(len(h.Name)))
		dst = append(dst, h.Name...)
		dst = appendVarint(dst, int64(len(h.Value)))
		dst = append(dst, h.Value...)
	}
	return dst
}

// Len returns how many headers there are.
func (h Headers) Len() int { return h.n }

// Size returns how many bytes they take in a record.
func (h Headers) Size() int { return len(h.raw) }

// Get returns the value of the last header with that name, and whether there is one. The value aliases the record.
func (h Headers) Get(name string) ([]byte, bool) {
	var value []byte
	found := false
	for raw, i := h.raw, 0; i < h.n; i++ {
		k, v, rest, ok := nextHeader(raw)
		if !ok {
			break
		}
		if string(k) == name {
			value, found = v, true
		}
		raw = rest
	}
	return value, found
}

// All yields names and values in their order. Both alias the record.
func (h Headers) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for raw, i := h.raw, 0; i < h.n; i++ {
			k, v, rest, ok := nextHeader(raw)
			if !ok || !yield(k, v) {
				return
			}
			raw = rest
		}
	}
}

// Next takes the first header off: its name and value, which alias the record, and the headers behind it. ok is false
// when there is none. Unlike All it allocates nothing, which counts on a hop's path.
func (h Headers) Next() (name, value []byte, rest Headers, ok bool) {
	if h.n == 0 {
		return nil, nil, Headers{}, false
	}
	name, value, raw, ok := nextHeader(h.raw)
	return name, value, Headers{n: h.n - 1, raw: raw}, ok
}

// nextHeader takes the first header off raw. A null value, which Kafka allows, comes back as nil.
func nextHeader(raw []byte) (name, value, rest []byte, ok bool) {
	// Lengths from 0 to 63 take one byte, and almost all are: every record of a hop comes here several times.
	if len(raw) > 0 && raw[0]&notShort == 0 {
		if k := 1 + int(raw[0]>>1); k < len(raw) && raw[k]&notShort == 0 {
			if v := k + 1 + int(raw[k]>>1); v <= len(raw) {
				return raw[1:k], raw[k+1 : v : v], raw[v:], true
			}
		}
	}
	return nextLongHeader(raw)
}

// notShort are the bits of the first byte of a varint that say that it has more bytes, or is negative.
const notShort = 0x81

func nextLongHeader(raw []byte) (name, value, rest []byte, ok bool) {
	kl, n := binary.Varint(raw)
	if n <= 0 || kl < 0 || kl > int64(len(raw)-n) {
		return nil, nil, nil, false
	}
	name, raw = raw[n:n+int(kl)], raw[n+int(kl):]
	vl, n := binary.Varint(raw)
	if n <= 0 || vl > int64(len(raw)-n) {
		return nil, nil, nil, false
	}
	if vl < 0 {
		return name, nil, raw[n:], true
	}
	return name, raw[n : n+int(vl) : n+int(vl)], raw[n+int(vl):], true
}
