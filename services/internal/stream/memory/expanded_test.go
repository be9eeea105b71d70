package memory_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/services/internal/recordbatch"
	"sluice/services/internal/recordbatch/batchtest"
	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

// A topic may be compressed, by whoever writes to it or by the broker: what is fetched at once then holds many times as
// much as a batch may have. It is handled in batches of that size all the same, in order, and each record once.
func TestWhatExpandsIsHandledInBatchesOfTheSizeThatIsBounded(t *testing.T) {
	const most = 256 << 10
	for what, cfg := range map[string]stream.Config{
		"handled as it comes": {Fetch: stream.FetchConfig{MaxBytes: most}},
		"gathered":            {Gather: stream.GatherConfig{Records: 1_000_000, Bytes: most, Wait: time.Second}},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { expand(t, cfg, most) })
		})
	}
}

// expand sends thirty batches of fifty records of two kilobytes, most of them compressed, through a loop whose batches have most
// bytes.
func expand(t *testing.T, cfg stream.Config, most int) {
	const batches, each, size = 30, 50, 2000
	b := memory.New(1)
	b.Create("in", 1, 0)
	n := 0
	value := func() []byte {
		n++
		return fmt.Appendf(nil, "%06d%s", n-1, strings.Repeat("x", size))
	}
	for range batches {
		var in recordbatch.Builder
		for range each {
			in.Append(1, nil, value(), nil, recordbatch.Headers{})
		}
		raw := in.Seal(recordbatch.NoProducer)
		if n%7 != 0 { // some are as they are
			raw = batchtest.Gzipped(t, raw)
		}
		req := &stream.ProduceRequest{Batches: []stream.ProduceBatch{{Topic: "in", Data: raw}}}
		if err := b.Produce(t.Context(), req); err != nil || req.Batches[0].Err != nil {
			t.Fatal(err, req.Batches[0].Err)
		}
	}
	cfg.Group, cfg.Stage, cfg.Topics = "g", "s", []string{"in"}
	next, largest := 0, 0
	handled := make(chan int, 1000)
	l, err := stream.New(cfg, b, stream.HandlerFunc(func(_ context.Context, in *stream.Batch, _ *stream.Out) error {
		sum := 0
		for i := range in.Records {
			sum += len(in.Records[i].Value)
			if got := string(in.Records[i].Value[:6]); got != fmt.Sprintf("%06d", next) {
				t.Errorf("record %s, want %06d", got, next)
			}
			next++
		}
		largest = max(largest, sum)
		handled <- len(in.Records)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	end := run(t, l)
	for got := 0; got < n; {
		got += <-handled
	}
	end()
	if bound := most + 2*each*(size+100); largest > bound || next != n {
		t.Errorf("%d of %d records, the largest batch has %d bytes, want %d at most", next, n, largest, bound)
	}
}
