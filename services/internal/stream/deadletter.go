package stream

import (
	"sluice/pkg/event"
	"sluice/schemas"
)

// deadLetterOwnHeaders is how many bytes of the record's own headers a dead letter keeps: all of them, or none.
const deadLetterOwnHeaders = 16 << 10

// DeadLetter adds the record to the dead letter topic as it is: value and headers unchanged, with headers that say where it
// came from, which stage could not take it and why (event.DeadLetter). Of a value that the topic does not take it keeps
// the first event.MaxDeadKept bytes; length and checksum are always those of the whole.
func (o *Out) DeadLetter(rec *Record, reason string, err error) {
	o.deadLetter(rec, reason, err, false)
}

// deadLetter with shorten keeps the head of any value that is longer than that.
func (o *Out) deadLetter(rec *Record, reason string, err error, shorten bool) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	limit := event.MaxDeadKept
	if t, ok := schemas.Lookup(schemas.DeadLetters); ok && !shorten {
		limit = t.MaxValueBytes
	}
	d := event.Bury(event.DeadLetter{
		Topic: rec.Topic, Partition: int(rec.Partition), Offset: rec.Offset, Key: rec.Key, Value: rec.Value,
		Stage: o.cfg.Stage, Reason: reason, Error: text, At: o.cfg.Now(),
	}, limit)
	var headers []Header
	for _, h := range d.Headers() {
		headers = append(headers, Header(h))
	}
	own := rec.Headers
	if own.Size() > deadLetterOwnHeaders {
		own = Headers{}
	}
	before := o.records
	o.add(schemas.DeadLetters, ByKey, d.RecordKey(), d.Value, nil, own, headers)
	o.dead += o.records - before
}
