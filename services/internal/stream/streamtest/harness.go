// Package streamtest is the conformance suite of package stream: what the loop, the producer and the tail promise, tried
// on an implementation of the ports. It runs on memory, on the embedded broker and on a real Kafka.
package streamtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/pkg/event"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// Client is what a process has of a broker.
type Client interface {
	stream.Broker
	stream.Admin
}

// Harness is an implementation under test: one broker, empty but for the dead letter topic.
type Harness struct {
	// Client connects. The connection is closed when the test ends.
	Client func(t *testing.T) Client
	// Fragile connects so that cut makes the next n produced requests lose their answer: the broker writes them, and
	// the connection breaks.
	Fragile func(t *testing.T) (c Client, cut func(n int))
	// Create makes a topic. maxBatch is the largest record batch it takes; 0: the broker's default.
	Create func(t *testing.T, name string, partitions, maxBatch int)
	// DeleteBefore makes offset the first of a partition.
	DeleteBefore func(t *testing.T, topic string, partition int32, offset int64)
}

// patience is how long anything may take before a test gives up on it.
const patience = 60 * time.Second

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"order per key is kept and everything is committed", (*suite).orderPerKey},
		{"a crash at any point loses nothing", (*suite).crashes},
		{"two members share the partitions and lose nothing", (*suite).twoMembers},
		{"a transient error of the handler is retried, never skipped", (*suite).transient},
		{"a poisonous record goes to the dead letter topic and the stream goes on", (*suite).poison},
		{"a handler may place its poisonous records itself", (*suite).poisoner},
		{"an answer that is lost makes no duplicate", (*suite).lostAnswers},
		{"a batch that the broker finds too large is split", (*suite).tooLarge},
		{"truncated records are reported as lost", (*suite).truncated},
		{"a restart goes on where it stopped", (*suite).restart},
		{"a slow batch is finished before the loop ends", (*suite).drain},
		{"a batch that takes longer than the drain time is given up and comes again", (*suite).drainOver},
		{"concurrent producers each keep their order", (*suite).producers},
		{"a tail reads from the start, from the end, and says when it has caught up", (*suite).tail},
		{"a gathering sink gets few large batches, and a lone record in time", (*suite).gather},
		{"several topics are consumed side by side", (*suite).severalTopics},
		{"a loop that starts before its topic waits for it", (*suite).lateTopic},
		{"missing topics are made with equal counts", (*suite).ensure},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			s := &suite{T: t, Harness: h, ctx: ctx}
			s.client = h.Client(t)
			test.run(s)
		})
	}
}

// suite is one test's view of the harness.
type suite struct {
	*testing.T
	Harness
	ctx    context.Context
	client Client
}

var names atomic.Int64

// name returns a name that no other test uses, in this run or on this broker before.
func (s *suite) name(prefix string) string {
	return fmt.Sprintf("%s-%d-%d", prefix, time.Now().UnixNano(), names.Add(1))
}

// topic makes a topic that is ready to use.
func (s *suite) topic(partitions, maxBatch int) string {
	s.Helper()
	name := s.name("t")
	s.Create(s.T, name, partitions, maxBatch)
	s.await("the topic's leaders", func() bool {
		infos, err := s.client.Topics(s.ctx, name)
		return err == nil && len(infos) == 1 && infos[0].Leaderless == 0
	})
	return name
}

// await polls a condition.
func (s *suite) await(what string, ok func() bool) {
	s.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-s.ctx.Done():
			s.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

func (s *suite) receive(what string, c <-chan struct{}) {
	s.Helper()
	select {
	case <-c:
	case <-s.ctx.Done():
		s.Fatalf("waited in vain for %s", what)
	}
}

// running is a Run that goes on in the background.
type running struct {
	s    *suite
	stop context.CancelFunc
	done chan error
}

func (s *suite) background(run func(context.Context) error) *running {
	ctx, cancel := context.WithCancel(s.ctx)
	r := &running{s: s, stop: cancel, done: make(chan error, 1)}
	go func() { r.done <- run(ctx) }()
	s.Cleanup(func() { cancel() })
	return r
}

// end stops it and waits for it.
func (r *running) end() {
	r.s.Helper()
	r.stop()
	r.wait()
}

func (r *running) wait() {
	r.s.Helper()
	select {
	case err := <-r.done:
		if err != nil {
			r.s.Fatalf("Run: %v", err)
		}
	case <-time.After(patience):
		r.s.Fatal("Run does not end")
	}
}

func (s *suite) config(group string, topics ...string) stream.Config {
	return stream.Config{
		Group: group, Topics: topics, Stage: "test",
		Retry:          stream.Backoff{Min: time.Millisecond, Max: 20 * time.Millisecond},
		CommitInterval: 10 * time.Millisecond,
		Fetch:          stream.FetchConfig{MaxWait: 100 * time.Millisecond},
		Session:        6 * time.Second,
		JoinPause:      100 * time.Millisecond,
		Heartbeat:      200 * time.Millisecond,
	}
}

// loop starts a loop.
func (s *suite) loop(cfg stream.Config, b stream.Broker, h stream.Handler) (*stream.Loop, *running) {
	s.Helper()
	l, err := stream.New(cfg, b, h)
	if err != nil {
		s.Fatal(err)
	}
	return l, s.background(l.Run)
}

// produce writes records, and returns when all are acknowledged.
func (s *suite) produce(b stream.Log, messages ...stream.Message) {
	s.Helper()
	p, err := stream.NewProducer(stream.ProducerConfig{}, b)
	if err != nil {
		s.Fatal(err)
	}
	r := s.background(p.Run)
	for len(messages) > 0 {
		n := min(len(messages), 500)
		if err := p.Produce(s.ctx, messages[:n]...); err != nil {
			s.Fatal(err)
		}
		messages = messages[n:]
	}
	r.end()
}

// numbered makes n records whose values count up, with that many keys.
func numbered(topic string, from, n, keys int) []stream.Message {
	messages := make([]stream.Message, n)
	for i := range messages {
		messages[i] = stream.Message{Topic: topic, Key: fmt.Appendf(nil, "key-%d", (from+i)%keys), Value: fmt.Appendf(nil, "%d", from+i),
			Headers: []stream.Header{{Name: "n", Value: fmt.Appendf(nil, "%d", from+i)}}}
	}
	return messages
}

// got is a record, copied.
type got struct {
	topic     string
	partition int32
	offset    int64
	key       string
	value     string
	headers   map[string]string
}

func copyOf(r *stream.Record) got {
	g := got{topic: r.Topic, partition: r.Partition, offset: r.Offset, key: string(r.Key), value: string(r.Value), headers: map[string]string{}}
	for name, value := range r.Headers.All() {
		g.headers[string(name)] = string(value)
	}
	return g
}

// read returns all that is in a topic now.
func (s *suite) read(topic string) []got {
	s.Helper()
	var all []got
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	t, err := stream.NewTail(stream.TailConfig{Topic: topic, CaughtUp: cancel}, s.client)
	if err != nil {
		s.Fatal(err)
	}
	if err := t.Run(ctx, func(_ context.Context, in *stream.Batch) error {
		for i := range in.Records {
			all = append(all, copyOf(&in.Records[i]))
		}
		return nil
	}); err != nil {
		s.Fatal(err)
	}
	if s.ctx.Err() != nil {
		s.Fatalf("reading %s took too long", topic)
	}
	return all
}

// deadLetters returns the dead letters that came from a topic.
func (s *suite) deadLetters(topic string) []got {
	s.Helper()
	var from []got
	for _, g := range s.read(schemas.DeadLetters) {
		if g.headers[event.HeaderDeadTopic] == topic {
			from = append(from, g)
		}
	}
	return from
}

// awaitCommitted waits until the group has committed all of a topic.
func (s *suite) awaitCommitted(group, topic string) {
	s.Helper()
	s.await("the group to commit everything", func() bool {
		offsets, err := s.client.GroupOffsets(s.ctx, group, topic)
		if err != nil {
			return false
		}
		for _, o := range offsets {
			if o.Lag() != 0 {
				return false
			}
		}
		return true
	})
}

// copier appends every record to a topic, in the partition of its source.
func copier(to string) stream.HandlerFunc {
	return func(_ context.Context, in *stream.Batch, out *stream.Out) error {
		for i := range in.Records {
			r := &in.Records[i]
			out.AppendSpliced(to, r.Partition, r.Key, r.Value, nil, r.Headers)
		}
		return nil
	}
}

// Cutter dials connections that lose the answer to a Produce request when told to: the broker has answered, and the
// client sees the connection end.
type Cutter struct{ left atomic.Int64 }

// Cut makes the next n Produce requests lose their answers.
func (c *Cutter) Cut(n int) { c.left.Store(int64(n)) }

// Dial implements a dial function.
func (c *Cutter) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &cutConn{Conn: conn, cutter: c}, nil
}

type cutConn struct {
	net.Conn
	cutter *Cutter
	mu     sync.Mutex
	doomed bool
}

// Write implements net.Conn. A request is one Write.
func (c *cutConn) Write(p []byte) (int, error) {
	const produceKey = 0
	if len(p) > 8 && p[4] == 0 && p[5] == produceKey && c.cutter.left.Load() > 0 && c.cutter.left.Add(-1) >= 0 {
		c.mu.Lock()
		c.doomed = true
		c.mu.Unlock()
	}
	return c.Conn.Write(p)
}

// Read implements net.Conn.
func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.doomed && err == nil {
		_ = c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// errCrashed is what a crashed process's calls would return, were there somebody to see it.
var errCrashed = errors.New("crashed")

// crasher is a Broker that stops to reach the broker at a chosen call, as a process does that is killed there.
type crasher struct {
	stream.Broker
	op     string // the call at which to crash
	nth    int64  // which of them
	after  bool   // the call still reaches the broker
	seen   atomic.Int64
	dead   atomic.Bool
	killed chan struct{}
}

func newCrasher(b stream.Broker, op string, nth int64, after bool) *crasher {
	return &crasher{Broker: b, op: op, nth: nth, after: after, killed: make(chan struct{})}
}

func (c *crasher) call(op string, f func() error) error {
	if c.dead.Load() {
		return errCrashed
	}
	if op != c.op || c.seen.Add(1) != c.nth {
		return f()
	}
	if c.after {
		_ = f()
	}
	c.dead.Store(true)
	close(c.killed)
	return errCrashed
}

// Fetch implements stream.Log.
func (c *crasher) Fetch(ctx context.Context, req *stream.FetchRequest) error {
	return c.call("fetch", func() error { return c.Broker.Fetch(ctx, req) })
}

// Produce implements stream.Log.
func (c *crasher) Produce(ctx context.Context, req *stream.ProduceRequest) error {
	return c.call("produce", func() error { return c.Broker.Produce(ctx, req) })
}

// Join implements stream.Broker.
func (c *crasher) Join(cfg stream.GroupConfig) (stream.Member, error) {
	m, err := c.Broker.Join(cfg)
	return crashMember{m, c}, err
}

type crashMember struct {
	stream.Member
	c *crasher
}

// Next implements stream.Member.
func (m crashMember) Next(ctx context.Context) (stream.Generation, error) {
	g, err := m.Member.Next(ctx)
	if err != nil {
		return nil, err
	}
	return crashGeneration{g, m.c}, nil
}

type crashGeneration struct {
	stream.Generation
	c *crasher
}

// Commit implements stream.Generation.
func (g crashGeneration) Commit(ctx context.Context, next []stream.Position) error {
	return g.c.call("commit", func() error { return g.Generation.Commit(ctx, next) })
}
