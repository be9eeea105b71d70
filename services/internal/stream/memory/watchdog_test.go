package memory_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/services/internal/stream"
)

// deaf is a broker whose fetches, from some moment on, bring nothing: they neither fail nor end before their time. After
// the next join it is well again.
type deaf struct {
	stream.Broker
	ill   atomic.Bool
	joins atomic.Int64
}

func (d *deaf) Fetch(ctx context.Context, req *stream.FetchRequest) error {
	if !d.ill.Load() {
		return d.Broker.Fetch(ctx, req)
	}
	req.Results = req.Results[:0]
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(req.MaxWait):
		return nil
	}
}

func (d *deaf) Join(cfg stream.GroupConfig) (stream.Member, error) {
	m, err := d.Broker.Join(cfg)
	return deafMember{m, d}, err
}

type deafMember struct {
	stream.Member
	d *deaf
}

func (m deafMember) Next(ctx context.Context) (stream.Generation, error) {
	if m.d.joins.Add(1) > 2 { // the second generation is deaf still
		m.d.ill.Store(false)
	}
	return m.Member.Next(ctx)
}

// lines collects log lines.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.Write(p) }
func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.buf.String(), text)
}

func TestAReaderThatStandsStillIsRebuilt(t *testing.T) {
	w := newWorld(t)
	d := &deaf{Broker: w}
	d.ill.Store(true)
	log := &lines{}
	cfg := stream.Config{Group: "g", Topics: []string{"in"}, Stage: "test", CommitInterval: time.Millisecond, Stall: 20 * time.Millisecond,
		Retry: stream.Backoff{Min: time.Millisecond, Max: 5 * time.Millisecond}, Fetch: stream.FetchConfig{MaxWait: 5 * time.Millisecond}, Logger: zerolog.New(log)}
	var unready atomic.Bool
	l, err := stream.New(cfg, d, stream.HandlerFunc(func(_ context.Context, in *stream.Batch, out *stream.Out) error {
		for i := range in.Records {
			out.Append("out", in.Records[i].Key, in.Records[i].Value)
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	end := run(t, l)
	w.await("the loop to be unready", func() bool {
		s := l.State()
		unready.Store(unready.Load() || !s.StalledSince.IsZero() && !s.Ready(time.Now(), time.Hour))
		return unready.Load()
	})
	w.await("everything to be handled", func() bool { return w.Committed("g", "in", 0) == 100 })
	w.await("the loop to be ready again", func() bool { s := l.State(); return s.StalledSince.IsZero() && s.Ready(time.Now(), time.Hour) })
	if s := l.State(); s.Rebuilds != 2 || s.Generations < 3 {
		t.Errorf("%d rebuilds, %d generations, want 2 and at least 3", s.Rebuilds, s.Generations)
	}
	for _, text := range []string{"records wait and none is handled", "joining again, for a reader stands still", "records are handled again"} {
		if !log.has(text) {
			t.Errorf("the log does not say %q", text)
		}
	}
	end()
	w.want(0, 0)
}

func TestAHandlerThatHangsIsToldOfAndKeepsItsBatch(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	var calls atomic.Int64
	l, end := w.start(func(c *stream.Config) { c.Stall = 10 * time.Millisecond }, stream.HandlerFunc(func(_ context.Context, in *stream.Batch, out *stream.Out) error {
		if calls.Add(1) == 1 {
			<-release
		}
		for i := range in.Records {
			out.Append("out", in.Records[i].Key, in.Records[i].Value)
		}
		return nil
	}))
	w.await("the loop to be unready", func() bool { s := l.State(); return !s.StalledSince.IsZero() && !s.Ready(time.Now(), time.Hour) })
	close(release)
	w.await("the loop to be ready again", func() bool { return l.State().StalledSince.IsZero() && w.Committed("g", "in", 0) == 100 })
	if s := l.State(); s.Rebuilds != 0 || s.Generations != 1 {
		t.Errorf("%d rebuilds, %d generations: the batch was taken away", s.Rebuilds, s.Generations)
	}
	end()
	w.want(0, 0)
}

func TestALoopThatRetriesIsNotStalled(t *testing.T) {
	w := newWorld(t)
	var tries atomic.Int64
	l, end := w.start(func(c *stream.Config) { c.Stall = 4 * time.Millisecond }, stream.HandlerFunc(func(context.Context, *stream.Batch, *stream.Out) error {
		tries.Add(1)
		return stream.ErrUnavailable
	}))
	w.await("many retries", func() bool { return tries.Load() > 50 })
	if s := l.State(); s.Rebuilds != 0 || !s.StalledSince.IsZero() || s.RetryingSince.IsZero() {
		t.Errorf("%d rebuilds, stalled %v, retrying %v: a retry tells of itself", s.Rebuilds, s.StalledSince, s.RetryingSince)
	}
	end()
}
