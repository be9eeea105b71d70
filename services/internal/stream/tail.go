package stream

import (
	"context"
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
func NewTail(cfg TailConfig, log Log) (*Tail, error) { return newTail(cfg, log) }

// Run gives the records to fn, in order within each partition, in one goroutine, until ctx ends (it returns nil) or fn
// returns an error (it returns that). The batch is valid until fn returns. Trouble with the broker is waited out.
func (t *Tail) Run(ctx context.Context, fn func(ctx context.Context, in *Batch) error) error {
	return t.run(ctx, fn)
}
