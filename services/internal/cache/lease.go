package cache

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"sluice/services/internal/lists"
)

// keyLease begins the keys of leases.
const keyLease = prefix + "lease:"

// release and renew act only for the holder. KEYS: lease; ARGV: token, milliseconds.
var (
	release = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)
	renew   = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`)
)

// Lease is a lock that ends by itself when its holder is gone. It keeps honest workers from crossing each other; what
// must be right even when a holder sleeps past its lease has to be safe without it.
type Lease struct {
	c     *Client
	name  string
	token string
	ttl   time.Duration

	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
}

// Acquire takes the lease with the name, and renews it until Release or the end of ctx. ErrLocked: another has it, and
// still had it after wait.
func (c *Client) Acquire(ctx context.Context, name string, ttl, wait time.Duration) (*Lease, error) {
	if ttl < 10*time.Millisecond {
		return nil, fmt.Errorf("lease %s: %s is too short", name, ttl)
	}
	until := time.Now().Add(wait)
	for {
		l, err := c.acquire(ctx, name, ttl)
		left := time.Until(until)
		if !errors.Is(err, ErrLocked) || left <= 0 {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", err, context.Cause(ctx))
		case <-time.After(min(ttl/4, left, 250*time.Millisecond)):
		}
	}
}

func (c *Client) acquire(ctx context.Context, name string, ttl time.Duration) (*Lease, error) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	l := &Lease{c: c, name: name, token: hex.EncodeToString(b[:]), ttl: ttl}
	short, done := c.limit(ctx)
	defer done()
	ok, err := c.rdb.SetNX(short, keyLease+name, l.token, ttl).Result()
	if err != nil {
		return nil, domain("lease "+name, err)
	}
	if !ok {
		return nil, fmt.Errorf("lease %s: %w", name, ErrLocked)
	}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.wg.Add(1)
	go l.keep()
	return l, nil
}

// Context ends when the lease was lost (its cause is ErrLeaseLost), with the context of Acquire, and with Release.
func (l *Lease) Context() context.Context { return l.ctx }

// keep renews the lease until it ends. A server that is away for less than the rest of the lease loses nothing.
func (l *Lease) keep() {
	defer l.wg.Done()
	good := time.Now()
	tick := time.NewTicker(l.ttl / 3)
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
		asked := time.Now()
		ctx, cancel := context.WithTimeout(l.ctx, l.ttl/3)
		n, err := renew.Run(ctx, l.c.rdb, []string{keyLease + l.name}, l.token, l.ttl.Milliseconds()).Int()
		cancel()
		switch {
		case err == nil && n == 1:
			good = asked
		case err == nil || time.Since(good) >= l.ttl:
			l.cancel(fmt.Errorf("lease %s: %w", l.name, ErrLeaseLost))
			return
		}
	}
}

// Release gives the lease back.
func (l *Lease) Release(ctx context.Context) error {
	l.cancel(nil)
	l.wg.Wait()
	ctx, cancel := l.c.limit(context.WithoutCancel(ctx))
	defer cancel()
	return domain("lease "+l.name, release.Run(ctx, l.c.rdb, []string{keyLease + l.name}, l.token).Err())
}

// leaseTTL is how long the work of Hold is protected after its process was lost.
const leaseTTL = 15 * time.Second

// leaseWait is how long Hold waits for another.
const leaseWait = time.Minute

// Hold runs fn under the lease with the name, and waits up to a minute for it. The context of fn ends when the lease is
// lost, and the error is then ErrLeaseLost.
func (c *Client) Hold(ctx context.Context, name string, fn func(context.Context) error) error {
	l, err := c.Acquire(ctx, name, leaseTTL, leaseWait)
	if err != nil {
		return err
	}
	err = fn(l.Context())
	if cause := context.Cause(l.Context()); errors.Is(cause, ErrLeaseLost) && err != nil {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	if gone := l.Release(ctx); gone != nil && err == nil && !errors.Is(gone, lists.ErrUnavailable) {
		err = gone // what Redis cannot be told ends by itself
	}
	return err
}
