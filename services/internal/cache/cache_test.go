package cache

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/services/ingest"
	"sluice/services/internal/embedded/redis"
	"sluice/services/internal/lists"
	"sluice/services/internal/realservers"
)

// embedded starts the server of `sluice run`.
func embedded(t *testing.T) string {
	t.Helper()
	s, err := redis.New(redis.Config{File: filepath.Join(t.TempDir(), "cache"), Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s.URL()
}

// onBoth runs a test on the embedded and on a real server.
func onBoth(t *testing.T, test func(t *testing.T, c *Client)) {
	servers := map[string]func(*testing.T) string{
		"embedded": embedded,
		"real":     func(t *testing.T) string { return "redis://" + realservers.Redis(t) },
	}
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			c, err := New(Config{URL: start(t)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			test(t, c)
		})
	}
}

// snapshot has one list of n entries.
func snapshot(t *testing.T, list string, n int) *watchlist.Snapshot {
	t.Helper()
	entries := make([]watchlist.Entry, n)
	for i := range entries {
		text := fmt.Sprintf("D%06d", i)
		entries[i] = watchlist.Entry{
			List: list, EntryID: text, Network: "eos", Address: text, Key: watchlist.TextKey(text),
			Entity: strings.Repeat("x", 100), Category: "scam", Categories: []taxonomy.Category{taxonomy.Scam},
		}
	}
	s, err := watchlist.NewBuilder().Add(list, entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASnapshotIsStoredAndFoundAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		s := snapshot(t, "a", 9000) // two segments
		m, err := c.Store(ctx, s, watchlist.Manifest{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := c.Manifest(ctx, s.Version())
		if err != nil {
			t.Fatal(err)
		}
		back, err := watchlist.ParseManifest(text)
		if err != nil || len(back.Lists[0].Segments) < 2 {
			t.Fatalf("%+v, %v", back, err)
		}
		got, err := back.Read(func(g watchlist.Segment) ([]byte, error) { return c.Segment(ctx, g.SHA256) })
		if err != nil || got.Version() != s.Version() {
			t.Fatalf("version %s, %v", got.Version(), err)
		}
		if missing, err := c.Missing(ctx, m); err != nil || len(missing) != 0 {
			t.Errorf("missing %v, %v", missing, err)
		}
		cut := m.Lists[0].Segments[1]
		if err := c.rdb.Set(ctx, keySegment+cut.SHA256, "cut", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if err := c.rdb.Del(ctx, keySegment+m.Lists[0].Segments[0].SHA256).Err(); err != nil {
			t.Fatal(err)
		}
		if missing, err := c.Missing(ctx, m); err != nil || len(missing) != 2 {
			t.Errorf("missing %v, %v", missing, err)
		}
		if _, err := c.Store(ctx, s, watchlist.Manifest{}); err != nil {
			t.Fatal(err)
		}
		if missing, err := c.Missing(ctx, m); err != nil || len(missing) != 0 {
			t.Errorf("not repaired: missing %v, %v", missing, err)
		}
		// One that has its length and another content is not noticed by the length.
		damaged := keySegment + cut.SHA256
		if err := c.rdb.SetRange(ctx, damaged, 3, "x").Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Store(ctx, s, watchlist.Manifest{}); err != nil || cut.Verify([]byte(c.rdb.Get(ctx, damaged).Val())) == nil {
			t.Errorf("what is there was written again, %v", err)
		}
		if _, err := c.Repair(ctx, s, watchlist.Manifest{}); err != nil || cut.Verify([]byte(c.rdb.Get(ctx, damaged).Val())) != nil {
			t.Errorf("what is damaged was not written again, %v", err)
		}
		// A key of another type, too.
		c.rdb.Del(ctx, damaged)
		c.rdb.SAdd(ctx, damaged, "x")
		if _, err := c.Store(ctx, s, watchlist.Manifest{}); err != nil || cut.Verify([]byte(c.rdb.Get(ctx, damaged).Val())) != nil {
			t.Errorf("a key of another type was not written again, %v", err)
		}
	})
}

func TestWhatIsStoredBesideOtherListsHasThemWithoutTheirEntries(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		large, small := snapshot(t, "large", 20_000), snapshot(t, "small", 3)
		m, err := c.Store(ctx, large, watchlist.Manifest{})
		if err != nil {
			t.Fatal(err)
		}
		both, err := c.Store(ctx, small, m)
		if want := large.With(small); err != nil || both.Version != want.Version() || both.Count != want.Len() {
			t.Fatalf("version %s, want %s: %v", both.Version, want.Version(), err)
		}
		if _, got, err := lists.Load(ctx, c, lists.Pointer{Version: both.Version, Count: both.Count}); err != nil || got.Version() != both.Version {
			t.Errorf("%v", err)
		}
		// A look-up finds its segment by the catalogue.
		l := m.Lists[0]
		key := watchlist.TextKey("D000777")
		sheet, err := c.Sheet(ctx, l.Hash, l.Sheet(key.Fingerprint()))
		if err != nil {
			t.Fatal(err)
		}
		if segments, err := l.SegmentsOf(key.Fingerprint(), sheet); err != nil || len(segments) != 1 {
			t.Errorf("%v, %v", segments, err)
		}
		// What is gone is not stored by being named.
		gone := snapshot(t, "gone", 5)
		elsewhere, err := gone.Write(func(watchlist.Segment, []byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Store(ctx, small, elsewhere); !errors.Is(err, lists.ErrNotFound) {
			t.Errorf("beside a list that is not there: %v", err)
		}
		// The catalogue goes with its list.
		if err := c.SetPointer(ctx, lists.Pointer{Seq: 1, Epoch: "e", Version: gone.Version(), Count: 5}); err != nil {
			t.Fatal(err)
		}
		if err := c.SetRecorded(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Prune(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Sheet(ctx, l.Hash, 0); !errors.Is(err, lists.ErrNotFound) {
			t.Errorf("the catalogue of a list that is gone: %v", err)
		}
	})
}

func TestWhoWatchesIsToldThatThePointerMoved(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx, cancel := context.WithCancel(t.Context())
		told, ended := make(chan struct{}, 10), make(chan struct{})
		go func() { defer close(ended); c.Watch(ctx, func() { told <- struct{}{} }) }()
		<-told // the connection stands
		if err := c.SetPointer(ctx, pointer(1, "e", "v", 1)); err != nil {
			t.Fatal(err)
		}
		<-told
		if err := c.SetPointer(ctx, pointer(0, "e", "v", 1)); !errors.Is(err, lists.ErrStale) {
			t.Fatal(err)
		}
		cancel()
		<-ended
		if len(told) != 0 {
			t.Error("a pointer that did not move was told")
		}
	})
}

func TestWhatIsNotThereIsNeverEmpty(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		for what, err := range map[string]error{
			"pointer":  errOf(c.Pointer(ctx)),
			"manifest": errOf(c.Manifest(ctx, "v")),
			"segment":  errOf(c.Segment(ctx, "s")),
		} {
			if !errors.Is(err, lists.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		for what, fields := range map[string][]any{
			"no sentinel": {"seq", "1", "epoch", "e", "version", "v", "count", "1"},
			"no count":    {"seq", "1", "epoch", "e", "version", "v", "sentinel", sentinel},
			"no number":   {"seq", "x", "epoch", "e", "version", "v", "count", "1", "sentinel", sentinel},
		} {
			c.rdb.Del(ctx, keyPointer)
			if err := c.rdb.HSet(ctx, keyPointer, fields...).Err(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Pointer(ctx); !errors.Is(err, lists.ErrBroken) {
				t.Errorf("%s: %v", what, err)
			}
		}
		c.rdb.Set(ctx, keyPointer, "text", 0)
		if _, err := c.Pointer(ctx); !errors.Is(err, lists.ErrBroken) {
			t.Errorf("another type: %v", err)
		}
	})
}

func errOf[T any](_ T, err error) error { return err }

func pointer(seq uint64, epoch, version string, count int) lists.Pointer {
	return lists.Pointer{Seq: seq, Epoch: epoch, Version: version, Count: count}
}

func TestThePointerNeverGoesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		big := uint64(1<<63) + 9 // beyond what a Lua number can hold exactly
		for _, tt := range []struct {
			p  lists.Pointer
			ok bool
		}{
			{pointer(9, "e", "v9", 1), true},
			{pointer(9, "e", "v9", 1), true},
			{pointer(8, "e", "v8", 1), false},
			{pointer(10, "e", "v10", 1), true},
			{pointer(9, "e", "v9", 1), false},
			{pointer(2, "f", "v2", 1), true}, // another epoch: the topic says which is in force
			{pointer(big, "f", "vb", 1), true},
			{pointer(big-1, "f", "vc", 1), false},
			{pointer(big+1, "f", "vd", 1), true},
		} {
			err := c.SetPointer(ctx, tt.p)
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, lists.ErrStale) {
				t.Errorf("%+v: %v", tt.p, err)
			}
			if got, err := c.Pointer(ctx); err != nil || tt.ok && got != tt.p {
				t.Errorf("after %+v: %+v, %v", tt.p, got, err)
			}
		}
	})
}

func TestOldVersionsAreRemovedAndSharedSegmentsStay(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		var all []*watchlist.Snapshot
		shared := snapshot(t, "shared", 10)
		for i := range keepVersions + 3 {
			s, err := snapshot(t, "a", 20+i).WithList("shared", watchlist.Origin{}, shared.List("shared"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Store(ctx, s, watchlist.Manifest{}); err != nil {
				t.Fatal(err)
			}
			if err := c.SetPointer(ctx, pointer(uint64(i+1), "e", s.Version(), s.Len())); err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		if _, err := c.Store(ctx, snapshot(t, "left-over", 5), watchlist.Manifest{}); err != nil {
			t.Fatal(err)
		}
		// Three versions with a segment and a manifest each, and what was stored and never put in force.
		if n, err := c.Prune(ctx); err != nil || n != 3*2+2 {
			t.Errorf("removed %d keys, %v", n, err)
		}
		if n, err := c.Prune(ctx); err != nil || n != 0 {
			t.Errorf("removed %d keys more, %v", n, err)
		}
		for i, s := range all {
			text, err := c.Manifest(ctx, s.Version())
			if i < 3 {
				if !errors.Is(err, lists.ErrNotFound) {
					t.Errorf("version %d is still there: %v", i, err)
				}
				continue
			}
			m, err := watchlist.ParseManifest(text)
			if err != nil {
				t.Fatal(err)
			}
			if missing, err := c.Missing(ctx, m); err != nil || len(missing) > 0 {
				t.Errorf("version %d: missing %v, %v", i, missing, err)
			}
		}
	})
}

func TestLeases(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		a, err := c.Acquire(ctx, "x", time.Minute, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Acquire(ctx, "x", time.Minute, 0); !errors.Is(err, ErrLocked) {
			t.Errorf("a lease was given twice: %v", err)
		}
		other, err := c.Acquire(ctx, "y", time.Minute, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Release(ctx); err != nil {
			t.Error(err)
		}
		waited := make(chan error, 1)
		go func() {
			b, err := c.Acquire(ctx, "x", time.Minute, time.Minute)
			if err == nil {
				err = b.Release(ctx)
			}
			waited <- err
		}()
		if err := a.Release(ctx); err != nil {
			t.Error(err)
		}
		if err := <-waited; err != nil {
			t.Error(err)
		}
		if a.Context().Err() == nil {
			t.Error("a lease that was given back still lives")
		}
	})
}

func TestALostLeaseEndsItsWork(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		l, err := c.Acquire(ctx, "x", 150*time.Millisecond, 0)
		if err != nil {
			t.Fatal(err)
		}
		// Another took it, as if this process had slept.
		if err := c.rdb.Set(ctx, keyLease+"x", "another", 0).Err(); err != nil {
			t.Fatal(err)
		}
		<-l.Context().Done()
		if !errors.Is(context.Cause(l.Context()), ErrLeaseLost) {
			t.Errorf("cause %v", context.Cause(l.Context()))
		}
		if err := l.Release(ctx); err != nil {
			t.Error(err)
		}
		if c.rdb.Get(ctx, keyLease+"x").Val() != "another" {
			t.Error("a lost lease was taken from its new holder")
		}
	})
}

func TestHoldKeepsWorkApart(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				err := c.Hold(t.Context(), "x", func(context.Context) error {
					if !mu.TryLock() {
						t.Error("two at a time")
						return nil
					}
					defer mu.Unlock()
					return c.Ping(t.Context())
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		boom := errors.New("boom")
		if err := c.Hold(t.Context(), "x", func(context.Context) error { return boom }); !errors.Is(err, boom) {
			t.Errorf("%v", err)
		}
	})
}

func TestSeen(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		s := c.Seen(0)
		keys := make([]ingest.SeenKey, seenChunk+10)
		facts := make([]transfer.ID, len(keys))
		for i := range keys {
			keys[i] = ingest.SeenKey{Tenant: "default", TransferID: fmt.Sprint("t", i), Stage: transfer.Confirmed}
			facts[i][0], facts[i][15] = byte(i), byte(i>>8)+1
		}
		if known, err := s.Known(ctx, keys); err != nil || len(known) != len(keys) || known[0] != (transfer.ID{}) {
			t.Fatalf("%d known, %v", len(known), err)
		}
		if err := s.Remember(ctx, keys, facts); err != nil {
			t.Fatal(err)
		}
		known, err := s.Known(ctx, keys)
		if err != nil {
			t.Fatal(err)
		}
		for i := range known {
			if known[i] != facts[i] {
				t.Fatalf("key %d: %x, want %x", i, known[i], facts[i])
			}
		}
		// A key that has a fact keeps it.
		if err := s.Remember(ctx, keys[:1], []transfer.ID{{9}}); err != nil {
			t.Fatal(err)
		}
		if known, err := s.Known(ctx, keys[:1]); err != nil || known[0] != facts[0] {
			t.Errorf("%x, %v", known, err)
		}
		// Nothing runs together.
		near := []ingest.SeenKey{
			{Tenant: "default", TransferID: "t0", Stage: transfer.Attempt}, {Tenant: "defaul", TransferID: "tt0", Stage: transfer.Confirmed},
			{Tenant: "default", TransferID: "t0 ", Stage: transfer.Confirmed}, {Tenant: "", TransferID: "t0", Stage: transfer.Confirmed},
		}
		if known, err := s.Known(ctx, near); err != nil || known[0] != (transfer.ID{}) || known[1] != (transfer.ID{}) || known[2] != (transfer.ID{}) || known[3] != (transfer.ID{}) {
			t.Errorf("%x, %v", known, err)
		}
		if ttl := c.rdb.TTL(ctx, seenKey(keys[0])).Val(); ttl <= 59*time.Minute || ttl > SeenTTL {
			t.Errorf("kept for %s", ttl)
		}
		if known, err := s.Known(ctx, nil); err != nil || known != nil {
			t.Errorf("%v, %v", known, err)
		}
		if err := s.Remember(ctx, keys, facts[:1]); err == nil {
			t.Error("keys and facts of different number were taken")
		}
	})
}

// What was used for other content is known for a month, also where the cache is full.
func TestAConflictIsKeptForAMonth(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		s := c.Seen(2)
		key := func(i int) []ingest.SeenKey { return []ingest.SeenKey{{Tenant: "d", TransferID: fmt.Sprint(i)}} }
		first := []transfer.ID{{1}}
		if err := s.Remember(ctx, key(0), first); err != nil {
			t.Fatal(err)
		}
		if err := s.Pin(ctx, key(1), first); err != nil { // was not there
			t.Fatal(err)
		}
		if err := s.Pin(ctx, key(0), first); !errors.Is(err, lists.ErrUnavailable) {
			t.Errorf("over the bound: %v", err)
		}
		if err := s.Pin(ctx, key(2), first); !errors.Is(err, lists.ErrUnavailable) {
			t.Errorf("over the bound: %v", err)
		}
		for i, there := range []bool{true, true, false} {
			known, err := s.Known(ctx, key(i))
			if err != nil || (known[0] == first[0]) != there {
				t.Errorf("key %d: %x, %v", i, known, err)
			}
			if ttl := c.rdb.TTL(ctx, seenKey(key(i)[0])).Val(); there && (ttl <= PinTTL-time.Minute || ttl > PinTTL) {
				t.Errorf("key %d is kept for %s", i, ttl)
			}
		}
		if err := s.Pin(ctx, key(0), nil); err == nil {
			t.Error("keys and facts of different number were taken")
		}
		if err := s.Pin(ctx, nil, nil); err != nil {
			t.Error(err)
		}
	})
}

func TestSeenIsBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		s := c.Seen(3)
		key := func(i int) []ingest.SeenKey { return []ingest.SeenKey{{Tenant: "d", TransferID: fmt.Sprint(i)}} }
		for i := range 3 {
			if err := s.Remember(ctx, key(i), []transfer.ID{{1}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Remember(ctx, key(3), []transfer.ID{{1}}); !errors.Is(err, lists.ErrUnavailable) {
			t.Errorf("over the bound: %v", err)
		}
		if known, err := s.Known(ctx, key(3)); err != nil || known[0] != (transfer.ID{}) {
			t.Errorf("%v, %v", known, err)
		}
	})
}

func TestTheServersPolicyIsChecked(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		if p, err := c.CheckPolicy(t.Context()); err != nil || p.Known && p.Maxmemory != "noeviction" {
			t.Errorf("%+v, %v", p, err)
		}
	})
	c, err := New(Config{URL: "redis://" + realservers.RedisServer(t, "--maxmemory-policy", "allkeys-lru").Addr})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.CheckPolicy(t.Context()); err == nil || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("a server that evicts: %v", err)
	}
}

func TestAServerThatIsAwayAnswersSoon(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := refused.Addr().String()
	refused.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for what, addr := range map[string]string{"refused": gone, "silent": silent.Addr().String()} {
		c, err := New(Config{URL: "redis://" + addr, Timeout: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := c.Pointer(t.Context()); !errors.Is(err, lists.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("%s: took %s", what, took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Pointer(ctx); err == nil || errors.Is(err, lists.ErrNotFound) {
			t.Errorf("%s, cancelled: %v", what, err)
		}
		c.Close()
	}
}

func TestWrongURLsAreRefusedWithoutTheirPassword(t *testing.T) {
	for _, url := range []string{"", "localhost:6379", "http://u:secret@h", "redis://u:secret@h:port", "redis://u:secret@h:1/x", "redis://u:secret@h:1/?nonsense=1"} {
		_, err := New(Config{URL: url})
		if err == nil {
			t.Errorf("%q was taken", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is in %v", err)
		}
	}
	if c, err := New(Config{URL: "rediss://u:secret@h:1/2"}); err != nil || c.Addr() != "h:1" {
		t.Errorf("TLS: %v", err)
	}
	if _, err := New(Config{URL: "redis://h", Timeout: -1}); err == nil {
		t.Error("a negative timeout was taken")
	}
}
