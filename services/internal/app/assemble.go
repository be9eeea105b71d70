package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/pkg/judge"
	"sluice/schemas"
	"sluice/services/alerting"
	"sluice/services/api"
	"sluice/services/enrichment"
	"sluice/services/ingest"
	"sluice/services/internal/cache"
	"sluice/services/internal/stream"
	"sluice/services/recorder"
)

// laneDrain is how long a lane may take for the batch at hand when its partitions go to another: less than the session,
// after which the group would give them away anyhow.
const laneDrain = 8 * time.Second

// recorderBytes bounds what a lane of the recorder gathers, some 6,000 transfers: its columns take many times as much, and
// a backlog fills every lane. With three times as much a backlog took 1.35 GB.
const recorderBytes = 4 << 20

// produceTimeout is how long a request waits for a broker that does not take it before it is answered 503; behind others
// that wait, twice as long.
const produceTimeout = 5 * time.Second

// producerQueue is how much may wait for its acknowledgement: several requests of the largest size.
const producerQueue = 4 * ingest.MaxBody

// assemble makes the services that the process runs. It dials nothing.
func (p *Pipeline) assemble() error {
	parts := p.opts.Parts
	var at surface
	if parts.Ingest {
		producer, err := stream.NewProducer(stream.ProducerConfig{QueueBytes: producerQueue, Timeout: produceTimeout, Logger: p.log}, p.kafka)
		if err != nil {
			return err
		}
		p.producer = producer
		p.add("producer", producer.Run)
	}
	if parts.Enrichment {
		if err := p.addLists(); err != nil {
			return err
		}
	}
	if parts.Watchlist {
		listsAPI, err := p.addWatchlist()
		if err := errors.Join(err, p.addLookback()); err != nil {
			return err
		}
		at.lists = listsAPI
	}
	if parts.Ingest {
		m, seen := ingest.NewMetrics(p.reg), p.seen()
		waiter := ingest.NewWaiter(p.kafka)
		p.add("verdict waiter", waiter.Run)
		at.ingest = &ingest.API{Publisher: p.producer, Seen: seen, Verdicts: waiter,
			WaitDeadline: p.cfg.HTTP.WaitDeadline, Full: p.Servers.Full, Now: time.Now, Metrics: m}
		if err := p.addLoop(stream.Config{Group: schemas.GroupIngest, Stage: "ingest", Topics: []string{schemas.Raw}}, ingest.NewRaw(ingest.RawConfig{Tenant: p.cfg.Ingest.Tenant, Seen: seen, Now: time.Now}, m)); err != nil {
			return err
		}
	}
	if parts.Enrichment {
		stage := enrichment.New(enrichment.Config{HoldAfter: p.cfg.Lists.HoldAfter, Now: time.Now}, p.lists, enrichment.NewMetrics(p.reg))
		if err := p.addLoop(stream.Config{Group: schemas.GroupEnrichment, Stage: "enrichment", Topics: []string{schemas.Transfers}}, stage); err != nil {
			return err
		}
		if err := p.addRescreen(stage); err != nil {
			return err
		}
	}
	if parts.Alerting {
		set, err := Rules(p.cfg.Rules.File, p.cfg.Screening.UnknownDeposit, p.cfg.Screening.UnknownWithdrawal, p.cfg.Screening.Dust)
		if err != nil {
			return err
		}
		p.verdicts = alerting.NewMetrics(p.reg)
		stage := alerting.New(alerting.Config{Rules: judge.Rules{Set: set}, Now: time.Now}, p.verdicts)
		if err := p.addLoop(stream.Config{Group: schemas.GroupAlerting, Stage: "alerting", Topics: []string{schemas.Screened}}, stage); err != nil {
			return err
		}
	}
	if parts.Recorder {
		for _, hop := range append(recorder.Hops(p.warehouse), recorder.LedgerHop(p.warehouse, p.kafka)) {
			cfg := stream.Config{Group: hop.Group, Stage: recorder.Stage, Topics: []string{hop.Topic},
				Gather: stream.GatherConfig{Records: p.cfg.Recorder.BatchRows, Bytes: recorderBytes, Wait: p.cfg.Recorder.MaxWait}}
			if err := p.addLoop(cfg, hop.Handler); err != nil {
				return err
			}
		}
	}
	if p.warehouse != nil && parts.Ingest {
		at.api = &api.API{Warehouse: p.warehouse}
	}
	if p.opts.Show != nil {
		p.add("latest flagged", func(ctx context.Context) error { return p.latest.follow(ctx, p.kafka) })
	}
	if p.opts.Simulate != nil {
		if err := p.addSimulator(); err != nil {
			return err
		}
	}
	return p.serve(at)
}

// seen is the memory of what was acknowledged; the embedded cache goes through all its keys to age them, so it keeps
// fewer.
func (p *Pipeline) seen() *cache.Seen {
	if p.Servers.Embedded["cache"] {
		return p.redis.Seen(cache.MaxSeenEmbedded)
	}
	return p.redis.Seen(cache.MaxSeen)
}

func (p *Pipeline) addLoop(cfg stream.Config, h stream.Handler) error {
	if cfg.Lanes == 0 {
		cfg.Lanes = p.cfg.Stream.Lanes
	}
	cfg.Fetch.Linger = p.cfg.Stream.Linger
	cfg.Drain, cfg.Logger = min(p.cfg.Stream.DrainTimeout, laneDrain), p.log
	l, err := stream.New(cfg, p.kafka, h)
	if err != nil {
		return fmt.Errorf("%s: %w", cfg.Group, err)
	}
	p.loops = append(p.loops, l)
	p.add(cfg.Group, l.Run)
	return nil
}
