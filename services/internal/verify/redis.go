package verify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/address"
)

// Redis is how to reach the Redis that distributes the lists: the second source of them, asked for the versions that
// ClickHouse's history does not have whole.
type Redis struct {
	URL            string      // redis://[user:password@]host:port[/db], rediss:// for TLS; "": there is none
	User, Password string      // where the URL has none
	TLS            *tls.Config // nil: as the URL says, with the system's authorities
}

// Keys of the lists in Redis. A manifest is named by the version, a segment by the SHA-256 of its bytes.
const (
	keyManifest = "sluice:{lists}:manifest:"
	keySegment  = "sluice:{lists}:segment:"
)

// errNotKept says that Redis answers and has no such key.
var errNotKept = errors.New("not kept any more")

// redisConn speaks as much of Redis's protocol as reading keys takes.
type redisConn struct {
	cfg      Redis
	patience time.Duration
	conn     net.Conn
	r        *bufio.Reader
}

func (c *redisConn) close() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing was written
	}
}

// dial connects to addr; "": to the URL's.
func (c *redisConn) dial(ctx context.Context, addr string) error {
	u, err := url.Parse(c.cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "redis" && u.Scheme != "rediss" {
		return errors.New("redis.url: want redis://host:port or rediss://host:port")
	}
	if addr == "" {
		addr = u.Host
		if u.Port() == "" {
			addr = net.JoinHostPort(u.Hostname(), "6379")
		}
	}
	c.close()
	dialer := net.Dialer{Timeout: c.patience}
	if c.conn, err = dialer.DialContext(ctx, "tcp", addr); err != nil {
		return err
	}
	if u.Scheme == "rediss" || c.cfg.TLS != nil {
		t := &tls.Config{MinVersion: tls.VersionTLS12}
		if c.cfg.TLS != nil {
			t = c.cfg.TLS.Clone()
		}
		if t.ServerName == "" {
			t.ServerName = u.Hostname()
		}
		c.conn = tls.Client(c.conn, t)
	}
	c.r = bufio.NewReaderSize(c.conn, 64<<10)
	user, password := u.User.Username(), c.cfg.Password
	if user == "" {
		user = c.cfg.User
	}
	if p, ok := u.User.Password(); ok {
		password = p
	}
	if password != "" {
		login := []string{"AUTH", password}
		if user != "" {
			login = []string{"AUTH", user, password}
		}
		if _, err := c.command(login...); err != nil {
			return fmt.Errorf("log in: %w", err)
		}
	}
	if db := strings.Trim(u.Path, "/"); db != "" && db != "0" {
		if _, err := c.command("SELECT", db); err != nil {
			return err
		}
	}
	return nil
}

// get reads a key; errNotKept. A cluster's node sends on to another one, once.
func (c *redisConn) get(ctx context.Context, key string) ([]byte, error) {
	if c.conn == nil {
		if err := c.dial(ctx, ""); err != nil {
			return nil, err
		}
	}
	value, err := c.command("GET", key)
	if moved := redisError(""); errors.As(err, &moved) && strings.HasPrefix(string(moved), "MOVED ") {
		_, addr, _ := strings.Cut(strings.TrimPrefix(string(moved), "MOVED "), " ")
		if err := c.dial(ctx, addr); err != nil {
			return nil, err
		}
		return c.command("GET", key)
	}
	return value, err
}

// redisError is what the server refuses with.
type redisError string

func (e redisError) Error() string { return string(e) }

// maxRedisValue bounds an answer: far more than a manifest or a segment has.
const maxRedisValue = 64 << 20

// command sends one command and reads its answer: a status, an error or a text.
func (c *redisConn) command(args ...string) ([]byte, error) {
	if err := c.conn.SetDeadline(time.Now().Add(c.patience)); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := c.conn.Write(b.Bytes()); err != nil {
		return nil, err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], strings.TrimRight(string(line[1:]), "\r\n")
	switch kind {
	case '+':
		return []byte(rest), nil
	case '-':
		return nil, redisError(rest)
	case '$':
		n, err := strconv.Atoi(rest)
		switch {
		case err != nil || n > maxRedisValue:
			return nil, fmt.Errorf("an answer of %q bytes", rest)
		case n < 0:
			return nil, errNotKept
		}
		value := make([]byte, n+2)
		if _, err := io.ReadFull(c.r, value); err != nil {
			return nil, err
		}
		return value[:n], nil
	}
	return nil, fmt.Errorf("an answer that begins with %q", line[:1])
}

// storedLists is a version of the lists as Redis describes it.
type storedLists struct {
	Version string `json:"version"`
	Count   int64  `json:"count"`
	Lists   []struct {
		Name     string `json:"name"`
		Hash     string `json:"hash"`
		Entries  int64  `json:"entries"`
		Segments []struct {
			SHA256 string `json:"sha256"`
		} `json:"segments"`
	} `json:"lists"`
}

// readStored reads a version of the lists out of Redis, which is in force for seq alone, and gives it to use, at most
// historyRows entries at a time. The version is the hash of what the lists hash to, and a list's hash is that of its
// lines: what was read is proved to be that version, or is not used.
func (c *redisConn) readStored(ctx context.Context, version string, seq uint64, use func(*plainLists) error) error {
	text, err := c.get(ctx, keyManifest+version)
	if err != nil {
		return err
	}
	var m storedLists
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	whole := []byte("sluice lists 1\n")
	for _, l := range m.Lists {
		whole = fmt.Appendln(whole, l.Name, l.Hash)
	}
	if got := hashOf(whole); got != version {
		return fmt.Errorf("the manifest is that of version %s", got)
	}
	seed := maphash.MakeSeed()
	// Twice: nothing may be judged by a version before all of it is proved.
	for _, judge := range []bool{false, true} {
		out := &plainLists{byKey: map[address.Key][]listed{}}
		for _, l := range m.Lists {
			sum, entries := sha256.New(), int64(0)
			for _, g := range l.Segments {
				data, err := c.get(ctx, keySegment+g.SHA256)
				if err != nil {
					return fmt.Errorf("list %s: segment %s: %w", l.Name, g.SHA256, err)
				}
				_, _ = sum.Write(data)
				n, err := out.addLines(seed, l.Name, data, seq, judge)
				if err != nil {
					return fmt.Errorf("list %s: segment %s: %w", l.Name, g.SHA256, err)
				}
				entries += n
				if out.n >= historyRows {
					if err := use(out); err != nil {
						return err
					}
					out = &plainLists{byKey: map[address.Key][]listed{}}
				}
			}
			if got := hex.EncodeToString(sum.Sum(nil)); got != l.Hash || entries != l.Entries {
				return fmt.Errorf("list %s: its segments are not what the manifest says: %d entries, hash %s", l.Name, entries, got)
			}
		}
		if judge {
			if err := use(out); err != nil {
				return err
			}
		}
	}
	return nil
}

// addLines reads the lines of a segment, and, with keep, adds what they list.
func (l *plainLists) addLines(seed maphash.Seed, list string, data []byte, seq uint64, keep bool) (n int64, err error) {
	for line := range bytes.Lines(data) {
		var e struct {
			Network string `json:"network"`
			Address string `json:"address"`
			Tag     string `json:"tag"`
			EntryID string `json:"entry_id"`
			Use     string `json:"use"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return n, fmt.Errorf("line %d: %w", n+1, err)
		}
		if n++; keep && e.Use == "" {
			l.entry(listed{list: list, entry: e.EntryID, spelling: maphash.Bytes(seed, line), from: seq, to: seq + 1}, e.Network, e.Address, false)
		}
	}
	return n, nil
}
