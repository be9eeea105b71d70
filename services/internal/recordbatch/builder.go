package recordbatch

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// HeaderSize is the length of a batch's header: what a batch without records would take.
const HeaderSize = 61

// Producer is what makes a batch idempotent: the session that writes it and the number of its first record there.
type Producer struct {
	ID       int64
	Epoch    int16
	Sequence int32
}

// NoProducer marks a batch that the broker does not check for duplicates.
var NoProducer = Producer{ID: -1, Epoch: -1, Sequence: -1}

// Builder encodes one batch, uncompressed, record by record: the bytes of a record are copied once, and nothing is
// allocated but the growth of the buffer. The zero value is an empty batch.
type Builder struct {
	buf      []byte
	n        int32
	first    int64 // timestamp of the first record, Unix milliseconds
	max      int64 // largest timestamp
	lastSize int   // bytes of the last record, for Drop
	lastMax  int64
}

// Reset empties the batch and keeps its buffer.
func (b *Builder) Reset() {
	b.n = 0
	if b.buf != nil {
		b.buf = b.buf[:HeaderSize]
	}
}

// Count returns how many records the batch has.
func (b *Builder) Count() int { return int(b.n) }

// Size returns the bytes that the sealed batch takes.
func (b *Builder) Size() int { return max(len(b.buf), HeaderSize) }

// Cap returns the capacity of the buffer, so that an owner can let go of one that has grown too large.
func (b *Builder) Cap() int { return cap(b.buf) }

// Append adds a record whose value is value and then tail, and whose headers are inherited and then headers. A nil key
// is written as null, and so is the value when both of its parts are nil. timestamp is in Unix milliseconds.
func (b *Builder) Append(timestamp int64, key, value, tail []byte, inherited Headers, headers ...Header) {
	if b.n == 0 {
		if b.buf == nil {
			b.buf = make([]byte, HeaderSize, 16<<10)
		}
		b.first, b.max = timestamp, timestamp
	}
	b.lastMax = b.max
	b.max = max(b.max, timestamp)
	delta := timestamp - b.first
	keyLen, valueLen := int64(len(key)), int64(len(value)+len(tail))
	if key == nil {
		keyLen = -1
	}
	if value == nil && tail == nil {
		valueLen = -1
	}
	count := inherited.n + len(headers)
	size := 1 + varintSize(delta) + varintSize(int64(b.n)) +
		varintSize(keyLen) + len(key) + varintSize(valueLen) + len(value) + len(tail) +
		varintSize(int64(count)) + len(inherited.raw) + headersSize(headers)

	before := len(b.buf)
	d := slices.Grow(b.buf, size+binary.MaxVarintLen32)
	d = appendVarint(d, int64(size))
	d = append(d, 0) // attributes, unused
	d = appendVarint(d, delta)
	d = appendVarint(d, int64(b.n))
	d = appendVarint(d, keyLen)
	d = append(d, key...)
	d = appendVarint(d, valueLen)
	d = append(d, value...)
	d = append(d, tail...)
	d = appendVarint(d, int64(count))
	d = append(d, inherited.raw...)
	d = appendHeaders(d, headers)
	b.buf = d
	b.lastSize = len(d) - before
	b.n++
}

// Drop takes the record back that was appended last. It may be called once after each Append.
func (b *Builder) Drop() {
	if b.n == 0 {
		return
	}
	b.buf = b.buf[:len(b.buf)-b.lastSize]
	b.max = b.lastMax
	b.lastSize = 0
	b.n--
}

// RecordSize returns how many bytes a record takes at most in a batch, without its headers' own names and values.
func RecordSize(key, value, headers int) int {
	const framing = 5 + 1 + 10 + 5 + 5 + 5 + 5 // length, attributes, timestamp, offset, key, value, header count
	return framing + key + value + headers
}

// Seal writes the batch header and returns the wire bytes, which are valid until the next Reset or Append. It may be
// called again with another producer.
func (b *Builder) Seal(p Producer) []byte {
	d := b.buf
	be := binary.BigEndian
	be.PutUint64(d[0:], 0)                   // base offset, set by the broker
	be.PutUint32(d[8:], uint32(len(d)-12))   // length of what follows
	be.PutUint32(d[12:], 0xffffffff)         // leader epoch, set by the broker
	d[16] = 2                                // format
	be.PutUint16(d[21:], 0)                  // attributes: no codec, create time, no transaction
	be.PutUint32(d[23:], uint32(b.n-1))      // last offset delta
	be.PutUint64(d[27:], uint64(b.first))    //
	be.PutUint64(d[35:], uint64(b.max))      //
	be.PutUint64(d[43:], uint64(p.ID))       //
	be.PutUint16(d[51:], uint16(p.Epoch))    //
	be.PutUint32(d[53:], uint32(p.Sequence)) //
	be.PutUint32(d[57:], uint32(b.n))
	be.PutUint32(d[17:], checksum(d[21:]))
	return d
}

func headersSize(headers []Header) int {
	n := 0
	for i := range headers {
		h := &headers[i]
		n += varintSize(int64(len(h.Name))) + len(h.Name) + varintSize(int64(len(h.Value))) + len(h.Value)
	}
	return n
}

// appendVarint appends v in zigzag encoding. Nearly all that a record has take one byte or two.
func appendVarint(dst []byte, v int64) []byte {
	switch u := uint64(v<<1) ^ uint64(v>>63); {
	case u < 1<<7:
		return append(dst, byte(u))
	case u < 1<<14:
		return append(dst, byte(u)|0x80, byte(u>>7))
	default:
		return binary.AppendUvarint(dst, u)
	}
}

// varintSize is the length of v in zigzag encoding.
func varintSize(v int64) int {
	u := uint64(v<<1) ^ uint64(v>>63)
	return (bits.Len64(u|1) + 6) / 7
}

// Split returns two batches with the first and the second half of the records, for a broker that refused the whole as
// too large. The batch must have been sealed and must have at least two records; it stays as it is.
func (b *Builder) Split() ([]*Builder, error) {
	whole, _, err := Next(b.buf)
	if err != nil {
		return nil, err
	}
	halves := []*Builder{new(Builder), new(Builder)}
	var rec Record
	for records, i := whole.Records(nil), 0; ; i++ {
		more, err := records.Next(&rec)
		if err != nil {
			return nil, err
		}
		if !more {
			return halves, nil
		}
		half := halves[0]
		if i >= b.Count()/2 {
			half = halves[1]
		}
		half.Append(rec.Timestamp, rec.Key, rec.Value, nil, rec.Headers)
	}
}
