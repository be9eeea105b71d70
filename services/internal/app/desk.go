package app

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"sluice/schemas"
	"sluice/services/internal/activation"
	"sluice/services/internal/broker"
	"sluice/services/internal/cache"
	"sluice/services/internal/config"
	"sluice/services/internal/stream"
	"sluice/services/watchlist"
)

// Desk is where a list officer's command works: on the lists of the configured servers, of the running instance, or of
// the folder.
type Desk struct {
	Cache *cache.Client

	servers *Servers
	kafka   *broker.Client
	phase   *phase
	deps    watchlist.Deps
}

// OpenDesk connects; write says that lists are to be changed, which needs the broker too.
func OpenDesk(ctx context.Context, cfg *config.Config, write bool, log zerolog.Logger) (_ *Desk, err error) {
	d := &Desk{}
	if d.servers, err = Attach(ctx, cfg, Needs{Kafka: write, Redis: true}, log); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.Cache, err = cache.New(cache.Config{URL: d.servers.Redis}); err != nil {
		return nil, err
	}
	if !write {
		return d, nil
	}
	if d.kafka, err = broker.New(broker.Config{Brokers: d.servers.Brokers}); err != nil {
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
	d.deps = importDeps(d.Cache, d.kafka, producer, log)
	return d, nil
}

// importDeps are what an import works on.
func importDeps(redis *cache.Client, kafka *broker.Client, producer stream.Publisher, log zerolog.Logger) watchlist.Deps {
	return watchlist.Deps{Store: redis, Leases: leases{redis}, Activations: activation.New(kafka, producer, log), Now: time.Now, Logger: log}
}

// Import replaces a list.
func (d *Desk) Import(ctx context.Context, req watchlist.ImportRequest) (watchlist.ImportResult, error) {
	return watchlist.Import(ctx, d.deps, req)
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
	if d.Cache != nil {
		errs = append(errs, d.Cache.Close())
	}
	return errors.Join(append(errs, d.servers.Close())...)
}
