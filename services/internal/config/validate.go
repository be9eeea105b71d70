package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"sluice/services/internal/tlsfile"
)

// Need names a server that a command cannot work without.
type Need int

// What a command may need.
const (
	NeedKafka Need = iota
	NeedRedis
	NeedClickHouse
)

// ErrMissing is in the chain of the errors about a server that is not named.
var ErrMissing = errors.New("not configured")

// Require says which of the servers that a command needs are not named by the config, and how to name each.
func (c *Config) Require(needs ...Need) error {
	var errs []error
	for _, n := range needs {
		switch {
		case n == NeedKafka && len(c.Kafka.Brokers) == 0:
			errs = append(errs, fmt.Errorf("kafka.brokers: %w: set SLUICE_KAFKA_BROKERS, such as kafka-1:9092,kafka-2:9092", ErrMissing))
		case n == NeedRedis && c.Redis.URL == "":
			errs = append(errs, fmt.Errorf("redis.url: %w: set SLUICE_REDIS_URL, such as rediss://user:password@redis:6379/0", ErrMissing))
		case n == NeedClickHouse && c.ClickHouse.DSN == "":
			errs = append(errs, fmt.Errorf("clickhouse.dsn: %w: set SLUICE_CLICKHOUSE_DSN, such as clickhouse://user:password@clickhouse:9000/sluice", ErrMissing))
		}
	}
	return errors.Join(errs...)
}

// RequireKeys refuses an API that others than this machine reach without API keys.
func (c *Config) RequireKeys() error {
	if Loopback(c.HTTP.Listen) || c.HTTP.KeysFile != "" {
		return nil
	}
	return fmt.Errorf("http.listen: %s is not loopback, and an API that others reach needs keys: set http.keys_file (SLUICE_HTTP_KEYS_FILE)", c.HTTP.Listen)
}

// maxLinger is what package stream takes at most.
const maxLinger = time.Second

// Validate checks what a value's type cannot; it returns every problem at once. It is called by the command-line
// parser too.
func (c *Config) Validate() error {
	var errs []error
	bad := func(key string, value any, want string) {
		errs = append(errs, fmt.Errorf("%s: %v is not %s", key, value, want))
	}
	if c.Data == "" {
		bad("data", `""`, "a folder")
	}
	if _, _, err := net.SplitHostPort(c.HTTP.Listen); err != nil {
		bad("http.listen", c.HTTP.Listen, "HOST:PORT")
	}
	if _, _, err := net.SplitHostPort(c.Kafka.Listen); err != nil || !Loopback(c.Kafka.Listen) {
		bad("kafka.listen", c.Kafka.Listen, "a loopback HOST:PORT: the embedded broker has no authentication")
	}
	for _, b := range c.Kafka.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			bad("kafka.brokers", b, "HOST:PORT")
		}
	}
	scheme(bad, "redis.url", c.Redis.URL, "redis", "rediss")
	scheme(bad, "clickhouse.dsn", c.ClickHouse.DSN, "clickhouse", "http", "https")
	errs = append(errs, c.validateTLS()...)
	if c.HTTP.KeyRate < 0 {
		bad("http.key_rate", c.HTTP.KeyRate, "0 or more")
	}
	if c.Ingest.Tenant == "" || strings.ContainsAny(c.Ingest.Tenant, "/ \t\n") {
		bad("ingest.tenant", fmt.Sprintf("%q", c.Ingest.Tenant), "a name without spaces and slashes")
	}
	for key, d := range map[string]int64{
		"http.wait_deadline": int64(c.HTTP.WaitDeadline), "lists.pointer_max_age": int64(c.Lists.PointerMaxAge),
		"lists.hold_after": int64(c.Lists.HoldAfter), "stream.drain_timeout": int64(c.Stream.DrainTimeout),
		"recorder.max_wait": int64(c.Recorder.MaxWait), "kafka.disk_budget": c.Kafka.DiskBudget,
		"stream.lanes": int64(c.Stream.Lanes), "recorder.batch_rows": int64(c.Recorder.BatchRows),
		"lookback.rate": int64(c.Lookback.Rate), "lookback.pending": int64(c.Lookback.Pending), "lookback.held_every": int64(c.Lookback.HeldEvery),
	} {
		if d <= 0 {
			bad(key, d, "more than zero")
		}
	}
	if c.Stream.Linger < 0 || c.Stream.Linger > maxLinger {
		bad("stream.linger", c.Stream.Linger, fmt.Sprintf("from 0s to %s", maxLinger))
	}
	checkSources(c.Sources, bad)
	if c.Lists.MemoryEntries < 0 {
		bad("lists.memory_entries", c.Lists.MemoryEntries, "zero or more")
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// validateTLS checks what belongs together, and that no login goes over the wire in the clear. It reads no file.
func (c *Config) validateTLS() []error {
	var errs []error
	bad := func(key, format string, args ...any) { errs = append(errs, fmt.Errorf(key+": "+format, args...)) }
	for section, t := range map[string]TLS{"kafka": c.Kafka.TLS, "redis": c.Redis.TLS, "clickhouse": c.ClickHouse.TLS} {
		if (t.CertFile == "") != (t.KeyFile == "") {
			bad(section+".tls.cert_file", "%v", tlsfile.ErrPair)
		}
	}
	h := c.HTTP.TLS
	if (h.CertFile == "") != (h.KeyFile == "") || h.ClientCAFile != "" && h.CertFile == "" {
		bad("http.tls.cert_file", "%v; client_ca_file needs both", tlsfile.ErrPair)
	}
	s := c.Kafka.SASL
	secret := s.Login.Password != "" || s.Login.PasswordFile != ""
	switch {
	case s.Mechanism == "" && (s.User != "" || secret):
		bad("kafka.sasl.mechanism", "none with a user, want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	case s.Mechanism != "" && (s.User == "" || !secret):
		bad("kafka.sasl.user", "%s wants a user and a password (SLUICE_KAFKA_SASL_PASSWORD, or kafka.sasl.password_file)", s.Mechanism)
	case s.Mechanism == "PLAIN" && !c.Kafka.TLS.On() && !slices.ContainsFunc(c.Kafka.Brokers, Loopback):
		bad("kafka.sasl.mechanism", "PLAIN sends the password as it is: set kafka.tls.enabled, or take SCRAM-SHA-512")
	}
	for key, raw := range map[string]string{"redis.url": c.Redis.URL, "clickhouse.dsn": c.ClickHouse.DSN} {
		if u, err := url.Parse(raw); err == nil && u.Query().Has("skip_verify") {
			bad(key, "skip_verify would take any server for the right one: name its authority with tls.ca_file")
		}
	}
	if strings.HasPrefix(c.ClickHouse.DSN, "http://") && c.ClickHouse.TLS.On() {
		bad("clickhouse.dsn", "http:// with clickhouse.tls: want https:// or clickhouse://")
	}
	return errs
}

func scheme(bad func(string, any, string), key, value string, schemes ...string) {
	if value == "" {
		return
	}
	u, err := url.Parse(value)
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" {
		bad(key, Redact(value), "a URL that begins with "+strings.Join(schemes, ":// or ")+"://")
	}
}

// Loopback reports whether the host of host:port is one that only this machine reaches.
func Loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Redact returns a URL without its password, for logs and messages.
func Redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(not a URL)"
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(strings.ToLower(name), "password") {
			q.Set(name, "xxxxx")
		}
	}
	u.RawQuery = q.Encode()
	return u.Redacted()
}
