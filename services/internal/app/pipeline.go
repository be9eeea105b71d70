// Package app puts adapters behind ports: it is the one place that knows which broker, cache and warehouse the services
// run on, starts them in order and stops them in reverse. It decides nothing about transfers.
package app

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"sluice/schemas"
	"sluice/services/alerting"
	"sluice/services/enrichment"
	"sluice/services/internal/broker"
	"sluice/services/internal/cache"
	"sluice/services/internal/collector"
	"sluice/services/internal/config"
	"sluice/services/internal/fetch"
	"sluice/services/internal/httpx"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
	"sluice/services/internal/warehouse"
)

// Parts says which services a process runs.
type Parts struct{ Ingest, Enrichment, Alerting, Recorder, Watchlist bool }

// All is `sluice run`.
var All = Parts{Ingest: true, Enrichment: true, Alerting: true, Recorder: true, Watchlist: true}

// needs is what the parts work with.
func (p Parts) needs() Needs {
	return Needs{
		Kafka:      true,
		Redis:      p.Ingest || p.Enrichment || p.Watchlist,
		ClickHouse: p.Recorder || p.Watchlist,
	}
}

// Options are what a process does beside its services.
type Options struct {
	Parts    Parts
	Embedded bool // servers that the config does not name are started in this process
	Simulate *Simulate
	Version  string
	// Show runs a live screen while the pipeline runs; it returns when stop was called or ctx ended. nil: none.
	Show func(ctx context.Context, p *Pipeline, stop func()) error
}

// Pipeline is a process's services on their servers.
type Pipeline struct {
	cfg     *config.Config
	opts    Options
	log     zerolog.Logger
	reg     *prometheus.Registry
	started time.Time

	Servers   *Servers
	kafka     *broker.Client
	redis     *cache.Client
	warehouse *warehouse.Warehouse
	producer  *stream.Producer
	lists     enrichment.Lists
	memory    *lists.Memory // shared by all who load lists in this process
	verdicts  *alerting.Metrics
	latest    latest

	loops   []*stream.Loop
	runners []runner
	guard   *httpx.Guard
	api     atomic.Pointer[http.Handler] // what the listener serves now
	state   atomic.Pointer[string]       // what the start is waiting for; nil: started
	addr    string
}

// Run runs the services until ctx ends, and drains.
func Run(ctx context.Context, cfg *config.Config, opts Options, log zerolog.Logger) (err error) {
	collector.Relax(collector.Room)
	p := &Pipeline{cfg: cfg, opts: opts, log: log, reg: prometheus.NewRegistry(), started: time.Now(), memory: lists.NewMemory()}
	p.reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		loopCollector{p.running}, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sluice_started",
			Help: "1: the services run. 0: they wait for a server, which /readyz names."}, func() float64 { return b2f(p.state.Load() == nil) }))
	p.waiting("the servers")
	guard, follow, err := p.newGuard()
	if err != nil {
		return err
	}
	p.guard = guard
	proof, err := serverTLS(cfg)
	if err != nil {
		return err
	}

	// The listener comes first: a process that waits for its servers says so on /readyz.
	if err := p.serveStarting(); err != nil {
		return err
	}
	server, err := httpx.Listen(ctx, cfg.HTTP.Listen, proof, p)
	if err != nil {
		return err
	}
	p.addr = server.Addr()
	front := start(ctx, append(follow, runner{"http", func(ctx context.Context) error { return server.Run(ctx, cfg.Stream.DrainTimeout) }})...)
	defer func() { err = errors.Join(err, front.stop()) }()

	if p.Servers, err = p.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.prepare(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	if err := p.assemble(); err != nil {
		return err
	}
	if err := p.Servers.Announce(p.addr); err != nil {
		return err
	}
	back := start(ctx, p.runners...)
	defer func() { err = errors.Join(err, back.stop()) }()
	p.state.Store(nil)
	log.Info().Str("http", p.addr).Dur("took", time.Since(p.started)).Msg("the pipeline runs")

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if opts.Show != nil {
		show := start(ctx, runner{"screen", func(ctx context.Context) error { return errors.Join(opts.Show(ctx, p, stop), waitFor(ctx, stop)) }})
		defer func() { err = errors.Join(err, show.stop()) }()
	}
	select {
	case <-ctx.Done():
		log.Info().Msg("stopping: requests and batches under way are finished")
	case <-back.failed:
	case <-front.failed:
	}
	// Requests end before what they wait for.
	return front.stop()
}

// waitFor keeps the screen's phase alive after its user has quit, until the pipeline stops it.
func waitFor(ctx context.Context, stop func()) error {
	stop()
	<-ctx.Done()
	return nil
}

func (p *Pipeline) add(name string, run func(context.Context) error) {
	p.runners = append(p.runners, runner{name, run})
}

// running returns the loops, none while the pipeline is starting.
func (p *Pipeline) running() []*stream.Loop {
	if p.state.Load() != nil {
		return nil
	}
	return p.loops
}

func (p *Pipeline) waiting(what string) { p.state.Store(&what) }

// open finds or starts the servers and makes the clients.
func (p *Pipeline) open(ctx context.Context) (_ *Servers, err error) {
	needs := p.opts.Parts.needs()
	s := external(p.cfg)
	if p.opts.Embedded {
		if s, err = Start(ctx, p.cfg, needs, p.reg, p.log); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if p.kafka, err = s.kafkaClient(p.cfg); err != nil {
		return nil, err
	}
	if needs.Redis {
		if p.redis, err = s.cacheClient(p.cfg, 0); err != nil {
			return nil, err
		}
	}
	if needs.ClickHouse {
		if p.warehouse, err = s.Warehouse(p.cfg); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (p *Pipeline) close() error {
	errs := []error{p.kafka.Close()}
	if p.redis != nil {
		errs = append(errs, p.redis.Close())
	}
	if p.warehouse != nil {
		errs = append(errs, p.warehouse.Close())
	}
	return errors.Join(append(errs, p.Servers.Close())...)
}

// prepare waits until the servers answer and are as they must be: topics, and the schema.
func (p *Pipeline) prepare(ctx context.Context) error {
	err := p.until(ctx, "the broker", func(ctx context.Context) error {
		report, err := p.kafka.EnsureTopics(ctx, schemas.Topics, stream.EnsureOptions{
			AllowUnsafe: p.cfg.Kafka.AllowUnsafe || p.Servers.Embedded["broker"]})
		if errors.Is(err, stream.ErrTopicMismatch) {
			return final{err}
		}
		if !p.Servers.Embedded["broker"] {
			for _, w := range report.Warnings {
				p.log.Warn().Msg(w)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if p.redis != nil {
		if _, err := p.redis.CheckPolicy(ctx); err != nil && !errors.Is(err, lists.ErrUnavailable) {
			return err
		}
	}
	if p.warehouse == nil {
		return nil
	}
	if p.Servers.Embedded["warehouse"] || p.opts.Parts == All {
		return p.until(ctx, "the schema", func(ctx context.Context) error {
			_, err := p.warehouse.Migrate(ctx, migrateLock{p.redis})
			return err
		})
	}
	return p.until(ctx, "the schema", p.warehouse.CheckVersion)
}

// final is an error that waiting does not mend.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// until tries fn until it works, with a growing pause, and says in the log and on /readyz what it waits for.
func (p *Pipeline) until(ctx context.Context, what string, fn func(context.Context) error) error {
	const most = 5 * time.Second
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, most) {
		err := fn(ctx)
		if f := (final{}); err == nil || errors.As(err, &f) {
			return err
		}
		if ctx.Err() == nil {
			if p.state.Load() != nil { // still starting
				p.waiting(what + ": " + err.Error())
			}
			p.log.Warn().Err(err).Str("for", what).Dur("again_in", pause).Msg("waiting")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// Check finds what is wrong with the settings without starting or dialling anything.
func Check(cfg *config.Config, opts Options) error {
	errs := []error{cfg.Validate()}
	if errs[0] == nil {
		errs = append(errs, checkClients(cfg)...)
	}
	if opts.Parts.Watchlist {
		_, err := Sources(cfg, "")
		errs = append(errs, err)
	}
	if opts.Parts.Alerting {
		_, err := Rules(cfg.Rules.File, cfg.Screening.UnknownDeposit, cfg.Screening.UnknownWithdrawal, cfg.Screening.Dust)
		errs = append(errs, err)
	}
	if opts.Embedded && cfg.ClickHouse.DSN == "" {
		_, err := fetch.LocateAs(cfg.ClickHouse.Lib)
		errs = append(errs, err)
	}
	_, _, err := (&Pipeline{cfg: cfg, opts: opts, reg: prometheus.NewRegistry(), log: zerolog.Nop()}).newGuard()
	_, proof := serverTLS(cfg)
	errs = append(errs, err, proof)
	return errors.Join(errs...)
}
