package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Why a record was given up, as short codes.
const (
	DeadRejected   = "rejected"         // it is no transfer; sending it again cannot help
	DeadFailed     = "failed"           // a stage cannot process it
	DeadPanic      = "panic"            // a stage panicked on it
	DeadTooLarge   = "too_large"        // what a stage makes of it is larger than its topic takes
	DeadUnreadable = "unreadable_batch" // no record, but a whole batch of them: a wrong checksum, or it cannot be expanded
	DeadDamaged    = "damaged"          // a record of our own that cannot be read, or whose values fit no column
	DeadRefused    = "refused"          // the store refuses its row
)

// The bounds of a dead letter, in bytes.
const (
	MaxDeadKept  = 64 << 10 // of the original, when it is too large for the topic
	MaxDeadError = 1 << 10
	MaxDeadKey   = 1 << 10
)

// DeadLetter is a record that was given up, with where it came from and why.
type DeadLetter struct {
	Topic     string
	Partition int
	Offset    int64
	Key       []byte
	Stage     string // the service that gave up
	Reason    string // one of those above
	Error     string // for people
	At        time.Time

	Value     []byte // the original bytes, or the first MaxDeadKept of them
	SHA256    string // of the whole original, 64 hexadecimal digits
	Length    int    // of the whole original
	Truncated bool
}

// Bury completes a dead letter whose Value is the whole original: it adds checksum and length, and cuts the value when
// it has more than limit bytes, which is what the dead letter topic takes.
func Bury(d DeadLetter, limit int) DeadLetter {
	sum := sha256.Sum256(d.Value)
	d.SHA256, d.Length, d.Truncated = hex.EncodeToString(sum[:]), len(d.Value), false
	if len(d.Value) > limit {
		d.Value, d.Truncated = d.Value[:min(MaxDeadKept, limit)], true
	}
	return d
}

// RecordKey is the key of the dead letter's own record: source topic, a slash, partition.
func (d *DeadLetter) RecordKey() []byte {
	return strconv.AppendInt(append([]byte(d.Topic), '/'), int64(d.Partition), 10)
}

// Headers are the dead letter's headers. The record's value is d.Value.
func (d *DeadLetter) Headers() []Header {
	headers := []Header{
		{HeaderDeadTopic, []byte(d.Topic)},
		{HeaderDeadPartition, strconv.AppendInt(nil, int64(d.Partition), 10)},
		{HeaderDeadOffset, strconv.AppendInt(nil, d.Offset, 10)},
		{HeaderDeadStage, []byte(d.Stage)},
		{HeaderDeadReason, []byte(d.Reason)},
		{HeaderDeadError, []byte(strings.ToValidUTF8(d.Error[:min(len(d.Error), MaxDeadError)], ""))},
		{HeaderDeadAt, d.At.UTC().AppendFormat(nil, time.RFC3339Nano)},
		{HeaderDeadSHA256, []byte(d.SHA256)},
		{HeaderDeadLength, strconv.AppendInt(nil, int64(d.Length), 10)},
		{HeaderDeadKey, d.Key[:min(len(d.Key), MaxDeadKey)]},
	}
	if d.Truncated {
		headers = append(headers, Header{HeaderDeadTruncated, []byte("true")})
	}
	return headers
}

// ReplayNote says whether the headers are those of a note that a dead letter was replayed, and of which; get returns the
// last header of a name. A dead letter always says which topic it is from, a note never does.
func ReplayNote(get func(name string) (value []byte, ok bool)) (of string, ok bool) {
	if _, dead := get(HeaderDeadTopic); dead {
		return "", false
	}
	place, ok := get(HeaderReplayOf)
	return string(place), ok
}

// ParseDeadLetter reads a dead letter back. Headers that it does not know are ignored; those that are missing leave
// their fields zero; a number or a time that is none is an error.
func ParseDeadLetter(headers []Header, value []byte) (DeadLetter, error) {
	d := DeadLetter{Value: value}
	for _, h := range headers {
		if err := d.read(h.Name, string(h.Value)); err != nil {
			return DeadLetter{}, fmt.Errorf("header %s: %w", h.Name, err)
		}
	}
	return d, nil
}

func (d *DeadLetter) read(name, value string) (err error) {
	switch name {
	case HeaderDeadTopic:
		d.Topic = value
	case HeaderDeadPartition:
		d.Partition, err = strconv.Atoi(value)
	case HeaderDeadOffset:
		d.Offset, err = strconv.ParseInt(value, 10, 64)
	case HeaderDeadStage:
		d.Stage = value
	case HeaderDeadReason:
		d.Reason = value
	case HeaderDeadError:
		d.Error = value
	case HeaderDeadAt:
		d.At, err = time.Parse(time.RFC3339Nano, value)
	case HeaderDeadSHA256:
		d.SHA256 = value
	case HeaderDeadLength:
		d.Length, err = strconv.Atoi(value)
	case HeaderDeadTruncated:
		d.Truncated = value == "true"
	case HeaderDeadKey:
		d.Key = []byte(value)
	}
	return err
}
