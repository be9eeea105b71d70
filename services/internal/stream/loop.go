package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Loop runs a Handler over the topics of a consumer group.
type Loop struct {
	cfg     Config
	broker  Broker
	handler Handler
	state   tracker
	tools   []*laneTools // of lanes that have ended, for the next ones
}

// New checks the configuration and makes a loop. It dials nothing and starts nothing.
func New(cfg Config, broker Broker, handler Handler) (*Loop, error) {
	full, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("stream %q: %w", cfg.Stage, err)
	}
	return &Loop{cfg: full, broker: broker, handler: handler}, nil
}

// State tells what the loop is doing. It may be called at any time, from any goroutine.
func (l *Loop) State() State { return l.state.snapshot(l.cfg.Group) }

// Run joins the group and works until ctx ends; then it finishes what is at hand within Config.Drain, commits, leaves
// the group and returns nil. Trouble with the broker or the handler never ends it: it goes on trying, and State tells.
// It returns an error only for what no retry mends. Run may be called once.
func (l *Loop) Run(ctx context.Context) error {
	member, err := l.broker.Join(GroupConfig{
		Group: l.cfg.Group, Topics: l.cfg.Topics, SessionTimeout: l.cfg.Session, RebalanceTimeout: l.cfg.Rebalance,
		HeartbeatInterval: l.cfg.Heartbeat, JoinBackoff: l.cfg.JoinPause,
	})
	if err != nil {
		return fmt.Errorf("group %s: %w", l.cfg.Group, err)
	}
	l.awaitTopics(ctx)
	for ctx.Err() == nil {
		gen, err := member.Next(ctx)
		switch {
		case err == nil:
			l.generation(ctx, gen)
		case ctx.Err() == nil:
			l.state.groupTrouble(err)
			l.cfg.Logger.Warn().Err(err).Str("group", l.cfg.Group).Msg("cannot join the group, trying again")
			_ = l.cfg.Retry.wait(ctx, 1) // the member paces itself; this only keeps a fast failure from spinning
		}
	}
	if err := member.Close(); err != nil {
		l.cfg.Logger.Warn().Err(err).Str("group", l.cfg.Group).Msg("leaving the group failed, it will notice by itself")
	}
	return nil
}

// awaitTopics waits until the topics exist: a member that joins before would be given nothing, and never told.
func (l *Loop) awaitTopics(ctx context.Context) {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		_, err := l.counts(ctx)
		if err == nil {
			return
		}
		l.state.groupTrouble(err)
		if attempt == 1 || attempt%20 == 0 {
			l.cfg.Logger.Warn().Err(err).Str("group", l.cfg.Group).Msg("the topics are not there, trying again")
		}
		_ = l.cfg.Retry.wait(ctx, attempt)
	}
}

// counts returns the partition counts of the topics.
func (l *Loop) counts(ctx context.Context) ([]int32, error) {
	counts := make([]int32, len(l.cfg.Topics))
	for i, topic := range l.cfg.Topics {
		n, err := l.broker.Partitions(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("topic %s: %w", topic, err)
		}
		counts[i] = n
	}
	return counts, nil
}

// watchCounts calls changed when a topic has got more partitions, which nobody would consume without a new generation.
func (l *Loop) watchCounts(stop context.Context, changed func()) {
	before, _ := l.counts(stop) // without an answer, the first look below is the one to compare with
	tick := time.NewTicker(l.cfg.WatchTopics)
	defer tick.Stop()
	for {
		select {
		case <-stop.Done():
			return
		case <-tick.C:
		}
		now, err := l.counts(stop)
		if err != nil {
			continue // fetching fails as well, and tells
		}
		if before != nil && !slices.Equal(before, now) {
			l.cfg.Logger.Warn().Str("group", l.cfg.Group).Ints32("before", before).Ints32("now", now).Msg("partitions were added, joining again")
			changed()
			return
		}
		before = now
	}
}

// generation works until the generation or ctx ends, and releases it.
func (l *Loop) generation(ctx context.Context, gen Generation) {
	stop, cancelStop := context.WithCancel(ctx)
	defer cancelStop()
	drain, cancelDrain := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelDrain()
	// stop ends when the partitions must go; drain ends some time later, and with it what is still under way.
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-gen.Done():
			cancelStop()
		case <-stop.Done():
		}
		over := time.NewTimer(l.cfg.Drain)
		defer over.Stop()
		select {
		case <-over.C:
			cancelDrain()
		case <-drain.Done():
		}
	}()

	counted := make(chan struct{})
	go func() {
		defer close(counted)
		l.watchCounts(stop, cancelStop)
	}()

	at, err := l.resolve(stop, gen.Assigned())
	if err == nil {
		l.work(stop, drain, gen, at, cancelStop)
	}
	l.state.end()
	gen.Release()
	cancelStop()
	cancelDrain()
	<-watched
	<-counted
}

// resolve turns the assignment into offsets to begin at: partitions without a committed offset begin at the log's start.
func (l *Loop) resolve(stop context.Context, assigned []Position) ([]Position, error) {
	at := slices.Clone(assigned)
	slices.SortFunc(at, func(a, b Position) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	var fresh []Position
	for _, p := range at {
		if p.Offset < 0 {
			fresh = append(fresh, p)
		}
	}
	if len(fresh) == 0 {
		return at, nil
	}
	for attempt := 1; ; attempt++ {
		bounds, err := l.broker.Bounds(stop, fresh)
		if err == nil {
			for i := range at {
				if at[i].Offset < 0 {
					at[i].Offset, bounds = bounds[0].Start, bounds[1:]
				}
			}
			return at, nil
		}
		if stop.Err() != nil {
			return nil, err
		}
		l.state.groupTrouble(err)
		l.cfg.Logger.Warn().Err(err).Str("group", l.cfg.Group).Msg("cannot find where the partitions begin, trying again")
		if err := l.cfg.Retry.wait(stop, attempt); err != nil {
			return nil, err
		}
	}
}

// work runs the lanes of a generation, its committer and its watchdog, until stop ends; over ends it before its time.
func (l *Loop) work(stop, drain context.Context, gen Generation, at []Position, over func()) {
	parts := make([]*partTracker, len(at))
	for i, p := range at {
		parts[i] = &partTracker{topic: p.Topic, partition: p.Partition}
		parts[i].next.Store(p.Offset)
		parts[i].committed.Store(-1)
		parts[i].end.Store(-1)
	}
	l.state.begin(gen.ID(), parts)
	if l.cfg.Hooks.Assigned != nil {
		l.cfg.Hooks.Assigned(gen.ID(), at)
	}
	l.cfg.Logger.Info().Str("group", l.cfg.Group).Int32("generation", gen.ID()).Int("partitions", len(at)).Msg("partitions assigned")

	c := newCommitter(l, gen, parts)
	committed := make(chan struct{})
	lanesDone := make(chan struct{})
	go func() {
		defer close(committed)
		c.run(drain, lanesDone)
	}()
	var wg sync.WaitGroup
	var lanes []*lane
	for id, share := range l.share(stop, at, parts) {
		ln := l.newLane(stop, drain, id, share, c)
		lanes = append(lanes, ln)
		wg.Go(ln.run)
	}
	watchdog := make(chan struct{})
	go func() {
		defer close(watchdog)
		l.watchStalls(stop, parts, func() {
			l.state.groupTrouble(errStalled)
			over()
		})
	}()
	<-stop.Done()
	<-watchdog
	wg.Wait()
	for _, ln := range lanes {
		ln.decoder.release()
		ln.arena.reset()
		l.tools = append(l.tools, ln.laneTools)
	}
	close(lanesDone)
	<-committed
}

// share deals the partitions out to lanes: partitions with different leaders go to different lanes, even if that makes
// more lanes than configured, for a lane fetches all its partitions in one request.
func (l *Loop) share(ctx context.Context, at []Position, parts []*partTracker) [][]*lanePart {
	if len(at) == 0 {
		return nil
	}
	leaders, err := l.broker.Leaders(ctx, at)
	if err != nil || len(leaders) != len(at) {
		leaders = make([]int32, len(at)) // the fetches will tell; they cross leaders until the next generation
	}
	byLeader := make(map[int32][]*lanePart)
	for i, p := range at {
		byLeader[leaders[i]] = append(byLeader[leaders[i]], &lanePart{Position: p, track: parts[i]})
	}
	nodes := make([]int32, 0, len(byLeader))
	for node := range byLeader {
		nodes = append(nodes, node)
	}
	slices.Sort(nodes)
	perLeader := max(1, l.cfg.Lanes/len(nodes))
	var lanes [][]*lanePart
	for _, node := range nodes {
		share := byLeader[node]
		n := min(perLeader, len(share))
		dealt := make([][]*lanePart, n)
		for i, p := range share {
			dealt[i%n] = append(dealt[i%n], p)
		}
		lanes = append(lanes, dealt...)
	}
	return lanes
}

// committer commits what the lanes have marked, alone: concurrent commits of one generation disturb each other.
type committer struct {
	loop  *Loop
	gen   Generation
	parts map[partitionKey]*partTracker

	mu    sync.Mutex
	marks map[partitionKey]int64 // not committed yet
}

func newCommitter(l *Loop, gen Generation, parts []*partTracker) *committer {
	c := &committer{loop: l, gen: gen, parts: make(map[partitionKey]*partTracker, len(parts)), marks: make(map[partitionKey]int64, len(parts))}
	for _, p := range parts {
		c.parts[partitionKey{p.topic, p.partition}] = p
	}
	return c
}

// mark says that everything of a partition below next is acknowledged.
func (c *committer) mark(key partitionKey, next int64) {
	c.mu.Lock()
	c.marks[key] = next
	c.mu.Unlock()
}

// run commits now and then, and a last time when the lanes are done: still inside the generation.
func (c *committer) run(drain context.Context, lanesDone <-chan struct{}) {
	tick := time.NewTicker(c.loop.cfg.CommitInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.commit(drain)
		case <-lanesDone:
			// The drain time may be over, but the marks are worth one more short try.
			last, cancel := context.WithTimeout(context.WithoutCancel(drain), min(c.loop.cfg.Drain, 2*time.Second))
			defer cancel()
			for attempt := 1; !c.commit(last) && attempt < 3; attempt++ {
				if c.loop.cfg.Retry.wait(last, attempt) != nil {
					return
				}
			}
			return
		}
	}
}

// commit stores the marks and says whether nothing is left to store. After a failure the marks stay, unless newer ones
// came; after the end of the generation they are dropped, for they would move another member's offsets.
func (c *committer) commit(ctx context.Context) bool {
	c.mu.Lock()
	next := make([]Position, 0, len(c.marks))
	for key, offset := range c.marks {
		next = append(next, Position{Topic: key.topic, Partition: key.partition, Offset: offset})
	}
	c.mu.Unlock()
	if len(next) == 0 {
		return true
	}
	err := c.gen.Commit(ctx, next)
	if err != nil && !errors.Is(err, ErrStaleGeneration) {
		c.loop.state.commitErrors.Add(1)
		c.loop.cfg.Logger.Warn().Err(err).Str("group", c.loop.cfg.Group).Msg("committing offsets failed, trying again")
		return false
	}
	c.mu.Lock()
	for _, p := range next {
		key := partitionKey{p.Topic, p.Partition}
		if c.marks[key] == p.Offset {
			delete(c.marks, key)
		}
	}
	c.mu.Unlock()
	if err != nil {
		c.loop.state.commitErrors.Add(1)
		c.loop.cfg.Logger.Warn().Err(err).Str("group", c.loop.cfg.Group).Int32("generation", c.gen.ID()).Msg("the generation ended before its last commit, some records will come again")
		return true
	}
	c.loop.state.commits.Add(1)
	for _, p := range next {
		c.parts[partitionKey{p.Topic, p.Partition}].committed.Store(p.Offset)
	}
	if c.loop.cfg.Hooks.Committed != nil {
		c.loop.cfg.Hooks.Committed(next)
	}
	return true
}
