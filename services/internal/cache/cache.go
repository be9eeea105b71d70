// Package cache is the only importer of the Redis client. It keeps what services share and can lose: the watchlists in
// segments with their pointer, leases, and the ids that ingest has seen. It decides nothing: whether what it returns may
// be used is for its callers.
//
// Every error wraps one of package lists or of this one, never the client's own alone. A missing key is
// lists.ErrNotFound where something must be there, so that an evicted or flushed list never looks like an empty one.
package cache

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"sluice/services/internal/lists"
)

// Errors of leases.
var (
	ErrLocked    = errors.New("the lease is held by another") // Acquire would have to wait
	ErrLeaseLost = errors.New("the lease was lost")
)

// prefix begins every key.
const prefix = "sluice:"

// Config is how Redis is reached.
type Config struct {
	URL     string        // redis://[user:password@]host:port[/db], rediss:// for TLS
	Timeout time.Duration // of one command or pipeline; default 2 s. A shorter deadline of the context goes before it.
}

// Client is a connection pool. It is safe for concurrent use.
type Client struct {
	rdb *redis.Client
	cfg Config
}

// New makes a client. It dials nothing.
func New(cfg Config) (*Client, error) {
	if !strings.HasPrefix(cfg.URL, "redis://") && !strings.HasPrefix(cfg.URL, "rediss://") {
		return nil, fmt.Errorf("redis.url: %q does not begin with redis:// or rediss://", redact(cfg.URL))
	}
	opt, err := redis.ParseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("redis.url: %q: %s", redact(cfg.URL), strings.ReplaceAll(err.Error(), cfg.URL, redact(cfg.URL)))
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 2 * time.Second
	}
	if cfg.Timeout < 0 {
		return nil, fmt.Errorf("redis timeout %s: want more than 0", cfg.Timeout)
	}
	// Without ContextTimeoutEnabled a hung server blocks for seconds whatever the context says; with the default
	// retries a refused port costs seconds per command. Callers decide what to try again.
	opt.ContextTimeoutEnabled = true
	opt.MaxRetries = -1
	opt.DialerRetries = 1
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout = cfg.Timeout, cfg.Timeout, cfg.Timeout
	opt.PoolTimeout = cfg.Timeout
	opt.DisableIdentity = true
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if opt.TLSConfig != nil {
		opt.TLSConfig.MinVersion = tls.VersionTLS12
	}
	return &Client{rdb: redis.NewClient(opt), cfg: cfg}, nil
}

// redact hides the password of a URL for messages.
func redact(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 0 {
		return url
	}
	return scheme + "://***@" + rest[at+1:]
}

// Addr is host and port of the server, for people.
func (c *Client) Addr() string { return c.rdb.Options().Addr }

// Close closes the pool.
func (c *Client) Close() error { return c.rdb.Close() }

// Ping says whether the server answers.
func (c *Client) Ping(ctx context.Context) error {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	return domain("ping", c.rdb.Ping(ctx).Err())
}

// limit gives ctx the client's timeout.
func (c *Client) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.cfg.Timeout)
}

// domain turns the client's errors into this package's.
func domain(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, redis.Nil):
		return fmt.Errorf("%s: %w", what, lists.ErrNotFound)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", what, err)
	}
	if known := (redis.Error)(nil); errors.As(err, &known) && strings.HasPrefix(known.Error(), "WRONGTYPE") {
		return fmt.Errorf("%s: %w: %s", what, lists.ErrBroken, known.Error())
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return fmt.Errorf("%s: %w: %w", what, lists.ErrUnavailable, op)
	}
	return fmt.Errorf("%s: %w: %w", what, lists.ErrUnavailable, err)
}

// Policy is how the server treats a full memory.
type Policy struct {
	Known     bool   // false: the server does not tell (a managed or embedded one)
	Maxmemory string // the policy's name
}

// CheckPolicy says how the server treats a full memory. One that evicts keys loses lists; the error then says what to
// set. Loss of lists is noticed in any case, so an unknown policy is no error.
func (c *Client) CheckPolicy(ctx context.Context) (Policy, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	got, err := c.rdb.ConfigGet(ctx, "maxmemory-policy").Result()
	if known := (redis.Error)(nil); errors.As(err, &known) {
		return Policy{}, nil
	}
	if err != nil {
		return Policy{}, domain("config get", err)
	}
	name, ok := got["maxmemory-policy"]
	if !ok {
		return Policy{}, nil
	}
	p := Policy{Known: true, Maxmemory: name}
	if name != "noeviction" {
		return p, fmt.Errorf("redis %s has maxmemory-policy %q, which drops watchlists when memory is full: set it to noeviction", c.Addr(), name)
	}
	return p, nil
}
