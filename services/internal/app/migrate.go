package app

import (
	"context"
	"errors"

	"github.com/rs/zerolog"

	"sluice/services/internal/audit"
	"sluice/services/internal/config"
	"sluice/services/internal/warehouse"
)

// Migrate brings the schema of the configured ClickHouse up to date, and tells what it applied.
func Migrate(ctx context.Context, cfg *config.Config, log zerolog.Logger) (applied []warehouse.Applied, err error) {
	redis, err := external(cfg).cacheClient(cfg, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, redis.Close()) }()
	w, err := external(cfg).Warehouse(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	record := audit.Record{Actor: Actor(), Action: audit.SchemaMigrate, Object: w.Address()}
	err = audit.Do(ctx, AuditLog(cfg, log), record, func(ctx context.Context) error {
		applied, err = w.Migrate(ctx, migrateLock{redis})
		return err
	})
	return applied, err
}
