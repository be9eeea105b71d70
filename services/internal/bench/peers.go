package bench

import (
	"context"
	"fmt"
	"slices"
)

// What else does the work of the enrichment hop, or the least of it, and can be measured beside it.
const (
	PeerFranz   = "franz-go"      // the bare loop through another client
	PeerStreams = "kafka-streams" // the screening written for Kafka Streams; wants java, javac and mvn
)

// Peers are the names that Config.Peers takes.
func Peers() []string { return []string{PeerFranz, PeerStreams} }

// peer is one of them, measured in each round.
type peer struct {
	name   string
	run    func(ctx context.Context, inputs map[string]string, from string) (pass, error)
	passes []pass
}

// peers makes those that are wanted for a stage.
func (b *bench) peers(ctx context.Context, stage string) ([]*peer, error) {
	if stage != StageEnrichment {
		return nil, nil
	}
	var made []*peer
	if slices.Contains(b.cfg.Peers, PeerFranz) {
		made = append(made, &peer{name: PeerFranz, run: b.franz})
	}
	if slices.Contains(b.cfg.Peers, PeerStreams) {
		program, err := b.makeStreams(ctx)
		if err != nil {
			return nil, err
		}
		made = append(made, &peer{name: PeerStreams, run: func(ctx context.Context, inputs map[string]string, from string) (pass, error) {
			return program.run(ctx, b, inputs, from)
		}})
	}
	return made, nil
}

// round measures all of them once.
func (b *bench) round(ctx context.Context, all []*peer, inputs map[string]string, from string) error {
	for _, p := range all {
		b.progress.tellOnly(p.name)
		took, err := p.run(ctx, inputs, from)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		p.passes = append(p.passes, took)
	}
	return nil
}

// beside is the peers' figures beside ours, round by round.
func beside(all []*peer, ours []pass, transfers int) []Peer {
	var out []Peer
	for _, p := range all {
		ratios := make([]float64, len(p.passes))
		for i := range p.passes {
			ratios[i] = p.passes[i].took.Seconds() / ours[i].took.Seconds()
		}
		out = append(out, Peer{Name: p.name, Cost: cost(p.passes, transfers), OfPeer: round(median(ratios), 3)})
	}
	return out
}
