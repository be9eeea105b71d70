package bench

import (
	"context"
	"errors"

	"sluice/pkg/simulate"
	"sluice/pkg/watchlist"
	"sluice/schemas"
	"sluice/services/enrichment"
)

// Listed are the entries that the transfers of a measurement are listed by.
func Listed(cfg Config) ([]watchlist.Entry, error) {
	g, err := newGenerator(cfg)
	if err != nil {
		return nil, err
	}
	return g.Entries(), nil
}

// Turns measures the enrichment hop with lists that somebody else holds, one pass whenever it is asked to: so that passes
// over other lists, in other processes, can take turns with them. It must be closed.
type Turns struct {
	b      *bench
	inputs map[string]string
	taken  int
}

// Turn is a pass of the hop and one of the bare loop over the same input.
type Turn struct {
	CPU     float64 `json:"cpu_us"` // processor time of this process for a transfer, with the embedded broker's
	BareCPU float64 `json:"bare_cpu_us"`
	Rate    float64 `json:"transfers_per_second"`
}

// NewTurns starts the broker and writes the transfers. Of cfg, Transfers, HitShare, Partitions and Lanes count.
func NewTurns(ctx context.Context, cfg Config, lists enrichment.Current) (_ *Turns, err error) {
	cfg.Stage = StageEnrichment
	w := &world{current: lists}
	if w.transfers, err = newGenerator(cfg); err != nil {
		return nil, err
	}
	b := &bench{cfg: cfg, world: w, progress: &progress{steps: 1}}
	if b.server, err = startServer(ctx, cfg.Brokers); err != nil {
		return nil, err
	}
	t := &Turns{b: b}
	if t.inputs, err = b.prepare(ctx); err != nil {
		return nil, errors.Join(err, b.server.close())
	}
	return t, nil
}

// Next measures a turn.
func (t *Turns) Next(ctx context.Context) (Turn, error) {
	hop := func(ctx context.Context) (pass, error) { return t.b.hop(ctx, t.inputs, "", hops[1]) }
	bare := func(ctx context.Context) (pass, error) { return t.b.bare(ctx, t.inputs, schemas.Transfers, 1) }
	var p pairs
	if err := p.add(ctx, t.taken, hop, bare); err != nil {
		return Turn{}, err
	}
	t.taken++
	n := t.b.cfg.Transfers
	micros := func(p pass) float64 { return round(p.cpu.Seconds()*1e6/float64(n), 3) }
	return Turn{CPU: micros(p.ours[0]), BareCPU: micros(p.bare[0]), Rate: p.ours[0].rate(n)}, nil
}

// Close removes what was made.
func (t *Turns) Close() error { return errors.Join(t.b.server.remove(t.inputs), t.b.server.close()) }

// newGenerator invents the transfers of a measurement.
func newGenerator(cfg Config) (*simulate.Generator, error) {
	return simulate.New(simulate.Config{Seed: seed, Customers: parties(cfg.Transfers), Counterparties: parties(cfg.Transfers),
		Shares: shares(cfg.HitShare), Prefix: prefix})
}
