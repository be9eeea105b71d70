package stream

import (
	"context"
	"errors"

	"sluice/pkg/event"
)

// Handler is a hop: it turns a batch of input records into output records.
//
// Handle appends what it makes to out, in the order in which it is to be written, and returns nil; the loop does the
// rest. It may be called by several lanes at once, unless the handler is a LaneHandler. It must not keep in, its
// records, or out after it returns. A call may be repeated with the same records (a retry, a crash, a rebalance): it
// must not do anything that cannot be repeated. ctx ends when the lane must give its partitions away and the drain
// time is over.
//
// A returned error is transient unless it is Permanent: what was appended is dropped and the same batch is tried again
// with a growing pause until it works, and State tells. After a Permanent error or a panic the records of the batch
// are handled one by one, and the ones that fail alone go to Poison.
type Handler interface {
	Handle(ctx context.Context, in *Batch, out *Out) error
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, in *Batch, out *Out) error

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, in *Batch, out *Out) error { return f(ctx, in, out) }

// LaneHandler is implemented by a Handler that wants scratch memory of its own for each lane: ForLane is called once
// for each lane that starts, and the handler that it returns is used by that lane alone.
type LaneHandler interface {
	Handler
	ForLane() Handler
}

// Poisoner is implemented by a Handler that wants to decide what becomes of a record which it can never process.
// Poison appends to out what shall stand for the record (Out.DeadLetter among it) and returns nil. A transient error
// is retried; after a permanent error or a panic the record goes to the dead letter topic. Handlers without Poison
// have such records dead-lettered with the reason of the error (ReasonOf).
type Poisoner interface {
	Poison(ctx context.Context, rec *Record, cause error, out *Out) error
}

type permanentError struct {
	reason string
	err    error
}

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent marks err as one that trying again cannot mend. Permanent(nil) is nil.
func Permanent(err error) error { return PermanentReason(event.DeadFailed, err) }

// PermanentReason is Permanent with the reason, one of pkg/event's, that a dead letter made from it carries.
func PermanentReason(reason string, err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{reason: reason, err: err}
}

// IsPermanent says whether err, or an error that it wraps, was marked by Permanent.
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

// ReasonOf returns the reason given to PermanentReason, or event.DeadFailed.
func ReasonOf(err error) string {
	var p *permanentError
	if errors.As(err, &p) && p.reason != "" {
		return p.reason
	}
	return event.DeadFailed
}
