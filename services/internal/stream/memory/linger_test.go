package memory_test

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

// paced is what became of records that came at their times.
type paced struct {
	batches int
	delays  []time.Duration // of each record, from its sending to its handling
}

// through sends records of size bytes, each behind a pause, through a loop with a linger, and waits until all are handled.
func through(t *testing.T, linger time.Duration, size int, pauses ...time.Duration) (out paced) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(1)
		b.Create("in", 1, 0)
		handled := make(chan int, len(pauses))
		l, err := stream.New(stream.Config{Group: "g", Stage: "s", Topics: []string{"in"}, Fetch: stream.FetchConfig{Linger: linger}}, b,
			stream.HandlerFunc(func(_ context.Context, in *stream.Batch, _ *stream.Out) error {
				out.batches++
				for i := range in.Records {
					sent := int64(binary.BigEndian.Uint64(in.Records[i].Value))
					out.delays = append(out.delays, time.Since(time.Unix(0, sent)))
				}
				handled <- len(in.Records)
				return nil
			}))
		if err != nil {
			t.Fatal(err)
		}
		p, err := stream.NewProducer(stream.ProducerConfig{}, b)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ends := make(chan error, 2)
		go func() { ends <- p.Run(ctx) }()
		go func() { ends <- l.Run(ctx) }()
		time.Sleep(time.Minute) // the group has come together, and fetches wait at the broker
		for _, pause := range pauses {
			time.Sleep(pause)
			value := binary.BigEndian.AppendUint64(make([]byte, 0, size), uint64(time.Now().UnixNano()))
			if err := p.Produce(ctx, stream.Message{Topic: "in", Value: value[:size]}); err != nil {
				t.Fatal(err)
			}
		}
		for n := 0; n < len(pauses); {
			n += <-handled
		}
		cancel()
		for range 2 {
			if err := <-ends; err != nil {
				t.Error(err)
			}
		}
	})
	return out
}

func longest(delays []time.Duration) (d time.Duration) {
	for _, x := range delays {
		d = max(d, x)
	}
	return d
}

// each is n times a pause.
func each(pause time.Duration, n int) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = pause
	}
	return out
}

const trickle, record = time.Millisecond, 500

func TestWithoutLingerATrickleIsHandledAsItComes(t *testing.T) {
	got := through(t, 0, record, each(trickle, 1000)...)
	if got.batches != 1000 || longest(got.delays) > 0 {
		t.Errorf("%d batches, the longest wait %s: want one for each of 1000 records, at once", got.batches, longest(got.delays))
	}
}

func TestWithLingerATrickleIsGatheredForSoLong(t *testing.T) {
	const span = 20 * time.Millisecond
	got := through(t, span, record, each(trickle, 1000)...)
	if got.batches > 51 || longest(got.delays) > span {
		t.Errorf("%d batches, the longest wait %s: want one each %s", got.batches, longest(got.delays), span)
	}
}

func TestWhatComesBehindAPauseDoesNotLinger(t *testing.T) {
	for _, span := range []time.Duration{0, 20 * time.Millisecond, stream.MaxLinger} {
		got := through(t, span, record, each(span+time.Millisecond, 10)...)
		if got.batches != 10 || longest(got.delays) > 0 {
			t.Errorf("linger %s: %d batches for 10 lone records, the longest wait %s: want none to wait", span, got.batches, longest(got.delays))
		}
	}
}

func TestAFloodDoesNotLinger(t *testing.T) {
	// Each record is more than half of what a fetch takes of a partition: the next fetch follows at once.
	got := through(t, stream.MaxLinger, 200<<10, each(0, 100)...)
	if longest(got.delays) > 0 {
		t.Errorf("the longest wait is %s, want none", longest(got.delays))
	}
}
