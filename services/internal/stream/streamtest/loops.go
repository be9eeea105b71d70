package streamtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sluice/pkg/event"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// inOrder fails unless, for each key, the values count up where they first appear; and returns how often each came.
func (s *suite) inOrder(records []got) map[int]int {
	s.Helper()
	last := map[string]int{}
	times := map[int]int{}
	for _, r := range records {
		n, err := strconv.Atoi(r.value)
		if err != nil {
			s.Fatal(err)
		}
		if times[n] == 0 {
			if before, ok := last[r.key]; ok && n < before {
				s.Fatalf("%s: %d first came behind %d", r.key, n, before)
			}
			last[r.key] = n
		}
		times[n]++
	}
	return times
}

// complete fails unless every number from 0 to n came, exactly once if so asked.
func (s *suite) complete(times map[int]int, n int, once bool) {
	s.Helper()
	for i := range n {
		if times[i] == 0 {
			s.Fatalf("record %d is lost", i)
		}
		if once && times[i] > 1 {
			s.Fatalf("record %d came %d times", i, times[i])
		}
	}
	if len(times) != n {
		s.Fatalf("%d different records, want %d", len(times), n)
	}
}

func (s *suite) orderPerKey() {
	const n = 3000
	in, out, group := s.topic(4, 0), s.topic(4, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, n, 50)...)
	l, r := s.loop(s.config(group, in), s.client, copier(out))
	s.awaitCommitted(group, in)
	st := l.State()
	if !st.Joined || len(st.Partitions) != 4 || st.Lag() != 0 || !st.Ready(time.Now(), time.Second) || st.LastProgress.IsZero() {
		s.Errorf("state: %+v", st)
	}
	r.end()
	records := s.read(out)
	s.complete(s.inOrder(records), n, true)
	for _, g := range records {
		if g.headers["n"] != g.value {
			s.Fatalf("headers %v of record %s", g.headers, g.value)
		}
		if want := stream.PartitionOf([]byte(g.key), 4); g.partition != want {
			s.Fatalf("key %s is in partition %d, want %d", g.key, g.partition, want)
		}
	}
	if st := l.State(); st.Consumed != n || st.Produced != n || st.Lost != 0 || st.Joined {
		s.Errorf("state at the end: %+v", st)
	}
}

func (s *suite) crashes() {
	const n = 400
	for _, at := range []struct {
		op    string
		nth   int64
		after bool
	}{{"fetch", 2, true}, {"produce", 1, false}, {"produce", 1, true}, {"produce", 3, true}, {"commit", 1, false}, {"commit", 1, true}} {
		when := "before"
		if at.after {
			when = "after"
		}
		in, out, group := s.topic(2, 0), s.topic(2, 0), s.name("g")
		for i := range 4 { // several batches, so that there is a third produce
			s.produce(s.client, numbered(in, i*n/4, n/4, 10)...)
		}
		cfg := s.config(group, in)
		cfg.Fetch.PartitionBytes = 512
		cfg.Drain = 10 * time.Millisecond
		c := newCrasher(s.client, at.op, at.nth, at.after)
		_, r := s.loop(cfg, c, copier(out))
		s.receive(fmt.Sprintf("the crash %s %s %d", when, at.op, at.nth), c.killed)
		r.end()
		_, r = s.loop(s.config(group, in), s.Client(s.T), copier(out))
		s.awaitCommitted(group, in)
		r.end()
		s.complete(s.inOrder(s.read(out)), n, false)
	}
}

func (s *suite) twoMembers() {
	const n = 600
	in, out, group := s.topic(4, 0), s.topic(4, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, n, 20)...)
	a, ra := s.loop(s.config(group, in), s.Client(s.T), copier(out))
	s.await("the first member to work", func() bool { return a.State().Consumed > 0 })
	b, rb := s.loop(s.config(group, in), s.Client(s.T), copier(out))
	s.await("both members to have partitions", func() bool {
		return len(a.State().Partitions) == 2 && len(b.State().Partitions) == 2
	})
	s.produce(s.client, numbered(in, n, n, 20)...)
	s.awaitCommitted(group, in)
	ra.end()
	s.produce(s.client, numbered(in, 2*n, n, 20)...)
	s.await("the other member to have all partitions", func() bool { return len(b.State().Partitions) == 4 })
	s.awaitCommitted(group, in)
	rb.end()
	s.complete(s.inOrder(s.read(out)), 3*n, false)
}

func (s *suite) transient() {
	const n = 100
	in, out, group := s.topic(2, 0), s.topic(2, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, n, 5)...)
	var failing atomic.Bool
	failing.Store(true)
	away := errors.New("the list is away")
	cfg := s.config(group, in)
	var l *stream.Loop
	l, r := s.loop(cfg, s.client, stream.HandlerFunc(func(ctx context.Context, b *stream.Batch, o *stream.Out) error {
		_ = copier(out)(ctx, b, o) // what was appended before an error must not be written
		if failing.Load() {
			return fmt.Errorf("look up: %w", away)
		}
		return nil
	}))
	s.await("retries", func() bool { return l.State().Retries >= 4 })
	st := l.State()
	if st.RetryingSince.IsZero() || !errors.Is(st.RetryError, away) || st.Consumed != 0 || st.Lag() == 0 || st.Ready(time.Now().Add(time.Minute), time.Second) {
		s.Errorf("state while retrying: %+v", st)
	}
	failing.Store(false)
	s.awaitCommitted(group, in)
	if st := l.State(); !st.RetryingSince.IsZero() || st.RetryError != nil {
		s.Errorf("state afterwards: %+v", st)
	}
	r.end()
	s.complete(s.inOrder(s.read(out)), n, true)
}

// breaking is a copier that cannot take some records.
func breaking(out string, bad, panics map[string]bool) stream.HandlerFunc {
	return func(ctx context.Context, in *stream.Batch, o *stream.Out) error {
		for i := range in.Records {
			switch v := string(in.Records[i].Value); {
			case bad[v]:
				return stream.PermanentReason("bad_value", fmt.Errorf("value %s", v))
			case panics[v]:
				panic("value " + v)
			}
		}
		return copier(out)(ctx, in, o)
	}
}

func (s *suite) poison() {
	const n = 200
	in, out, group := s.topic(2, 0), s.topic(2, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, n, 7)...)
	bad, panics := map[string]bool{"0": true, "17": true, "199": true}, map[string]bool{"42": true, "43": true}
	l, r := s.loop(s.config(group, in), s.client, breaking(out, bad, panics))
	s.awaitCommitted(group, in)
	r.end()
	times := s.inOrder(s.read(out))
	var letters []string
	for _, g := range s.deadLetters(in) {
		letters = append(letters, g.value)
		h := g.headers
		reason := "bad_value"
		if panics[g.value] {
			reason = event.DeadPanic
		}
		if h[event.HeaderDeadReason] != reason || h[event.HeaderDeadStage] != "test" || h[event.HeaderDeadKey] == "" || h[event.HeaderDeadLength] != strconv.Itoa(len(g.value)) ||
			h[event.HeaderDeadTruncated] != "" || len(h[event.HeaderDeadSHA256]) != 64 || h["n"] != g.value || g.key != in+"/"+h[event.HeaderDeadPartition] ||
			!strings.Contains(h[event.HeaderDeadError], "value "+g.value) {
			s.Errorf("dead letter %s: %v", g.value, h)
		}
		if _, err := time.Parse(time.RFC3339, h[event.HeaderDeadAt]); err != nil {
			s.Error(err)
		}
		n, _ := strconv.Atoi(g.value)
		if times[n] != 0 {
			s.Errorf("record %s is a dead letter and also went on", g.value)
		}
		times[n]++
	}
	s.complete(times, n, true)
	slices.Sort(letters)
	if want := slices.Sorted(maps.Keys(map[string]bool{"0": true, "17": true, "199": true, "42": true, "43": true})); !slices.Equal(letters, want) {
		s.Errorf("dead letters %q, want %q", letters, want)
	}
	if st := l.State(); st.DeadLettered != 5 || st.Poisoned != 5 || st.Panics == 0 || st.Consumed != n {
		s.Errorf("state: %+v", st)
	}
}

// degrading is a handler that passes poisonous records on, marked.
type degrading struct {
	stream.HandlerFunc
	out    string
	poison func(rec *stream.Record) error
}

// Poison implements stream.Poisoner.
func (d degrading) Poison(_ context.Context, rec *stream.Record, cause error, out *stream.Out) error {
	out.AppendSpliced(d.out, rec.Partition, rec.Key, rec.Value, nil, rec.Headers, stream.Header{Name: "degraded", Value: []byte(stream.ReasonOf(cause))})
	return d.poison(rec)
}

func (s *suite) poisoner() {
	const n = 50
	in, out, group := s.topic(1, 0), s.topic(1, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, n, 1)...)
	var tries atomic.Int64
	_, r := s.loop(s.config(group, in), s.client, degrading{
		HandlerFunc: breaking(out, map[string]bool{"7": true, "8": true, "9": true}, nil), out: out,
		poison: func(rec *stream.Record) error {
			switch string(rec.Value) {
			case "8":
				if tries.Add(1) < 3 {
					return errors.New("not now")
				}
			case "9":
				panic("not even that")
			}
			return nil
		},
	})
	s.awaitCommitted(group, in)
	r.end()
	times := s.inOrder(s.read(out))
	for _, g := range s.read(out) {
		if poisoned := g.value == "7" || g.value == "8"; (g.headers["degraded"] == "bad_value") != poisoned {
			s.Errorf("record %s: %v", g.value, g.headers)
		}
	}
	letters := s.deadLetters(in)
	if len(letters) != 1 || letters[0].value != "9" {
		s.Errorf("dead letters: %v", letters)
	}
	times[9]++
	s.complete(times, n, true)
}

func (s *suite) lostAnswers() {
	const n = 300
	in, out, group := s.topic(2, 0), s.topic(2, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, n, 9)...)
	c, cut := s.Fragile(s.T)
	cfg := s.config(group, in)
	cfg.Fetch.PartitionBytes = 1024
	var acks atomic.Int64
	cfg.Hooks.Acked = func(int, time.Duration) {
		if acks.Add(1)%3 == 0 {
			cut(2)
		}
	}
	cut(1)
	l, r := s.loop(cfg, c, copier(out))
	s.awaitCommitted(group, in)
	cut(0)
	r.end()
	if l.State().Retries == 0 {
		s.Error("no answer was lost: the harness does not cut")
	}
	s.complete(s.inOrder(s.read(out)), n, true)
}

func (s *suite) tooLarge() {
	const records, limit = 60, 64 << 10
	in, out, group := s.topic(1, 0), s.topic(1, limit), s.name("g")
	var messages []stream.Message
	for i := range records {
		messages = append(messages, stream.Message{Topic: in, Key: []byte("k"), Value: fmt.Appendf(nil, "%05d%s", i, strings.Repeat("x", 8<<10))})
	}
	huge := strings.Repeat("y", 2*limit) // alone too large for the topic
	messages = slices.Insert(messages, 20, stream.Message{Topic: in, Key: []byte("k"), Value: []byte(huge)})
	s.produce(s.client, messages...)
	_, r := s.loop(s.config(group, in), s.client, copier(out))
	s.awaitCommitted(group, in)
	r.end()
	// What was written again behind the refusal of its neighbour may come twice, but in order, and nothing is missing.
	next := 0
	for _, g := range s.read(out) {
		i, err := strconv.Atoi(g.value[:5])
		if err != nil || i > next {
			s.Fatalf("record %.8s, want %d or before", g.value, next)
		}
		next = max(next, i+1)
	}
	if next != records {
		s.Errorf("%d records, want %d", next, records)
	}
	letters := s.deadLetters(in)
	if len(letters) != 1 || letters[0].value != huge || letters[0].headers[event.HeaderDeadReason] != event.DeadTooLarge {
		s.Fatalf("%d dead letters", len(letters))
	}
}

func (s *suite) truncated() {
	in, out, group := s.topic(1, 0), s.topic(1, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, 100, 1)...)
	_, r := s.loop(s.config(group, in), s.client, copier(out))
	s.awaitCommitted(group, in)
	r.end()
	for i := range 10 {
		s.produce(s.client, numbered(in, 100+10*i, 10, 1)...)
	}
	s.DeleteBefore(s.T, in, 0, 150)
	var mu sync.Mutex
	var losses []stream.Loss
	cfg := s.config(group, in)
	cfg.Hooks.Loss = func(l stream.Loss) { mu.Lock(); losses = append(losses, l); mu.Unlock() }
	l, r := s.loop(cfg, s.client, copier(out))
	s.awaitCommitted(group, in)
	r.end()
	want := stream.Loss{Group: group, Topic: in, Partition: 0, From: 100, To: 150, Cause: stream.LossTruncated}
	if len(losses) != 1 || losses[0] != want || l.State().Lost != 50 {
		s.Errorf("losses %+v, want %+v; state %d", losses, want, l.State().Lost)
	}
	times := s.inOrder(s.read(out))
	for i := range 200 {
		if (times[i] == 1) != (i < 100 || i >= 150) {
			s.Errorf("record %d came %d times", i, times[i])
		}
	}
}

func (s *suite) restart() {
	const rounds, n = 3, 50
	in, out, group := s.topic(3, 0), s.topic(3, 0), s.name("g")
	for i := range rounds {
		s.produce(s.client, numbered(in, i*n, n, 10)...)
		l, r := s.loop(s.config(group, in), s.client, copier(out))
		s.await("the round", func() bool { return l.State().Consumed == n })
		r.end() // its last commit belongs to ending
	}
	s.complete(s.inOrder(s.read(out)), rounds*n, true)
}

func (s *suite) drain() {
	in, out, group := s.topic(1, 0), s.topic(1, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, 10, 1)...)
	started, goOn := make(chan struct{}), make(chan struct{})
	_, r := s.loop(s.config(group, in), s.client, stream.HandlerFunc(func(ctx context.Context, b *stream.Batch, o *stream.Out) error {
		close(started)
		<-goOn
		if err := ctx.Err(); err != nil {
			return err
		}
		return copier(out)(ctx, b, o)
	}))
	s.receive("the handler", started)
	r.stop()
	close(goOn)
	r.wait()
	s.complete(s.inOrder(s.read(out)), 10, true)
	s.awaitCommitted(group, in)
}

func (s *suite) drainOver() {
	in, out, group := s.topic(1, 0), s.topic(1, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, 10, 1)...)
	started := make(chan struct{})
	cfg := s.config(group, in)
	cfg.Drain = 30 * time.Millisecond
	_, r := s.loop(cfg, s.client, stream.HandlerFunc(func(ctx context.Context, _ *stream.Batch, _ *stream.Out) error {
		close(started)
		<-ctx.Done()
		return ctx.Err()
	}))
	s.receive("the handler", started)
	r.end()
	if got := s.read(out); len(got) != 0 {
		s.Fatalf("%d records of a batch that was given up", len(got))
	}
	_, r = s.loop(s.config(group, in), s.client, copier(out))
	s.awaitCommitted(group, in)
	r.end()
	s.complete(s.inOrder(s.read(out)), 10, true)
}

func (s *suite) severalTopics() {
	const n = 100
	in, more, out, group := s.topic(2, 0), s.topic(3, 0), s.topic(3, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, n, 5)...)
	s.produce(s.client, numbered(more, n, n, 5)...)
	l, r := s.loop(s.config(group, in, more), s.client, stream.HandlerFunc(func(_ context.Context, b *stream.Batch, o *stream.Out) error {
		for i := range b.Records {
			rec := &b.Records[i]
			if rec.Topic != b.Topic {
				return fmt.Errorf("a record of %s in a batch of %s", rec.Topic, b.Topic)
			}
			o.Append(out, []byte(rec.Topic+string(rec.Key)), rec.Value)
		}
		return nil
	}))
	s.awaitCommitted(group, in)
	s.awaitCommitted(group, more)
	if got := len(l.State().Partitions); got != 5 {
		s.Errorf("%d partitions, want 5", got)
	}
	r.end()
	s.complete(s.inOrder(s.read(out)), 2*n, true)
}

func (s *suite) lateTopic() {
	const n = 20
	in, out, group := s.name("late"), s.topic(1, 0), s.name("g")
	l, r := s.loop(s.config(group, in), s.client, copier(out))
	s.await("the loop to miss its topic", func() bool { return errors.Is(l.State().GroupError, stream.ErrUnknownTopic) })
	s.Create(s.T, in, 1, 0)
	s.await("the topic", func() bool { n, err := s.client.Partitions(s.ctx, in); return err == nil && n == 1 })
	s.produce(s.client, numbered(in, 0, n, 1)...)
	s.awaitCommitted(group, in)
	if l.State().GroupError != nil {
		s.Errorf("state: %+v", l.State())
	}
	r.end()
	s.complete(s.inOrder(s.read(out)), n, true)
}

func (s *suite) gather() {
	const n = 1000
	in, group := s.topic(2, 0), s.name("g")
	s.produce(s.client, numbered(in, 0, n, 20)...)
	cfg := s.config(group, in)
	cfg.Lanes = 1
	cfg.Fetch.PartitionBytes = 1 << 10 // many fetches
	cfg.Gather = stream.GatherConfig{Records: 400, Wait: 200 * time.Millisecond}
	var mu sync.Mutex
	var sizes []int
	times := map[int]int{}
	l, r := s.loop(cfg, s.client, stream.HandlerFunc(func(_ context.Context, b *stream.Batch, _ *stream.Out) error {
		mu.Lock()
		defer mu.Unlock()
		sizes = append(sizes, len(b.Records))
		for i := range b.Records {
			v, err := strconv.Atoi(string(b.Records[i].Value))
			if err != nil {
				return stream.Permanent(err)
			}
			times[v]++
		}
		return nil
	}))
	s.await("the flood", func() bool { return l.State().Consumed == n })
	s.produce(s.client, numbered(in, n, 1, 20)...)
	s.await("the lone record", func() bool { return l.State().Consumed == n+1 })
	s.awaitCommitted(group, in)
	r.end()
	s.complete(times, n+1, true)
	if sizes[0] < 400 || len(sizes) > 5 {
		s.Errorf("batches of %v", sizes)
	}
}

func (s *suite) ensure() {
	first := schemas.Topic{Name: s.name("raw"), Key: schemas.KeyCustomerID, Retention: time.Hour, MaxValueBytes: 1 << 20}
	second := schemas.Topic{Name: s.name("single"), Key: schemas.KeyNone, Partitions: 1, Retention: schemas.Forever, MaxValueBytes: 1 << 20}
	third := schemas.Topic{Name: s.name("transfers"), Key: schemas.KeyTenantCustomer, Retention: time.Hour, MaxValueBytes: 4 << 20}
	opt := stream.EnsureOptions{Partitions: 4, AllowUnsafe: true}
	check := opt
	check.CheckOnly = true
	if _, err := s.client.EnsureTopics(s.ctx, []schemas.Topic{first}, check); !errors.Is(err, stream.ErrUnknownTopic) {
		s.Errorf("check of a missing topic: %v", err)
	}
	report, err := s.client.EnsureTopics(s.ctx, []schemas.Topic{first, second}, opt)
	if err != nil {
		s.Fatal(err)
	}
	want := opt.Partitions
	if infos, err := s.client.Topics(s.ctx, schemas.Raw); err == nil && len(infos) == 1 {
		want = infos[0].Partitions // the topic that the others follow
	}
	if len(report.Created) != 2 || report.Partitions != want {
		s.Errorf("report: %+v, want %d partitions", report, want)
	}
	s.produce(s.client, stream.Message{Topic: first.Name, Key: []byte("k"), Value: make([]byte, 1<<20)}) // leaders are known, and it fits
	// A topic that comes later gets the count of the ones there are, whatever the options say now.
	opt.Partitions = 9
	report, err = s.client.EnsureTopics(s.ctx, []schemas.Topic{first, second, third}, opt)
	if err != nil {
		s.Fatal(err)
	}
	if !slices.Equal(report.Created, []string{third.Name}) || len(report.Existing) != 2 || report.Partitions != want {
		s.Errorf("report: %+v", report)
	}
	s.produce(s.client, stream.Message{Topic: third.Name, Key: []byte("k"), Value: make([]byte, 4<<20)})
	infos, err := s.client.Topics(s.ctx, third.Name, second.Name, "no-such-topic")
	if err != nil || len(infos) != 2 || infos[0].Partitions != want || infos[1].Partitions != 1 {
		s.Errorf("topics: %+v, %v", infos, err)
	}
	odd := s.topic(5, 0)
	if _, err := s.client.EnsureTopics(s.ctx, []schemas.Topic{first, {Name: odd, Key: schemas.KeyCustomerID, MaxValueBytes: 1}}, opt); !errors.Is(err, stream.ErrTopicMismatch) {
		s.Errorf("a topic with another count: %v", err)
	}
	if info, err := s.client.Cluster(s.ctx); err != nil || len(info.Brokers) == 0 || info.Versions == "" {
		s.Errorf("cluster: %+v, %v", info, err)
	}
}
