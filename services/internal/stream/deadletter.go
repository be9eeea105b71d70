package stream

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"sluice/schemas"
)

// Names of the headers of a dead letter, all of them text. The record's own headers stand before them.
const (
	DLSourceTopic     = "dl_source_topic"
	DLSourcePartition = "dl_source_partition" // decimal
	DLSourceOffset    = "dl_source_offset"    // decimal
	DLStage           = "dl_stage"
	DLReason          = "dl_reason" // short code
	DLError           = "dl_error"  // at most 1 KiB
	DLAt              = "dl_at"     // RFC 3339, UTC
	DLSHA256          = "dl_sha256" // of the whole original value, hex
	DLLength          = "dl_length" // of the whole original value, decimal
	DLTruncated       = "dl_truncated"
	DLKey             = "dl_key" // the original record key
)

// What a dead letter keeps of a value that is larger than the topic takes, and of other parts that could be.
const (
	DeadLetterHeadBytes  = 64 << 10
	deadLetterErrorBytes = 1 << 10
	deadLetterKeyBytes   = 1 << 10
	deadLetterOwnHeaders = 16 << 10
)

// DeadLetter adds the record to the dead letter topic as it is: value and headers unchanged, with headers that say where it
// came from, which stage could not take it and why. Of a value that the topic does not take it keeps the first
// DeadLetterHeadBytes; length and checksum are always those of the whole.
func (o *Out) DeadLetter(rec *Record, reason string, err error) {
	o.deadLetter(rec, reason, err, false)
}

// deadLetter with shorten keeps the head of any value that is longer than that.
func (o *Out) deadLetter(rec *Record, reason string, err error, shorten bool) {
	value, truncated := rec.Value, false
	if limit := o.valueLimit(shorten); len(value) > limit {
		value, truncated = value[:DeadLetterHeadBytes], true
	}
	own := rec.Headers
	if own.Size() > deadLetterOwnHeaders {
		own = Headers{}
	}
	sum := sha256.Sum256(rec.Value)
	text := ""
	if err != nil {
		text = err.Error()
	}
	partition := strconv.FormatInt(int64(rec.Partition), 10)
	before := o.records
	o.add(schemas.DeadLetters, ByKey, []byte(rec.Topic+"/"+partition), value, nil, own, []Header{
		{Name: DLSourceTopic, Value: []byte(rec.Topic)},
		{Name: DLSourcePartition, Value: []byte(partition)},
		{Name: DLSourceOffset, Value: strconv.AppendInt(nil, rec.Offset, 10)},
		{Name: DLStage, Value: []byte(o.cfg.Stage)},
		{Name: DLReason, Value: []byte(reason)},
		{Name: DLError, Value: []byte(head(text, deadLetterErrorBytes))},
		{Name: DLAt, Value: o.cfg.Now().UTC().AppendFormat(nil, time.RFC3339Nano)},
		{Name: DLSHA256, Value: hex.AppendEncode(nil, sum[:])},
		{Name: DLLength, Value: strconv.AppendInt(nil, int64(len(rec.Value)), 10)},
		{Name: DLTruncated, Value: strconv.AppendBool(nil, truncated)},
		{Name: DLKey, Value: rec.Key[:min(len(rec.Key), deadLetterKeyBytes)]},
	})
	o.dead += o.records - before
}

func (o *Out) valueLimit(shorten bool) int {
	if t, ok := schemas.Lookup(schemas.DeadLetters); ok && !shorten {
		return t.MaxValueBytes
	}
	return DeadLetterHeadBytes
}

func head(s string, n int) string { return s[:min(len(s), n)] }
