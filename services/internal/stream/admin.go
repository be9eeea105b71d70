package stream

import (
	"context"
	"time"

	"sluice/schemas"
)

// Admin looks after topics and groups. Package broker and package memory implement it.
type Admin interface {
	// EnsureTopics creates the topics that are missing, waits until every partition has a leader, and checks the ones
	// that exist: equal partition counts of all topics whose row has none of its own, replication and
	// min.insync.replicas. An error that wraps ErrTopicMismatch says what stands in the way and what to do.
	EnsureTopics(ctx context.Context, topics []schemas.Topic, opt EnsureOptions) (EnsureReport, error)
	// Topics describes the topics with these names; ones that do not exist are left out.
	Topics(ctx context.Context, names ...string) ([]TopicInfo, error)
	// GroupOffsets returns what the group has committed in a topic, and the bounds of its log, for each partition.
	GroupOffsets(ctx context.Context, group, topic string) ([]GroupOffset, error)
	// Cluster says who answers, for doctor and readiness.
	Cluster(ctx context.Context) (ClusterInfo, error)
}

// EnsureOptions are the rules by which topics are created and checked.
type EnsureOptions struct {
	// Partitions is the count for customer-keyed topics when none of them exists; 0: schemas.DefaultPartitions.
	Partitions int
	// AllowUnsafe accepts fewer than three replicas and two in sync: then min(3, brokers) and 1 are used.
	AllowUnsafe bool
	// CheckOnly creates nothing: a missing topic is an error that wraps ErrUnknownTopic.
	CheckOnly bool
}

// EnsureReport is what EnsureTopics found and did.
type EnsureReport struct {
	Created    []string
	Existing   []string
	Partitions int // of the customer-keyed topics
	// Warnings are things that work but that an operator should know, one sentence each.
	Warnings []string
}

// TopicInfo describes a topic.
type TopicInfo struct {
	Name        string
	Partitions  int
	Replication int // the smallest over its partitions
	Leaderless  int // partitions without a leader
}

// GroupOffset is one partition as a group sees it.
type GroupOffset struct {
	Partition int32
	Committed int64 // OffsetNone: nothing yet
	Bounds
}

// Lag is how many records the group has not read yet.
func (g GroupOffset) Lag() int64 { return max(0, g.End-max(g.Start, g.Committed)) }

// ClusterInfo says who answers.
type ClusterInfo struct {
	ID         string
	Brokers    []string // host:port
	Controller string   // host:port
	Versions   string   // what the API versions let one guess about the broker's release
	RoundTrip  time.Duration
}
