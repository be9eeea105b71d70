package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"sluice/services/internal/broker"
	"sluice/services/internal/stream"
)

// partitionCounts are the numbers of partitions that the enrichment hop is measured with.
var partitionCounts = []int{1, 2, 4, 8}

// scale measures how the enrichment hop grows: with partitions, beside the bare loop on as many, and with a second
// instance of the same group.
func (b *bench) scale(ctx context.Context) (*Scale, error) {
	out := &Scale{}
	enrichment := hops[slices.IndexFunc(hops, func(h hop) bool { return h.name == StageEnrichment })]
	for _, partitions := range partitionCounts {
		sub := *b
		sub.cfg.Partitions, sub.cfg.Stage = partitions, StageEnrichment
		b.progress.step(fmt.Sprintf("%d partitions", partitions))
		if err := sub.atPartitions(ctx, enrichment, out, partitions == partitionCounts[len(partitionCounts)-1]); err != nil {
			return nil, fmt.Errorf("%d partitions: %w", partitions, err)
		}
	}
	return out, nil
}

// atPartitions measures one number of partitions; with instances, one instance against two as well.
func (b *bench) atPartitions(ctx context.Context, h hop, out *Scale, instances bool) (err error) {
	quiet := b.progress
	b.progress = &progress{steps: 1}
	inputs, err := b.prepare(ctx)
	b.progress = quiet
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.remove(inputs)) }()
	var passes pairs
	for r := range b.cfg.Rounds {
		run := func(ctx context.Context) (pass, error) { return b.hop(ctx, inputs, "", h) }
		bare := func(ctx context.Context) (pass, error) { return b.bare(ctx, inputs, h.in, 1) }
		if err := passes.add(ctx, r, run, bare); err != nil {
			return err
		}
	}
	s := passes.stage(h.name, b.cfg.Transfers)
	out.Partitions = append(out.Partitions, AtPartitions{Partitions: b.cfg.Partitions, Rate: s.Rate, Bare: s.Bare.Rate, OfBare: s.OfBare, CPUSeconds: s.CPUSeconds})
	if !instances {
		return nil
	}
	var ours pairs // one instance takes the place of the bare loop
	for r := range b.cfg.Rounds {
		two := func(ctx context.Context) (pass, error) { return b.instances(ctx, inputs, h, 2) }
		one := func(ctx context.Context) (pass, error) { return b.instances(ctx, inputs, h, 1) }
		if err := ours.add(ctx, r, two, one); err != nil {
			return err
		}
	}
	i := ours.stage(h.name, b.cfg.Transfers)
	out.Instances = Instances{One: i.Bare, Two: i.Cost}
	if i.OfBareCPU > 0 {
		out.Instances.CPURatio = round(1/i.OfBareCPU, 3)
	}
	return nil
}

// instances measures instances of a hop in one group, each with a client of its own, from when each has its part of the
// partitions.
func (b *bench) instances(ctx context.Context, inputs map[string]string, h hop, n int) (_ pass, err error) {
	topics, err := b.server.topics(ctx, b.cfg.Partitions, h.out...)
	if err != nil {
		return pass{}, err
	}
	defer func() { err = errors.Join(err, b.server.remove(topics)) }()
	all := maps.Clone(topics)
	all[h.in] = inputs[h.in]
	m := newMeter("", b.cfg.BrokerPID)
	g := &gate{open: make(chan struct{}), has: make([]int, n), partitions: b.cfg.Partitions, start: m.start}
	r := &runner{wanted: int64(b.cfg.Transfers), assigned: make(chan struct{}), last: m.stop}
	hooks := r.hooks()
	group := b.server.group(h.name)
	var ends []func() error
	defer func() {
		for _, end := range ends {
			err = errors.Join(err, end())
		}
	}()
	for i := range n {
		client, err := broker.New(broker.Config{Brokers: b.server.brokers, ClientID: fmt.Sprintf("sluice-bench-%d", i), MetadataTTL: 250 * time.Millisecond})
		if err != nil {
			return pass{}, err
		}
		l, err := stream.New(stream.Config{Group: group, Stage: h.name, Topics: []string{h.in}, Lanes: b.cfg.Lanes, Hooks: stream.Hooks{
			Acked: hooks.Acked, Assigned: func(_ int32, at []stream.Position) { g.assigned(i, len(at)) },
		}}, newSpace(client, all), gated{h.handler(b.world), g})
		if err != nil {
			return pass{}, errors.Join(err, client.Close())
		}
		r.loop = l
		stop := background(ctx, l.Run)
		ends = append(ends, func() error { return errors.Join(stop(), client.Close()) })
	}
	if err := (row{r}).await(ctx, m.done); err != nil {
		return pass{}, err
	}
	return m.finish()
}

// gate opens when every instance has its part of the partitions.
type gate struct {
	partitions int
	start      func()

	mu   sync.Mutex
	has  []int
	once sync.Once
	open chan struct{}
}

func (g *gate) assigned(instance, partitions int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.has[instance] = partitions
	sum, least := 0, g.partitions
	for _, n := range g.has {
		sum, least = sum+n, min(least, n)
	}
	if sum == g.partitions && least > 0 {
		g.once.Do(func() { g.start(); close(g.open) })
	}
}

// gated is a handler that does nothing before the gate opens.
type gated struct {
	stream.Handler
	gate *gate
}

// ForLane implements stream.LaneHandler.
func (h gated) ForLane() stream.Handler {
	if l, ok := h.Handler.(stream.LaneHandler); ok {
		return gated{l.ForLane(), h.gate}
	}
	return h
}

// Handle implements stream.Handler.
func (h gated) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	select {
	case <-h.gate.open:
		return h.Handler.Handle(ctx, in, out)
	case <-ctx.Done():
		return ctx.Err()
	}
}
