package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"sluice/schemas"
)

// hops measures the wanted hops, each round all of them and the bare loop over the input of each, by turns.
func (b *bench) hops(ctx context.Context, inputs map[string]string) ([]Stage, error) {
	var wanted []hop
	for _, h := range hops {
		if b.cfg.wants(h.name) {
			wanted = append(wanted, h)
		}
	}
	passes := make([]pairs, len(wanted))
	others := make([][]*peer, len(wanted))
	for i, h := range wanted {
		var err error
		if others[i], err = b.peers(ctx, h.name); err != nil {
			return nil, err
		}
	}
	for r := range b.cfg.Rounds {
		for i, h := range wanted {
			b.progress.step(fmt.Sprintf("%s, round %d of %d", h.name, r+1, b.cfg.Rounds))
			run := func(ctx context.Context) (pass, error) { return b.hop(ctx, inputs, "", h) }
			bare := func(ctx context.Context) (pass, error) { return b.bare(ctx, inputs, h.in, 1) }
			if err := passes[i].add(ctx, r, run, bare); err != nil {
				return nil, fmt.Errorf("%s: %w", h.name, err)
			}
			if err := b.round(ctx, others[i], inputs, h.in); err != nil {
				return nil, err
			}
		}
	}
	stages := make([]Stage, len(wanted))
	for i, h := range wanted {
		stages[i] = passes[i].stage(h.name, b.cfg.Transfers)
		stages[i].Peers = beside(others[i], passes[i].ours, b.cfg.Transfers)
		if err := b.profile(ctx, h.name, func(ctx context.Context, cpu string) (pass, error) { return b.hop(ctx, inputs, cpu, h) }); err != nil {
			return nil, fmt.Errorf("%s: %w", h.name, err)
		}
	}
	return stages, nil
}

// chain measures the three hops at once, beside three bare loops in a row.
func (b *bench) chain(ctx context.Context, inputs map[string]string) (*Stage, error) {
	var passes pairs
	for r := range b.cfg.Rounds {
		b.progress.step(fmt.Sprintf("the whole chain, round %d of %d", r+1, b.cfg.Rounds))
		run := func(ctx context.Context) (pass, error) { return b.hop(ctx, inputs, "", hops...) }
		bare := func(ctx context.Context) (pass, error) { return b.bare(ctx, inputs, schemas.Raw, len(hops)) }
		if err := passes.add(ctx, r, run, bare); err != nil {
			return nil, err
		}
	}
	s := passes.stage(StageChain, b.cfg.Transfers)
	err := b.profile(ctx, StageChain, func(ctx context.Context, cpu string) (pass, error) { return b.hop(ctx, inputs, cpu, hops...) })
	return &s, err
}

// ofHops is the chain's rate as a part of what its hops reach one behind the other.
func ofHops(chain *Stage, stages []Stage) float64 {
	if len(stages) < len(hops) {
		return 0
	}
	each := 0.0
	for _, s := range stages {
		each += 1 / s.Rate
	}
	return round(chain.Rate*each, 3)
}

// profile runs a stage once more, when profiles are wanted: what profiling costs is in no figure.
func (b *bench) profile(ctx context.Context, stage string, run func(ctx context.Context, cpu string) (pass, error)) error {
	if b.cfg.Profile == "" {
		return nil
	}
	b.progress.step(stage + ", with profiles")
	cpu, heap, err := profiles(b.cfg.Profile, stage)
	if err != nil {
		return err
	}
	if _, err := run(ctx, cpu); err != nil {
		return err
	}
	return heapProfile(heap)
}

// hop runs hops in a row over the input of the first, into topics that are made for it and removed afterwards.
func (b *bench) hop(ctx context.Context, inputs map[string]string, cpu string, row ...hop) (result pass, err error) {
	var names []string
	for _, h := range row {
		names = append(names, h.out[:len(h.out)-1]...)
	}
	topics, err := b.server.topics(ctx, b.cfg.Partitions, append(names, schemas.DeadLetters)...)
	if err != nil {
		return pass{}, err
	}
	defer func() { err = errors.Join(err, b.server.remove(topics)) }()
	all := maps.Clone(topics)
	all[row[0].in] = inputs[row[0].in]
	s := newSpace(b.server.client, all)
	result, err = b.through(ctx, s, cpu, row...)
	result.written = s.writtenBytes()
	return result, err
}
