package memory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

// A batch with a poisonous record is handled in halves. What is committed while the second half waits for something to
// come back is exactly the first: a crash at that moment must lose nothing.
func TestOnlyTheHalfThatIsThroughIsCommitted(t *testing.T) {
	w := newWorld(t)
	l, err := stream.New(stream.Config{Group: "g", Stage: "test", Topics: []string{"in"}, CommitInterval: time.Millisecond,
		Retry: stream.Backoff{Min: time.Millisecond, Max: time.Millisecond}}, w,
		stream.HandlerFunc(func(_ context.Context, in *stream.Batch, _ *stream.Out) error {
			switch first, last := in.Records[0].Offset, in.Records[len(in.Records)-1].Offset; {
			case first < 50 && last >= 50:
				return stream.Permanent(errors.New("poison"))
			case first >= 50:
				return errors.New("away")
			}
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	end := run(t, l)
	w.await("the first half, and the second retrying", func() bool {
		return w.Committed("g", "in", 0) >= 50 && l.State().Retries > 20
	})
	end()
	if n := w.Committed("g", "in", 0); n != 50 {
		t.Errorf("committed %d, and only 50 records are through", n)
	}
}

// What the broker has not acknowledged is not committed, however often the batch is tried: a crash while it is away must
// lose nothing.
func TestNothingIsCommittedBeforeItsOutputIsAcknowledged(t *testing.T) {
	w := newWorld(t)
	w.Inject(func(c memory.Call) memory.Fault {
		if c.Op == "produce" && c.Topic == "out" {
			return memory.Fault{Before: stream.ErrUnavailable}
		}
		return memory.Fault{}
	})
	l, end := w.start(nil, nil)
	w.await("the broker to be asked again and again", func() bool { return l.State().Retries > 20 })
	end()
	if n := w.Committed("g", "in", 0); n > 0 {
		t.Errorf("committed %d, and nothing is acknowledged", n)
	}
}

// run lets a loop work until it is told to end.
func run(t *testing.T, l *stream.Loop) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
