package stream

import (
	"sluice/pkg/event"
	"sluice/services/internal/recordbatch"
)

// Record is one record of a topic. Key, Value and Headers alias the buffer it was fetched into: they are valid only
// until Handle (or the function given to Tail.Run) returns, and must not be changed.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp int64  // Unix milliseconds, as its producer or the broker set it
	Key       []byte // nil: the record has no key
	Value     []byte // nil: the record has no value (a tombstone)
	Headers   Headers
}

// Header is one record header.
type Header = recordbatch.Header

// Headers are the headers of a record in their wire form: read without allocation, copied to an output as they are.
type Headers = recordbatch.Headers

// NewHeaders encodes headers; for tests and for messages that are built once.
func NewHeaders(headers ...Header) Headers { return recordbatch.NewHeaders(headers...) }

// Batch is what one call of Handle gets: records of one topic, of one or several partitions that the lane owns, in
// offset order within each partition. Never empty.
type Batch struct {
	Topic   string
	Records []Record
}

// Carried are the headers by which a transfer's record is known from hop to hop; nil where it has none.
type Carried struct {
	ID           []byte // event.HeaderID
	At           []byte // event.HeaderAt
	Fingerprints []byte // event.HeaderFingerprint
	Screened     []byte // event.HeaderScreened
}

// Carried finds them in one pass and without allocating. They alias the record.
func (r *Record) Carried() (c Carried) {
	for name, value, rest, ok := r.Headers.Next(); ok; name, value, rest, ok = rest.Next() {
		switch string(name) {
		case event.HeaderID:
			c.ID = value
		case event.HeaderAt:
			c.At = value
		case event.HeaderFingerprint:
			c.Fingerprints = value
		case event.HeaderScreened:
			c.Screened = value
		}
	}
	return c
}
