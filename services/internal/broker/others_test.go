package broker_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/services/internal/realservers"
	"sluice/services/internal/stream"
)

// otherProducers: what they write is read as they mean it, in every codec, and of transactions only what was committed.
func otherProducers(t *testing.T, addr string) {
	const in, out = "others-in", "others-out"
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := client(t, addr)
	if _, err := c.EnsureTopics(ctx, rows(in, out), stream.EnsureOptions{Partitions: 2, AllowUnsafe: true}); err != nil {
		t.Fatal(err)
	}
	var want []string
	write := func(what string, expected bool, opts ...kgo.Opt) {
		t.Helper()
		transactional := len(opts) > 1
		cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(in))...)
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		if transactional {
			if err := cl.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
		}
		var records []*kgo.Record
		for i := range 50 {
			value := fmt.Sprintf("%s-%d %s", what, i, strings.Repeat("compressible ", 20))
			records = append(records, &kgo.Record{Key: fmt.Append(nil, i), Value: []byte(value), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte(what)}}})
			if expected {
				want = append(want, value)
			}
		}
		if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if transactional {
			if err := cl.EndTransaction(ctx, kgo.TransactionEndTry(expected)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for what, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		write(what, true, kgo.ProducerBatchCompression(codec))
	}
	write("aborted", false, kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.TransactionalID("tx-1"))
	write("committed", true, kgo.ProducerBatchCompression(kgo.Lz4Compression()), kgo.TransactionalID("tx-1"))
	write("aborted again", false, kgo.ProducerBatchCompression(kgo.ZstdCompression()), kgo.TransactionalID("tx-2"))
	write("last", true, kgo.ProducerBatchCompression(kgo.NoCompression()))

	var mu sync.Mutex
	var got []string
	all := make(chan struct{})
	l, err := stream.New(stream.Config{Group: "others", Topics: []string{in}, Stage: "test", Session: 6 * time.Second, Heartbeat: 200 * time.Millisecond}, c,
		stream.HandlerFunc(func(_ context.Context, b *stream.Batch, _ *stream.Out) error {
			mu.Lock()
			defer mu.Unlock()
			for i := range b.Records {
				r := &b.Records[i]
				what, _, _ := strings.Cut(string(r.Value), "-")
				if h, ok := r.Headers.Get("h"); !ok || string(h) != what {
					t.Errorf("header %q of %q", h, r.Value)
				}
				if got = append(got, string(r.Value)); len(got) == len(want) {
					close(all)
				}
			}
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- l.Run(running) }()
	select {
	case <-all:
	case <-ctx.Done():
	}
	// The marker behind the last record is passed over too, so that no lag stays.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for l.State().Lag() > 0 && ctx.Err() == nil {
		<-tick.C
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	if st := l.State(); st.Lost != 0 || st.DeadLettered != 0 {
		t.Errorf("state %+v", st)
	}
}

// BenchmarkLone measures what one record takes from a producer through the loop to a reader, when nothing else is under way.
func BenchmarkLone(b *testing.B) {
	for _, on := range []struct {
		name  string
		start func(testing.TB) string
	}{{"embedded", embedded}, {"kafka", func(t testing.TB) string { return realservers.Kafka(t) }}} {
		b.Run(on.name, func(b *testing.B) { benchmarkLone(b, on.start(b)) })
	}
}

func benchmarkLone(b *testing.B, addr string) {
	c := client(b, addr)
	if _, err := c.EnsureTopics(b.Context(), rows("in", "out"), stream.EnsureOptions{Partitions: 1, AllowUnsafe: true}); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	p, err := stream.NewProducer(stream.ProducerConfig{}, c)
	if err != nil {
		b.Fatal(err)
	}
	l, err := stream.New(stream.Config{Group: "g", Topics: []string{"in"}, Stage: "bench"}, c, stream.HandlerFunc(func(_ context.Context, in *stream.Batch, out *stream.Out) error {
		for i := range in.Records {
			out.Append("out", in.Records[i].Key, in.Records[i].Value)
		}
		return nil
	}))
	if err != nil {
		b.Fatal(err)
	}
	ready, came := make(chan struct{}), make(chan struct{}, 1)
	tail, err := stream.NewTail(stream.TailConfig{Topic: "out", From: stream.FromEnd, CaughtUp: func() { close(ready) }}, c)
	if err != nil {
		b.Fatal(err)
	}
	wg.Go(func() { p.Run(ctx) })
	wg.Go(func() { l.Run(ctx) })
	wg.Go(func() { tail.Run(ctx, func(context.Context, *stream.Batch) error { came <- struct{}{}; return nil }) })
	<-ready
	one := func() {
		if err := p.Produce(ctx, stream.Message{Topic: "in", Value: make([]byte, hopRecord)}); err != nil {
			b.Fatal(err)
		}
		<-came
	}
	one()
	var took []time.Duration
	for b.Loop() {
		started := time.Now()
		one()
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
}
