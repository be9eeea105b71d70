package verify

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// cluster reads topics and offsets, with another client than the services have.
type cluster struct {
	options  []kgo.Opt
	client   *kgo.Client
	patience time.Duration
}

// topic is what a broker says of a topic.
type topic struct {
	epoch  string  // its id, 32 hex digits; "" where the broker gives none
	bounds []bound // by partition
}

// bound is the part of a partition that is there: start <= offset < end.
type bound struct{ start, end int64 }

// span is a part of a partition to be read.
type span struct {
	topic     string
	partition int32
	from, to  int64
}

func (s span) len() int64 { return max(0, s.to-s.from) }

func openCluster(k Kafka, patience time.Duration) (*cluster, error) {
	options := []kgo.Opt{kgo.SeedBrokers(k.Brokers...), kgo.ClientID("sluice-verify"),
		kgo.RetryTimeout(patience), kgo.DialTimeout(min(patience, 10*time.Second))}
	if k.TLS != nil {
		options = append(options, kgo.DialTLSConfig(k.TLS))
	}
	switch auth := (scram.Auth{User: k.User, Pass: k.Password}); k.Mechanism {
	case "":
	case "PLAIN":
		options = append(options, kgo.SASL(plain.Auth{User: k.User, Pass: k.Password}.AsMechanism()))
	case "SCRAM-SHA-256":
		options = append(options, kgo.SASL(auth.AsSha256Mechanism()))
	case "SCRAM-SHA-512":
		options = append(options, kgo.SASL(auth.AsSha512Mechanism()))
	default:
		return nil, fmt.Errorf("kafka.sasl.mechanism: %q, want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", k.Mechanism)
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	return &cluster{options, client, patience}, nil
}

func (c *cluster) close() { c.client.Close() }

// errNoTopic says that a topic does not exist.
var errNoTopic = errors.New("no such topic")

// topic describes a topic; errNoTopic.
func (c *cluster) topic(ctx context.Context, name string) (topic, error) {
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &name
	req.Topics = append(req.Topics, t)
	res, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return topic{}, fmt.Errorf("kafka: metadata of %s: %w", name, err)
	}
	if len(res.Topics) != 1 {
		return topic{}, fmt.Errorf("kafka: metadata of %s: %d topics", name, len(res.Topics))
	}
	got := &res.Topics[0]
	if err := kerr.ErrorForCode(got.ErrorCode); errors.Is(err, kerr.UnknownTopicOrPartition) {
		return topic{}, fmt.Errorf("kafka: %s: %w", name, errNoTopic)
	} else if err != nil {
		return topic{}, fmt.Errorf("kafka: metadata of %s: %w", name, err)
	}
	out := topic{bounds: make([]bound, len(got.Partitions))}
	if got.TopicID != [16]byte{} {
		out.epoch = hex.EncodeToString(got.TopicID[:])
	}
	for _, at := range []int64{earliest, latest} {
		offsets, err := c.offsets(ctx, name, len(out.bounds), at)
		if err != nil {
			return topic{}, err
		}
		for i, o := range offsets {
			if at == earliest {
				out.bounds[i].start = o
			} else {
				out.bounds[i].end = o
			}
		}
	}
	return out, nil
}

// What ListOffsets takes for a time.
const (
	latest   = -1 // with read_committed: behind what readers may see
	earliest = -2
)

const readCommitted = 1

// offsets asks for the offsets of all partitions at a time in Unix milliseconds, or one of the above; -1 where no record
// is as late.
func (c *cluster) offsets(ctx context.Context, name string, partitions int, at int64) ([]int64, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID, req.IsolationLevel = -1, readCommitted
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = name
	for i := range partitions {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = int32(i), at
		t.Partitions = append(t.Partitions, p)
	}
	req.Topics = append(req.Topics, t)
	out := make([]int64, partitions)
	seen := 0
	for _, shard := range c.client.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return nil, fmt.Errorf("kafka: offsets of %s: %w", name, shard.Err)
		}
		for _, rt := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, rp := range rt.Partitions {
				if err := kerr.ErrorForCode(rp.ErrorCode); err != nil {
					return nil, fmt.Errorf("kafka: offsets of %s/%d: %w", name, rp.Partition, err)
				}
				if int(rp.Partition) < partitions {
					out[rp.Partition] = rp.Offset
					seen++
				}
			}
		}
	}
	if seen != partitions {
		return nil, fmt.Errorf("kafka: offsets of %s: %d partitions answered, want %d", name, seen, partitions)
	}
	return out, nil
}

// since is where the records of a time begin, in each partition: its end where none is as late.
func (c *cluster) since(ctx context.Context, name string, t topic, at time.Time) ([]int64, error) {
	offsets, err := c.offsets(ctx, name, len(t.bounds), at.UnixMilli())
	for i, o := range offsets {
		if o < 0 {
			offsets[i] = t.bounds[i].end
		}
	}
	return offsets, err
}

// committed is what a group has committed in a topic: the next offset it would read; -1 where it has committed nothing.
func (c *cluster) committed(ctx context.Context, group, name string, partitions int) ([]int64, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group, req.RequireStable = group, true
	t := kmsg.NewOffsetFetchRequestTopic()
	g := kmsg.NewOffsetFetchRequestGroup()
	gt := kmsg.NewOffsetFetchRequestGroupTopic()
	t.Topic, gt.Topic, g.Group = name, name, group
	for i := range partitions {
		t.Partitions = append(t.Partitions, int32(i))
		gt.Partitions = append(gt.Partitions, int32(i))
	}
	g.Topics = append(g.Topics, gt)
	req.Topics, req.Groups = append(req.Topics, t), append(req.Groups, g)
	res, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return nil, fmt.Errorf("kafka: offsets of group %s: %w", group, err)
	}
	out := make([]int64, partitions)
	for i := range out {
		out[i] = -1
	}
	// A group that nobody ever was in has committed nothing.
	unknown := func(code int16) bool { return errors.Is(kerr.ErrorForCode(code), kerr.GroupIDNotFound) }
	take := func(p int32, offset int64, code int16) error {
		if unknown(code) {
			return nil
		}
		if err := kerr.ErrorForCode(code); err != nil {
			return fmt.Errorf("kafka: offset of group %s in %s/%d: %w", group, name, p, err)
		}
		if int(p) < partitions {
			out[p] = offset
		}
		return nil
	}
	if err := kerr.ErrorForCode(res.ErrorCode); err != nil && !unknown(res.ErrorCode) {
		return nil, fmt.Errorf("kafka: offsets of group %s: %w", group, err)
	}
	for _, rt := range res.Topics { // older brokers
		for _, p := range rt.Partitions {
			if err := take(p.Partition, p.Offset, p.ErrorCode); err != nil {
				return nil, err
			}
		}
	}
	for _, rg := range res.Groups {
		if err := kerr.ErrorForCode(rg.ErrorCode); err != nil && !unknown(rg.ErrorCode) {
			return nil, fmt.Errorf("kafka: offsets of group %s: %w", group, err)
		}
		for _, rt := range rg.Topics {
			for _, p := range rt.Partitions {
				if err := take(p.Partition, p.Offset, p.ErrorCode); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

// scan reads the spans and calls each for every record in them that readers may see, in the order of each partition.
// What retention deletes meanwhile is passed over.
func (c *cluster) scan(ctx context.Context, spans []span, each func(*kgo.Record) error) error {
	return c.read(ctx, spans, kgo.ReadCommitted(), func(r *kgo.Record) error {
		if r.Attrs.IsControl() {
			return nil
		}
		return each(r)
	})
}

// scanAll is scan with what readers may not see: the markers of transactions, and what was aborted.
func (c *cluster) scanAll(ctx context.Context, spans []span, each func(*kgo.Record) error) error {
	return c.read(ctx, spans, kgo.ReadUncommitted(), each)
}

func (c *cluster) read(ctx context.Context, spans []span, isolation kgo.IsolationLevel, each func(*kgo.Record) error) error {
	left := map[string]map[int32]span{} // of each partition
	from := map[string]map[int32]kgo.Offset{}
	open := 0
	for _, s := range spans {
		if s.len() == 0 {
			continue
		}
		if left[s.topic] == nil {
			left[s.topic], from[s.topic] = map[int32]span{}, map[int32]kgo.Offset{}
		}
		left[s.topic][s.partition], from[s.topic][s.partition] = s, kgo.NewOffset().At(s.from)
		open++
	}
	if open == 0 {
		return nil
	}
	// Control records are asked for to see the end of a span that ends with one.
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.ConsumePartitions(from), kgo.FetchIsolationLevel(isolation), kgo.KeepControlRecords(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxBytes(16 << 20), kgo.FetchMaxPartitionBytes(2 << 20), kgo.FetchMaxWait(250 * time.Millisecond), kgo.MaxConcurrentFetches(2),
	}, c.options...)...)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	defer client.Close()
	for open > 0 {
		poll, cancel := context.WithTimeout(ctx, c.patience)
		fetches := client.PollFetches(poll)
		cancel()
		if err := c.fetchError(ctx, fetches); err != nil {
			return err
		}
		for it := fetches.RecordIter(); !it.Done(); {
			r := it.Next()
			s, reading := left[r.Topic][r.Partition]
			if !reading || r.Offset < s.from { // of a log that was cut off, the beginning comes
				continue
			}
			if r.Offset < s.to {
				if err := each(r); err != nil {
					return err
				}
			}
			if r.Offset+1 >= s.to {
				delete(left[r.Topic], r.Partition)
				client.PauseFetchPartitions(map[string][]int32{r.Topic: {r.Partition}})
				open--
			}
		}
	}
	return nil
}

func (c *cluster) fetchError(ctx context.Context, fetches kgo.Fetches) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	failed := fetches.Errors()
	if len(failed) == 0 {
		return nil
	}
	first := failed[0]
	if errors.Is(first.Err, context.DeadlineExceeded) {
		return fmt.Errorf("kafka: no record came within %s: the log is shorter than the broker said, or it does not answer", c.patience)
	}
	return fmt.Errorf("kafka: reading %s/%d: %w", first.Topic, first.Partition, first.Err)
}
