package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/services/internal/recordbatch"
	"sluice/services/internal/stream"
)

// BareLoop is the baseline that benchmarks compare the loop of package stream with: consume, copy, produce, through the
// same codec and the same calls to the same broker, one batch after the other, and nothing else. It belongs to no group, commits
// nothing, recovers from nothing, and any error ends it. It is not for use anywhere else.
type BareLoop struct {
	Log        stream.Log
	From, To   string
	Partitions []int32 // that it reads; a record keeps its partition
	// PartitionBytes is what one fetch takes of a partition.
	PartitionBytes int
}

// Run copies until n records are acknowledged, and returns how many were.
func (l BareLoop) Run(ctx context.Context, n int) (int, error) {
	fetch := &stream.FetchRequest{MinBytes: 1, MaxWait: 250 * time.Millisecond, MaxBytes: 4 << 20, PartitionMaxBytes: int32(l.PartitionBytes)}
	for _, p := range l.Partitions {
		fetch.From = append(fetch.From, stream.Position{Topic: l.From, Partition: p})
	}
	batches := make([]recordbatch.Builder, len(l.Partitions))
	produce := &stream.ProduceRequest{Timeout: 10 * time.Second}
	for done := 0; done < n; {
		if err := l.Log.Fetch(ctx, fetch); err != nil {
			return done, err
		}
		now := time.Now().UnixMilli()
		produce.Batches = produce.Batches[:0]
		for i := range fetch.Results {
			res := &fetch.Results[i]
			if res.Err != nil {
				return done, res.Err
			}
			at := l.index(res.Partition)
			next, err := copyRecords(&batches[at], res.Data, fetch.From[at].Offset, now)
			if err != nil {
				return done, err
			}
			fetch.From[at].Offset = next
			if batches[at].Count() > 0 {
				produce.Batches = append(produce.Batches, stream.ProduceBatch{Topic: l.To, Partition: res.Partition, Data: batches[at].Seal(recordbatch.NoProducer)})
			}
		}
		if len(produce.Batches) == 0 {
			continue
		}
		if err := l.Log.Produce(ctx, produce); err != nil {
			return done, err
		}
		for i := range produce.Batches {
			if err := produce.Batches[i].Err; err != nil {
				return done, fmt.Errorf("%s/%d: %w", l.To, produce.Batches[i].Partition, err)
			}
		}
		for i := range batches {
			done += batches[i].Count()
			batches[i].Reset()
		}
	}
	return n, nil
}

func (l BareLoop) index(partition int32) int {
	for i, p := range l.Partitions {
		if p == partition {
			return i
		}
	}
	return 0
}

func copyRecords(to *recordbatch.Builder, raw []byte, from, now int64) (next int64, err error) {
	next = from
	var rec recordbatch.Record
	for len(raw) > 0 {
		b, rest, err := recordbatch.Next(raw)
		if errors.Is(err, recordbatch.ErrShort) {
			return next, nil
		}
		if err != nil {
			return next, err
		}
		for records := b.Records(nil); ; {
			more, err := records.Next(&rec)
			if err != nil {
				return next, err
			}
			if !more {
				break
			}
			if rec.Offset >= from {
				to.Append(now, rec.Key, rec.Value, nil, rec.Headers)
			}
		}
		next, raw = b.LastOffset+1, rest
	}
	return next, nil
}
