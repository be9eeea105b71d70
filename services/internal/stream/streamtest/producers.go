package streamtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"sluice/services/internal/stream"
)

func (s *suite) producers() {
	const writers, calls = 8, 40
	topic := s.topic(3, 0)
	c, cut := s.Fragile(s.T)
	p, err := stream.NewProducer(stream.ProducerConfig{}, c)
	if err != nil {
		s.Fatal(err)
	}
	r := s.background(p.Run)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range calls {
				if i%10 == w {
					cut(1)
				}
				m := stream.Message{Topic: topic, Key: fmt.Appendf(nil, "writer-%d", w), Value: fmt.Appendf(nil, "%d", i)}
				if i%2 == 0 {
					if err := p.Produce(s.ctx, m); err != nil {
						s.Error(err)
					}
					continue
				}
				ack, err := p.ProduceOne(s.ctx, m)
				if err != nil || ack.Offset < 0 || ack.Partition != stream.PartitionOf(m.Key, 3) {
					s.Errorf("ack %+v, %v", ack, err)
				}
			}
		})
	}
	wg.Wait()
	r.end()
	next := map[string]int{}
	for _, g := range s.read(topic) {
		if want := strconv.Itoa(next[g.key]); g.value != want {
			s.Fatalf("%s wrote %s, want %s", g.key, g.value, want)
		}
		next[g.key]++
	}
	for w := range writers {
		if n := next[fmt.Sprintf("writer-%d", w)]; n != calls {
			s.Errorf("writer %d: %d records, want %d", w, n, calls)
		}
	}
	if st := p.Stats(); st.Messages != writers*calls || st.Failed != 0 || st.QueuedBytes != 0 || st.LastError != nil {
		s.Errorf("stats: %+v", st)
	}
	if err := p.Produce(s.ctx, stream.Message{Topic: topic}); err == nil {
		s.Error("a producer that has ended took a message")
	}
}

func (s *suite) tail() {
	const n = 200
	topic := s.topic(3, 0)
	s.produce(s.client, numbered(topic, 0, n, 10)...)
	if times := s.inOrder(s.read(topic)); len(times) != n {
		s.Errorf("%d records from the start, want %d", len(times), n)
	}
	// From the end: only what comes afterwards.
	ready := make(chan struct{})
	t, err := stream.NewTail(stream.TailConfig{Topic: topic, From: stream.FromEnd, CaughtUp: func() { close(ready) }}, s.client)
	if err != nil {
		s.Fatal(err)
	}
	var mu sync.Mutex
	var values []string
	r := s.background(func(ctx context.Context) error {
		return t.Run(ctx, func(_ context.Context, in *stream.Batch) error {
			mu.Lock()
			defer mu.Unlock()
			for i := range in.Records {
				values = append(values, string(in.Records[i].Value))
			}
			return nil
		})
	})
	s.receive("the positions", ready)
	s.produce(s.client, numbered(topic, n, 5, 1)...)
	s.await("the new records", func() bool { mu.Lock(); defer mu.Unlock(); return len(values) >= 5 })
	r.end()
	if fmt.Sprint(values) != "[200 201 202 203 204]" {
		s.Errorf("from the end: %v", values)
	}
	// An error of the function ends it.
	stop := fmt.Errorf("enough")
	t, err = stream.NewTail(stream.TailConfig{Topic: topic, Offsets: map[int32]int64{0: 1}}, s.client)
	if err != nil {
		s.Fatal(err)
	}
	if err := t.Run(s.ctx, func(_ context.Context, in *stream.Batch) error {
		for i := range in.Records {
			if r := &in.Records[i]; r.Partition == 0 && r.Offset == 0 {
				s.Error("offset 0 of partition 0, want 1 and on")
			}
		}
		return stop
	}); !errors.Is(err, stop) {
		s.Errorf("%v, want %v", err, stop)
	}
}
