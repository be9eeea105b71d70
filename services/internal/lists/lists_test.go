package lists

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/services/internal/cache"
	"sluice/services/internal/embedded/redis"
)

// server is a Redis-protocol server whose answers a test can damage.
type server struct {
	*cache.Client
	mu   sync.Mutex
	away error                       // answer everything with it
	bad  func(sha, kind string) bool // damage this segment or manifest
}

func newServer(t *testing.T) *server {
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
	c, err := cache.New(cache.Config{URL: s.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); cancel(); <-done })
	return &server{Client: c}
}

func (s *server) set(f func(*server)) { s.mu.Lock(); defer s.mu.Unlock(); f(s) }

func (s *server) Pointer(ctx context.Context) (cache.Pointer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return cache.Pointer{}, s.away
	}
	return s.Client.Pointer(ctx)
}

func (s *server) Manifest(ctx context.Context, version string) ([]byte, error) {
	return s.damage(version, "manifest")(s.Client.Manifest(ctx, version))
}

func (s *server) Segment(ctx context.Context, sha string) ([]byte, error) {
	return s.damage(sha, "segment")(s.Client.Segment(ctx, sha))
}

func (s *server) damage(name, kind string) func([]byte, error) ([]byte, error) {
	return func(data []byte, err error) ([]byte, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if err == nil && s.bad != nil && s.bad(name, kind) {
			data[len(data)/2] ^= 1
		}
		return data, err
	}
}

// snapshot has n entries.
func snapshot(t testing.TB, n int) *watchlist.Snapshot {
	t.Helper()
	entries := make([]watchlist.Entry, n)
	for i := range entries {
		text := fmt.Sprintf("D%06d", i)
		entries[i] = watchlist.Entry{
			List: "a", EntryID: text, Network: "verge", Address: text, Key: watchlist.TextKey(text),
			Category: taxonomy.Scam, Categories: []taxonomy.Category{taxonomy.Scam},
		}
	}
	s, err := watchlist.NewBuilder().Add("a", entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// activate stores n entries and points to them.
func (s *server) activate(t *testing.T, seq uint64, epoch string, n int) *watchlist.Snapshot {
	t.Helper()
	snap := snapshot(t, n)
	if _, err := s.Store(t.Context(), snap); err != nil {
		t.Fatal(err)
	}
	if err := s.SetPointer(t.Context(), cache.Pointer{Seq: seq, Epoch: epoch, Version: snap.Version(), Count: snap.Len()}); err != nil {
		t.Fatal(err)
	}
	return snap
}

// clock is a clock that a test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func follower(t *testing.T, src Source, c *clock, file string) *Follower {
	t.Helper()
	f, err := New(Config{File: file, Now: c.now, Logger: zerolog.Nop()}, src)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *Follower) want(t *testing.T, what string, usable bool, seq uint64, why string) {
	t.Helper()
	c := f.Current()
	if c.Usable != usable || c.Seq != seq || usable != (c.Why == "") || !strings.Contains(c.Why, why) {
		t.Errorf("%s: usable %v, seq %d, why %q; want %v, %d, %q", what, c.Usable, c.Seq, c.Why, usable, seq, why)
	}
	if usable && c.Snapshot == nil || !usable && c.Since.IsZero() {
		t.Errorf("%s: %+v", what, c)
	}
}

func noon() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func TestNothingIsUsableBeforeAListWasActivated(t *testing.T) {
	s, c := newServer(t), noon()
	f := follower(t, s, c, "")
	f.want(t, "at the start", false, 0, "not read yet")
	f.Poll(t.Context())
	f.want(t, "an empty Redis", false, 0, "none were ever imported")
	if since := f.Current().Since; !since.Equal(c.t) {
		t.Errorf("unusable since %s", since)
	}
	snap := s.activate(t, 7, "e", 3)
	f.Poll(t.Context())
	f.want(t, "after an import", true, 7, "")
	if f.Current().Snapshot.Version() != snap.Version() {
		t.Error("another snapshot")
	}
}

func TestASnapshotOutlivesRedisForThirtySeconds(t *testing.T) {
	for what, away := range map[string]func(*server){
		"away":    func(s *server) { s.away = cache.ErrUnavailable },
		"flushed": func(s *server) { s.away = cache.ErrNotFound },
		"broken":  func(s *server) { s.away = cache.ErrBroken },
	} {
		s, c := newServer(t), noon()
		s.activate(t, 1, "e", 3)
		f := follower(t, s, c, "")
		f.Poll(t.Context())
		s.set(away)
		for _, at := range []struct {
			after  time.Duration
			usable bool
		}{{time.Second, true}, {29 * time.Second, true}, {30 * time.Second, true}, {31 * time.Second, false}, {time.Hour, false}} {
			now := clock{noon().t.Add(at.after)}
			c.t = now.t
			f.Poll(t.Context())
			c.t = now.t
			why := ""
			if !at.usable {
				why = "not confirmed since 2026-03-01T12:00:00Z"
			}
			f.want(t, fmt.Sprint(what, " for ", at.after), at.usable, 1, why)
		}
		if since := f.Current().Since; !since.Equal(noon().t.Add(30 * time.Second)) {
			t.Errorf("%s: unusable since %s", what, since)
		}
		s.set(func(s *server) { s.away = nil })
		f.Poll(t.Context())
		f.want(t, what+" and back", true, 1, "")
	}
}

func TestTheSlowAnswerCountsFromItsQuestion(t *testing.T) {
	s, c := newServer(t), noon()
	s.activate(t, 1, "e", 3)
	slow := slowSource{s, c, 31 * time.Second}
	f := follower(t, slow, c, "")
	f.Poll(t.Context())
	f.want(t, "an answer that took 31 s", false, 1, "not confirmed")
}

// slowSource lets time pass while the pointer is asked for.
type slowSource struct {
	*server
	c    *clock
	took time.Duration
}

func (s slowSource) Pointer(ctx context.Context) (cache.Pointer, error) {
	p, err := s.server.Pointer(ctx)
	s.c.t = s.c.t.Add(s.took)
	return p, err
}

func TestTheFollowerNeverGoesBack(t *testing.T) {
	s, c := newServer(t), noon()
	old := s.activate(t, 1, "e", 3)
	s.activate(t, 2, "e", 4)
	f := follower(t, s, c, "")
	f.Poll(t.Context())
	f.want(t, "the newest", true, 2, "")
	back := fixed{s, cache.Pointer{Seq: 1, Epoch: "e", Version: old.Version(), Count: 3}}
	f.src = back
	f.Poll(t.Context())
	f.want(t, "soon after the pointer went back", true, 2, "")
	c.t = c.t.Add(31 * time.Second)
	f.Poll(t.Context())
	f.want(t, "a pointer that went back", false, 2, "went back from seq 2 to 1")
	f.src = fixed{s, cache.Pointer{Seq: 2, Epoch: "e", Version: old.Version(), Count: 3}}
	f.Poll(t.Context())
	f.want(t, "another version for one number", false, 2, "two versions for seq 2")
	f.src = fixed{s, cache.Pointer{Seq: 3, Epoch: "e", Version: old.Version(), Count: 3}}
	f.Poll(t.Context())
	f.want(t, "a rollback is a new activation", true, 3, "")
	if f.Current().Snapshot.Version() != old.Version() {
		t.Error("the rollback was not loaded")
	}
}

// fixed answers with one pointer.
type fixed struct {
	*server
	p cache.Pointer
}

func (f fixed) Pointer(context.Context) (cache.Pointer, error) { return f.p, nil }

func TestWhatIsNotWholeIsNotTaken(t *testing.T) {
	for what, tt := range map[string]struct {
		damage func(t *testing.T, s *server, p *cache.Pointer)
		why    string
	}{
		"segment flipped": {func(_ *testing.T, s *server, _ *cache.Pointer) {
			s.bad = func(_, kind string) bool { return kind == "segment" }
		}, "corrupt"},
		"manifest flipped": {func(_ *testing.T, s *server, _ *cache.Pointer) {
			s.bad = func(_, kind string) bool { return kind == "manifest" }
		}, "corrupt"},
		"wrong count":     {func(_ *testing.T, _ *server, p *cache.Pointer) { p.Count++ }, "the pointer names version"},
		"no such version": {func(_ *testing.T, _ *server, p *cache.Pointer) { p.Version = "v" }, "not in redis"},
	} {
		s, c := newServer(t), noon()
		s.activate(t, 1, "e", 3)
		f := follower(t, s, c, "")
		f.Poll(t.Context())
		next := snapshot(t, 5)
		if _, err := s.Store(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		p := cache.Pointer{Seq: 2, Epoch: "e", Version: next.Version(), Count: 5}
		s.set(func(s *server) { tt.damage(t, s, &p) })
		f.src = fixed{s, p}
		f.Poll(t.Context())
		f.want(t, what+", soon after", true, 1, "")
		c.t = c.t.Add(31 * time.Second)
		f.Poll(t.Context())
		f.want(t, what, false, 1, tt.why)
		if f.Current().Snapshot.Len() != 3 || f.Stats().BadLoads != 2 {
			t.Errorf("%s: %d entries, %+v", what, f.Current().Snapshot.Len(), f.Stats())
		}
	}
}

func TestAMissingSegmentIsNotTaken(t *testing.T) {
	s, c := newServer(t), noon()
	s.activate(t, 1, "e", 3)
	f := follower(t, lossy{s}, c, "")
	f.Poll(t.Context())
	f.want(t, "a segment is gone", false, 0, "cannot be loaded")
}

// lossy has no segments.
type lossy struct{ *server }

func (lossy) Segment(context.Context, string) ([]byte, error) {
	return nil, fmt.Errorf("segment: %w", cache.ErrNotFound)
}

func TestAnotherEpoch(t *testing.T) {
	for what, tt := range map[string]struct {
		epoch func(context.Context) (string, error)
		seq   uint64
		why   string // "" : the pointer is believed
	}{
		"not known, newer":      {nil, 10, ""},
		"not known, not newer":  {nil, 9, "not newer"},
		"in force":              {func(context.Context) (string, error) { return "new", nil }, 1, ""},
		"ended":                 {func(context.Context) (string, error) { return "old", nil }, 99, "than the activations"},
		"topic cannot be asked": {func(context.Context) (string, error) { return "", errors.New("broker away") }, 99, "broker away"},
	} {
		s, c := newServer(t), noon()
		s.activate(t, 9, "old", 3)
		f := follower(t, s, c, "")
		f.cfg.Epoch = tt.epoch
		f.Poll(t.Context())
		s.activate(t, tt.seq, "new", 4)
		f.Poll(t.Context())
		if tt.why == "" {
			f.want(t, what, true, tt.seq, "")
			continue
		}
		c.t = c.t.Add(31 * time.Second)
		f.Poll(t.Context())
		f.want(t, what, false, 9, tt.why)
	}
}

func TestTheCopyShortensTheWayAndIsNotUsableByItself(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deep", "lists")
	s, c := newServer(t), noon()
	want := s.activate(t, 5, "e", 9_000) // two segments
	f := follower(t, s, c, file)
	f.Poll(t.Context())

	again := follower(t, s, c, file)
	again.restore()
	again.want(t, "the copy alone", false, 5, "not confirmed yet")
	if got := again.Current().Snapshot.Version(); got != want.Version() {
		t.Errorf("version %s, want %s", got, want.Version())
	}
	s.set(func(s *server) { s.bad = func(string, string) bool { return true } }) // nothing can be loaded
	again.Poll(t.Context())
	again.want(t, "the copy, confirmed", true, 5, "")

	// An older pointer than the copy's is not believed.
	third := follower(t, fixed{s, cache.Pointer{Seq: 4, Epoch: "e", Version: "v", Count: 1}}, c, file)
	third.restore()
	third.Poll(t.Context())
	third.want(t, "an older pointer", false, 5, "went back")
}

func TestADamagedCopyIsNotTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lists")
	snap := snapshot(t, 100)
	p := cache.Pointer{Seq: 5, Epoch: "e", Version: snap.Version(), Count: 100}
	if err := WriteCopy(file, p, snap); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, s, err := ReadCopy(file); err != nil || got != p || s.Version() != snap.Version() {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := 0; i < len(whole); i += 1 + i/10 {
		bad := append([]byte(nil), whole...)
		bad[i] ^= 1
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadCopy(file); !errors.Is(err, watchlist.ErrCorrupt) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	if err := os.WriteFile(file, whole[:len(whole)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadCopy(file); !errors.Is(err, watchlist.ErrCorrupt) {
		t.Errorf("a cut copy: %v", err)
	}
	if _, _, err := ReadCopy(file + ".none"); !errors.Is(err, ErrNoCopy) {
		t.Errorf("no copy: %v", err)
	}
	s, c := newServer(t), noon()
	f := follower(t, s, c, file)
	f.restore()
	f.want(t, "with a cut copy", false, 0, "")
}

// pointerOnly is a source in memory, for tests inside a bubble where no socket may be used.
type pointerOnly struct {
	mu    sync.Mutex
	p     cache.Pointer
	err   error
	asked int
	snap  *watchlist.Snapshot
	parts map[string][]byte
	m     []byte
}

func memorySource(t *testing.T, n int) *pointerOnly {
	t.Helper()
	s := &pointerOnly{snap: snapshot(t, n), parts: map[string][]byte{}}
	m, err := s.snap.Write(func(g watchlist.Segment, data []byte) error {
		s.parts[g.SHA256] = append([]byte(nil), data...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.m, err = m.Encode(); err != nil {
		t.Fatal(err)
	}
	s.p = cache.Pointer{Seq: 1, Epoch: "e", Version: s.snap.Version(), Count: n}
	return s
}

func (s *pointerOnly) Pointer(context.Context) (cache.Pointer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.p, s.err
}
func (s *pointerOnly) Manifest(context.Context, string) ([]byte, error) { return s.m, nil }
func (s *pointerOnly) Segment(_ context.Context, sha string) ([]byte, error) {
	return s.parts[sha], nil
}

func TestRunAsksEverySecond(t *testing.T) {
	src := memorySource(t, 3)
	synctest.Test(t, func(t *testing.T) {
		f, err := New(Config{Logger: zerolog.Nop()}, src)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		synctest.Wait()
		if !f.Current().Usable {
			t.Error("not usable after the first question")
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		src.mu.Lock()
		if src.asked != 11 {
			t.Errorf("asked %d times in 10 s", src.asked)
		}
		src.err = cache.ErrUnavailable
		src.mu.Unlock()
		changed := f.Changed()
		time.Sleep(29 * time.Second)
		synctest.Wait()
		select {
		case <-changed:
		default:
			t.Error("the change was not told")
		}
		if !f.Current().Usable {
			t.Error("unusable after 29 s without Redis")
		}
		time.Sleep(2 * time.Second)
		if f.Current().Usable {
			t.Error("usable after 31 s without Redis")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestWrongSettingsAreRefused(t *testing.T) {
	for _, cfg := range []Config{{Poll: -1}, {Poll: time.Minute, MaxAge: time.Second}} {
		if _, err := New(cfg, nil); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

func BenchmarkCurrent(b *testing.B) {
	f, err := New(Config{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	f.held.Store(&held{snapshot: snapshot(b, 10), confirmed: time.Now()})
	b.ReportAllocs()
	for b.Loop() {
		f.Current()
	}
}
