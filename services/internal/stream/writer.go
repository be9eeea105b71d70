package stream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"sluice/services/internal/recordbatch"
)

// writer is an idempotent producer session. It keeps at most one unacknowledged batch per partition, and sends the very
// same bytes with the same sequence numbers again for as long as it is open whether they were written. It is used by
// one goroutine.
type writer struct {
	log   Log
	retry Backoff
	acked func(key partitionKey, base int64, records int) // optional: told of each acknowledged batch

	id    ProducerID
	valid bool
	next  map[partitionKey]int32 // the sequence number that comes next
	req   *ProduceRequest
	work  []lineage
}

type partitionKey struct {
	topic     string
	partition int32
}

// lineage is what is left to write to one partition, in order.
type lineage struct {
	key     partitionKey
	batches []*recordbatch.Builder
	renew   bool // waits for a new producer session
}

// tooLargeError says that a single record was refused for its size: no retry and no split mends that.
type tooLargeError struct {
	key partitionKey
	err error
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("a record for %s/%d: %v", e.key.topic, e.key.partition, e.err)
}
func (e *tooLargeError) Unwrap() error { return e.err }

// replicaTimeout is how long a broker may wait for the in-sync replicas before it answers that they did not come.
const replicaTimeout = 10 * time.Second

func newWriter(log Log, retry Backoff) *writer {
	return &writer{log: log, retry: retry, req: &ProduceRequest{Timeout: replicaTimeout}}
}

// write sends everything in o and returns nil when all of it is acknowledged. It retries until ctx ends. The only
// other error is a *tooLargeError; everything before the refused record in its partition, and some of the other
// partitions, is then written. failing is told of every round that leaves something to do again. When ctx ends it is
// open what became of the rest; the next write then begins a new producer session.
func (w *writer) write(ctx context.Context, o *Out, failing func(attempt int, err error)) error {
	w.work = w.work[:0]
	for i := range o.topics {
		t := &o.topics[i]
		for p := range t.parts {
			if n := t.parts[p].used; n > 0 {
				w.work = append(w.work, lineage{key: partitionKey{t.name, int32(p)}, batches: t.parts[p].batches[:n]})
			}
		}
	}
	for attempt := 0; len(w.work) > 0; {
		progress, err := w.round(ctx)
		if ctx.Err() != nil && err != nil {
			w.valid = false
			return context.Cause(ctx)
		}
		var large *tooLargeError
		if errors.As(err, &large) {
			return err
		}
		if err == nil || progress {
			attempt = 0
		}
		if err != nil {
			attempt++
			failing(attempt, err)
			if err := w.retry.wait(ctx, attempt); err != nil {
				w.valid = false
				return err
			}
		}
	}
	return nil
}

// round sends the first batch of each partition once. progress says that some batch was acknowledged; err, why another
// must be sent again.
func (w *writer) round(ctx context.Context) (progress bool, err error) {
	if err := w.session(ctx); err != nil {
		return false, err
	}
	w.req.Batches = w.req.Batches[:0]
	for i := range w.work {
		l := &w.work[i]
		if l.renew {
			continue
		}
		w.req.Batches = append(w.req.Batches, ProduceBatch{
			Topic: l.key.topic, Partition: l.key.partition,
			Data: l.batches[0].Seal(recordbatch.Producer{ID: w.id.ID, Epoch: w.id.Epoch, Sequence: w.next[l.key]}),
		})
	}
	if err := w.log.Produce(ctx, w.req); err != nil {
		return false, err
	}
	sent := w.req.Batches
	left := w.work[:0]
	var refused error
	for i := range w.work {
		l := w.work[i]
		if !l.renew {
			b := &sent[0]
			sent = sent[1:]
			done, again := w.settle(&l, b)
			progress = progress || done
			var large *tooLargeError
			switch {
			case again == nil:
			case errors.As(again, &large):
				refused = again
			case err == nil:
				err = fmt.Errorf("%s/%d: %w", l.key.topic, l.key.partition, again)
			}
		}
		if len(l.batches) > 0 {
			left = append(left, l)
		}
	}
	w.work = left
	if refused != nil {
		// What is left will come again in other batches, which must not carry sequence numbers under which the broker
		// may know something else already.
		w.valid = false
		return progress, refused
	}
	return progress, err
}

// settle takes the outcome of one batch into account: done when it is acknowledged or replaced by smaller ones; an
// error when it must be sent again, or a *tooLargeError.
func (w *writer) settle(l *lineage, b *ProduceBatch) (done bool, err error) {
	batch := l.batches[0]
	switch {
	case b.Err == nil || errors.Is(b.Err, ErrDuplicate):
		w.next[l.key] = sequenceAfter(w.next[l.key], int32(batch.Count()))
		l.batches = l.batches[1:]
		if w.acked != nil {
			w.acked(l.key, b.Offset, batch.Count())
		}
		return true, nil
	case errors.Is(b.Err, ErrOutOfSequence), errors.Is(b.Err, ErrUnknownProducer):
		// The broker has forgotten, or fenced, this session. The batch was not written now, and had it been written
		// before, the broker would know: so it goes out again under a new session, which begins as soon as it is no
		// longer open what became of the other partitions' batches.
		l.renew = true
		return false, b.Err
	case errors.Is(b.Err, ErrTooLarge), errors.Is(b.Err, ErrInvalidBatch):
		if batch.Count() == 1 {
			return false, &tooLargeError{key: l.key, err: b.Err}
		}
		halves, err := batch.Split()
		if err != nil {
			return false, &tooLargeError{key: l.key, err: err}
		}
		l.batches = append(halves, l.batches[1:]...)
		return true, nil
	}
	return false, b.Err
}

// session makes sure that there is a producer session, and begins a new one when all that is left waits for it.
func (w *writer) session(ctx context.Context) error {
	if w.valid {
		for i := range w.work {
			if !w.work[i].renew {
				return nil
			}
		}
	}
	id, err := w.log.InitProducer(ctx)
	if err != nil {
		return fmt.Errorf("producer session: %w", err)
	}
	w.id, w.valid, w.next = id, true, make(map[partitionKey]int32, len(w.work))
	for i := range w.work {
		w.work[i].renew = false
	}
	return nil
}

// sequenceAfter adds n to a sequence number, which goes on at 0 behind the largest int32.
func sequenceAfter(seq, n int32) int32 {
	if seq > math.MaxInt32-n {
		return n - (math.MaxInt32 - seq) - 1
	}
	return seq + n
}
