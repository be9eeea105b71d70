package stream

import "time"

// State is what a loop is doing now: the source of readiness, metrics and the live screen. Counters only grow while
// the loop lives.
type State struct {
	Group  string
	Joined bool // a member of the group, in a generation that has not ended
	// Generation is the number the coordinator gave to the current or last generation.
	Generation int32
	Partitions []PartitionState // what is assigned, by topic and partition

	LastProgress time.Time // when a batch was last acknowledged; zero: never
	// RetryingSince is when the oldest of the retries that are under way began; zero: no lane is retrying.
	RetryingSince time.Time
	RetryError    error // why, for the lane of RetryingSince
	// StalledSince is when the watchdog found the oldest of the partitions that have records and do not go on, without
	// any error; zero: none.
	StalledSince time.Time
	GroupError   error // why the loop could not join or lost its generation; nil while Joined

	Consumed     uint64 // records handled and acknowledged
	Produced     uint64 // records written, dead letters included
	DeadLettered uint64 // records written to the dead letter topic
	Poisoned     uint64 // records that failed alone
	Retries      uint64 // batches handled, or produced, again after a transient error
	Panics       uint64 // panics of the handler
	Lost         uint64 // offsets that the log did not have any more
	Rebuilds     uint64 // generations that were ended because a reader stood still
	Generations  uint64 // generations joined
	Commits      uint64 // offset commits that succeeded
	CommitErrors uint64 // offset commits that failed; the offsets are committed again later
}

// PartitionState is one assigned partition.
type PartitionState struct {
	Topic     string
	Partition int32
	Next      int64 // the next offset to handle
	Committed int64 // the offset last committed in this generation; -1: none yet
	End       int64 // the log end as the last fetch told it; -1: not known yet
}

// Lag is how many offsets are not handled yet; 0 when the end is not known.
func (p PartitionState) Lag() int64 { return max(0, p.End-p.Next) }

// Lag is the sum over the assigned partitions.
func (s State) Lag() int64 {
	var n int64
	for _, p := range s.Partitions {
		n += p.Lag()
	}
	return n
}

// Ready says whether the loop works: it is in a generation, no lane has been retrying for longer than patience, and no
// partition is stalled.
func (s State) Ready(now time.Time, patience time.Duration) bool {
	return s.Joined && s.StalledSince.IsZero() && (s.RetryingSince.IsZero() || now.Sub(s.RetryingSince) <= patience)
}

// Loss is a gap in a partition: offsets From (inclusive) to To (exclusive) were not handled and are not in the log any
// more.
type Loss struct {
	Group     string
	Topic     string
	Partition int32
	From, To  int64
	Cause     LossCause
}

// LossCause says how a gap was noticed.
type LossCause string

// The causes of a Loss.
const (
	LossTruncated LossCause = "truncated" // the offset is below the log's start: retention or deletion overtook the group
	LossRewound   LossCause = "rewound"   // the offset is beyond the log's end: the log was cut or replaced
	LossGap       LossCause = "gap"       // the log goes on at a later offset, and neither compaction nor control records explain it
	LossDamaged   LossCause = "damaged"   // a record batch whose checksum does not fit
)
