package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"sluice/services/internal/stream"
)

// group is a consumer group: members, the generation they are in, and what was committed.
type group struct {
	generation int32
	members    []*member
	committed  map[position]int64
}

type position struct {
	topic     string
	partition int32
}

type member struct {
	b    *Broker
	cfg  stream.GroupConfig
	g    *group
	gen  *generation // held, until released
	in   bool        // counted as a member
	want bool        // waits in Next
}

type generation struct {
	m        *member
	id       int32
	assigned []stream.Position
	done     chan struct{}
	over     bool
	once     sync.Once
}

// Join implements stream.Broker.
func (b *Broker) Join(cfg stream.GroupConfig) (stream.Member, error) {
	if cfg.Group == "" || len(cfg.Topics) == 0 {
		return nil, fmt.Errorf("group %q with topics %q: want both", cfg.Group, cfg.Topics)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.groups[cfg.Group]
	if g == nil {
		g = &group{committed: make(map[position]int64)}
		b.groups[cfg.Group] = g
	}
	return &member{b: b, cfg: cfg, g: g}, nil
}

// Next waits until all members have given their partitions back, or their rebalance timeout is over, and deals them out.
func (m *member) Next(ctx context.Context) (stream.Generation, error) {
	if f := m.b.strike(Call{Op: "join", Group: m.cfg.Group}); f.Before != nil {
		return nil, f.Before
	}
	b := m.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if !m.in {
		m.in = true
		m.g.members = append(m.g.members, m)
		m.g.rebalance()
	}
	m.want = true
	defer func() { m.want = false }()
	b.wake() // the others may wait for this member
	timeout := m.cfg.RebalanceTimeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	patience := time.NewTimer(timeout)
	defer patience.Stop()
	for {
		if m.g.deal(b) {
			b.wake()
		}
		if m.gen != nil && !m.gen.over {
			return m.gen, nil
		}
		changed := b.changed
		b.mu.Unlock()
		var err error
		select {
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-changed:
		case <-patience.C:
			b.mu.Lock()
			m.g.expel()
			b.mu.Unlock()
		}
		b.mu.Lock()
		if err != nil {
			return nil, err
		}
	}
}

// rebalance ends the generation that the members are in.
func (g *group) rebalance() {
	for _, m := range g.members {
		if m.gen != nil && !m.gen.over {
			m.gen.end()
		}
	}
}

func (gen *generation) end() {
	gen.over = true
	close(gen.done)
}

// expel puts out the members that have not come back.
func (g *group) expel() {
	g.members = slices.DeleteFunc(g.members, func(m *member) bool {
		if m.want {
			return false
		}
		m.in, m.gen = false, nil
		return true
	})
}

// deal begins a generation when every member waits for one, and says whether it did.
func (g *group) deal(b *Broker) bool {
	for _, m := range g.members {
		if !m.want || m.gen != nil {
			return false
		}
	}
	g.generation++
	for _, m := range g.members {
		m.gen = &generation{m: m, id: g.generation, done: make(chan struct{})}
	}
	topics := map[string]bool{}
	for _, m := range g.members {
		for _, t := range m.cfg.Topics {
			topics[t] = true
		}
	}
	for name := range topics {
		t := b.topics[name]
		if t == nil {
			continue
		}
		for p := range t.parts {
			m := g.members[p*len(g.members)/len(t.parts)]
			at := stream.Position{Topic: name, Partition: int32(p), Offset: stream.OffsetNone}
			if o, ok := g.committed[position{name, int32(p)}]; ok {
				at.Offset = o
			}
			m.gen.assigned = append(m.gen.assigned, at)
		}
	}
	return true
}

// Close implements stream.Member.
func (m *member) Close() error {
	m.b.mu.Lock()
	defer m.b.mu.Unlock()
	m.leave()
	return nil
}

func (m *member) leave() {
	if !m.in {
		return
	}
	m.in = false
	if m.gen != nil && !m.gen.over {
		m.gen.end()
	}
	m.g.members = slices.DeleteFunc(m.g.members, func(x *member) bool { return x == m })
	m.g.rebalance()
	m.b.wake()
}

// ID implements stream.Generation.
func (gen *generation) ID() int32 { return gen.id }

// Assigned implements stream.Generation.
func (gen *generation) Assigned() []stream.Position { return gen.assigned }

// Done implements stream.Generation.
func (gen *generation) Done() <-chan struct{} { return gen.done }

// Commit implements stream.Generation.
func (gen *generation) Commit(_ context.Context, next []stream.Position) error {
	b := gen.m.b
	f := b.strike(Call{Op: "commit", Group: gen.m.cfg.Group})
	if f.Before != nil {
		return f.Before
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if gen.m.gen != gen || !gen.m.in || gen.m.g.generation != gen.id {
		return stream.ErrStaleGeneration
	}
	for _, p := range next {
		gen.m.g.committed[position{p.Topic, p.Partition}] = p.Offset
	}
	return f.After
}

// Release implements stream.Generation.
func (gen *generation) Release() {
	b := gen.m.b
	b.mu.Lock()
	defer b.mu.Unlock()
	gen.once.Do(func() {
		if !gen.over {
			gen.end()
			gen.m.g.rebalance()
		}
		if gen.m.gen == gen {
			gen.m.gen = nil
		}
		b.wake()
	})
}

// Rebalance ends the generation of a group, as a coordinator may at any time.
func (b *Broker) Rebalance(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if g := b.groups[name]; g != nil {
		g.rebalance()
		b.wake()
	}
}

// Expel takes all members out of a group without asking, as a coordinator does with sessions that timed out: what they
// still commit is refused.
func (b *Broker) Expel(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.groups[name]
	if g == nil {
		return
	}
	g.rebalance()
	for _, m := range g.members {
		m.in, m.gen = false, nil
	}
	g.members = nil
	b.wake()
}

// Committed returns what a group has committed, or stream.OffsetNone.
func (b *Broker) Committed(name, topic string, p int32) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if g := b.groups[name]; g != nil {
		if o, ok := g.committed[position{topic, p}]; ok {
			return o
		}
	}
	return stream.OffsetNone
}
