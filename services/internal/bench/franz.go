package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// What the franz-go loop polls and buffers at most, in records: more made it no faster.
const (
	franzPoll   = 50_000
	franzBuffer = 200_000
)

// franz measures the bare loop through another client, franz-go, as its users write it: poll, produce to the same
// partition, flush, commit. Acknowledged by all in-sync replicas, idempotent, without compression, like ours.
func (b *bench) franz(ctx context.Context, inputs map[string]string, from string) (_ pass, err error) {
	topics, err := b.server.topics(ctx, b.cfg.Partitions, "franz-go")
	if err != nil {
		return pass{}, err
	}
	defer func() { err = errors.Join(err, b.server.remove(topics)) }()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(b.server.brokers...), kgo.ClientID("sluice-bench"),
		kgo.ConsumerGroup(b.server.group("franz-go")), kgo.ConsumeTopics(inputs[from]), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(), kgo.FetchMaxWait(100*time.Millisecond), kgo.FetchMaxPartitionBytes(partitionBytes),
		kgo.DefaultProduceTopic(topics["franz-go"]), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedRecords(franzBuffer), kgo.ProducerBatchMaxBytes(1_000_000),
	)
	if err != nil {
		return pass{}, err
	}
	defer client.Close()
	m := newMeter("", b.cfg.BrokerPID)
	for done := 0; done < b.cfg.Transfers; {
		fetches := client.PollRecords(ctx, franzPoll)
		if err := fetches.Err(); err != nil {
			return pass{}, fmt.Errorf("franz-go: %w", err)
		}
		m.start() // it has its partitions
		var failed atomic.Pointer[error]
		fetches.EachRecord(func(r *kgo.Record) {
			done++
			client.Produce(ctx, &kgo.Record{Key: r.Key, Value: r.Value, Headers: r.Headers, Partition: r.Partition}, func(_ *kgo.Record, err error) {
				if err != nil {
					failed.Store(&err)
				}
			})
		})
		if err := client.Flush(ctx); err != nil {
			return pass{}, fmt.Errorf("franz-go: %w", err)
		}
		if err := failed.Load(); err != nil {
			return pass{}, fmt.Errorf("franz-go: %w", *err)
		}
		if err := client.CommitUncommittedOffsets(ctx); err != nil {
			return pass{}, fmt.Errorf("franz-go: %w", err)
		}
	}
	m.stop()
	return m.finish()
}
