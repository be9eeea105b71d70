package stream

import (
	"context"
	"time"

	"github.com/rs/zerolog"
)

// Producer writes records for callers that wait, such as HTTP requests: what concurrent callers hand in within a
// moment shares record batches, one round trip at a time. It is idempotent: a retry after a lost answer does not
// duplicate within the producer's session. It implements Publisher.
type Producer struct {
	cfg ProducerConfig
	log Log
	*producerState
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
func NewProducer(cfg ProducerConfig, log Log) (*Producer, error) { return newProducer(cfg, log) }

// Run writes until ctx ends; then it writes what was accepted, within Timeout, and returns nil. Produce before Run
// waits for it; Produce after Run has ended returns ErrClosed.
func (p *Producer) Run(ctx context.Context) error { return p.run(ctx) }

// Produce implements Publisher.
func (p *Producer) Produce(ctx context.Context, messages ...Message) error {
	_, err := p.produce(ctx, messages)
	return err
}

// ProduceOne implements Publisher.
func (p *Producer) ProduceOne(ctx context.Context, m Message) (Ack, error) {
	return p.produce(ctx, []Message{m})
}

// Stats tells how the producer is doing.
func (p *Producer) Stats() ProducerStats { return p.stats() }
