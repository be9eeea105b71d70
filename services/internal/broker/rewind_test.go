package broker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sluice/services/internal/broker"
	"sluice/services/internal/stream"
)

// rewinds sets a group back by time, on any broker.
func rewinds(t *testing.T, addr string) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := client(t, addr)
	topic, group := fmt.Sprintf("rewind-%d", time.Now().UnixNano()), fmt.Sprintf("rewind-g-%d", time.Now().UnixNano())
	createTopic(t, addr, topic, 2, 0)
	p, err := stream.NewProducer(stream.ProducerConfig{}, c)
	if err != nil {
		t.Fatal(err)
	}
	producing, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(producing) }()
	// Ten keys cover both partitions; three seconds lie between the halves, by the records' own times.
	send := func(n int) {
		t.Helper()
		for i := range n {
			if err := p.Produce(ctx, stream.Message{Topic: topic, Key: fmt.Append(nil, i), Value: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	awaitTopic(t, c, topic)
	send(10)
	between := awaitNextMillisecond()
	send(10)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	await(t, "an answer about a group that has read nothing", func() bool {
		back, err := c.Rewind(ctx, group, topic, between, false)
		if len(back) != 0 {
			t.Errorf("a group that has read nothing: %v", back)
		}
		return err == nil // a broker that is new makes the topic of the groups' offsets first
	})
	read := func() int64 {
		t.Helper()
		var n atomic.Int64
		reading, done := context.WithCancel(ctx)
		l, err := stream.New(stream.Config{Group: group, Topics: []string{topic}, Stage: "test", CommitInterval: 5 * time.Millisecond, JoinPause: 50 * time.Millisecond}, c,
			stream.HandlerFunc(func(_ context.Context, in *stream.Batch, _ *stream.Out) error {
				n.Add(int64(len(in.Records)))
				return nil
			}))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- l.Run(reading) }()
		await(t, "everything to be committed", func() bool {
			offsets, err := c.GroupOffsets(ctx, group, topic)
			return err == nil && !slices.ContainsFunc(offsets, func(o stream.GroupOffset) bool { return o.Committed != o.End })
		})
		if _, err := c.Rewind(ctx, group, topic, between, false); !errors.Is(err, broker.ErrGroupActive) {
			t.Errorf("a group with a member: %v", err)
		}
		done()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		return n.Load()
	}
	if n := read(); n != 20 {
		t.Fatalf("%d records, want 20", n)
	}
	for _, dry := range []bool{true, false} {
		back, err := c.Rewind(ctx, group, topic, between, dry)
		records := int64(0)
		for _, b := range back {
			records += b.From - b.To
		}
		if err != nil || records != 10 || len(back) != 2 {
			t.Fatalf("dry %v: %v, %v, want two partitions and ten records", dry, back, err)
		}
	}
	if back, err := c.Rewind(ctx, group, topic, time.Now().Add(time.Hour), false); err != nil || len(back) != 0 {
		t.Errorf("to a moment to come: %v, %v", back, err)
	}
	await(t, "the group to stand between the halves", func() bool {
		offsets, err := c.GroupOffsets(ctx, group, topic)
		return err == nil && offsets[0].Lag()+offsets[1].Lag() == 10
	})
	offsets, err := c.GroupOffsets(ctx, group, topic)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := c.Rewind(ctx, group, topic, between.Add(-time.Hour), false); err != nil || len(back) != 2 || back[0].To != offsets[0].Start {
		t.Errorf("to before everything: %v, %v", back, err)
	}
}

// awaitNextMillisecond returns a moment behind all records that were written before and before all that will be.
func awaitNextMillisecond() time.Time {
	now := time.Now().Truncate(time.Millisecond).Add(2 * time.Millisecond)
	<-time.After(time.Until(now.Add(time.Millisecond)))
	return now
}

func awaitTopic(t *testing.T, c *broker.Client, topic string) {
	t.Helper()
	await(t, "the topic's leaders", func() bool {
		infos, err := c.Topics(t.Context(), topic)
		return err == nil && len(infos) == 1 && infos[0].Leaderless == 0
	})
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(5 * time.Minute)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}
