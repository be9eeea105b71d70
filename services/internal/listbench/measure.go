package listbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sluice/pkg/address"
	"sluice/pkg/event"
	"sluice/pkg/simulate"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/schemas"
	"sluice/services/enrichment"
	"sluice/services/internal/cache"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
)

const (
	batchSize = 100
	batches   = 100
	lanes     = 2
	rounds    = 9
	probes    = 2_000 // keys that are looked up
	calmFor   = 3 * time.Second
	after     = time.Second
	patience  = 10 * time.Minute // with a swap
)

// Measure measures this process as an instance that follows the lists and screens.
func Measure(ctx context.Context, in Instance) (r Result, err error) {
	r.Form = in.Form
	c, err := cache.New(cache.Config{URL: in.URL, Timeout: 30 * time.Second})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	cfg := lists.Config{Watch: c.Watch, Pages: c, Logger: zerolog.Nop()}
	if in.Form == FormPaged {
		cfg.MemoryEntries = 1
	}
	f, err := lists.New(cfg, c)
	if err != nil {
		return r, err
	}
	facts, err := makeFacts(in.HitShare)
	if err != nil {
		return r, err
	}
	empty := heap()
	began := time.Now()
	f.Poll(ctx)
	r.LoadSeconds = time.Since(began).Seconds()
	f.Poll(ctx) // the pointer is to be confirmed where the load took its time
	now := f.Current()
	if !now.Usable || (now.Paged != nil) != (in.Form == FormPaged) || now.Entries() != in.Swaps[0].Pointer.Count {
		return r, fmt.Errorf("%d entries, usable %v: %s", now.Entries(), now.Usable, now.Why)
	}
	r.HeapBytes = heap() - empty
	debug.FreeOSMemory()
	r.RSSBytes, r.PeakRSSBytes = memory("VmRSS"), memory("VmHWM")
	if err := r.lookUps(ctx, now); err != nil {
		return r, err
	}
	if r.Transfer, err = cost(ctx, f, facts); err != nil {
		return r, err
	}
	clean, err := makeFacts(0)
	if err != nil {
		return r, err
	}
	if r.CleanNanos, err = cost(ctx, f, clean); err != nil {
		return r, err
	}
	return r, r.swaps(ctx, c, f, facts, in.Swaps[1:])
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// memory is a line of the process's status in bytes, 0 where the system does not tell.
func memory(name string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if k, v, _ := strings.Cut(line, ":"); k == name {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// lookUps times the filter, and look-ups of what is listed.
func (r *Result) lookUps(ctx context.Context, now lists.Current) error {
	var keys []address.Key
	if err := simulate.EachFiller(seed, min(probes, now.Entries()/2), func(e *watchlist.Entry) { keys = append(keys, e.Key) }); err != nil {
		return err
	}
	view := interface{ MayContain(uint64) bool }(now.Snapshot)
	if now.Paged != nil {
		view = now.Paged
	}
	const misses = 1_000_000
	positive := 0
	r.MissNanos = best(func() float64 {
		x := uint64(88172645463325252)
		began := time.Now()
		for range misses {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			if view.MayContain(x) {
				positive++
			}
		}
		return float64(time.Since(began)) / misses
	})
	if now.Paged == nil {
		r.HitNanos = best(func() float64 {
			began := time.Now()
			for _, k := range keys {
				if listed, _ := now.Snapshot.Lookup(k); len(listed) > 0 {
					positive++
				}
			}
			return float64(time.Since(began)) / float64(len(keys))
		})
	} else {
		var failed error
		confirm := func() float64 {
			began := time.Now()
			for some := range slices.Chunk(keys, 100) {
				failed = errors.Join(failed, confirmed(ctx, now, some))
			}
			return float64(time.Since(began)) / float64(len(keys))
		}
		r.HitColdNanos = confirm()
		r.HitNanos = best(confirm)
		if failed != nil {
			return failed
		}
	}
	if positive == 0 && now.Paged == nil {
		return errors.New("nothing that is listed was found")
	}
	return nil
}

// confirmed looks up keys, which are listed, in one round trip.
func confirmed(ctx context.Context, now lists.Current, keys []address.Key) error {
	l := now.Paged.Lookups()
	for _, k := range keys {
		l.Lookup(k)
	}
	wanted := l.Pages()
	pages, err := now.Pages(ctx, wanted)
	if err != nil {
		return err
	}
	for i, data := range pages {
		if err := l.Put(wanted[i], data); err != nil {
			return err
		}
	}
	l.Lacking()
	for _, k := range keys {
		if listed, _ := l.Lookup(k); len(listed) == 0 || l.Lacking() {
			return errors.New("a listed key was not found")
		}
	}
	return nil
}

// best is the least of some rounds: what else the machine does only adds.
func best(fn func() float64) float64 {
	least := fn()
	for range rounds - 1 {
		least = min(least, fn())
	}
	return least
}

// followed is the follower behind enrichment's port.
type followed struct{ *lists.Follower }

func (f followed) Current() enrichment.Current { return enrichment.Current(f.Follower.Current()) }

func handler(f *lists.Follower) stream.Handler {
	cfg := enrichment.Config{HoldAfter: time.Minute, Now: time.Now}
	return enrichment.New(cfg, followed{f}, enrichment.NewMetrics(prometheus.NewRegistry())).ForLane()
}

// cost is what the hop's handler takes for a transfer, in nanoseconds.
func cost(ctx context.Context, f *lists.Follower, facts []stream.Record) (float64, error) {
	h := handler(f)
	var failed error
	ns := best(func() float64 {
		f.Poll(ctx) // on a busy machine the last confirmation may be too old by now
		began := time.Now()
		for some := range slices.Chunk(facts, batchSize) {
			failed = errors.Join(failed, screen(ctx, h, some))
		}
		return float64(time.Since(began)) / float64(len(facts))
	})
	return ns, failed
}

func screen(ctx context.Context, h stream.Handler, facts []stream.Record) error {
	out := stream.NewOut(stream.OutConfig{Stage: "enrichment", Partitions: stream.FixedPartitions(1)})
	return errors.Join(h.Handle(ctx, &stream.Batch{Topic: schemas.Transfers, Records: facts}, out), out.Err())
}

// makeFacts are transfers as ingest writes them.
func makeFacts(hits float64) ([]stream.Record, error) {
	g, err := generator(hits)
	if err != nil {
		return nil, err
	}
	var facts []stream.Record
	for len(facts) < batchSize*batches {
		t, _ := g.Next()
		p, err := transfer.Parse(transfer.AppendCanonical(nil, &t), time.Now().Add(24*time.Hour))
		if err != nil {
			continue // a scenario of its own
		}
		id := p.FactID("default")
		facts = append(facts, stream.Record{Topic: schemas.Transfers, Key: []byte("default/c"),
			Value: event.AppendTransfer(nil, id, "default", transfer.ID{}, &p),
			Headers: stream.NewHeaders(
				stream.Header{Name: event.HeaderID, Value: id.Append(nil)},
				stream.Header{Name: event.HeaderAt, Value: event.AppendAt(nil, time.Now())},
				stream.Header{Name: event.HeaderFingerprint, Value: event.AppendFingerprints(nil, &p, false)})})
	}
	return facts, nil
}

// lane screens without end, and keeps how many transfers it did and which batch took longest.
type lane struct {
	done    atomic.Int64
	longest atomic.Int64 // nanoseconds, since it was last looked at
}

// swaps moves the pointer while transfers are screened.
func (r *Result) swaps(ctx context.Context, c *cache.Client, f *lists.Follower, facts []stream.Record, swaps []Swap) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = f.Run(ctx) }) // ends with ctx
	all := make([]*lane, lanes)
	failed := make(chan error, lanes)
	for i := range all {
		all[i] = &lane{}
		wg.Go(func() {
			if err := all[i].run(ctx, handler(f), facts); err != nil && ctx.Err() == nil {
				failed <- err
			}
		})
	}
	look := func() (done int64, longest time.Duration) {
		for _, l := range all {
			done += l.done.Swap(0)
			longest = max(longest, time.Duration(l.longest.Swap(0)))
		}
		return done, longest
	}
	look()
	began := time.Now()
	time.Sleep(calmFor)
	done, longest := look()
	r.Calm = Calm{float64(done) / time.Since(began).Seconds(), milli(longest)}
	for _, s := range swaps {
		look()
		began := time.Now()
		if err := c.SetPointer(ctx, s.Pointer); err != nil {
			return err
		}
		for f.Current().Seq != s.Pointer.Seq {
			select {
			case err := <-failed:
				return err
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Millisecond):
			}
			if time.Since(began) > patience {
				return fmt.Errorf("%s is not in force after %s: %s", s.Name, patience, f.Current().Why)
			}
		}
		taken := time.Since(began)
		time.Sleep(after)
		done, longest := look()
		r.Swaps = append(r.Swaps, Stall{s.Name, milli(taken), milli(longest), float64(done) / time.Since(began).Seconds() / r.Calm.Rate})
	}
	return nil
}

func milli(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (l *lane) run(ctx context.Context, h stream.Handler, facts []stream.Record) error {
	last := time.Now()
	for ctx.Err() == nil {
		for some := range slices.Chunk(facts, batchSize) {
			err := screen(ctx, h, some)
			if errors.Is(err, enrichment.ErrNoLists) { // a load that takes longer than what is held may be used
				time.Sleep(time.Millisecond)
				continue
			}
			if err != nil {
				return err
			}
			now := time.Now()
			if took := int64(now.Sub(last)); took > l.longest.Load() {
				l.longest.Store(took)
			}
			last = now
			l.done.Add(int64(len(some)))
		}
	}
	return nil
}
