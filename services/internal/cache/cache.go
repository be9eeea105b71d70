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
	URL      string      // redis://[user:password@]host:port[/db], rediss:// for TLS
	Cluster  bool        // the URL names a node of a cluster, and others as ?addr=host:port
	User     string      // ACL user, where the URL names none
	Password string      // where the URL has none
	TLS      *tls.Config // nil: what the URL says

	// Lists of more than MemoryEntries entries together are stored in pages too, so that who screens need not hold them; 0:
	// never.
	MemoryEntries int

	Timeout time.Duration // of one command or pipeline; default 2 s. A shorter deadline of the context goes before it.
}

// Client is a connection pool. It is safe for concurrent use.
type Client struct {
	rdb  redis.UniversalClient
	addr string
	cfg  Config

	looked looked // at pages
}

// New makes a client. It dials nothing.
func New(cfg Config) (*Client, error) {
	if !strings.HasPrefix(cfg.URL, "redis://") && !strings.HasPrefix(cfg.URL, "rediss://") {
		return nil, fmt.Errorf("redis.url: %q does not begin with redis:// or rediss://", redact(cfg.URL))
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 2 * time.Second
	}
	if cfg.Timeout < 0 {
		return nil, fmt.Errorf("redis timeout %s: want more than 0", cfg.Timeout)
	}
	c := &Client{cfg: cfg}
	connect := c.single
	if cfg.Cluster {
		connect = c.cluster
	}
	if err := connect(); err != nil {
		return nil, fmt.Errorf("redis.url: %q: %s", redact(cfg.URL), strings.ReplaceAll(err.Error(), cfg.URL, redact(cfg.URL)))
	}
	return c, nil
}

// Without ContextTimeoutEnabled a hung server blocks for seconds whatever the context says; with the default retries a
// refused port costs seconds per command. Callers decide what to try again.

func (c *Client) single() error {
	opt, err := redis.ParseURL(c.cfg.URL)
	if err != nil {
		return err
	}
	opt.Username, opt.Password, opt.TLSConfig = c.login(opt.Username, opt.Password, opt.TLSConfig)
	opt.ContextTimeoutEnabled = true
	opt.MaxRetries = -1
	opt.DialerRetries = 1
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout, opt.PoolTimeout = c.cfg.Timeout, c.cfg.Timeout, c.cfg.Timeout, c.cfg.Timeout
	opt.DisableIdentity = true
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c.addr, c.rdb = opt.Addr, redis.NewClient(opt)
	return nil
}

func (c *Client) cluster() error {
	opt, err := redis.ParseClusterURL(c.cfg.URL)
	if err != nil {
		return err
	}
	opt.Username, opt.Password, opt.TLSConfig = c.login(opt.Username, opt.Password, opt.TLSConfig)
	if opt.TLSConfig != nil && (c.cfg.TLS == nil || c.cfg.TLS.ServerName == "") {
		opt.TLSConfig.ServerName = "" // each node by its own name
	}
	opt.ContextTimeoutEnabled = true
	opt.MaxRetries = -1
	opt.MaxRedirects = maxRedirects
	opt.DialerRetries = 1
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout, opt.PoolTimeout = c.cfg.Timeout, c.cfg.Timeout, c.cfg.Timeout, c.cfg.Timeout
	opt.DisableIdentity = true
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c.addr, c.rdb = strings.Join(opt.Addrs, ","), redis.NewClusterClient(opt)
	return nil
}

// maxRedirects is how often a cluster may send a command on to another node before it fails.
const maxRedirects = 3

// login completes what the URL says of user, password and TLS.
func (c *Client) login(user, password string, t *tls.Config) (string, string, *tls.Config) {
	if user == "" {
		user = c.cfg.User
	}
	if password == "" {
		password = c.cfg.Password
	}
	if c.cfg.TLS != nil {
		t = c.cfg.TLS.Clone()
	}
	if t != nil {
		t.MinVersion = tls.VersionTLS12
	}
	return user, password, t
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
func (c *Client) Addr() string { return c.addr }

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
	// INFO, for CONFIG GET shows passwords too, and no service needs the right to it.
	text, err := c.rdb.Info(ctx, "memory").Result()
	if known := (redis.Error)(nil); errors.As(err, &known) {
		return Policy{}, nil
	}
	if err != nil {
		return Policy{}, domain("info", err)
	}
	_, name, ok := strings.Cut(text, "maxmemory_policy:")
	if !ok {
		return Policy{}, nil
	}
	name, _, _ = strings.Cut(name, "\r\n")
	p := Policy{Known: true, Maxmemory: name}
	if name != "noeviction" {
		return p, fmt.Errorf("redis %s has maxmemory-policy %q, which drops watchlists when memory is full: set it to noeviction", c.Addr(), name)
	}
	return p, nil
}
