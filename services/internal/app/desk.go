package app

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	list "sluice/pkg/watchlist"
	"sluice/schemas"
	"sluice/services/internal/activation"
	"sluice/services/internal/audit"
	"sluice/services/internal/broker"
	"sluice/services/internal/cache"
	"sluice/services/internal/config"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
	"sluice/services/internal/warehouse"
	"sluice/services/watchlist"
)

// Desk is where a list officer's command works: on the lists of the configured servers, of the running instance, or of
// the folder.
type Desk struct {
	Cache *cache.Client

	servers   *Servers
	kafka     *broker.Client
	warehouse *warehouse.Warehouse // nil where none is named: an import does not need it
	phase     *phase
	order     *activation.Log
	deps      watchlist.Deps
	audit     audit.Writer
}

// Reach is how far a desk goes.
type Reach int

// The reaches.
const (
	DeskLive   Reach = iota // looks at the lists in force: Redis alone
	DeskChange              // puts other lists in force: the broker too
	DeskWhole               // every version that ever was in force, to look at it or to put it in force again: the history too
)

// needs are the servers of a reach. The history is ClickHouse where the config names it or nothing else; beside external
// servers without it, what Redis keeps must do.
func (r Reach) needs(cfg *config.Config) Needs {
	return Needs{Redis: true, Kafka: r != DeskLive,
		ClickHouse: r == DeskWhole && (cfg.ClickHouse.DSN != "" || len(cfg.Kafka.Brokers) == 0 && cfg.Redis.URL == "")}
}

// deskPatience is how long a command waits for Redis to answer: a person who changes the lists would rather wait for a server
// that is busy for some seconds, as with a write to its disk, than begin again.
const deskPatience = 20 * time.Second

// OpenDesk connects to what the reach needs.
func OpenDesk(ctx context.Context, cfg *config.Config, reach Reach, log zerolog.Logger) (_ *Desk, err error) {
	d := &Desk{audit: AuditLog(cfg, log)}
	if d.servers, err = Attach(ctx, cfg, reach.needs(cfg), log); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.Cache, err = d.servers.cacheClient(cfg, deskPatience); err != nil {
		return nil, err
	}
	if d.servers.ClickHouse != "" {
		if d.warehouse, err = d.servers.Warehouse(cfg); err != nil {
			return nil, err
		}
	}
	if reach == DeskLive {
		return d, nil
	}
	if d.kafka, err = d.servers.kafkaClient(cfg); err != nil {
		return nil, err
	}
	if _, err = d.kafka.EnsureTopics(ctx, schemas.Topics, stream.EnsureOptions{AllowUnsafe: cfg.Kafka.AllowUnsafe || len(cfg.Kafka.Brokers) == 0}); err != nil {
		return nil, err
	}
	producer, err := stream.NewProducer(stream.ProducerConfig{Logger: log}, d.kafka)
	if err != nil {
		return nil, err
	}
	d.phase = start(ctx, runner{"producer", producer.Run})
	if reach == DeskWhole && d.warehouse != nil {
		if err := d.schema(ctx); err != nil {
			return nil, err
		}
	}
	d.order = activation.New(d.kafka, producer, log)
	d.deps = importDeps(cfg, d.Cache, d.kafka, producer, d.warehouse, log)
	d.deps.Audit = d.audit
	return d, nil
}

// schema sees to it that the history can be read: an engine that this process started is brought up to date.
func (d *Desk) schema(ctx context.Context) error {
	if !d.servers.Embedded["warehouse"] {
		return d.warehouse.CheckVersion(ctx)
	}
	_, err := d.warehouse.Migrate(ctx, migrateLock{d.Cache})
	return err
}

// importDeps are what a change of the lists works on. warehouse may be nil: then a new topic of activations begins its
// numbers above what Redis knows.
func importDeps(cfg *config.Config, redis *cache.Client, kafka *broker.Client, producer stream.Publisher, w *warehouse.Warehouse, log zerolog.Logger) watchlist.Deps {
	order := activation.New(kafka, producer, log).WithAudit(auditHead(cfg))
	d := watchlist.Deps{Store: redis, Leases: redis, Activations: order, Register: redis, Now: time.Now, Logger: log}
	if w != nil {
		d.Known, d.Past = w.HighestSeq, w
	}
	return d
}

// Import replaces a list, and writes down who did.
func (d *Desk) Import(ctx context.Context, req watchlist.ImportRequest) (watchlist.ImportResult, error) {
	req.Actor = Actor()
	return watchlist.Import(ctx, d.deps, req)
}

// Deps are what changes of the lists work on. The desk must have been opened for more than DeskLive.
func (d *Desk) Deps() watchlist.Deps { return d.deps }

// Person is who types a command on this machine, by the name that they give themselves. The account is what tells two
// people apart; whoever may use it may be either.
func Person(name, reason string) watchlist.Who {
	return watchlist.Who{Actor: Actor(), Name: name, Reason: reason}
}

// Refresh looks at a source now.
func (d *Desk) Refresh(ctx context.Context, src watchlist.Source) (watchlist.Outcome, watchlist.ImportResult, error) {
	return watchlist.Refresh(ctx, d.deps, src, Actor(), 0)
}

// Register is what is known of the lists besides their content; empty where nobody has written it.
func (d *Desk) Register(ctx context.Context) (lists.Register, error) {
	r, err := d.Cache.Register(ctx)
	if errors.Is(err, lists.ErrNotFound) {
		return r, nil
	}
	return r, err
}

// Rollback puts an earlier version in force again.
func (d *Desk) Rollback(ctx context.Context, req watchlist.RollbackRequest) (watchlist.RolledBack, error) {
	req.Actor = Actor()
	return watchlist.Rollback(ctx, d.deps, d.Versions(), req)
}

// Versions finds every version of the lists, as far as the desk reaches.
func (d *Desk) Versions() watchlist.Versions {
	v := watchlist.Versions{Store: d.Cache}
	if d.order != nil {
		v.Order = d.order
	}
	if d.warehouse != nil {
		v.Past = d.warehouse
	}
	return v
}

// Activations are all activations of lists, in their order.
func (d *Desk) Activations(ctx context.Context) ([]activation.Activation, error) {
	return d.Versions().All(ctx)
}

// Snapshot returns the lists that a name means (current, previous, #SEQ, a version or its first digits) and the activation
// that put them in force. The desk must have been opened for more than DeskLive.
func (d *Desk) Snapshot(ctx context.Context, name string) (*list.Snapshot, activation.Activation, error) {
	return d.Versions().Snapshot(ctx, name)
}

// Describe says what the lists in force are, without reading their entries.
func (d *Desk) Describe(ctx context.Context) (watchlist.Description, error) {
	return watchlist.Describe(ctx, d.Cache)
}

// Live is the snapshot in force.
func (d *Desk) Live(ctx context.Context) (watchlist.Live, error) { return watchlist.Read(ctx, d.Cache) }

// Close gives everything back.
func (d *Desk) Close() error {
	var errs []error
	if d.phase != nil {
		errs = append(errs, d.phase.stop())
	}
	if d.kafka != nil {
		errs = append(errs, d.kafka.Close())
	}
	if d.warehouse != nil {
		errs = append(errs, d.warehouse.Close())
	}
	if d.Cache != nil {
		errs = append(errs, d.Cache.Close())
	}
	return errors.Join(append(errs, d.servers.Close())...)
}
