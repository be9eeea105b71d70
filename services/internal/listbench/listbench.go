// Package listbench measures the watchlists themselves at several sizes, in both of their forms: how long an instance
// takes to load them, what memory it holds, what a look-up and a transfer cost, and what transfers notice of a swap. It is
// the body of `sluice bench --stage lists`.
//
// The lists stand in an embedded cache of this process; what is measured is another process, so that its memory is its
// own. It says nothing about a network or another machine.
package listbench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/alicebob/miniredis/v2"

	"sluice/pkg/simulate"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/services/internal/cache"
	"sluice/services/internal/lists"
)

// The two forms of lists in an instance.
const (
	FormMemory = "memory" // all entries
	FormPaged  = "paged"  // filters, and pages of Redis for their positives
)

// Config says what to measure.
type Config struct {
	Sizes    []int   // entries of the large list
	HitShare float64 // of the transfers, whose counterparty is listed
	// Start runs Measure, in a process of its own where memory is to be told.
	Start func(context.Context, Instance) (Result, error)
	// Progress is told what begins. Nil: nobody.
	Progress func(what string)
}

// MaxSize bounds a size.
const MaxSize = simulate.MaxFiller

// Report is what was measured.
type Report struct {
	Sizes []Size `json:"lists"`
}

// Size is what was measured at one size.
type Size struct {
	Entries       int      `json:"entries"`
	ImportSeconds float64  `json:"import_seconds"` // building the snapshot of its entries, and what differs from none
	StoreSeconds  float64  `json:"store_seconds"`  // writing it to Redis in both forms
	Forms         []Result `json:"forms"`
}

// Instance is one process that is measured.
type Instance struct {
	URL      string  `json:"url"`
	Form     string  `json:"form"`
	Entries  int     `json:"entries"`
	HitShare float64 `json:"hit_share"`
	Swaps    []Swap  `json:"swaps"`
}

// Swap is a version that is put in force while transfers are screened; the first one is what is loaded.
type Swap struct {
	Name    string        `json:"name"`
	Pointer lists.Pointer `json:"pointer"`
}

// Result is what was measured of one form.
type Result struct {
	Form         string  `json:"form"`
	LoadSeconds  float64 `json:"load_seconds"` // from the pointer to the verified lists
	HeapBytes    int64   `json:"heap_bytes"`   // that the lists hold
	RSSBytes     int64   `json:"rss_bytes"`    // of the process, behind a collection; 0: not known
	PeakRSSBytes int64   `json:"peak_rss_bytes"`
	MissNanos    float64 `json:"miss_ns"`       // the filter says no
	HitNanos     float64 `json:"hit_ns"`        // found, with its page in memory where it has one
	HitColdNanos float64 `json:"hit_cold_ns"`   // found, with its page read from Redis, a hundred at a time; 0: no pages
	Transfer     float64 `json:"transfer_ns"`   // screening one transfer, hits among them
	CleanNanos   float64 `json:"clean_ns"`      // screening one that nothing is listed of
	Calm         Calm    `json:"without_swaps"` // while nothing happens
	Swaps        []Stall `json:"swaps"`
}

// Calm is how transfers are screened while the lists stay as they are.
type Calm struct {
	Rate         float64 `json:"transfers_per_second"`
	LongestMilli float64 `json:"longest_ms"` // of a batch of 100
}

// Stall is what transfers notice of a swap.
type Stall struct {
	Name         string  `json:"name"`
	InForceMilli float64 `json:"in_force_ms"` // from the pointer's move to the first screening with it
	LongestMilli float64 `json:"longest_ms"`  // of a batch of 100 meanwhile, and a second behind it
	Rate         float64 `json:"rate_of_calm"`
}

// ownList is a small list beside the large one.
const ownList = "bench-own"

// seed makes the lists alike in every run.
const seed = 1

// Run measures every size in both forms.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	for _, n := range cfg.Sizes {
		if n < 1 || n > MaxSize {
			return nil, fmt.Errorf("sizes: %d, want from 1 to %d", n, MaxSize)
		}
	}
	r := &Report{}
	for _, n := range cfg.Sizes {
		s, err := measureSize(ctx, cfg, n)
		if err != nil {
			return nil, fmt.Errorf("%d entries: %w", n, err)
		}
		r.Sizes = append(r.Sizes, s)
	}
	return r, nil
}

func (c Config) tell(format string, args ...any) {
	if c.Progress != nil {
		c.Progress(fmt.Sprintf(format, args...))
	}
}

func measureSize(ctx context.Context, cfg Config, n int) (s Size, err error) {
	s.Entries = n
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return s, err
	}
	defer server.Close()
	url := "redis://" + server.Addr()
	c, err := cache.New(cache.Config{URL: url, MemoryEntries: 1, Timeout: time.Minute})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()

	cfg.tell("%d entries: building and storing", n)
	swaps, err := s.store(ctx, c, n, cfg.HitShare)
	if err != nil {
		return s, err
	}
	debug.FreeOSMemory()
	for _, form := range []string{FormPaged, FormMemory} {
		cfg.tell("%d entries: %s", n, form)
		for i := range swaps { // activations go on: an instance does not go back
			swaps[i].Pointer.Seq = uint64(i + 1)
			swaps[i].Pointer.Epoch = form
		}
		if err := c.SetPointer(ctx, swaps[0].Pointer); err != nil {
			return s, err
		}
		result, err := cfg.Start(ctx, Instance{URL: url, Form: form, Entries: n, HitShare: cfg.HitShare, Swaps: swaps})
		if err != nil {
			return s, fmt.Errorf("%s: %w", form, err)
		}
		s.Forms = append(s.Forms, result)
	}
	return s, nil
}

// maxChanged is how many entries a large list has at most to be stored in two states: each takes gigabytes.
const maxChanged = 2_000_000

// version is a state of the lists.
type version struct {
	name     string
	snapshot *watchlist.Snapshot
}

// store builds and stores the versions, and says which.
func (s *Size) store(ctx context.Context, c *cache.Client, n int, hits float64) ([]Swap, error) {
	began := time.Now()
	g, err := generator(hits)
	if err != nil {
		return nil, err
	}
	large, err := largeList(n, g.Entries(), func(*watchlist.Entry) {})
	if err != nil {
		return nil, err
	}
	base := large.With(own(10))
	if added, _, _ := (*watchlist.Snapshot)(nil).CountChanges(base, simulate.FillerList); added != n {
		return nil, fmt.Errorf("%d entries were added, want %d", added, n)
	}
	s.ImportSeconds = time.Since(began).Seconds()
	began = time.Now()
	versions := []version{{"loaded", base}}
	if _, err := c.Store(ctx, base, watchlist.Manifest{}); err != nil {
		return nil, err
	}
	s.StoreSeconds = time.Since(began).Seconds()
	small := large.With(own(11))
	versions = append(versions, version{"one own entry", small})
	if n <= maxChanged {
		// A publisher's new file: one entry in a thousand is other than it was, all over the list.
		i := 0
		changed, err := largeList(n, g.Entries(), func(e *watchlist.Entry) {
			if i++; i%1000 == 0 {
				e.Entity = "Changed"
			}
		})
		if err != nil {
			return nil, err
		}
		versions = append(versions, version{"large list, 0.1 % changed", changed.With(own(11))})
	}
	var swaps []Swap
	for _, v := range versions {
		if _, err := c.Store(ctx, v.snapshot, watchlist.Manifest{}); err != nil {
			return nil, err
		}
		swaps = append(swaps, Swap{v.name, lists.Pointer{Version: v.snapshot.Version(), Count: v.snapshot.Len()}})
	}
	return swaps, nil
}

// largeList has n entries, those that are given among them.
func largeList(n int, listed []watchlist.Entry, change func(*watchlist.Entry)) (*watchlist.Snapshot, error) {
	listed = slices.Clone(listed[:min(n, len(listed))])
	for i := range listed {
		listed[i].List = simulate.FillerList
	}
	b := watchlist.NewBuilder().Add(simulate.FillerList, listed)
	some := make([]watchlist.Entry, 0, 10_000)
	err := simulate.EachFiller(seed, n-len(listed), func(e *watchlist.Entry) {
		change(e)
		if some = append(some, *e); len(some) == cap(some) {
			b.Add(simulate.FillerList, some)
			some = some[:0]
		}
	})
	if err != nil {
		return nil, err
	}
	s, err := b.Add(simulate.FillerList, some).Build()
	runtime.GC()
	return s, err
}

// own is a small list of n entries.
func own(n int) *watchlist.Snapshot {
	entries := make([]watchlist.Entry, n)
	for i := range entries {
		text := fmt.Sprintf("0x0bec%036x", i)
		entries[i] = watchlist.Entry{List: ownList, EntryID: text, Network: "ethereum", Address: text, Key: watchlist.TextKey(text),
			Category: taxonomy.Scam, Categories: []taxonomy.Category{taxonomy.Scam}}
	}
	s, err := watchlist.NewBuilder().Add(ownList, entries).Build()
	if err != nil {
		panic(err) // the entries are made above
	}
	return s
}

// customers is how many customers and counterparties the simulated transfers have.
const customers = 2_000

func generator(hits float64) (*simulate.Generator, error) {
	shares := simulate.DefaultShares()
	sum := 0.0
	names := make([]simulate.Scenario, 0, len(shares))
	for name := range shares {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if unlisted[name] {
			shares[name] = 0
			continue
		}
		sum += shares[name]
	}
	for _, name := range names {
		shares[name] *= hits / sum
	}
	return simulate.New(simulate.Config{Seed: seed, Customers: customers, Counterparties: customers, Shares: shares})
}

// unlisted are the scenarios that no list has a say in.
var unlisted = map[simulate.Scenario]bool{simulate.UnknownCounterparty: true, simulate.InvalidSender: true, simulate.Duplicate: true}
