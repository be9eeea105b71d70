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
	defer func() { _ = s.stop() }()
	c := goredis.NewClient(&goredis.Options{Addr: s.mini.Addr(), MaxRetries: -1})
	defer func() { _ = c.Close() }()
	if err := c.Set(t.Context(), "a", 1, 0).Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("without a password: %v", err)
	}
}

// onDisk is what a server would begin with if the process died now.
func onDisk(t *testing.T, file string) *miniredis.Miniredis {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := miniredis.NewMiniRedis()
	if whole, err := load(m, data); err != nil || whole != len(data) {
		t.Fatalf("%d of %d bytes: %v", whole, len(data), err)
	}
	return m
}

func TestWhatIsAcknowledgedIsInTheFile(t *testing.T) {
	file, ctx := filepath.Join(t.TempDir(), "cache"), t.Context()
	c, stop := run(t, file)
	defer stop()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.Set(ctx, "a", "1", 0).Err())
	if v, _ := onDisk(t, file).Get("a"); v != "1" {
		t.Errorf("after SET: %q", v)
	}
	script := goredis.NewScript(`redis.call('HSET', KEYS[1], 'seq', ARGV[1]) redis.call('ZADD', KEYS[2], ARGV[1], 'v') return 'ok'`)
	for i := range 3 { // EVALSHA, EVAL, EVALSHA
		must(script.Run(ctx, c, []string{"pointer", "versions"}, i).Err())
		m := onDisk(t, file)
		if score, err := m.ZScore("versions", "v"); m.HGet("pointer", "seq") != fmt.Sprint(i) || score != float64(i) || err != nil {
			t.Errorf("after a script: %q, %v, %v", m.HGet("pointer", "seq"), score, err)
		}
	}
	_, err := c.TxPipelined(ctx, func(p goredis.Pipeliner) error {
		p.Eval(ctx, `return redis.call('HSET', KEYS[1], 'id', ARGV[1])`, []string{"screeners"}, "x")
		p.HGetAll(ctx, "pointer")
		p.Del(ctx, "a")
		return nil
	})
	must(err)
	if m := onDisk(t, file); m.HGet("screeners", "id") != "x" || m.Exists("a") {
		t.Errorf("after a transaction: %s", m.Dump())
	}
	must(c.SAdd(ctx, "s", "x", "y").Err())
	must(c.SRem(ctx, "s", "x").Err())
	if got, _ := onDisk(t, file).Members("s"); len(got) != 1 || got[0] != "y" {
		t.Errorf("after SREM: %v", got)
	}
	must(c.Set(ctx, "b", "1", 0).Err())
	must(c.Rename(ctx, "b", "c").Err()) // one that the server knows nothing of
	if m := onDisk(t, file); m.Exists("b") || !m.Exists("c") {
		t.Errorf("after RENAME: %s", m.Dump())
	}
}

func TestAChangeThatTheFileDoesNotTakeIsAnError(t *testing.T) {
	file, ctx := filepath.Join(t.TempDir(), "cache"), t.Context()
	s, err := New(Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.stop() }()
	opts, err := goredis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := goredis.NewClient(opts)
	defer func() { _ = c.Close() }()
	if err := c.Set(ctx, "a", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	_ = s.journal.file.Close()
	if err := c.Set(ctx, "a", "2", 0).Err(); err == nil || !strings.Contains(err.Error(), "not on the disk") {
		t.Errorf("without a file: %v", err)
	}
	if err := c.Set(ctx, "b", "1", 0).Err(); err != nil {
		t.Errorf("the next is not written anew: %v", err)
	}
	m := onDisk(t, file)
	if v, _ := m.Get("a"); v != "2" || !m.Exists("b") {
		t.Errorf("%s", m.Dump())
	}
}

func TestTheFileIsWrittenAnewWhenItHasGrown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cache")
	m := miniredis.NewMiniRedis()
	j, err := open(m, file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.close() }()
	for i := range 50 {
		_ = m.Set("a", fmt.Sprint(i))
		if err := j.append([]string{"a"}); err != nil {
			t.Fatal(err)
		}
	}
	long := j.size
	j.size = 2*j.whole + slack
	if err := j.append([]string{"a"}); err != nil || j.size < slack {
		t.Errorf("at the bound: %d bytes, %v", j.size, err)
	}
	j.size = 2*j.whole + slack + 1
	_ = m.Set("a", "last")
	if err := j.append([]string{"a"}); err != nil || j.size >= long || j.size != j.whole {
		t.Errorf("above it: %d bytes, then %d, %v", long, j.size, err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() != j.size {
		t.Errorf("%v, %v", info, err)
	}
	if v, _ := onDisk(t, file).Get("a"); v != "last" {
		t.Errorf("%q", v)
	}
}

// grown is a file with two records, and where the second begins.
func grown(t *testing.T) (data []byte, second int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cache")
	m := miniredis.NewMiniRedis()
	_ = m.Set("a", "b")
	j, err := open(m, file)
	if err != nil {
		t.Fatal(err)
	}
	second = int(j.size)
	_ = m.Set("a", "c")
	if err := errors.Join(j.append([]string{"a"}), j.close()); err != nil {
		t.Fatal(err)
	}
	if data, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	return data, second
}

func TestADamagedFileStopsTheStart(t *testing.T) {
	whole, second := grown(t)
	flipped := bytes.Clone(whole)
	flipped[len(magic)+headBytes+3] ^= 1
	last := bytes.Clone(whole)
	last[second+headBytes+3] ^= 1
	for name, data := range map[string][]byte{"empty": {}, "another file": []byte("hello"), "flipped": flipped, "the last record flipped": last} {
		if _, err := load(miniredis.NewMiniRedis(), data); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnUnfinishedRecordIsDropped(t *testing.T) {
	whole, second := grown(t)
	file := filepath.Join(t.TempDir(), "cache")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"cut in the record": {whole[:len(whole)-1], "b"}, "cut in its head": {whole[:second+9], "b"},
		"nothing behind it": {whole, "c"}, "zeros behind it": {append(bytes.Clone(whole), make([]byte, 4096)...), "c"},
	} {
		if err := os.WriteFile(file, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		m := miniredis.NewMiniRedis()
		j, err := open(m, file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v, _ := m.Get("a"); v != c.want {
			t.Errorf("%s: %q", name, v)
		}
		_ = m.Set("d", "e")
		if err := errors.Join(j.append([]string{"d"}), j.close()); err != nil {
			t.Fatal(err)
		}
		after := onDisk(t, file)
		if v, _ := after.Get("a"); v != c.want || !after.Exists("d") {
			t.Errorf("%s: then %s", name, after.Dump())
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
	defer func() { _ = s.stop() }()
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
