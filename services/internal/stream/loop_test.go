package stream_test

import (
	"context"
	"testing"
	"time"

	"sluice/schemas"
	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

func TestSmoke(t *testing.T) {
	b := memory.New(3)
	p, err := stream.NewProducer(stream.ProducerConfig{}, b)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go p.Run(ctx)
	for i := range 100 {
		if err := p.Produce(ctx, stream.Message{Topic: schemas.Transfers, Key: []byte{byte(i)}, Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := stream.New(stream.Config{Group: "g", Topics: []string{schemas.Transfers}, Stage: "test"}, b, stream.HandlerFunc(func(ctx context.Context, in *stream.Batch, out *stream.Out) error {
		for i := range in.Records {
			r := &in.Records[i]
			out.AppendSpliced(schemas.Screened, stream.ByKey, r.Key, r.Value, []byte("+"), r.Headers)
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	lctx, stop := context.WithCancel(ctx)
	go func() { done <- l.Run(lctx) }()
	tail, _ := stream.NewTail(stream.TailConfig{Topic: schemas.Screened}, b)
	n := 0
	tctx, tstop := context.WithCancel(ctx)
	if err := tail.Run(tctx, func(_ context.Context, in *stream.Batch) error {
		if n += len(in.Records); n == 100 {
			tstop()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Log(n, l.State())
	offs, _ := b.GroupOffsets(ctx, "g", schemas.Transfers)
	t.Log(offs)
}
