package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluice/schemas"
	"sluice/services/internal/stream"
)

const (
	warmUp = 20 // lone transfers that count for nothing
	// calm is how long nothing is under way between two samples: the loops wait at the broker again.
	calm = 10 * time.Millisecond
)

// latency sends transfers one at a time through the three hops, and waits for each one's verdict at a consumer.
func (b *bench) latency(ctx context.Context) (*Latency, error) {
	b.progress.step("lone transfers")
	seen := make(chan verdict, 1)
	took := make([]time.Duration, 0, b.cfg.Samples)
	err := b.live(ctx, note(seen), func(ctx context.Context, p stream.Publisher) error {
		for i := range warmUp + b.cfg.Samples {
			d, err := alone(ctx, p, b.world.next(), seen)
			if err != nil {
				return err
			}
			if i >= warmUp {
				took = append(took, d)
			}
			if err := pause(ctx, calm); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(took)
	return &Latency{Samples: len(took), P50: millis(percentile(took, 0.5)), P90: millis(percentile(took, 0.9)),
		P99: millis(percentile(took, 0.99)), Max: millis(took[len(took)-1])}, nil
}

// live runs the three hops on topics of their own, with a consumer of the verdicts, while fn sends.
func (b *bench) live(ctx context.Context, consume func(context.Context, *stream.Batch) error, fn func(context.Context, stream.Publisher) error) (err error) {
	names := []string{schemas.Raw, schemas.Transfers, schemas.Screened, schemas.Verdicts, schemas.Flagged, schemas.DeadLetters}
	topics, err := b.server.topics(ctx, b.cfg.Partitions, names...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.remove(topics)) }()
	s := newSpace(b.server.client, topics)
	running, err := b.start(ctx, s, hops, nil, nil)
	defer func() { err = errors.Join(err, running.stop()) }()
	if err != nil {
		return err
	}
	p, err := stream.NewProducer(stream.ProducerConfig{}, s)
	if err != nil {
		return err
	}
	stopProducer := background(ctx, p.Run)
	defer func() { err = errors.Join(err, stopProducer()) }()
	ready := make(chan struct{})
	tail, err := stream.NewTail(stream.TailConfig{Topic: schemas.Verdicts, CaughtUp: func() { close(ready) }}, s)
	if err != nil {
		return err
	}
	stopTail := background(ctx, func(ctx context.Context) error { return tail.Run(ctx, consume) })
	defer func() { err = errors.Join(err, stopTail()) }()
	if err := running.await(ctx, ready); err != nil {
		return err
	}
	return fn(ctx, p)
}

// verdict is one that a consumer has seen.
type verdict struct {
	at    time.Time
	value []byte
}

// note hands verdicts on, with the time at which they came.
func note(seen chan<- verdict) func(context.Context, *stream.Batch) error {
	return func(ctx context.Context, in *stream.Batch) error {
		at := time.Now()
		for i := range in.Records {
			select {
			case seen <- verdict{at, bytes.Clone(in.Records[i].Value)}:
			case <-ctx.Done():
				return nil
			}
		}
		return nil
	}
}

// alone sends one transfer and returns how long its verdict took.
func alone(ctx context.Context, p stream.Publisher, m stream.Message, seen <-chan verdict) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	sent := time.Now()
	if err := p.Produce(ctx, m); err != nil {
		return 0, err
	}
	select {
	case v := <-seen:
		// The record begins with the transfer's own identity; what was sent is in it as it is.
		if !bytes.Contains(v.value, m.Value) {
			return 0, fmt.Errorf("the verdict of another transfer came: %.200s", v.value)
		}
		return v.at.Sub(sent), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("no verdict for %.200s: %w", m.Value, ctx.Err())
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
