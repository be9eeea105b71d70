package watchlist

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/activation"
	"sluice/services/internal/cache"
	"sluice/services/internal/cache/cachetest"
	"sluice/services/internal/embedded/redis"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

var errCrash = errors.New("crash")

// world is a broker and a cache, and a place at which work breaks off.
type world struct {
	*cache.Client
	log *activation.Log
	url string

	mu    sync.Mutex
	steps int // how many writing steps may still be made; negative: any number
	after bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := redis.New(redis.Config{File: filepath.Join(t.TempDir(), "cache"), Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	c, err := cache.New(cache.Config{URL: s.URL()})
	if err != nil {
		t.Fatal(err)
	}
	b := memory.New(1)
	p, err := stream.NewProducer(stream.ProducerConfig{Logger: zerolog.Nop()}, b)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) })
	wg.Go(func() { _ = p.Run(ctx) })
	t.Cleanup(func() { c.Close(); cancel(); wg.Wait() })
	return &world{Client: c, url: s.URL(), log: activation.New(b, p, zerolog.Nop()), steps: -1}
}

// step says whether the next writing step may be made, and whether the work breaks off behind it.
func (w *world) step() (make, crash bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.steps < 0 {
		return true, false
	}
	if w.steps == 0 {
		return w.after, true
	}
	w.steps--
	return true, false
}

// breakOff lets n writing steps be made; the next one fails, before or after it was done.
func (w *world) breakOff(n int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps, w.after = n, after
}

func do[T any](w *world, f func() (T, error)) (T, error) {
	var out T
	ok, crash := w.step()
	if ok {
		var err error
		if out, err = f(); err != nil {
			return out, err
		}
	}
	if crash {
		return out, errCrash
	}
	return out, nil
}

func (w *world) Store(ctx context.Context, s *watchlist.Snapshot, beside watchlist.Manifest) (watchlist.Manifest, error) {
	return do(w, func() (watchlist.Manifest, error) { return w.Client.Store(ctx, s, beside) })
}

func (w *world) Repair(ctx context.Context, s *watchlist.Snapshot, beside watchlist.Manifest) (watchlist.Manifest, error) {
	return do(w, func() (watchlist.Manifest, error) { return w.Client.Repair(ctx, s, beside) })
}

func (w *world) SetPointer(ctx context.Context, p lists.Pointer) error {
	_, err := do(w, func() (struct{}, error) { return struct{}{}, w.Client.SetPointer(ctx, p) })
	return err
}

func (w *world) Prune(ctx context.Context) (int, error) {
	return do(w, func() (int, error) { return w.Client.Prune(ctx) })
}

// acts is the log of activations that breaks off too.
type acts struct {
	*activation.Log
	w *world
}

func (a acts) Append(ctx context.Context, s activation.State, base uint64, x activation.Activation) (activation.Activation, error) {
	return do(a.w, func() (activation.Activation, error) { return a.Log.Append(ctx, s, base, x) })
}

func (w *world) deps() Deps {
	return Deps{
		Store: w, Leases: w.Client, Activations: acts{w.log, w}, Logger: zerolog.Nop(),
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	}
}

// request replaces a list by n addresses, which begin with the number from.
func request(list string, from, n int) ImportRequest {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "0x%040x\n", 0x10000000+from+i)
	}
	return ImportRequest{
		Format: "txt", Options: format.Options{List: list, Category: taxonomy.Scam},
		Files: []format.Input{{Name: list + ".txt", R: strings.NewReader(b.String())}},
	}
}

func (w *world) live(t *testing.T) Live {
	t.Helper()
	l, err := Read(t.Context(), w.Client)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) described(t *testing.T) Description {
	t.Helper()
	d, err := Describe(t.Context(), w.Client)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) flush(t *testing.T) {
	t.Helper()
	cachetest.Do(t, w.url, "FLUSHALL")
}

func (w *world) del(t *testing.T, key string) {
	t.Helper()
	cachetest.Do(t, w.url, "DEL", key)
}

func TestImportReplacesOneListAndActivates(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	if l := w.live(t); l.Snapshot != nil {
		t.Fatalf("%+v", l)
	}
	r, err := Import(ctx, w.deps(), request("a", 0, 10))
	if err != nil || r.Seq != 1 || r.After != 10 || r.Added != 10 || r.Count != 10 || r.List != "a" || r.Repaired {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err = Import(ctx, w.deps(), request("b", 100, 5))
	if err != nil || r.Seq != 2 || r.Count != 15 {
		t.Fatalf("%+v, %v", r, err)
	}
	// One address more, one less.
	r, err = Import(ctx, w.deps(), request("a", 1, 10))
	if err != nil || r.Seq != 3 || r.Before != 10 || r.After != 10 || r.Added != 1 || r.Removed != 1 || r.Changed != 0 || r.Count != 15 {
		t.Fatalf("%+v, %v", r, err)
	}
	l := w.live(t)
	if l.Pointer.Seq != 3 || l.Pointer.Version != r.Version || l.Snapshot.Version() != r.Version || l.Snapshot.Len() != 15 {
		t.Errorf("%+v", l.Pointer)
	}
	o := l.Snapshot.Lists()[0].Origin
	if o.Format != "txt" || o.Source != "a.txt" || o.Author != "unattended" || o.ImportedAt.IsZero() {
		t.Errorf("origin %+v", o)
	}
	s, err := w.log.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	last := s.Last[activation.Lists]
	if last.Version != r.Version || last.Previous == "" || len(last.Lists) != 2 || last.Lists[1].Entries != 5 {
		t.Errorf("activation %+v", last)
	}
	if got := Ask(fmt.Sprintf("0x%040x", 0x10000000+100)).Live(l.Snapshot); len(got) != 1 || got[0].Entry.List != "b" || got[0].Match != "exact" {
		t.Errorf("%+v", got)
	}
}

func TestIdenticalContentActivatesNothing(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first, err := Import(ctx, w.deps(), request("a", 0, 10))
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"whole", "flushed"} {
		if what == "flushed" {
			w.flush(t)
		}
		again, err := Import(ctx, w.deps(), request("a", 0, 10))
		if err != nil || !again.Repaired || again.Seq != first.Seq || again.Version != first.Version {
			t.Errorf("%s: %+v, %v", what, again, err)
		}
		if l := w.live(t); l.Pointer.Seq != 1 || l.Snapshot.Len() != 10 {
			t.Errorf("%s: %+v", what, l.Pointer)
		}
	}
}

func TestAnImportThatBrokeOffIsFinishedByTheNext(t *testing.T) {
	// The writing steps of a second import: the list alone, the snapshot, the activation, the pointer, the old versions.
	for steps := range 5 {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d steps, after %v", steps, after), func(t *testing.T) {
				w := newWorld(t)
				ctx := t.Context()
				if _, err := Import(ctx, w.deps(), request("a", 0, 10)); err != nil {
					t.Fatal(err)
				}
				w.breakOff(steps, after)
				_, err := Import(ctx, w.deps(), request("b", 100, 5))
				if lastStep := steps == 4; !lastStep && !errors.Is(err, errCrash) || lastStep && err != nil {
					t.Fatalf("%v", err)
				}
				// Whatever happened, what is in force is whole.
				if l := w.live(t); l.Snapshot.Len() != 10 && l.Snapshot.Len() != 15 {
					t.Errorf("%d entries in force", l.Snapshot.Len())
				}
				w.breakOff(-1, false)
				r, err := Import(ctx, w.deps(), request("b", 100, 5))
				if err != nil || r.Seq != 2 {
					t.Fatalf("again: %+v, %v", r, err)
				}
				if l := w.live(t); l.Pointer.Seq != 2 || l.Snapshot.Len() != 15 {
					t.Errorf("%+v", l.Pointer)
				}
				if s, err := w.log.Read(ctx); err != nil || s.Next != 2 {
					t.Errorf("%d activations, %v", s.Next, err)
				}
			})
		}
	}
}

func TestTheGuardsKeepAListFromCollapsing(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	if _, err := Import(ctx, w.deps(), request("a", 0, 10)); err != nil {
		t.Fatal(err)
	}
	for what, req := range map[string]ImportRequest{"7 of 10": request("a", 0, 7), "nothing": request("a", 0, 0)} {
		if _, err := Import(ctx, w.deps(), req); !errors.Is(err, watchlist.ErrGuard) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// After a flush the guard still knows what was in force.
	w.flush(t)
	if _, err := Import(ctx, w.deps(), request("a", 0, 7)); !errors.Is(err, watchlist.ErrGuard) {
		t.Errorf("after a flush: %v", err)
	}
	req := request("a", 0, 7)
	req.AcceptShrink = true
	if _, err := Import(ctx, w.deps(), req); !errors.Is(err, watchlist.ErrGuard) {
		t.Errorf("accepted by nobody: %v", err)
	}
	req = request("a", 0, 7)
	req.AcceptShrink, req.Author, req.Reason = true, "ann", "delisted"
	r, err := Import(ctx, w.deps(), req)
	if err != nil || r.After != 7 || r.Before != 10 {
		t.Errorf("%+v, %v", r, err)
	}
	if s, err := w.log.Read(ctx); err != nil || s.Last[activation.Lists].Author != "ann" || s.Last[activation.Lists].Reason != "delisted" {
		t.Errorf("%+v, %v", s.Last[activation.Lists], err)
	}
}

func TestListsThatAreLostAreNotDroppedSilently(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for i, list := range []string{"a", "b", "c"} {
		if _, err := Import(ctx, w.deps(), request(list, 100*i, 5)); err != nil {
			t.Fatal(err)
		}
	}
	w.flush(t)
	if _, err := Import(ctx, w.deps(), request("a", 0, 5)); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "b (5 entries), c (5 entries)") {
		t.Fatalf("%v", err)
	}
	if l := w.live(t); l.Snapshot != nil {
		t.Error("a part was put in force")
	}
	if _, err := Import(ctx, w.deps(), request("b", 100, 5)); !errors.Is(err, ErrLost) || strings.Contains(err.Error(), "a (5") {
		t.Fatalf("%v", err)
	}
	r, err := Import(ctx, w.deps(), request("c", 200, 5))
	if err != nil || !r.Repaired || r.Seq != 3 || r.Count != 15 {
		t.Fatalf("%+v, %v", r, err)
	}
	if l := w.live(t); l.Pointer.Seq != 3 || l.Snapshot.Len() != 15 {
		t.Errorf("%+v", l.Pointer)
	}

	w.flush(t)
	req := request("a", 0, 5)
	req.AcceptShrink, req.Author, req.Reason = true, "ann", "b and c have ended"
	if r, err := Import(ctx, w.deps(), req); err != nil || r.Count != 5 || r.Seq != 4 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTheCopyHasWhatRedisLost(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for i, list := range []string{"a", "b"} {
		if _, err := Import(ctx, w.deps(), request(list, 100*i, 5)); err != nil {
			t.Fatal(err)
		}
	}
	l := w.live(t)
	d := w.deps()
	d.Copy = filepath.Join(t.TempDir(), "lists")
	if err := lists.WriteCopy(d.Copy, l.Pointer, l.Snapshot); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	r, err := Import(ctx, d, request("c", 300, 5))
	if err != nil || r.Seq != 3 || r.Count != 15 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestANewTopicGoesOnAboveWhatIsKnown(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for i := range 3 {
		if _, err := Import(ctx, w.deps(), request("a", i, 10)); err != nil {
			t.Fatal(err)
		}
	}
	// The topic was lost; Redis and ClickHouse were not.
	other := newWorld(t)
	d := w.deps()
	d.Activations = acts{other.log, w}
	r, err := Import(ctx, d, request("b", 100, 5))
	if err != nil || r.Seq != 4 || r.Count != 15 {
		t.Fatalf("%+v, %v", r, err)
	}
	if l := w.live(t); l.Pointer.Seq != 4 || l.Snapshot.Len() != 15 {
		t.Errorf("%+v", l.Pointer)
	}
	third := newWorld(t)
	d = third.deps()
	d.Known = func(context.Context) (uint64, error) { return 41, nil }
	if r, err := Import(ctx, d, request("a", 0, 5)); err != nil || r.Seq != 42 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAnImportOfWrongFilesChangesNothing(t *testing.T) {
	w := newWorld(t)
	req := request("a", 0, 5)
	req.Format = "ofac-xml"
	if _, err := Import(t.Context(), w.deps(), req); err == nil {
		t.Error("a text file was read as XML")
	}
	if l := w.live(t); l.Snapshot != nil {
		t.Errorf("%+v", l)
	}
}

func TestImportsAtOnceDoNotCross(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if _, err := Import(t.Context(), w.deps(), request(fmt.Sprint("list", i), 100*i, 5)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if l := w.live(t); l.Pointer.Seq != 4 || l.Snapshot.Len() != 20 {
		t.Errorf("seq %d with %d entries", l.Pointer.Seq, l.Snapshot.Len())
	}
}

func TestLookupFindsEverySpelling(t *testing.T) {
	req := request("a", 0, 0)
	req.Files[0].R = strings.NewReader("1LrxsRd7zNuxPJcL5rttnoeJFy1y4AffYY\n")
	entries, _, err := format.Parse(req.Format, req.Options, req.Files...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := watchlist.NewBuilder().Add("a", entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ text, match string }{
		{"1LrxsRd7zNuxPJcL5rttnoeJFy1y4AffYY", "exact"},
		{" 1LrxsRd7zNuxPJcL5rttnoeJFy1y4AffYY ", "exact"},
		{entries[0].Key.String(), "exact"},
		{"1LrxsRd7zNuxPJcL5rttnoeJFy1y4AffYZ", ""},
		{"", ""},
	} {
		got := Ask(tt.text).Live(s)
		if tt.match == "" && got != nil || tt.match != "" && (len(got) != 1 || got[0].Match != tt.match) {
			t.Errorf("%q: %+v", tt.text, got)
		}
	}
}
