package app

import (
	"context"
	"errors"

	"sluice/services/internal/cache"
	"sluice/services/internal/config"
	"sluice/services/internal/warehouse"
)

// Migrate brings the schema of the configured ClickHouse up to date, and tells what it applied.
func Migrate(ctx context.Context, cfg *config.Config) (_ []warehouse.Applied, err error) {
	redis, err := cache.New(cache.Config{URL: cfg.Redis.URL})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, redis.Close()) }()
	w, err := warehouse.Open(warehouse.Config{DSN: cfg.ClickHouse.DSN, Cluster: cfg.ClickHouse.Cluster})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.Migrate(ctx, migrateLock{redis})
}
