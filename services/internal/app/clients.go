package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"sluice/services/internal/broker"
	"sluice/services/internal/cache"
	"sluice/services/internal/config"
	"sluice/services/internal/warehouse"
)

// The clients of the servers that a command works with. TLS, users and passwords of the config are those of the servers
// that it names; the ones that are embedded, or belong to a running instance, say in their address what they want.

func (s *Servers) kafkaClient(cfg *config.Config) (*broker.Client, error) {
	c := broker.Config{Brokers: s.Brokers}
	if len(cfg.Kafka.Brokers) > 0 {
		var err error
		if c.TLS, err = cfg.Kafka.TLS.Client("kafka"); err != nil {
			return nil, err
		}
		c.SASL = broker.SASL{Mechanism: cfg.Kafka.SASL.Mechanism, User: cfg.Kafka.SASL.User}
		if c.SASL.Password, err = cfg.Kafka.SASL.Login.Secret("kafka.sasl"); err != nil {
			return nil, err
		}
	}
	return broker.New(c)
}

// attachKafka connects a command to the configured broker, the running instance's, or the folder's. The caller calls done.
func attachKafka(ctx context.Context, cfg *config.Config, log zerolog.Logger) (_ *broker.Client, done func() error, err error) {
	servers, err := Attach(ctx, cfg, Needs{Kafka: true}, log)
	if err != nil {
		return nil, nil, err
	}
	kafka, err := servers.kafkaClient(cfg)
	if err != nil {
		return nil, nil, errors.Join(err, servers.Close())
	}
	return kafka, func() error { return errors.Join(kafka.Close(), servers.Close()) }, nil
}

// cacheClient gives up on a command after timeout; 0: as soon as the hot path must, which has transfers to hold.
func (s *Servers) cacheClient(cfg *config.Config, timeout time.Duration) (*cache.Client, error) {
	c := cache.Config{URL: s.Redis, MemoryEntries: cfg.Lists.MemoryEntries, Timeout: timeout}
	if cfg.Redis.URL != "" {
		var err error
		c.Cluster, c.User = cfg.Redis.Cluster, cfg.Redis.User
		if c.TLS, err = cfg.Redis.TLS.Client("redis"); err != nil {
			return nil, err
		}
		if c.Password, err = cfg.Redis.Login.Secret("redis"); err != nil {
			return nil, err
		}
	}
	return cache.New(c)
}

// Warehouse is a client of the ClickHouse; it dials nothing.
func (s *Servers) Warehouse(cfg *config.Config) (*warehouse.Warehouse, error) {
	c := warehouse.Config{DSN: s.ClickHouse, Cluster: cfg.ClickHouse.Cluster}
	if cfg.ClickHouse.DSN != "" {
		var err error
		c.User = cfg.ClickHouse.User
		if c.TLS, err = cfg.ClickHouse.TLS.Client("clickhouse"); err != nil {
			return nil, err
		}
		if c.Password, err = cfg.ClickHouse.Login.Secret("clickhouse"); err != nil {
			return nil, err
		}
	}
	return warehouse.Open(c)
}

// checkClients makes the clients of the servers that the config names, as far as that can be done without dialling: it
// finds files that are missing and addresses that cannot be used.
func checkClients(cfg *config.Config) []error {
	s := external(cfg)
	var errs []error
	note := func(c interface{ Close() error }, err error) {
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%w", err))
		}
	}
	if len(cfg.Kafka.Brokers) > 0 {
		c, err := s.kafkaClient(cfg)
		note(c, err)
	}
	if cfg.Redis.URL != "" {
		c, err := s.cacheClient(cfg, 0)
		note(c, err)
	}
	if cfg.ClickHouse.DSN != "" {
		c, err := s.Warehouse(cfg)
		note(c, err)
	}
	return errs
}
