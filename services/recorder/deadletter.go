package recorder

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"sluice/pkg/event"
	"sluice/services/internal/stream"
)

// Add appends the row of a dead letter. What its headers do not tell is taken from the record itself.
func (b *DeadLetters) Add(rec *stream.Record) {
	var headers []event.Header
	for name, value := range rec.Headers.All() {
		headers = append(headers, event.Header{Name: string(name), Value: value})
	}
	d, err := event.ParseDeadLetter(headers, rec.Value)
	if err != nil {
		d = event.DeadLetter{Topic: rec.Topic, Partition: int(rec.Partition), Offset: rec.Offset, Key: rec.Key, Reason: event.DeadDamaged,
			Error: "the dead letter's own headers: " + err.Error(), Value: rec.Value}
	}
	if d.SHA256 == "" {
		sum := sha256.Sum256(rec.Value)
		d.SHA256, d.Length = hex.EncodeToString(sum[:]), len(rec.Value)
	}
	if d.At.IsZero() {
		d.At = time.UnixMilli(rec.Timestamp)
	}
	fact, _ := rec.Headers.Get(event.HeaderID)
	b.SourceTopic = append(b.SourceTopic, d.Topic)
	b.SourcePartition = append(b.SourcePartition, int32(d.Partition))
	b.SourceOffset = append(b.SourceOffset, d.Offset)
	b.Stage = append(b.Stage, d.Stage)
	b.Reason = append(b.Reason, d.Reason)
	b.Error = append(b.Error, d.Error)
	b.At = append(b.At, known(d.At))
	b.Key = append(b.Key, string(d.Key))
	b.Value = append(b.Value, string(d.Value))
	b.SHA256 = append(b.SHA256, d.SHA256)
	b.Length = append(b.Length, uint64(max(0, d.Length)))
	b.Truncated = append(b.Truncated, d.Truncated)
	b.TransferFact = append(b.TransferFact, string(fact))
	b.Partition = append(b.Partition, rec.Partition)
	b.Offset = append(b.Offset, rec.Offset)
}
