package stream

import (
	"context"
	"math/rand/v2"
	"time"
)

// pause returns how long to wait before try number attempt, counted from 1.
func (b Backoff) pause(attempt int) time.Duration {
	d := b.Max
	if shift := attempt - 1; shift < 32 && b.Min<<shift < b.Max && b.Min<<shift > 0 {
		d = b.Min << shift
	}
	return d - time.Duration(rand.Int64N(int64(d)/5+1))
}

// wait pauses before try number attempt, or until ctx ends; then it returns the context's error.
func (b Backoff) wait(ctx context.Context, attempt int) error {
	t := time.NewTimer(b.pause(attempt))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
