package stream

import (
	"context"
	"errors"
	"time"
)

// Broker is what the loop, the Producer and the Tail need of a broker. Package broker implements it on Kafka's
// protocol, package memory in memory; both also implement Admin.
type Broker interface {
	Log
	// Join makes a member of a group. It dials nothing: Member.Next does.
	Join(cfg GroupConfig) (Member, error)
}

// Log reads and writes record batches in Kafka's format v2. All methods may be called concurrently. A request belongs
// to the call until it returns, whatever it returns, and no longer.
type Log interface {
	// Partitions returns the partition count of a topic; ErrUnknownTopic when there is none.
	Partitions(ctx context.Context, topic string) (int32, error)
	// Leaders returns the node that leads each position, in their order; -1 where there is none just now.
	Leaders(ctx context.Context, at []Position) ([]int32, error)
	// Bounds returns the first offset that the log still has and the one after its last, for each position.
	Bounds(ctx context.Context, at []Position) ([]Bounds, error)
	// Fetch fills req.Results. It waits until there is something, but no longer than req.MaxWait. It is one round
	// trip when all positions have one leader.
	Fetch(ctx context.Context, req *FetchRequest) error
	// Produce writes at most one batch for each partition and fills in each batch's Err and Offset. An error of the
	// call as a whole, and a batch's ErrUnavailable, leave open whether it was written.
	Produce(ctx context.Context, req *ProduceRequest) error
	// InitProducer returns a new producer id, for idempotent writing.
	InitProducer(ctx context.Context) (ProducerID, error)
}

// Position is an offset in a partition.
type Position struct {
	Topic     string
	Partition int32
	Offset    int64
}

// OffsetNone is the offset of an assigned partition for which the group has committed nothing yet.
const OffsetNone int64 = -1

// Bounds are the offsets that a log has: Start <= offset < End.
type Bounds struct{ Start, End int64 }

// FetchRequest asks for batches from several positions, with isolation read_committed.
type FetchRequest struct {
	From              []Position
	MinBytes          int32         // answer as soon as there are that many
	MaxWait           time.Duration // answer then at the latest
	MaxBytes          int32         // in all; a first batch that is larger comes whole
	PartitionMaxBytes int32         // of one partition

	Results []FetchResult // valid until the object is used again
	Buffer  []byte        // that the results alias; reused when large enough
}

// FetchResult is what came of one partition. A batch may begin below the offset asked for, and the last may be cut
// short.
type FetchResult struct {
	Topic     string
	Partition int32
	Err       error // ErrOffsetOutOfRange, ErrNotLeader, …
	End       int64 // the end of what readers may see: open transactions and unreplicated records are beyond it
	Aborted   []Aborted
	Data      []byte
}

// Aborted says that what a producer wrote in a transaction from an offset on was aborted, up to its next marker.
type Aborted struct {
	Producer int64
	From     int64
}

// ProducerID identifies a producer session to the broker.
type ProducerID struct {
	ID    int64
	Epoch int16
}

// ProduceRequest writes sealed batches, acknowledged by all in-sync replicas.
type ProduceRequest struct {
	Batches []ProduceBatch
	Timeout time.Duration // how long the broker may wait for the replicas
}

// ProduceBatch is one sealed batch and its outcome.
type ProduceBatch struct {
	Topic     string
	Partition int32
	Data      []byte

	Err    error
	Offset int64 // of the first record; -1: the broker did not say
}

// GroupConfig is how to be a member of a consumer group. Zero durations take the defaults that are named here.
type GroupConfig struct {
	Group             string
	Topics            []string
	SessionTimeout    time.Duration // without a heartbeat for so long, the member is dead; default 10 s
	RebalanceTimeout  time.Duration // how long members may take to come to a new generation; default 30 s
	HeartbeatInterval time.Duration // default 1 s; a third of SessionTimeout at most
	JoinBackoff       time.Duration // before joining again after an error; default 300 ms
}

// Member is a member of a consumer group, used by one goroutine.
type Member interface {
	// Next waits until the member is in a new generation. The generation before must have been released. An error is
	// transient, and Next may be called again, unless ctx has ended.
	Next(ctx context.Context) (Generation, error)
	// Close leaves the group, so that the others need not wait for the session to time out.
	Close() error
}

// Generation is a span of time in which the member owns its partitions.
type Generation interface {
	ID() int32
	// Assigned holds the owned partitions with the offsets to go on from, or OffsetNone.
	Assigned() []Position
	// Done is closed when the partitions must be given away. Until Release the other members wait, as long as the
	// rebalance timeout, and offsets can still be committed.
	Done() <-chan struct{}
	// Commit stores the next offsets to read. It is never called concurrently, nor after Release.
	Commit(ctx context.Context, next []Position) error
	// Release says that the member is through with the partitions; it also ends a generation that is not Done.
	Release()
}

// What an implementation of the ports reports, as errors that wrap these.
var (
	ErrUnknownTopic     = errors.New("unknown topic or partition")
	ErrNotLeader        = errors.New("partition has moved or has no leader")
	ErrOffsetOutOfRange = errors.New("offset out of range")
	ErrTooLarge         = errors.New("record batch larger than the topic takes")
	ErrInvalidBatch     = errors.New("record batch refused as ill-formed")
	ErrOutOfSequence    = errors.New("sequence number out of order")
	ErrUnknownProducer  = errors.New("producer id unknown or fenced")
	ErrDuplicate        = errors.New("batch was written before") // success, seen from the producer
	ErrStaleGeneration  = errors.New("the generation has ended")
	ErrUnavailable      = errors.New("broker not available") // also: too few in-sync replicas
	ErrUnauthorized     = errors.New("not authorized")
)
