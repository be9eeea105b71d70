package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sluice/schemas"
	"sluice/services/internal/config"
	"sluice/services/internal/datadir"
	"sluice/services/internal/embedded/clickhouse"
	"sluice/services/internal/embedded/kafka"
	"sluice/services/internal/embedded/redis"
)

// Needs says which servers a command works with.
type Needs struct{ Kafka, Redis, ClickHouse bool }

// Servers are where the broker, the cache and the warehouse are: external, embedded in this process, or those of the
// instance that runs on the data folder.
type Servers struct {
	Brokers    []string
	Redis      string
	ClickHouse string

	Embedded map[string]bool // "broker", "cache", "warehouse": runs in this process
	Attached bool            // some belong to a running instance

	broker *kafka.Broker
	dir    *datadir.Dir
	phase  *phase
}

// errStarting is returned while another instance owns the folder and does not tell yet where its servers are.
var errStarting = errors.New("an instance is starting or stopping on this folder; try again in a moment")

// Attach finds the servers for a command beside `sluice run`: what the config names, else what the running instance
// has, else it starts embedded servers on what the folder holds, until Close.
func Attach(ctx context.Context, cfg *config.Config, needs Needs, log zerolog.Logger) (*Servers, error) {
	missing := needs.without(cfg)
	if missing == (Needs{}) {
		return external(cfg), nil
	}
	running, ok, err := datadir.Find(cfg.Data)
	if err != nil {
		return nil, err
	}
	if ok {
		s := external(cfg)
		s.Attached = true
		s.adopt(running, Needs{true, true, true}.without(cfg))
		return s, nil
	}
	if missing.ClickHouse && !missing.Kafka && !missing.Redis {
		if _, err := os.Stat(cfg.Data); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("data: there is nothing in %s: start `sluice run`, or name a ClickHouse server with SLUICE_CLICKHOUSE_DSN", cfg.Data)
		}
	}
	s, err := Start(ctx, cfg, needs, prometheus.NewRegistry(), log)
	if errors.Is(err, datadir.ErrInUse) {
		return nil, fmt.Errorf("data: %s: %w", cfg.Data, errStarting)
	}
	return s, err
}

// adopt takes the missing servers from a running instance.
func (s *Servers) adopt(i datadir.Instance, missing Needs) {
	if missing.Kafka {
		s.Brokers = i.Brokers
	}
	if missing.Redis {
		s.Redis = i.Redis
	}
	if missing.ClickHouse {
		s.ClickHouse = i.ClickHouse
	}
}

// without is what the config does not name.
func (n Needs) without(cfg *config.Config) Needs {
	return Needs{
		Kafka:      n.Kafka && len(cfg.Kafka.Brokers) == 0,
		Redis:      n.Redis && cfg.Redis.URL == "",
		ClickHouse: n.ClickHouse && cfg.ClickHouse.DSN == "",
	}
}

func external(cfg *config.Config) *Servers {
	return &Servers{Brokers: cfg.Kafka.Brokers, Redis: cfg.Redis.URL, ClickHouse: cfg.ClickHouse.DSN, Embedded: map[string]bool{}}
}

// Start starts embedded servers for what the config does not name, on the data folder, which this process then owns.
func Start(ctx context.Context, cfg *config.Config, needs Needs, reg *prometheus.Registry, log zerolog.Logger) (_ *Servers, err error) {
	s := external(cfg)
	missing := needs.without(cfg)
	if missing == (Needs{}) {
		return s, nil
	}
	if s.dir, err = datadir.Own(cfg.Data); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	var runners []runner
	if missing.Kafka {
		if s.broker, err = kafka.New(kafka.Config{Dir: s.dir.Join("kafka"), Listen: cfg.Kafka.Listen, DiskBudget: cfg.Kafka.DiskBudget, Intake: []string{schemas.Raw, schemas.Chain}, Logger: log}); err != nil {
			return nil, err
		}
		if err = s.broker.Start(); err != nil {
			return nil, err
		}
		runners = append(runners, runner{"embedded broker", s.broker.Run})
		s.Brokers = []string{s.broker.Addr()}
		s.Embedded["broker"] = true
		log.Warn().Str("listen", s.broker.Addr()).Msg("the embedded broker is for trying out and small sites; production names a Kafka cluster (kafka.brokers)")
	}
	if missing.Redis {
		cache, err := redis.New(redis.Config{File: s.dir.Join("cache.snapshot"), Log: log})
		if err != nil {
			return nil, err
		}
		if err := cache.Start(); err != nil {
			return nil, err
		}
		runners = append(runners, runner{"embedded cache", cache.Run})
		s.Redis = cache.URL()
		s.Embedded["cache"] = true
	}
	s.phase = start(ctx, runners...)
	if missing.ClickHouse {
		engine, err := clickhouse.New(clickhouse.Config{Dir: s.dir.Join("clickhouse"), Lib: cfg.ClickHouse.Lib, Log: log})
		if err != nil {
			return nil, err
		}
		reg.MustRegister(engine.Collectors()...)
		if err := engine.Start(ctx); err != nil {
			return nil, err
		}
		stopRest := s.phase
		s.phase = start(ctx, runner{"embedded engine", func(ctx context.Context) error {
			<-ctx.Done()
			return errors.Join(engine.Stop(), stopRest.stop())
		}})
		s.ClickHouse = engine.DSN()
		s.Embedded["warehouse"] = true
	}
	return s, nil
}

// Announce tells other commands on the folder where the servers listen.
func (s *Servers) Announce(http string) error {
	if s.dir == nil {
		return nil
	}
	return s.dir.Announce(datadir.Instance{PID: os.Getpid(), StartedAt: time.Now().UTC(), HTTP: http,
		Brokers: s.Brokers, Redis: s.Redis, ClickHouse: s.ClickHouse})
}

// Full says why the broker cannot take more now; an external one says so itself.
func (s *Servers) Full() error {
	if s.broker != nil && s.broker.Full() {
		return fmt.Errorf("%d bytes are used by records that are not read yet", s.broker.Used())
	}
	return nil
}

// Where describes a server for people.
func (s *Servers) Where(name string) string {
	text := map[string]string{"broker": strings.Join(s.Brokers, ", "), "cache": config.Redact(s.Redis), "warehouse": config.Redact(s.ClickHouse)}[name]
	if s.Embedded[name] {
		text = "embedded, " + text
	}
	return text
}

// Close stops what this process started and gives the folder back.
func (s *Servers) Close() error {
	var errs []error
	if s.phase != nil {
		errs = append(errs, s.phase.stop())
	}
	if s.dir != nil {
		errs = append(errs, s.dir.Release())
	}
	return errors.Join(errs...)
}
