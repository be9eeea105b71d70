package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"
)

// Tail reads all partitions of a topic without a group: every instance sees every record. It is how the services
// follow activations, and how a request waits for its verdict.
type Tail struct {
	cfg TailConfig
	log Log
}

// TailConfig is how a Tail reads.
type TailConfig struct {
	Topic string
	From  TailFrom
	// Offsets overrides From for single partitions: the next offset to read.
	Offsets map[int32]int64
	// CaughtUp is called once, as soon as everything that was in the topic when Run began has been given to the
	// function: for FromEnd, as soon as the positions are known.
	CaughtUp func()
	// Loss is told what was deleted before it could be read. Nil: it is only logged.
	Loss func(Loss)

	MaxWait time.Duration // see FetchConfig, default 250 ms
	Retry   Backoff       // default 50 ms to 5 s
	Logger  zerolog.Logger
}

// TailFrom is where a Tail begins.
type TailFrom int

// Where a Tail begins.
const (
	FromStart TailFrom = iota // the first record that the log still has
	FromEnd                   // what is written after Run began
)

// NewTail makes a Tail. It dials nothing and starts nothing.
func NewTail(cfg TailConfig, log Log) (*Tail, error) {
	if cfg.MaxWait == 0 {
		cfg.MaxWait = 250 * time.Millisecond
	}
	if cfg.Retry.Min == 0 {
		cfg.Retry.Min = 50 * time.Millisecond
	}
	if cfg.Retry.Max == 0 {
		cfg.Retry.Max = max(5*time.Second, cfg.Retry.Min)
	}
	switch {
	case cfg.Topic == "":
		return nil, errors.New("tail: topic: empty, want the one to read")
	case cfg.From != FromStart && cfg.From != FromEnd:
		return nil, fmt.Errorf("tail: from: %d, want FromStart or FromEnd", cfg.From)
	case cfg.MaxWait < 0 || cfg.Retry.Min < 0 || cfg.Retry.Max < cfg.Retry.Min:
		return nil, fmt.Errorf("tail: max_wait %s, retry %s to %s: want spans that grow", cfg.MaxWait, cfg.Retry.Min, cfg.Retry.Max)
	}
	return &Tail{cfg: cfg, log: log}, nil
}

// Run gives the records to fn, in order within each partition, in one goroutine, until ctx ends (it returns nil) or fn
// returns an error (it returns that). The batch is valid until fn returns. Trouble with the broker is waited out.
func (t *Tail) Run(ctx context.Context, fn func(ctx context.Context, in *Batch) error) error {
	at, goal, ok := t.begin(ctx)
	if !ok {
		return nil
	}
	caughtUp := t.cfg.CaughtUp
	dec := newDecoder(tailExpandedBytes)
	req := &FetchRequest{}
	damaged := make(map[int32]int)
	var records []Record
	for attempt := 0; ; {
		if caughtUp != nil && reached(at, goal) {
			caughtUp()
			caughtUp = nil
		}
		req.From = append(req.From[:0], at...)
		req.MinBytes, req.MaxBytes, req.PartitionMaxBytes, req.MaxWait = 1, 4<<20, 1<<20, t.cfg.MaxWait
		err := t.log.Fetch(ctx, req)
		if ended(ctx) {
			return nil
		}
		if err == nil {
			records, err = t.take(ctx, records[:0], at, req, dec, damaged)
		}
		if len(records) > 0 {
			if err := fn(ctx, &Batch{Topic: t.cfg.Topic, Records: records}); err != nil {
				return err
			}
			clear(records)
			records = records[:0]
		}
		dec.release()
		if err == nil {
			attempt = 0
			continue
		}
		attempt++
		if attempt == 1 || attempt%20 == 0 {
			t.cfg.Logger.Warn().Err(err).Str("topic", t.cfg.Topic).Msg("following a topic failed, trying again")
		}
		_ = t.cfg.Retry.wait(ctx, attempt)
	}
}

func ended(ctx context.Context) bool { return ctx.Err() != nil }

const tailExpandedBytes = 64 << 20

// begin finds where to start, and what the log's ends are now; false when ctx ended before that.
func (t *Tail) begin(ctx context.Context) (at, goal []Position, ok bool) {
	for attempt := 1; ; attempt++ {
		at, goal, err := t.positions(ctx)
		if err == nil {
			return at, goal, true
		}
		if ended(ctx) {
			return nil, nil, false
		}
		if attempt == 1 || attempt%20 == 0 {
			t.cfg.Logger.Warn().Err(err).Str("topic", t.cfg.Topic).Msg("cannot find where a topic begins, trying again")
		}
		_ = t.cfg.Retry.wait(ctx, attempt)
	}
}

func (t *Tail) positions(ctx context.Context) (at, goal []Position, err error) {
	n, err := t.log.Partitions(ctx, t.cfg.Topic)
	if err != nil {
		return nil, nil, err
	}
	for p := range n {
		at = append(at, Position{Topic: t.cfg.Topic, Partition: p})
	}
	goal = slices.Clone(at)
	bounds, err := t.log.Bounds(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	for i := range at {
		goal[i].Offset = bounds[i].End
		at[i].Offset = bounds[i].Start
		if t.cfg.From == FromEnd {
			at[i].Offset = bounds[i].End
		}
		if o, ok := t.cfg.Offsets[at[i].Partition]; ok {
			at[i].Offset = o
		}
	}
	return at, goal, nil
}

func reached(at, goal []Position) bool {
	for i := range at {
		if at[i].Offset < goal[i].Offset {
			return false
		}
	}
	return true
}

// take decodes a fetch and moves the positions on. An error concerns some partition; the records are good.
func (t *Tail) take(ctx context.Context, records []Record, at []Position, req *FetchRequest, dec *decoder, damaged map[int32]int) ([]Record, error) {
	const tries = 3
	var trouble error
	for i := range req.Results {
		res := &req.Results[i]
		if int(res.Partition) >= len(at) || res.Topic != t.cfg.Topic {
			continue
		}
		p := &at[res.Partition]
		if errors.Is(res.Err, ErrOffsetOutOfRange) {
			bounds, err := t.log.Bounds(ctx, []Position{*p})
			if err != nil {
				trouble = err
				continue
			}
			loss := Loss{Topic: p.Topic, Partition: p.Partition, From: p.Offset, To: bounds[0].Start, Cause: LossTruncated}
			if p.Offset > bounds[0].End {
				loss = Loss{Topic: p.Topic, Partition: p.Partition, From: bounds[0].End, To: p.Offset, Cause: LossRewound}
			}
			t.lost(loss)
			p.Offset = bounds[0].Start
			continue
		}
		if res.Err != nil {
			trouble = fmt.Errorf("%s/%d at offset %d: %w", p.Topic, p.Partition, p.Offset, res.Err)
			continue
		}
		var got piece
		records, got = dec.decode(records, res, p.Offset, damaged[p.Partition] >= tries)
		for _, loss := range got.losses {
			t.lost(loss)
		}
		if got.next != p.Offset {
			p.Offset = got.next
			delete(damaged, p.Partition)
		}
		if got.retry != nil {
			damaged[p.Partition]++
			trouble = fmt.Errorf("%s/%d at offset %d: %w", p.Topic, p.Partition, p.Offset, got.retry)
		}
	}
	return records, trouble
}

func (t *Tail) lost(loss Loss) {
	t.cfg.Logger.Error().Str("topic", loss.Topic).Int32("partition", loss.Partition).Int64("from", loss.From).
		Int64("to", loss.To).Str("cause", string(loss.Cause)).Msg("records are gone that were not read")
	if t.cfg.Loss != nil {
		t.cfg.Loss(loss)
	}
}
