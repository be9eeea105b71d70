package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/event"
	"sluice/services/internal/recordbatch"
)

// Producer writes records for callers that wait, such as HTTP requests: what concurrent callers hand in within a
// moment shares record batches, one round trip at a time. It is idempotent: a retry after a lost answer does not
// duplicate within the producer's session. It implements Publisher.
type Producer struct {
	cfg  ProducerConfig
	log  Log
	kick chan struct{} // something is in open

	mu         sync.Mutex
	closed     bool
	open       *flight          // what comes together next
	spare      *flight          // for the one after
	partitions map[string]int32 // by topic
	stats      ProducerStats
}

// flight is what goes together: the records of the callers that wait for it.
type flight struct {
	out      *Out
	bytes    int
	messages int
	counts   map[partitionKey]int
	acked    map[partitionKey][]ackedBatch
	done     chan struct{}
	err      error // set before done is closed
}

type ackedBatch struct {
	base    int64
	records int
}

// ProducerConfig is how a Producer works.
type ProducerConfig struct {
	// QueueBytes bounds what is accepted and not acknowledged yet; over it, Produce answers ErrQueueFull. Default 64 MiB.
	QueueBytes int
	// Linger is how long the first record of an idle producer waits for company; default 0: it goes at once, and what
	// comes while it is under way goes together.
	Linger  time.Duration
	Timeout time.Duration // how long a message may wait for its acknowledgement before Produce gives up; default 30 s
	Retry   Backoff       // default 20 ms to 2 s

	BatchBytes int // see OutConfig.BatchBytes
	Now        func() time.Time
	Logger     zerolog.Logger
}

// ProducerStats are a producer's counters and gauges.
type ProducerStats struct {
	Messages    uint64 // acknowledged
	Failed      uint64 // given up
	Refused     uint64 // answered ErrQueueFull
	QueuedBytes int
	// FailingSince is when the first of the failures began that nothing has succeeded after; zero: none.
	FailingSince time.Time
	LastError    error
}

// NewProducer makes a producer. It dials nothing and starts nothing.
func NewProducer(cfg ProducerConfig, log Log) (*Producer, error) {
	if cfg.QueueBytes == 0 {
		cfg.QueueBytes = 64 << 20
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Retry.Min == 0 {
		cfg.Retry.Min = 20 * time.Millisecond
	}
	if cfg.Retry.Max == 0 {
		cfg.Retry.Max = max(2*time.Second, cfg.Retry.Min)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case cfg.QueueBytes < 0:
		return nil, fmt.Errorf("producer: queue_bytes: %d, want more than 0", cfg.QueueBytes)
	case cfg.Timeout < 0 || cfg.Linger < 0:
		return nil, fmt.Errorf("producer: timeout %s, linger %s: want no negative span", cfg.Timeout, cfg.Linger)
	case cfg.Retry.Max < cfg.Retry.Min || cfg.Retry.Min < 0:
		return nil, fmt.Errorf("producer: retry: %s to %s, want a span that grows", cfg.Retry.Min, cfg.Retry.Max)
	}
	p := &Producer{cfg: cfg, log: log, kick: make(chan struct{}, 1), partitions: make(map[string]int32)}
	p.open = p.newFlight()
	return p, nil
}

func (p *Producer) newFlight() *flight {
	if f := p.spare; f != nil {
		p.spare = nil
		f.out.Reset()
		f.bytes, f.messages, f.err, f.done = 0, 0, nil, make(chan struct{})
		clear(f.counts)
		f.acked = make(map[partitionKey][]ackedBatch) // callers may still read the old one
		return f
	}
	return &flight{
		out: NewOut(OutConfig{
			Now: p.cfg.Now, BatchBytes: p.cfg.BatchBytes,
			// Called with p.mu held, for topics that admit has looked up.
			Partitions: func(topic string) (int32, error) { return p.partitions[topic], nil },
		}),
		counts: make(map[partitionKey]int),
		acked:  make(map[partitionKey][]ackedBatch),
		done:   make(chan struct{}),
	}
}

// Produce implements Publisher.
func (p *Producer) Produce(ctx context.Context, messages ...Message) error {
	if len(messages) == 0 {
		return nil
	}
	f, _, _, err := p.admit(ctx, messages)
	if err != nil {
		return err
	}
	return f.wait(ctx)
}

// ProduceOne implements Publisher.
func (p *Producer) ProduceOne(ctx context.Context, m Message) (Ack, error) {
	f, key, ordinal, err := p.admit(ctx, []Message{m})
	if err != nil {
		return Ack{}, err
	}
	acked := f.acked
	if err := f.wait(ctx); err != nil {
		return Ack{}, err
	}
	for _, b := range acked[key] {
		if ordinal < b.records {
			if b.base < 0 {
				break // written by a try whose answer was lost, and the broker no longer knows where
			}
			return Ack{Partition: key.partition, Offset: b.base + int64(ordinal)}, nil
		}
		ordinal -= b.records
	}
	return Ack{Partition: key.partition, Offset: -1}, nil
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// admit puts messages into the open flight, all or none, and tells where the last of them went in it.
func (p *Producer) admit(ctx context.Context, messages []Message) (f *flight, key partitionKey, ordinal int, err error) {
	size := 0
	for i := range messages {
		m := &messages[i]
		if err := p.lookUp(ctx, m.Topic); err != nil {
			return nil, key, 0, err
		}
		headers := 0
		for _, h := range m.Headers {
			headers += 10 + len(h.Name) + len(h.Value)
		}
		n := recordbatch.RecordSize(len(m.Key), len(m.Value), headers)
		if limit := maxRecordBytes(m.Topic); n > limit {
			return nil, key, 0, PermanentReason(event.DeadTooLarge, fmt.Errorf("a record of %d bytes for %s, which takes %d: %w", n, m.Topic, limit, ErrTooLarge))
		}
		size += n
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, key, 0, ErrClosed
	}
	if p.stats.QueuedBytes > 0 && p.stats.QueuedBytes+size > p.cfg.QueueBytes {
		p.stats.Refused++
		return nil, key, 0, fmt.Errorf("%w: %d bytes wait for the broker, of at most %d", ErrQueueFull, p.stats.QueuedBytes, p.cfg.QueueBytes)
	}
	f = p.open
	if f.messages == 0 {
		f.out.stamp() // it was made when the one before it took off, which may be long ago
	}
	for i := range messages {
		m := &messages[i]
		key = partitionKey{m.Topic, PartitionOf(m.Key, p.partitions[m.Topic])}
		f.out.AppendTo(m.Topic, key.partition, m.Key, m.Value, m.Headers...)
		ordinal = f.counts[key]
		f.counts[key]++
	}
	f.bytes += size
	f.messages += len(messages)
	p.stats.QueuedBytes += size
	select {
	case p.kick <- struct{}{}:
	default:
	}
	return f, key, ordinal, nil
}

func (p *Producer) lookUp(ctx context.Context, topic string) error {
	p.mu.Lock()
	_, known := p.partitions[topic]
	p.mu.Unlock()
	if known {
		return nil
	}
	n, err := p.log.Partitions(ctx, topic)
	if err == nil && n <= 0 {
		err = ErrUnknownTopic
	}
	if err != nil {
		return fmt.Errorf("topic %s: %w", topic, err)
	}
	p.mu.Lock()
	p.partitions[topic] = n
	p.mu.Unlock()
	return nil
}

// Run writes until ctx ends; then it writes what was accepted, within Timeout, and returns nil. Produce before Run
// waits for it; Produce after Run has ended returns ErrClosed.
func (p *Producer) Run(ctx context.Context) error {
	w := newWriter(p.log, p.cfg.Retry)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-p.kick:
			if p.cfg.Linger > 0 {
				_ = Backoff{Min: p.cfg.Linger, Max: p.cfg.Linger}.wait(ctx, 1)
			}
			w = p.fly(ctx, w)
		}
	}
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.fly(ctx, w)
	return nil
}

// fly writes the open flight, and returns the writer for the next one.
func (p *Producer) fly(ctx context.Context, w *writer) *writer {
	p.mu.Lock()
	f := p.open
	if f.messages == 0 {
		p.mu.Unlock()
		return w
	}
	p.open = p.newFlight()
	p.mu.Unlock()

	// What was accepted is written even when Run is told to end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.Timeout)
	defer cancel()
	w.acked = func(key partitionKey, base int64, records int) {
		f.acked[key] = append(f.acked[key], ackedBatch{base, records})
	}
	var last error
	err := w.write(ctx, f.out, func(attempt int, err error) {
		last = err
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.stats.FailingSince.IsZero() {
			p.stats.FailingSince = p.cfg.Now()
			p.cfg.Logger.Warn().Err(err).Msg("producing failed, trying again")
		}
		p.stats.LastError = err
	})
	given := ctx.Err() != nil
	if err != nil && given {
		err = fmt.Errorf("%w: not acknowledged within %s: %w", ErrUnavailable, p.cfg.Timeout, errors.Join(last, err))
	}
	p.mu.Lock()
	p.stats.QueuedBytes -= f.bytes
	if err == nil {
		p.stats.Messages += uint64(f.messages)
		p.stats.FailingSince, p.stats.LastError = time.Time{}, nil
	} else {
		p.stats.Failed += uint64(f.messages)
		p.stats.LastError = err
	}
	f.err = err
	close(f.done)
	if err == nil {
		p.spare = &flight{out: f.out, counts: f.counts}
	}
	p.mu.Unlock()
	if err != nil {
		return newWriter(p.log, p.cfg.Retry)
	}
	return w
}

// Stats tells how the producer is doing.
func (p *Producer) Stats() ProducerStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}
