package memory_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

// A record's time decides how long its topic keeps it: one that waited for nothing must not be as old as the record
// before it.
func TestARecordAfterALongPauseIsOfItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(1)
		b.Create("out", 1, 0)
		p, err := stream.NewProducer(stream.ProducerConfig{}, b)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		var sent []int64
		for range 3 {
			time.Sleep(240 * time.Hour)
			sent = append(sent, time.Now().UnixMilli())
			if err := p.Produce(ctx, stream.Message{Topic: "out", Value: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		reading, done := context.WithCancel(t.Context())
		tail, err := stream.NewTail(stream.TailConfig{Topic: "out", CaughtUp: done}, b)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		if err := tail.Run(reading, func(_ context.Context, in *stream.Batch) error {
			for i := range in.Records {
				got = append(got, in.Records[i].Timestamp)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(sent) {
			t.Fatalf("%d records, want %d", len(got), len(sent))
		}
		for i := range sent {
			if got[i] < sent[i] || got[i] > sent[i]+1000 {
				t.Errorf("record %d is of %d, sent at %d", i, got[i], sent[i])
			}
		}
	})
}
