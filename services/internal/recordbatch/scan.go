package recordbatch

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors of reading. They are wrapped with what was found.
var (
	ErrShort    = errors.New("record batch is cut short") // normal at the end of a fetch
	ErrChecksum = errors.New("record batch has a wrong checksum")
	ErrFormat   = errors.New("record batch is ill-formed")
	ErrExpanded = errors.New("record batch expands to more than allowed")
)

// Batch is one record batch, not yet expanded. It aliases its input.
type Batch struct {
	BaseOffset    int64
	LastOffset    int64 // inclusive; compaction may have removed records before it
	Count         int   // records that are in it
	BaseTimestamp int64 // Unix milliseconds
	MaxTimestamp  int64
	AppendTime    bool // MaxTimestamp is when the broker wrote it, and holds for every record
	Producer      Producer
	Codec         Codec
	Transactional bool
	Control       bool // markers of transactions: no records for readers
	Raw           []byte

	payload []byte
}

// Next takes the first batch off raw. With ErrShort there is no whole batch in raw. With ErrChecksum or ErrFormat the
// batch's offsets and rest are set as its header has them, when the header itself makes sense, so that a reader can go
// on behind it; rest is empty otherwise.
func Next(raw []byte) (b Batch, rest []byte, err error) {
	const lengthBehind = 12 // base offset and length itself
	if len(raw) < HeaderSize {
		return b, nil, ErrShort
	}
	be := binary.BigEndian
	length := int64(int32(be.Uint32(raw[8:]))) + lengthBehind
	if length < HeaderSize {
		return b, nil, fmt.Errorf("%w: length %d", ErrFormat, length)
	}
	if length > int64(len(raw)) {
		return b, nil, ErrShort
	}
	d, rest := raw[:length:length], raw[length:]
	b.Raw = d
	b.BaseOffset = int64(be.Uint64(d))
	b.LastOffset = b.BaseOffset + int64(int32(be.Uint32(d[23:])))
	if d[16] != 2 {
		return b, rest, fmt.Errorf("%w: format %d, want 2", ErrFormat, d[16])
	}
	if got, want := checksum(d[21:]), be.Uint32(d[17:]); got != want {
		return b, rest, fmt.Errorf("%w: %08x, its header says %08x", ErrChecksum, got, want)
	}
	attributes := be.Uint16(d[21:])
	b.Codec = Codec(attributes & 7)
	b.AppendTime = attributes&0x08 != 0
	b.Transactional = attributes&0x10 != 0
	b.Control = attributes&0x20 != 0
	b.BaseTimestamp = int64(be.Uint64(d[27:]))
	b.MaxTimestamp = int64(be.Uint64(d[35:]))
	b.Producer = Producer{ID: int64(be.Uint64(d[43:])), Epoch: int16(be.Uint16(d[51:])), Sequence: int32(be.Uint32(d[53:]))}
	b.Count = int(int32(be.Uint32(d[57:])))
	b.payload = d[HeaderSize:]
	if b.Count < 0 || b.LastOffset < b.BaseOffset || int64(b.Count) > b.LastOffset-b.BaseOffset+1 {
		return b, rest, fmt.Errorf("%w: %d records at offsets %d to %d", ErrFormat, b.Count, b.BaseOffset, b.LastOffset)
	}
	return b, rest, nil
}

// Record is one record; Key, Value and Headers alias the batch or the buffer it was expanded into.
type Record struct {
	Offset    int64
	Timestamp int64 // Unix milliseconds
	Key       []byte
	Value     []byte
	Headers   Headers
}

// Records iterates over the records of a batch.
type Records struct {
	p          []byte
	left       int
	base, last int64
	timestamp  int64
	appendTime bool
	previous   int64
}

// Records returns the records of an uncompressed batch, or of a compressed one whose payload Expand has expanded:
// expanded is then what it returned, and nil otherwise.
func (b *Batch) Records(expanded []byte) Records {
	r := Records{p: b.payload, left: b.Count, base: b.BaseOffset, last: b.LastOffset, timestamp: b.BaseTimestamp, previous: b.BaseOffset - 1}
	if b.Codec != CodecNone {
		r.p = expanded
	}
	if b.AppendTime {
		r.appendTime, r.timestamp = true, b.MaxTimestamp
	}
	return r
}

// Next reads the next record into rec; false at the end, or with an error that wraps ErrFormat.
func (r *Records) Next(rec *Record) (bool, error) {
	if r.left == 0 {
		if len(r.p) != 0 {
			return false, fmt.Errorf("%w: %d bytes behind the last record", ErrFormat, len(r.p))
		}
		return false, nil
	}
	r.left--
	size, n := binary.Varint(r.p)
	if n <= 0 || size < 1 || size > int64(len(r.p)-n) {
		return false, r.bad("length")
	}
	q := r.p[n+1 : n+int(size)] // behind the unused attributes
	r.p = r.p[n+int(size):]

	timestamp, n := binary.Varint(q)
	if n <= 0 {
		return false, r.bad("timestamp")
	}
	q = q[n:]
	offset, n := binary.Varint(q)
	if n <= 0 || r.base+offset <= r.previous || r.base+offset > r.last {
		return false, r.bad("offset")
	}
	q = q[n:]
	rec.Offset = r.base + offset
	r.previous = rec.Offset
	rec.Timestamp = r.timestamp
	if !r.appendTime {
		rec.Timestamp += timestamp
	}
	var ok bool
	if rec.Key, q, ok = field(q); !ok {
		return false, r.bad("key")
	}
	if rec.Value, q, ok = field(q); !ok {
		return false, r.bad("value")
	}
	count, n := binary.Varint(q)
	// A header takes two bytes at least.
	if n <= 0 || count < 0 || count > int64(len(q)-n)/2 {
		return false, r.bad("header count")
	}
	rec.Headers = Headers{n: int(count), raw: q[n:]}
	for raw := rec.Headers.raw; count > 0; count-- {
		if _, _, raw, ok = nextHeader(raw); !ok || count == 1 && len(raw) != 0 {
			return false, r.bad("headers")
		}
	}
	if rec.Headers.n == 0 && len(rec.Headers.raw) != 0 {
		return false, r.bad("headers")
	}
	return true, nil
}

func (r *Records) bad(what string) error {
	return fmt.Errorf("%w: record behind offset %d: %s", ErrFormat, r.previous, what)
}

// field takes a length-prefixed field off q; a length of -1 is null.
func field(q []byte) (value, rest []byte, ok bool) {
	size, n := binary.Varint(q)
	if n <= 0 || size > int64(len(q)-n) || size < -1 {
		return nil, nil, false
	}
	q = q[n:]
	if size < 0 {
		return nil, q, true
	}
	return q[:size:size], q[size:], true
}
