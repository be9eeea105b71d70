package app

import (
	"context"
	"errors"
	"time"

	"sluice/services/internal/cache"
)

const (
	leaseTTL  = 30 * time.Second
	leaseWait = 5 * time.Minute
)

// leases are Redis leases behind the ports that want one.
type leases struct{ redis *cache.Client }

// Lock lets one migration run at a time, over all machines.
func (l leases) Lock(ctx context.Context) (func(context.Context) error, error) {
	lease, err := l.redis.Acquire(ctx, "migrate", leaseTTL, leaseWait)
	if err != nil {
		return nil, err
	}
	return lease.Release, nil
}

// Hold runs fn under a lease, whose loss ends fn's context.
func (l leases) Hold(ctx context.Context, name string, fn func(context.Context) error) error {
	lease, err := l.redis.Acquire(ctx, name, leaseTTL, leaseWait)
	if err != nil {
		return err
	}
	err = fn(lease.Context())
	if lost := context.Cause(lease.Context()); err != nil && errors.Is(lost, cache.ErrLeaseLost) {
		err = lost
	}
	return errors.Join(err, lease.Release(ctx))
}
