package app

import (
	"context"
	"time"

	"sluice/services/internal/cache"
)

const (
	migrateTTL  = 30 * time.Second
	migrateWait = 5 * time.Minute
)

// migrateLock is a Redis lease as the warehouse wants it: one migration runs at a time, over all machines.
type migrateLock struct{ redis *cache.Client }

// Lock waits for the lease, up to five minutes.
func (l migrateLock) Lock(ctx context.Context) (func(context.Context) error, error) {
	lease, err := l.redis.Acquire(ctx, "migrate", migrateTTL, migrateWait)
	if err != nil {
		return nil, err
	}
	return lease.Release, nil
}
