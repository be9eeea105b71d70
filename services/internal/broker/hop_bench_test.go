package broker_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
	"sluice/services/internal/broker"
	"sluice/services/internal/realservers"
	"sluice/services/internal/stream"
)

// The hop that is measured: records of 570 bytes in 6 partitions, copied from one topic to another, acknowledged and
// (but for the bare loop) committed.
const (
	hopPartitions = 6
	hopRecord     = 570
	hopLanes      = 2
)

// BenchmarkHop compares, on the same broker in the same run, the bare loop, the loop of package stream with a handler
// that copies, and franz-go. Every round does each of them once, in turn, so that what else the machine does falls on
// all alike; the ratios are what counts. -benchtime 5x makes five rounds.
func BenchmarkHop(b *testing.B) {
	for _, on := range []struct {
		name  string
		start func(testing.TB) string
	}{{"embedded", embedded}, {"kafka", func(t testing.TB) string { return realservers.Kafka(t) }}} {
		b.Run(on.name, func(b *testing.B) { benchmarkHop(b, on.start(b)) })
	}
}

func benchmarkHop(b *testing.B, addr string) {
	const n = 600_000
	c := client(b, addr)
	var topics []schemas.Topic
	for _, name := range []string{"in", "out"} {
		topics = append(topics, schemas.Topic{Name: name, Key: schemas.KeyTenantCustomer, MaxValueBytes: 4 << 20, Retention: schemas.Forever})
	}
	if _, err := c.EnsureTopics(b.Context(), topics, stream.EnsureOptions{Partitions: hopPartitions, AllowUnsafe: true}); err != nil {
		b.Fatal(err)
	}
	fill(b, c, n)
	var bare, loop, franz time.Duration
	ways := []struct {
		took *time.Duration
		run  func(testing.TB, *broker.Client, string, string, int) time.Duration
	}{{&bare, hopBare}, {&loop, hopLoop}, {&franz, hopFranz}}
	hopBare(b, c, addr, "", n) // nothing is cold then
	b.ResetTimer()
	for i := range b.N {
		for j := range ways {
			way := ways[(i+j)%len(ways)]
			*way.took += way.run(b, c, addr, fmt.Sprintf("%d-%d", i, time.Now().UnixNano()), n)
		}
	}
	rate := func(d time.Duration) float64 { return float64(n) * float64(b.N) / d.Seconds() / 1000 }
	b.ReportMetric(rate(bare), "bare-k/s")
	b.ReportMetric(rate(loop), "loop-k/s")
	b.ReportMetric(rate(franz), "franz-k/s")
	b.ReportMetric(bare.Seconds()/loop.Seconds(), "loop/bare")
	b.ReportMetric(bare.Seconds()/franz.Seconds(), "franz/bare")
	b.ReportMetric(0, "ns/op")
}

func fill(b testing.TB, c *broker.Client, n int) {
	p, err := stream.NewProducer(stream.ProducerConfig{}, c)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	value := bytes.Repeat([]byte("x"), hopRecord)
	messages := make([]stream.Message, 2000)
	for i := 0; i < n; {
		for j := range messages {
			messages[j] = stream.Message{Topic: "in", Key: fmt.Appendf(messages[j].Key[:0], "default/%d", i), Value: value,
				Headers: []stream.Header{{Name: "fp", Value: value[:26]}}}
			i++
		}
		if err := p.Produce(ctx, messages...); err != nil {
			b.Fatal(err)
		}
	}
	cancel()
	<-done
}

// hopBare returns how long the bare loop took; the others, how long from having their partitions to the last acknowledgement.
func hopBare(b testing.TB, c *broker.Client, _, _ string, _ int) time.Duration {
	bounds, err := c.Bounds(b.Context(), []stream.Position{{Topic: "in", Partition: 0}, {Topic: "in", Partition: 1}, {Topic: "in", Partition: 2}, {Topic: "in", Partition: 3}, {Topic: "in", Partition: 4}, {Topic: "in", Partition: 5}})
	if err != nil {
		b.Fatal(err)
	}
	started := time.Now()
	var wg sync.WaitGroup
	for lane := range hopLanes {
		l := broker.BareLoop{Log: c, From: "in", To: "out", PartitionBytes: 256 << 10}
		count := 0
		for p := lane; p < hopPartitions; p += hopLanes {
			l.Partitions = append(l.Partitions, int32(p))
			count += int(bounds[p].End)
		}
		wg.Go(func() {
			if _, err := l.Run(b.Context(), count); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	return time.Since(started)
}

func hopLoop(b testing.TB, c *broker.Client, _, group string, n int) time.Duration {
	var count atomic.Int64
	var started, finished time.Time
	done := make(chan struct{})
	l, err := stream.New(stream.Config{
		Group: group, Topics: []string{"in"}, Stage: "bench", Lanes: hopLanes,
		Hooks: stream.Hooks{
			Assigned: func(int32, []stream.Position) { started = time.Now() },
			Acked: func(records int, _ time.Duration) {
				if count.Add(int64(records)) == int64(n) {
					finished = time.Now()
					close(done)
				}
			},
		},
	}, c, stream.HandlerFunc(func(_ context.Context, in *stream.Batch, out *stream.Out) error {
		for i := range in.Records {
			r := &in.Records[i]
			out.AppendSpliced("out", r.Partition, r.Key, r.Value, nil, r.Headers)
		}
		return nil
	}))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- l.Run(ctx) }()
	<-done
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	return finished.Sub(started)
}

// hopFranz does the same with franz-go, tuned alike: idempotent, acks all, no compression, committed at the end of each poll.
func hopFranz(b testing.TB, _ *broker.Client, addr, group string, n int) time.Duration {
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumerGroup(group), kgo.ConsumeTopics("in"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(), kgo.FetchMaxPartitionBytes(256<<10),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(0), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MaxBufferedRecords(100_000), kgo.FetchMaxWait(250*time.Millisecond))
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	var started time.Time
	for count := 0; count < n; {
		fetches := cl.PollFetches(b.Context())
		if count == 0 {
			started = time.Now()
		}
		if err := fetches.Err(); err != nil {
			b.Fatal(err)
		}
		var wg sync.WaitGroup
		fetches.EachRecord(func(r *kgo.Record) {
			count++
			wg.Add(1)
			cl.Produce(b.Context(), &kgo.Record{Topic: "out", Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: r.Headers}, func(_ *kgo.Record, err error) {
				if err != nil {
					b.Error(err)
				}
				wg.Done()
			})
		})
		wg.Wait()
		if err := cl.CommitUncommittedOffsets(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(started)
}
