// Package warehouse is ClickHouse behind Sluice's ports: the schema's migrations, columnar inserts for the recorder,
// the queries of the HTTP interface, and statements that a person types. It is the only importer of clickhouse-go.
//
// Every table is in the database `sluice`, whatever database the DSN names: that one may not exist before the first
// migration. Inserts are synchronous (async_insert = 0): when a call returns nil, the server has the rows.
package warehouse

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// Config names a ClickHouse.
type Config struct {
	DSN     string // clickhouse://, http:// or https://
	Cluster string // replicated tables on this cluster; "": one server

	User     string      // where the DSN names none
	Password string      // where the DSN has none
	TLS      *tls.Config // nil: what the DSN says

	DialTimeout time.Duration // 0: 5 s
	ReadTimeout time.Duration // of one answer, 0: 5 min
}

// Warehouse is a ClickHouse. It is safe for use by several goroutines.
type Warehouse struct {
	cfg  Config
	url  *url.URL // of the DSN
	opt  *driver.Options
	conn driver.Conn
}

// Open checks the DSN and prepares the connections; nothing is dialled.
func Open(cfg Config) (*Warehouse, error) {
	u, err := url.Parse(cfg.DSN)
	if err != nil {
		return nil, errors.New("clickhouse.dsn: it is no URL: want clickhouse://user:password@host:9000 or http://user:password@host:8123")
	}
	switch u.Scheme {
	case "clickhouse", "http":
	case "https":
		if q := u.Query(); !q.Has("secure") { // the driver wants to be told what the scheme says
			q.Set("secure", "true")
			u.RawQuery = q.Encode()
		}
	default:
		return nil, fmt.Errorf("clickhouse.dsn: scheme %q: want clickhouse, http or https", u.Scheme)
	}
	opt, err := driver.ParseDSN(u.String())
	if err != nil {
		return nil, fmt.Errorf("clickhouse.dsn of %s: %w", u.Host, err)
	}
	opt.Auth.Database = ""
	if u.User.Username() == "" && cfg.User != "" {
		opt.Auth.Username = cfg.User
	}
	if _, given := u.User.Password(); !given && cfg.Password != "" {
		opt.Auth.Password = cfg.Password
	}
	if cfg.TLS != nil {
		if u.Scheme == "http" {
			return nil, fmt.Errorf("clickhouse.dsn of %s: http:// with TLS: want https:// or clickhouse://", u.Host)
		}
		opt.TLS = cfg.TLS
	}
	if opt.TLS != nil {
		opt.TLS.MinVersion = max(opt.TLS.MinVersion, tls.VersionTLS12)
	}
	opt.DialTimeout = or(cfg.DialTimeout, 5*time.Second)
	opt.ReadTimeout = or(cfg.ReadTimeout, 5*time.Minute)
	opt.MaxOpenConns, opt.MaxIdleConns = 16, 8
	if opt.Compression == nil && !local(opt.Addr) {
		opt.Compression = &driver.Compression{Method: driver.CompressionLZ4}
	}
	opt.ClientInfo.Products = append(opt.ClientInfo.Products, struct{ Name, Version string }{"sluice", "1"})
	conn, err := driver.Open(opt)
	if err != nil {
		return nil, fmt.Errorf("clickhouse.dsn of %s: %w", u.Host, err)
	}
	return &Warehouse{cfg: cfg, url: u, opt: opt, conn: conn}, nil
}

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// local says whether every address is loopback, where compressing costs more than it saves.
func local(addrs []string) bool {
	for _, a := range addrs {
		host, _, err := net.SplitHostPort(a)
		if err != nil {
			host = a
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

// Close closes the connections.
func (w *Warehouse) Close() error { return w.conn.Close() }

// Ping says whether the server answers.
func (w *Warehouse) Ping(ctx context.Context) error { return w.conn.Ping(ctx) }

// ServerVersion is the server's version, such as "26.7.2".
func (w *Warehouse) ServerVersion() (string, error) {
	v, err := w.conn.ServerVersion()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d.%d.%d", v.Version.Major, v.Version.Minor, v.Version.Patch), nil
}

// Address is where the server is, without user and password.
func (w *Warehouse) Address() string { return w.url.Scheme + "://" + strings.Join(w.opt.Addr, ",") }
