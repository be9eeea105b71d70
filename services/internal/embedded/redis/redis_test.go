package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
)

// run starts a server and returns a client, and what stops it.
func run(t *testing.T, file string) (*goredis.Client, func()) {
	t.Helper()
	s, err := New(Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	opts, err := goredis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := goredis.NewClient(opts)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return c, func() {
		_ = c.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestARestartGoesOn(t *testing.T) {
	file, ctx := filepath.Join(t.TempDir(), "cache"), t.Context()
	c, stop := run(t, file)
	binary := string([]byte{0, 1, 255, '\n'})
	for _, err := range []error{
		c.Set(ctx, "a", binary, 0).Err(), c.Set(ctx, "soon", "x", time.Hour).Err(),
		c.HSet(ctx, "h", "f", "1", "g", "2").Err(), c.SAdd(ctx, "s", "x", "y").Err(),
		c.ZAdd(ctx, "z", goredis.Z{Score: 7, Member: "m"}).Err(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	c, stop = run(t, file)
	defer stop()
	if v, err := c.Get(ctx, "a").Result(); v != binary || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	if h := c.HGetAll(ctx, "h").Val(); h["f"] != "1" || h["g"] != "2" {
		t.Errorf("%v", h)
	}
	if n := c.SCard(ctx, "s").Val(); n != 2 {
		t.Errorf("%d members", n)
	}
	if v := c.ZScore(ctx, "z", "m").Val(); v != 7 {
		t.Errorf("score %v", v)
	}
	if n := c.Exists(ctx, "soon").Val(); n != 0 {
		t.Error("a key with an expiry was kept")
	}
}

func TestAPasswordIsNeeded(t *testing.T) {
	s, err := New(Config{File: filepath.Join(t.TempDir(), "cache")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.mini.Close()
	c := goredis.NewClient(&goredis.Options{Addr: s.mini.Addr(), MaxRetries: -1})
	defer func() { _ = c.Close() }()
	if err := c.Set(t.Context(), "a", 1, 0).Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("without a password: %v", err)
	}
}

func TestADamagedSnapshotStopsTheStart(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cache")
	m := miniredis.NewMiniRedis()
	_ = m.Set("a", "b")
	if err := store(m, file); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"cut": whole[:len(whole)-1], "empty": {}, "another file": []byte("hello"),
		"flipped": bytes.Replace(whole, []byte("string"), []byte("strinG"), 1),
	} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := load(miniredis.NewMiniRedis(), file); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyLoopback(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", "10.0.0.1:1", "x"} {
		if _, err := New(Config{File: "f", Listen: listen}); err == nil {
			t.Errorf("%s was accepted", listen)
		}
	}
}

func TestManyKeysWithAnExpiryCostLittle(t *testing.T) {
	c, stop := run(t, filepath.Join(t.TempDir(), "cache"))
	defer stop()
	ctx := t.Context()
	for part := range 4 {
		p := c.Pipeline()
		for i := range 5000 {
			p.Set(ctx, fmt.Sprint("seen:", part, ":", i), "x", time.Hour)
		}
		// Where every command goes through all keys, this runs into the client's timeouts.
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeysExpire(t *testing.T) {
	s, err := New(Config{File: filepath.Join(t.TempDir(), "cache")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.mini.Close()
	if err := s.mini.Set("k", "v"); err != nil {
		t.Fatal(err)
	}
	s.mini.SetTTL("k", 30*time.Second)
	start := time.Now()
	s.aged = start
	s.age(start.Add(29 * time.Second))
	if !s.mini.Exists("k") {
		t.Error("the key expired too early")
	}
	s.pause = 0
	s.age(start.Add(30 * time.Second))
	if s.mini.Exists("k") {
		t.Error("the key did not expire")
	}
}
