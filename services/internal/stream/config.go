package stream

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// Config is how a Loop runs. Group, Topics and Stage are required; zero values elsewhere take the defaults named here.
type Config struct {
	Group  string   // consumer group, such as "sluice.enrichment"
	Topics []string // what it consumes
	Stage  string   // the hop's name, in dead letters and logs

	// Lanes is how many batches are handled at the same time at most; default 2. Each lane owns whole partitions, so
	// more lanes than assigned partitions are not used. Partitions of one lane have one leader where that is possible.
	Lanes int

	Fetch  FetchConfig
	Gather GatherConfig
	Retry  Backoff // of transient errors: the handler's, and the broker's; default 50 ms to 10 s

	CommitInterval time.Duration // between offset commits, default 200 ms
	// Drain is how long a lane that must stop may still need for the batch at hand and its acknowledgements, before the
	// last commit; default half of Session, and it must be below it, for there are no heartbeats meanwhile.
	Drain time.Duration

	// WatchTopics is how often the loop looks whether its topics have got more partitions, default 10 s.
	WatchTopics time.Duration
	// Stall is how long a partition that has records may go without progress and without an error before it counts as
	// stalled: the loop is then not ready, says so, and reads anew. Default 60 s.
	Stall time.Duration

	Session    time.Duration // see GroupConfig.SessionTimeout
	Rebalance  time.Duration // see GroupConfig.RebalanceTimeout
	Heartbeat  time.Duration // see GroupConfig.HeartbeatInterval
	JoinPause  time.Duration // see GroupConfig.JoinBackoff
	BatchBytes int           // see OutConfig.BatchBytes

	Now    func() time.Time // nil: time.Now
	Logger zerolog.Logger   // the zero value logs nothing
	Hooks  Hooks
}

// MaxLinger bounds FetchConfig.Linger.
const MaxLinger = time.Second

// FetchConfig tunes fetching. A lone record is handed on at once whatever stands here; the sizes bound a flood.
type FetchConfig struct {
	PartitionBytes int           // of one partition in one fetch, default 256 KiB
	MaxBytes       int           // in one fetch of a lane, default 4 MiB
	MaxWait        time.Duration // how long an idle fetch may stay at the broker, default 250 ms
	// Linger is how long a lane waits at least from one fetch to the next when the first was not full: default 0, at
	// most a second. More makes fewer and larger batches of a trickle, and a record later by so much in each hop.
	Linger time.Duration
	// ExpandedBytes bounds what one compressed batch may expand to, default 64 MiB. One that is larger is a Loss.
	ExpandedBytes int
}

// GatherConfig makes a lane collect records before Handle, for sinks that want few large batches. The zero value hands
// on what each fetch brings.
type GatherConfig struct {
	Records int           // Handle as soon as there are so many records of one topic
	Bytes   int           // or as many bytes in all topics of the lane, default 64 MiB
	Wait    time.Duration // or when the oldest has waited so long, default 1 s
}

// Backoff is a pause that doubles from Min to Max, with a fifth of it left to chance.
type Backoff struct{ Min, Max time.Duration }

// Hooks are called by the loop's own goroutines and must return quickly. Nil ones are left out.
type Hooks struct {
	Loss      func(Loss)                            // records were lost before this group saw them
	Handled   func(records int, took time.Duration) // a batch went through the handler
	Acked     func(records int, took time.Duration) // a batch's outputs were acknowledged, since it was handed over
	Committed func(next []Position)                 // offsets were committed
	Assigned  func(generation int32, at []Position) // a generation began
	Retry     func(attempt int, err error)          // a batch will be tried again
	Poison    func(rec *Record, cause error)        // a record failed alone
}

func (c Config) withDefaults() (Config, error) {
	var problems []error
	if c.Group == "" {
		problems = append(problems, errors.New("group: empty, want the consumer group's name"))
	}
	if len(c.Topics) == 0 {
		problems = append(problems, errors.New("topics: none, want at least one to consume"))
	}
	if c.Stage == "" {
		problems = append(problems, errors.New("stage: empty, want the hop's name"))
	}
	number := func(name string, v *int, fallback, least int) {
		if *v == 0 {
			*v = fallback
		}
		if *v < least {
			problems = append(problems, fmt.Errorf("%s: %d, want at least %d", name, *v, least))
		}
	}
	span := func(name string, v *time.Duration, fallback time.Duration) {
		if *v == 0 {
			*v = fallback
		}
		if *v < time.Millisecond {
			problems = append(problems, fmt.Errorf("%s: %s, want at least 1ms", name, *v))
		}
	}
	number("lanes", &c.Lanes, 2, 1)
	number("fetch.partition_bytes", &c.Fetch.PartitionBytes, 256<<10, 1)
	number("fetch.max_bytes", &c.Fetch.MaxBytes, 4<<20, 1)
	number("fetch.expanded_bytes", &c.Fetch.ExpandedBytes, 64<<20, 1<<20)
	number("gather.records", &c.Gather.Records, 0, 0)
	number("gather.bytes", &c.Gather.Bytes, 64<<20, 1)
	number("batch_bytes", &c.BatchBytes, DefaultBatchBytes, 1)
	span("fetch.max_wait", &c.Fetch.MaxWait, 250*time.Millisecond)
	span("gather.wait", &c.Gather.Wait, time.Second)
	span("retry.min", &c.Retry.Min, 50*time.Millisecond)
	span("retry.max", &c.Retry.Max, max(10*time.Second, c.Retry.Min))
	span("commit_interval", &c.CommitInterval, 200*time.Millisecond)
	span("watch_topics", &c.WatchTopics, 10*time.Second)
	span("stall", &c.Stall, time.Minute)
	span("session", &c.Session, 10*time.Second)
	span("drain", &c.Drain, c.Session/2)
	span("rebalance", &c.Rebalance, 30*time.Second)
	span("heartbeat", &c.Heartbeat, min(time.Second, c.Session/3))
	span("join_pause", &c.JoinPause, 300*time.Millisecond)
	if c.Fetch.Linger < 0 || c.Fetch.Linger > MaxLinger {
		problems = append(problems, fmt.Errorf("fetch.linger: %s, want from 0 to %s", c.Fetch.Linger, MaxLinger))
	}
	if c.Retry.Max < c.Retry.Min {
		problems = append(problems, fmt.Errorf("retry.max: %s, want at least retry.min, %s", c.Retry.Max, c.Retry.Min))
	}
	if least := min(c.Session, c.Rebalance); c.Drain >= least {
		problems = append(problems, fmt.Errorf("drain: %s, want less than session and rebalance, %s", c.Drain, least))
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, errors.Join(problems...)
}
