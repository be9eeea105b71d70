package memory_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/schemas"
	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

// world is an in-memory broker with 100 numbered records, ten to a batch, in the one partition of "in".
type world struct {
	*memory.Broker
	t *testing.T
}

func newWorld(t *testing.T) *world {
	b := memory.New(1)
	b.Create("in", 1, 0)
	b.Create("out", 1, 0)
	w := &world{b, t}
	for i := range 10 {
		w.produce(10*i, 10)
	}
	return w
}

func (w *world) produce(from, n int) {
	w.t.Helper()
	p, err := stream.NewProducer(stream.ProducerConfig{}, w)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	var messages []stream.Message
	for i := range n {
		messages = append(messages, stream.Message{Topic: "in", Value: strconv.AppendInt(nil, int64(from+i), 10)})
	}
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	if err := p.Produce(ctx, messages...); err != nil {
		w.t.Fatal(err)
	}
	cancel()
	<-done
}

func (w *world) await(what string, ok func() bool) {
	w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(3 * time.Minute)
	for !ok() {
		select {
		case <-deadline:
			w.t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

// run copies from "in" to "out" as group "g" until all is committed.
func (w *world) run(change func(*stream.Config)) (*stream.Loop, []stream.Loss) {
	w.t.Helper()
	var mu sync.Mutex
	var losses []stream.Loss
	l, end := w.start(func(c *stream.Config) {
		c.Hooks.Loss = func(l stream.Loss) { mu.Lock(); losses = append(losses, l); mu.Unlock() }
		if change != nil {
			change(c)
		}
	}, nil)
	w.await("everything to be committed", func() bool {
		o, err := w.GroupOffsets(w.t.Context(), "g", "in")
		return err == nil && o[0].Committed == o[0].End
	})
	end()
	return l, losses
}

func (w *world) start(change func(*stream.Config), h stream.Handler) (*stream.Loop, func()) {
	w.t.Helper()
	cfg := stream.Config{Group: "g", Topics: []string{"in"}, Stage: "test", CommitInterval: time.Millisecond,
		Retry: stream.Backoff{Min: time.Millisecond, Max: 5 * time.Millisecond}, Fetch: stream.FetchConfig{MaxWait: 20 * time.Millisecond}}
	if change != nil {
		change(&cfg)
	}
	if h == nil {
		h = stream.HandlerFunc(func(_ context.Context, in *stream.Batch, out *stream.Out) error {
			for i := range in.Records {
				out.Append("out", in.Records[i].Key, in.Records[i].Value)
			}
			return nil
		})
	}
	l, err := stream.New(cfg, w, h)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	end := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(end)
	return l, end
}

// out returns how often each number is in "out".
func (w *world) out(topic string) map[string]int {
	w.t.Helper()
	times := map[string]int{}
	ctx, cancel := context.WithCancel(w.t.Context())
	tail, err := stream.NewTail(stream.TailConfig{Topic: topic, CaughtUp: cancel}, w)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := tail.Run(ctx, func(_ context.Context, in *stream.Batch) error {
		for i := range in.Records {
			times[string(in.Records[i].Value)]++
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return times
}

// want fails unless "out" has each of 0 to 99 once, but for those from lost to found, that it has not.
func (w *world) want(lost, found int) {
	w.t.Helper()
	times := w.out("out")
	for i := range 100 {
		want := 1
		if lost <= i && i < found {
			want = 0
		}
		if got := times[strconv.Itoa(i)]; got != want {
			w.t.Errorf("record %d came %d times, want %d", i, got, want)
		}
	}
}

func loss(from, to int64, cause stream.LossCause) stream.Loss {
	return stream.Loss{Group: "g", Topic: "in", From: from, To: to, Cause: cause}
}

func TestAGapInTheLogIsALoss(t *testing.T) {
	w := newWorld(t)
	if err := w.DropBatch("in", 0, 33); err != nil {
		t.Fatal(err)
	}
	_, losses := w.run(nil)
	if len(losses) != 1 || losses[0] != loss(30, 40, stream.LossGap) {
		t.Errorf("losses %+v", losses)
	}
	w.want(30, 40)
}

func TestADamagedBatchIsKeptWholeAndReported(t *testing.T) {
	w := newWorld(t)
	if err := w.Damage("in", 0, 55); err != nil {
		t.Fatal(err)
	}
	l, losses := w.run(nil)
	if len(losses) != 1 || losses[0] != loss(50, 60, stream.LossDamaged) {
		t.Errorf("losses %+v", losses)
	}
	w.want(50, 60)
	if letters := w.out(schemas.DeadLetters); len(letters) != 1 || l.State().DeadLettered != 1 {
		t.Errorf("%d dead letters", len(letters))
	}
}

func TestALogThatWasCutIsReadAgain(t *testing.T) {
	w := newWorld(t)
	w.run(nil)
	if err := w.Truncate("in", 0, 40); err != nil {
		t.Fatal(err)
	}
	w.produce(40, 20)
	_, losses := w.run(nil)
	if len(losses) != 1 || losses[0] != loss(60, 100, stream.LossRewound) {
		t.Errorf("losses %+v", losses)
	}
	if times := w.out("out"); times["45"] != 2 || times["5"] != 2 || times["95"] != 1 {
		t.Errorf("records came %v times", times)
	}
}

func TestAProducerThatTheBrokerForgotBeginsANewSession(t *testing.T) {
	w := newWorld(t)
	var acks atomic.Int64
	w.run(func(c *stream.Config) {
		c.Fetch.PartitionBytes = 1
		c.Hooks.Acked = func(int, time.Duration) {
			if acks.Add(1)%3 == 0 {
				w.ForgetProducers()
			}
		}
	})
	w.want(0, 0)
}

func TestAStaleGenerationNeverCommits(t *testing.T) {
	w := newWorld(t)
	entered, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	_, end := w.start(func(c *stream.Config) { c.Lanes = 1 }, stream.HandlerFunc(func(ctx context.Context, in *stream.Batch, out *stream.Out) error {
		once.Do(func() { close(entered); <-goOn })
		for i := range in.Records {
			out.Append("out", nil, in.Records[i].Value)
		}
		return nil
	}))
	<-entered
	w.Expel("g") // the coordinator took the session for dead
	close(goOn)
	// The batch under way is written, its commit refused, and the records come again in the next generation.
	w.await("the next generation to commit", func() bool { return w.Committed("g", "in", 0) == 100 })
	end()
	for i := range 100 {
		if n := w.out("out")[strconv.Itoa(i)]; n != 2 && n != 1 {
			t.Fatalf("record %d came %d times", i, n)
		}
	}
	if w.out("out")["0"] != 2 {
		t.Error("the first batch did not come again: its stale commit was taken")
	}
}

func TestTroubleIsWaitedOutWithoutLoss(t *testing.T) {
	for _, op := range []string{"fetch", "produce", "produced", "init_producer", "bounds", "partitions", "join", "commit"} {
		for _, after := range []bool{false, true} {
			if op == "produced" && !after {
				continue // that is when it happens
			}
			t.Run(fmt.Sprintf("%s, after %v", op, after), func(t *testing.T) {
				w := newWorld(t)
				var n atomic.Int64
				trouble := fmt.Errorf("%w: injected", stream.ErrUnavailable)
				w.Inject(func(c memory.Call) memory.Fault {
					if c.Op != op || n.Add(1) > 5 {
						return memory.Fault{}
					}
					if after && (op == "produce" || op == "produced" || op == "commit") {
						return memory.Fault{After: trouble}
					}
					return memory.Fault{Before: trouble}
				})
				l, losses := w.run(nil)
				if len(losses) != 0 || n.Load() == 0 {
					t.Errorf("losses %+v, struck %d times", losses, n.Load())
				}
				w.Inject(nil)
				w.want(0, 0)
				if op == "commit" && l.State().CommitErrors == 0 {
					t.Error("commit errors are not counted")
				}
			})
		}
	}
}

func TestAFullProducerRefusesAtOnce(t *testing.T) {
	w := newWorld(t)
	hold := make(chan struct{})
	w.Inject(func(c memory.Call) memory.Fault {
		if c.Op == "produce" {
			<-hold
		}
		return memory.Fault{}
	})
	p, err := stream.NewProducer(stream.ProducerConfig{QueueBytes: 3000}, w)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	m := stream.Message{Topic: "out", Value: make([]byte, 1000)}
	results := make(chan error, 2)
	for i := range 2 {
		go func() { results <- p.Produce(ctx, m) }()
		w.await("the message to be queued", func() bool { return p.Stats().QueuedBytes > 1000*(i+1) })
	}
	if err := p.Produce(ctx, m); !errors.Is(err, stream.ErrQueueFull) || p.Stats().Refused != 1 {
		t.Errorf("a third message: %v", err)
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	if err := p.Produce(gone, stream.Message{Topic: "out"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that went: %v", err)
	}
	close(hold)
	for range 2 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := p.Produce(t.Context(), m); !errors.Is(err, stream.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestAProducerGivesUpAfterItsTimeout(t *testing.T) {
	w := newWorld(t)
	w.Inject(func(c memory.Call) memory.Fault {
		if c.Op == "produce" {
			return memory.Fault{Before: fmt.Errorf("%w: too few replicas", stream.ErrUnavailable)}
		}
		return memory.Fault{}
	})
	p, err := stream.NewProducer(stream.ProducerConfig{Timeout: 30 * time.Millisecond, Retry: stream.Backoff{Min: time.Millisecond, Max: time.Millisecond}}, w)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	if err := p.Produce(ctx, stream.Message{Topic: "out"}); !errors.Is(err, stream.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if st := p.Stats(); st.Failed != 1 || st.QueuedBytes != 0 || st.FailingSince.IsZero() || st.LastError == nil {
		t.Errorf("stats %+v", st)
	}
	w.Inject(nil)
	if err := p.Produce(ctx, stream.Message{Topic: "out"}); err != nil || !p.Stats().FailingSince.IsZero() {
		t.Errorf("afterwards: %v, %+v", err, p.Stats())
	}
	if err := p.Produce(ctx, stream.Message{Topic: "no-such-topic"}); !errors.Is(err, stream.ErrUnknownTopic) {
		t.Errorf("an unknown topic: %v", err)
	}
	cancel()
	<-done
}

func TestRebalancesInMidStreamLoseNothing(t *testing.T) {
	w := newWorld(t)
	var n atomic.Int64
	w.run(func(c *stream.Config) {
		c.Fetch.PartitionBytes = 1
		c.Hooks.Acked = func(int, time.Duration) {
			if n.Add(1)%2 == 0 && n.Load() < 20 {
				w.Rebalance("g")
			}
		}
	})
	w.want(0, 0)
}

func TestAddedPartitionsAreConsumed(t *testing.T) {
	w := newWorld(t)
	l, end := w.start(func(c *stream.Config) { c.WatchTopics = 5 * time.Millisecond }, nil)
	w.await("the first records", func() bool { return l.State().Consumed == 100 })
	if err := w.AddPartitions("in", 2); err != nil {
		t.Fatal(err)
	}
	w.await("the new partitions", func() bool { return len(l.State().Partitions) == 3 })
	end()
	w.want(0, 0)
}
