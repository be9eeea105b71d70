package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/services/ingest"
	"sluice/services/internal/grants"
	"sluice/services/internal/lists"
	"sluice/services/internal/realservers"
)

// passwordsIn puts the SHA-256 of each user's password, which is the name, into an ACL file.
func passwordsIn(text string) string {
	for _, u := range grants.Redis {
		sum := sha256.Sum256([]byte(u.Name))
		text = strings.Replace(text, " #"+u.Name+" ", " #"+hex.EncodeToString(sum[:])+" ", 1)
	}
	return text
}

// Each user does its service's work under the ACL file, and nothing of another's.
func TestTheACLFileSufficesAndIsTheLeast(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(acl, []byte(passwordsIn(grants.RedisFile())), 0o600); err != nil {
		t.Fatal(err)
	}
	at := realservers.RedisServer(t, "--aclfile", acl).Addr
	as := func(user string) *Client {
		c, err := New(Config{URL: "redis://" + at, User: user, Password: user})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	ctx := t.Context()
	s := snapshot(t, "a", 9000)
	pointer := lists.Pointer{Epoch: "e", Seq: 1, Version: s.Version(), Count: s.Len()}
	seenKeys, facts := []ingest.SeenKey{{Tenant: "a", TransferID: "x", Stage: transfer.Confirmed}}, []transfer.ID{{1}}
	work := map[string]func(*Client) error{
		"ingest": func(c *Client) error {
			_, err := c.Seen(0).Known(ctx, seenKeys)
			return errors.Join(err, c.Seen(0).Remember(ctx, seenKeys, facts), c.Seen(0).Pin(ctx, seenKeys, facts))
		},
		"enrichment": func(c *Client) error {
			p, err := c.PointerAs(ctx, lists.Screener{ID: "x", MaxAge: time.Second})
			if err != nil {
				return err
			}
			_, _, err = lists.Load(ctx, c, p)
			return err
		},
		"watchlist": func(c *Client) error {
			return c.Hold(ctx, "lists", func(ctx context.Context) error {
				m, err := c.Store(ctx, s, watchlist.Manifest{})
				if err != nil {
					return err
				}
				_, missing := c.Missing(ctx, m)
				set := c.SetPointer(ctx, pointer)
				_, prune := c.Prune(ctx)
				_, screeners := c.Screeners(ctx)
				return errors.Join(missing, set, prune, screeners)
			})
		},
		"migrate": func(c *Client) error {
			l, err := c.Acquire(ctx, "migrate", time.Second, 0)
			if err != nil {
				return err
			}
			n, err := renew.Run(ctx, c.rdb, []string{keyLease + "migrate"}, l.token, 1000).Int()
			if err == nil && n != 1 {
				err = errors.New("not renewed")
			}
			return errors.Join(err, l.Release(ctx))
		},
	}
	if err := work["watchlist"](as("watchlist")); err != nil {
		t.Fatal(err)
	}
	// Whose work another may do too: who writes the lists takes leases.
	also := map[[2]string]bool{{"watchlist", "migrate"}: true}
	for _, u := range grants.Redis {
		c := as(u.Name)
		if p, err := c.CheckPolicy(ctx); err != nil || !p.Known {
			t.Errorf("%s: how a full memory is treated: %+v, %v", u.Name, p, err)
		}
		for whose, do := range work {
			err := do(c)
			if want := whose == u.Name || also[[2]string{u.Name, whose}]; (err == nil) != want {
				t.Errorf("%s does the work of %s: %v", u.Name, whose, err)
			}
		}
		for _, command := range [][]any{{"FLUSHALL"}, {"FLUSHDB"}, {"CONFIG", "GET", "requirepass"}, {"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"},
			{"KEYS", "*"}, {"ACL", "LIST"}, {"SHUTDOWN", "NOSAVE"}, {"SCRIPT", "FLUSH"}, {"SLAVEOF", "127.0.0.1", "1"},
			{"SET", "elsewhere", "x"}, {"GET", "elsewhere"}, {"SUBSCRIBE", "elsewhere"}, {"MONITOR"}, {"CLIENT", "LIST"}, {"EVAL", "return redis.call('GET','elsewhere')", "0"}} {
			if err := c.rdb.Do(ctx, command...).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "can't access") && !strings.Contains(err.Error(), "permission") {
				t.Errorf("%s may do %v: %v", u.Name, command, err)
			}
		}
	}
	if err := as("enrichment").rdb.Set(ctx, keyPointer, "x", 0).Err(); err == nil {
		t.Error("enrichment may move the pointer")
	}
	anonymous := redis.NewClient(&redis.Options{Addr: at})
	defer anonymous.Close()
	if err := anonymous.Ping(ctx).Err(); err != nil {
		t.Errorf("the health check: %v", err)
	}
	if err := anonymous.Get(ctx, keyPointer).Err(); err == nil || errors.Is(err, redis.Nil) {
		t.Errorf("nobody reads the lists: %v", err)
	}
}
