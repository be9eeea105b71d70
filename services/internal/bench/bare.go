package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sluice/services/internal/broker"
	"sluice/services/internal/stream"
)

// What the loop of package stream does by default, so that the bare loop does it too.
const (
	partitionBytes = 256 << 10
	commitInterval = 200 * time.Millisecond
)

// bare measures bare loops in a row over an input: the first copies it, the next one the copy, all at once. It is what
// package broker's BareLoop does, in as many lanes as a hop has, plus the offset commits of a hop.
func (b *bench) bare(ctx context.Context, inputs map[string]string, from string, inARow int) (_ pass, err error) {
	names := []string{from}
	for i := range inARow {
		names = append(names, fmt.Sprintf("bare-%d", i+1))
	}
	topics, err := b.server.topics(ctx, b.cfg.Partitions, names[1:]...)
	if err != nil {
		return pass{}, err
	}
	defer func() { err = errors.Join(err, b.server.remove(topics)) }()
	topics[from] = inputs[from]
	defer delete(topics, from) // it is not this run's to remove
	s := newSpace(b.server.client, topics)
	counts, err := s.Bounds(ctx, positions(from, b.cfg.Partitions))
	if err != nil {
		return pass{}, err
	}

	m := newMeter("", b.cfg.BrokerPID)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all []*copier
	for i := range inARow {
		c := &copier{log: s, from: names[i], to: names[i+1], counts: counts, acked: make([]atomic.Int64, len(counts))}
		defer func() { err = errors.Join(err, c.leave()) }()
		if err := c.join(ctx, b.server.group("bare"), b.cfg.Lanes); err != nil {
			return pass{}, err
		}
		all = append(all, c)
	}
	m.start()
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() {
			if errs[i] = c.run(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	m.stop()
	result, err := m.finish()
	return result, errors.Join(append(errs, err)...)
}

// copier is bare loops over all partitions of a topic, as a member of a group of its own.
type copier struct {
	log      stream.Broker
	from, to string
	counts   []stream.Bounds // of the records that are to come, by partition
	acked    []atomic.Int64  // the next offset to read, by partition, once what is before it is acknowledged
	lanes    [][]int32
	member   stream.Member
	gen      stream.Generation
}

// join takes the partitions, and deals them out as the loop of package stream does.
func (c *copier) join(ctx context.Context, group string, lanes int) (err error) {
	if c.member, err = c.log.Join(stream.GroupConfig{Group: group, Topics: []string{c.from}}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	if c.gen, err = c.member.Next(ctx); err != nil {
		return fmt.Errorf("group %s: %w", group, err)
	}
	if n := len(c.gen.Assigned()); n != len(c.counts) {
		return fmt.Errorf("group %s: %d partitions, want all %d", group, n, len(c.counts))
	}
	leaders, err := c.log.Leaders(ctx, positions(c.from, len(c.counts)))
	if err != nil {
		return err
	}
	byLeader := make(map[int32][]int32)
	for p, leader := range leaders {
		byLeader[leader] = append(byLeader[leader], int32(p))
	}
	for _, share := range byLeader {
		n := min(max(1, lanes/len(byLeader)), len(share))
		dealt := make([][]int32, n)
		for i, p := range share {
			dealt[i%n] = append(dealt[i%n], p)
		}
		c.lanes = append(c.lanes, dealt...)
	}
	return nil
}

// run copies everything.
func (c *copier) run(ctx context.Context) error {
	ended := make(chan struct{})
	var committer sync.WaitGroup
	committer.Go(func() { c.commit(ctx, ended) })
	errs := make([]error, len(c.lanes))
	var wg sync.WaitGroup
	for i, partitions := range c.lanes {
		n := 0
		for _, p := range partitions {
			n += int(c.counts[p].End - c.counts[p].Start)
		}
		loop := broker.BareLoop{Log: noted{c.log, c.acked}, From: c.from, To: c.to, Partitions: partitions, PartitionBytes: partitionBytes}
		wg.Go(func() { _, errs[i] = loop.Run(ctx, n) })
	}
	wg.Wait()
	close(ended)
	committer.Wait()
	return errors.Join(errs...)
}

// commit commits what is acknowledged now and then, as the loop does. What is acknowledged at the end is in no figure of
// either.
func (c *copier) commit(ctx context.Context, ended <-chan struct{}) {
	tick := time.NewTicker(commitInterval)
	defer tick.Stop()
	var last []stream.Position
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		next := positions(c.from, len(c.acked))
		for i := range next {
			next[i].Offset = c.acked[i].Load()
		}
		if !slices.Equal(next, last) && c.gen.Commit(ctx, next) == nil {
			last = next
		}
	}
}

// leave gives the partitions away.
func (c *copier) leave() error {
	if c.gen != nil {
		c.gen.Release()
	}
	if c.member == nil {
		return nil
	}
	return c.member.Close()
}

// noted notes what is acknowledged: a bare loop asks only for what comes behind that.
type noted struct {
	stream.Log
	acked []atomic.Int64
}

// Fetch implements stream.Log.
func (l noted) Fetch(ctx context.Context, req *stream.FetchRequest) error {
	for _, p := range req.From {
		l.acked[p.Partition].Store(p.Offset)
	}
	return l.Log.Fetch(ctx, req)
}
