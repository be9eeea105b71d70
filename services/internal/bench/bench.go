// Package bench measures the pipeline beside what its broker can do: every hop with its real handler, run by the loop of
// package stream, and the bare consume -> produce loop over the same records, by turns in one run on one broker. It is the
// body of `sluice bench`.
//
// What it promises: a hop and its bare loop read the same bytes from the same topic, with the same partitions, lanes and
// fetch sizes, write with the acknowledgement of all in-sync replicas, and commit what is acknowledged; every figure is the
// median of the rounds, and every ratio that of the rounds' own pairs, so that what else the machine does falls on both.
// On a broker of somebody else's it touches only topics and groups of its own names, and removes them.
//
// What it does not say: anything about another machine, a network, or a broker with replicas elsewhere. Ratios travel
// better than rates.
package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/pkg/simulate"
	"sluice/services/internal/stream"
)

// Stages that can be measured.
const (
	StageAll        = "all" // all but record and scale
	StageIngest     = "ingest"
	StageEnrichment = "enrichment"
	StageAlerting   = "alerting"
	StageChain      = "chain"
	StageLatency    = "latency"
	StageLoad       = "load"
	StageRecord     = "record"
	StageScale      = "scale"
)

// Stages are the names that Config.Stage takes.
func Stages() []string {
	return []string{StageAll, StageIngest, StageEnrichment, StageAlerting, StageChain, StageLatency, StageLoad, StageRecord, StageScale}
}

// Bounds of Config.
const (
	MaxTransfers  = 50_000_000
	MaxPartitions = 1_000
	MaxLanes      = 64
	MaxRounds     = 100
	MaxSamples    = 100_000
	MaxRate       = 1_000_000
	MaxDuration   = time.Hour
	MaxHitShare   = 0.9
)

// Config says what to measure. Every field but Brokers, Peers, Record, Lib, BrokerPID, Lingers, Profile and
// Progress must be set.
type Config struct {
	Brokers    []string // host:port; none: an embedded broker in a temporary folder
	Transfers  int      // in each round
	Entries    int      // of the watchlist
	HitShare   float64  // of the transfers, whose counterparty is listed
	Partitions int
	Lanes      int // of each hop, and of the bare loop
	Rounds     int
	Samples    int             // lone transfers whose way through the three hops is timed
	Rate       float64         // arrivals a second, held whatever the pipeline does
	Duration   time.Duration   // for how long
	Stage      string          // one of Stages
	Peers      []string        // of Peers, measured beside the enrichment hop
	Record     bool            // also measure the recorder with an embedded ClickHouse engine
	Lib        string          // the engine's library; "": where it is found
	BrokerPID  int             // the process of the one broker, when it is on this machine: its processor time is told too; 0: none
	Lingers    []time.Duration // of the hops' lanes under load, measured one after the other; none: 0. See stream.FetchConfig

	Profile string // folder for profiles; "": none
	// Progress is told what begins, and how much of the whole is done, 0 to 1. Nil: nobody.
	Progress func(done float64, what string)
}

// check finds everything that is wrong.
func (c Config) check() error {
	var errs []error
	within := func(name string, v, least, most int) {
		if v < least || v > most {
			errs = append(errs, fmt.Errorf("%s: %d, want from %d to %d", name, v, least, most))
		}
	}
	within("transfers", c.Transfers, 1, MaxTransfers)
	within("entries", c.Entries, 1, simulate.MaxFiller)
	within("partitions", c.Partitions, 1, MaxPartitions)
	within("lanes", c.Lanes, 1, MaxLanes)
	within("rounds", c.Rounds, 1, MaxRounds)
	within("samples", c.Samples, 1, MaxSamples)
	if !(c.HitShare >= 0 && c.HitShare <= MaxHitShare) {
		errs = append(errs, fmt.Errorf("hit-share: %g, want from 0 to %g", c.HitShare, MaxHitShare))
	}
	if !(c.Rate > 0 && c.Rate <= MaxRate) {
		errs = append(errs, fmt.Errorf("rate: %g, want more than 0 and at most %d", c.Rate, MaxRate))
	}
	if c.Duration <= 0 || c.Duration > MaxDuration {
		errs = append(errs, fmt.Errorf("duration: %s, want more than 0 and at most %s", c.Duration, MaxDuration))
	}
	for _, d := range c.Lingers {
		if d < 0 || d > stream.MaxLinger {
			errs = append(errs, fmt.Errorf("linger: %s, want from 0 to %s", d, stream.MaxLinger))
		}
	}
	for _, p := range c.Peers {
		if !slices.Contains(Peers(), p) {
			errs = append(errs, fmt.Errorf("peers: %q, want some of %s", p, strings.Join(Peers(), ", ")))
		}
	}
	if !slices.Contains(Stages(), c.Stage) {
		errs = append(errs, fmt.Errorf("stage: %q, want one of %s", c.Stage, strings.Join(Stages(), ", ")))
	}
	return errors.Join(errs...)
}

// wants says whether a stage is to be measured.
func (c Config) wants(stage string) bool {
	if stage == StageRecord {
		return c.Record || c.Stage == StageRecord
	}
	return c.Stage == StageAll || c.Stage == stage
}

// Run measures. It takes minutes with large numbers, and ends early when ctx does.
func Run(ctx context.Context, cfg Config) (_ *Report, err error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	b := &bench{cfg: cfg, progress: newProgress(cfg)}
	b.progress.step("starting the broker")
	if b.server, err = startServer(ctx, cfg.Brokers); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.server.close()) }()

	b.progress.step("building the watchlist")
	if b.world, err = makeWorld(cfg); err != nil {
		return nil, err
	}
	r := &Report{Host: host(), Broker: b.server.about(), Settings: settings(cfg), Watchlist: b.world.list}
	inputs, err := b.prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.server.remove(inputs)) }()
	r.Settings.TransferBytes = b.world.meanBytes

	if r.Stages, err = b.hops(ctx, inputs); err != nil {
		return nil, err
	}
	if cfg.wants(StageChain) {
		if r.Chain, err = b.chain(ctx, inputs); err != nil {
			return nil, fmt.Errorf("%s: %w", StageChain, err)
		}
		r.Chain.OfHops = ofHops(r.Chain, r.Stages)
	}
	if cfg.wants(StageLatency) {
		if r.Latency, err = b.latency(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", StageLatency, err)
		}
	}
	if cfg.wants(StageLoad) {
		if r.Load, err = b.loads(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", StageLoad, err)
		}
	}
	if cfg.wants(StageRecord) {
		if r.Record, err = b.record(ctx, inputs); err != nil {
			return nil, fmt.Errorf("%s: %w", StageRecord, err)
		}
	}
	if cfg.Stage == StageScale {
		if r.Scale, err = b.scale(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", StageScale, err)
		}
	}
	b.progress.end()
	return r, nil
}

// bench is one run.
type bench struct {
	cfg      Config
	server   *server
	world    *world
	progress *progress
	linger   time.Duration // of the hops' lanes
}

// stall is how long nothing may be acknowledged until a measurement gives up.
const stall = 60 * time.Second
