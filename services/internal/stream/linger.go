package stream

import (
	"context"
	"time"
)

// linger trades latency for larger batches: fetches of a lane follow each other no sooner than span, unless they are
// full. What comes behind a pause in the stream goes on at once whatever the span, and a flood at its full rate: only a
// trickle is gathered, up to span at a time.
type linger struct {
	span  time.Duration
	since time.Time // of the fetch before; zero: the next one may follow at once
}

// fetched notes what a fetch has brought.
func (l *linger) fetched(req *FetchRequest) {
	l.since = time.Time{}
	if l.span <= 0 {
		return
	}
	brought := false
	for i := range req.Results {
		// A broker hands out whole batches, so that a partition with more to give may stay below its share.
		if n := len(req.Results[i].Data); n >= int(req.PartitionMaxBytes)/2 {
			return
		} else if n > 0 {
			brought = true
		}
	}
	if brought {
		l.since = time.Now()
	}
}

// wait waits until the next fetch may begin, or ctx ends.
func (l *linger) wait(ctx context.Context) {
	if l.since.IsZero() {
		return
	}
	left := l.span - time.Since(l.since)
	if left <= 0 {
		return
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
