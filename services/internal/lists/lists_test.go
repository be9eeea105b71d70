package lists

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

// server is a source in memory whose answers a test can damage.
type server struct {
	mu    sync.Mutex
	p     Pointer
	parts map[string][]byte // manifests by their version, segments by their hash
	asked int               // questions for the pointer
	away  error             // answer them with it
	bad   func(kind string) bool
}

func newServer() *server { return &server{parts: map[string][]byte{}} }

func (s *server) set(f func(*server)) { s.mu.Lock(); defer s.mu.Unlock(); f(s) }

func (s *server) Pointer(context.Context) (Pointer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.away == nil && s.p.Version == "" {
		return Pointer{}, fmt.Errorf("pointer: %w", ErrNotFound)
	}
	return s.p, s.away
}

func (s *server) Manifest(_ context.Context, version string) ([]byte, error) {
	return s.part("manifest", version)
}

func (s *server) Segment(_ context.Context, sha256 string) ([]byte, error) {
	return s.part("segment", sha256)
}

func (s *server) part(kind, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.parts[name]
	if !ok {
		return nil, fmt.Errorf("%s %s: %w", kind, name, ErrNotFound)
	}
	data = bytes.Clone(data)
	if s.bad != nil && s.bad(kind) {
		data[len(data)/2] ^= 1
	}
	return data, nil
}

// store keeps a snapshot; nothing points to it yet.
func (s *server) store(t *testing.T, snap *watchlist.Snapshot) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := snap.Write(func(g watchlist.Segment, data []byte) error {
		s.parts[g.SHA256] = bytes.Clone(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.parts[m.Version], err = m.Encode(); err != nil {
		t.Fatal(err)
	}
}

// snapshot has n entries.
func snapshot(t testing.TB, n int) *watchlist.Snapshot {
	t.Helper()
	entries := make([]watchlist.Entry, n)
	for i := range entries {
		text := fmt.Sprintf("D%06d", i)
		entries[i] = watchlist.Entry{
			List: "a", EntryID: text, Network: "eos", Address: text, Key: watchlist.TextKey(text),
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
	s.store(t, snap)
	s.set(func(s *server) { s.p = Pointer{Seq: seq, Epoch: epoch, Version: snap.Version(), Count: snap.Len()} })
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
	if usable && c.Snapshot == nil && c.Paged == nil || !usable && c.Since.IsZero() {
		t.Errorf("%s: %+v", what, c)
	}
}

func noon() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func TestNothingIsUsableBeforeAListWasActivated(t *testing.T) {
	s, c := newServer(), noon()
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
		"away":    func(s *server) { s.away = ErrUnavailable },
		"flushed": func(s *server) { s.away = ErrNotFound },
		"broken":  func(s *server) { s.away = ErrBroken },
	} {
		s, c := newServer(), noon()
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
	s, c := newServer(), noon()
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

func (s slowSource) Pointer(ctx context.Context) (Pointer, error) {
	p, err := s.server.Pointer(ctx)
	s.c.t = s.c.t.Add(s.took)
	return p, err
}

func TestTheFollowerNeverGoesBack(t *testing.T) {
	s, c := newServer(), noon()
	old := s.activate(t, 1, "e", 3)
	s.activate(t, 2, "e", 4)
	f := follower(t, s, c, "")
	f.Poll(t.Context())
	f.want(t, "the newest", true, 2, "")
	back := fixed{s, Pointer{Seq: 1, Epoch: "e", Version: old.Version(), Count: 3}}
	f.src = back
	f.Poll(t.Context())
	f.want(t, "soon after the pointer went back", true, 2, "")
	c.t = c.t.Add(31 * time.Second)
	f.Poll(t.Context())
	f.want(t, "a pointer that went back", false, 2, "went back from seq 2 to 1")
	f.src = fixed{s, Pointer{Seq: 2, Epoch: "e", Version: old.Version(), Count: 3}}
	f.Poll(t.Context())
	f.want(t, "another version for one number", false, 2, "two versions for seq 2")
	f.src = fixed{s, Pointer{Seq: 3, Epoch: "e", Version: old.Version(), Count: 3}}
	f.Poll(t.Context())
	f.want(t, "a rollback is a new activation", true, 3, "")
	if f.Current().Snapshot.Version() != old.Version() {
		t.Error("the rollback was not loaded")
	}
}

// fixed answers with one pointer.
type fixed struct {
	*server
	p Pointer
}

func (f fixed) Pointer(context.Context) (Pointer, error) { return f.p, nil }

func TestWhatIsNotWholeIsNotTaken(t *testing.T) {
	for what, tt := range map[string]struct {
		damage func(t *testing.T, s *server, p *Pointer)
		why    string
	}{
		"segment flipped": {func(_ *testing.T, s *server, _ *Pointer) {
			s.bad = func(kind string) bool { return kind == "segment" }
		}, "corrupt"},
		"manifest flipped": {func(_ *testing.T, s *server, _ *Pointer) {
			s.bad = func(kind string) bool { return kind == "manifest" }
		}, "corrupt"},
		"wrong count":     {func(_ *testing.T, _ *server, p *Pointer) { p.Count++ }, "the pointer names version"},
		"no such version": {func(_ *testing.T, _ *server, p *Pointer) { p.Version = "v" }, "not in redis"},
	} {
		s, c := newServer(), noon()
		s.activate(t, 1, "e", 3)
		f := follower(t, s, c, "")
		f.Poll(t.Context())
		next := snapshot(t, 5)
		s.store(t, next)
		p := Pointer{Seq: 2, Epoch: "e", Version: next.Version(), Count: 5}
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
	s, c := newServer(), noon()
	s.activate(t, 1, "e", 3)
	f := follower(t, lossy{s}, c, "")
	f.Poll(t.Context())
	f.want(t, "a segment is gone", false, 0, "cannot be loaded")
}

// lossy has no segments.
type lossy struct{ *server }

func (lossy) Segment(context.Context, string) ([]byte, error) {
	return nil, fmt.Errorf("segment: %w", ErrNotFound)
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
		s, c := newServer(), noon()
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
	s, c := newServer(), noon()
	want := s.activate(t, 5, "e", 9_000) // two segments
	f := follower(t, s, c, file)
	f.Poll(t.Context())
	f.writeCopy(<-f.saves)

	again := follower(t, s, c, file)
	again.restore(t.Context())
	again.want(t, "the copy alone", false, 5, "not confirmed yet")
	if got := again.Current().Snapshot.Version(); got != want.Version() {
		t.Errorf("version %s, want %s", got, want.Version())
	}
	s.set(func(s *server) { s.bad = func(string) bool { return true } }) // nothing can be loaded
	again.Poll(t.Context())
	again.want(t, "the copy, confirmed", true, 5, "")

	// An older pointer than the copy's is not believed.
	third := follower(t, fixed{s, Pointer{Seq: 4, Epoch: "e", Version: "v", Count: 1}}, c, file)
	third.restore(t.Context())
	third.Poll(t.Context())
	third.want(t, "an older pointer", false, 5, "went back")
}

func TestADamagedCopyIsNotTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lists")
	snap := snapshot(t, 100)
	p := Pointer{Seq: 5, Epoch: "e", Version: snap.Version(), Count: 100}
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
	s, c := newServer(), noon()
	f := follower(t, s, c, file)
	f.restore(t.Context())
	f.want(t, "with a cut copy", false, 0, "")
}

func TestRunAsksEverySecond(t *testing.T) {
	src := newServer()
	src.activate(t, 1, "e", 3)
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
		src.set(func(s *server) {
			if s.asked != 11 {
				t.Errorf("asked %d times in 10 s", s.asked)
			}
			s.away = ErrUnavailable
		})
		time.Sleep(29 * time.Second)
		synctest.Wait()
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

func TestWhoIsToldThatThePointerMovedAsksAtOnce(t *testing.T) {
	src := newServer()
	src.activate(t, 1, "e", 3)
	synctest.Test(t, func(t *testing.T) {
		var tell func()
		f, err := New(Config{Logger: zerolog.Nop(), Watch: func(ctx context.Context, moved func()) { tell = moved; <-ctx.Done() }}, src)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		synctest.Wait()
		src.activate(t, 2, "e", 4)
		for range 3 { // one word more does no harm
			tell()
		}
		synctest.Wait()
		if c := f.Current(); c.Seq != 2 || c.Snapshot.Len() != 4 {
			t.Errorf("told, and still at seq %d", c.Seq)
		}
		src.activate(t, 3, "e", 5) // and nobody tells
		time.Sleep(time.Second)
		synctest.Wait()
		if c := f.Current(); c.Seq != 3 {
			t.Errorf("not told, and after a second still at seq %d", c.Seq)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestWhatOneLoadedNobodyLoadsAgain(t *testing.T) {
	s := newServer()
	snap := s.activate(t, 1, "e", 9_000)
	memory := NewMemory()
	_, first, err := memory.Load(t.Context(), s, s.p)
	if err != nil || first.Version() != snap.Version() {
		t.Fatal(err)
	}
	_, second, err := memory.Load(t.Context(), lossy{s}, s.p)
	if err != nil || second != first {
		t.Errorf("the same version was read again: %v", err)
	}
	if _, _, err := Load(t.Context(), lossy{s}, s.p); !errors.Is(err, ErrNotFound) {
		t.Errorf("without a memory: %v", err)
	}
	s.activate(t, 2, "e", 9_001)
	if _, third, err := memory.Load(t.Context(), s, s.p); err != nil || third.Len() != 9_001 {
		t.Errorf("the next version: %v", err)
	}
}

// counting counts the segments that are read.
type counting struct {
	*server
	segments atomic.Int64
}

func (c *counting) Segment(ctx context.Context, sha256 string) ([]byte, error) {
	c.segments.Add(1)
	return c.server.Segment(ctx, sha256)
}

func TestTwoWhoWantTheSameListsReadThemOnce(t *testing.T) {
	s := &counting{server: newServer()}
	s.activate(t, 1, "e", 9_000)
	m, err := ReadManifest(t.Context(), s, s.p)
	if err != nil {
		t.Fatal(err)
	}
	memory := NewMemory()
	var wg sync.WaitGroup
	var got [4]*watchlist.Snapshot
	for i := range got {
		wg.Go(func() {
			var err error
			if _, got[i], err = memory.Load(t.Context(), s, s.p); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := int(s.segments.Load()); n != len(m.Lists[0].Segments) || got[0] != got[1] || got[0] != got[3] {
		t.Errorf("%d segments were read, there are %d", n, len(m.Lists[0].Segments))
	}
	// Who gives up does not wait for his turn.
	end, err := memory.turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := memory.Load(ctx, s, s.p); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestOnlyTheLastCopyIsWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lists")
	f := follower(t, newServer(), noon(), file)
	for i := range 3 {
		s := snapshot(t, i+1)
		f.save(save{Pointer{Seq: uint64(i + 1), Epoch: "e", Version: s.Version(), Count: i + 1}, s})
	}
	f.writeCopy(<-f.saves)
	if p, s, err := ReadCopy(file); err != nil || p.Seq != 3 || s.Len() != 3 || len(f.saves) != 0 {
		t.Errorf("seq %d, %v", p.Seq, err)
	}
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
	f.held.Store(&held{forms: forms{snapshot: snapshot(b, 10)}, confirmed: time.Now()})
	b.ReportAllocs()
	for b.Loop() {
		f.Current()
	}
}

func TestAClockThatStepsBackMakesNoConfirmationYounger(t *testing.T) {
	s, c := newServer(), noon()
	s.activate(t, 1, "e", 3)
	f := follower(t, s, c, "")
	f.Poll(t.Context())
	f.want(t, "confirmed", true, 1, "")
	c.t = c.t.Add(-time.Second)
	f.want(t, "a second before its confirmation", false, 1, "the clock went back")
	f.Poll(t.Context())
	f.want(t, "confirmed by the clock as it goes now", true, 1, "")
	c.t = c.t.Add(31 * time.Second)
	f.want(t, "too long ago by that clock", false, 1, "not confirmed since")
}
