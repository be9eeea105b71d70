package listbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rs/zerolog"

	"sluice/pkg/watchlist"
	"sluice/services/enrichment"
	"sluice/services/internal/bench"
	"sluice/services/internal/cache"
	"sluice/services/internal/lists"
)

// CostConfig says at which sizes a transfer's cost is to be measured.
type CostConfig struct {
	Sizes         []int
	MemoryEntries int // more entries are held as filters and pages, as lists.memory_entries says
	Rounds        int
	Bench         bench.Config // its transfers, hit share, partitions and lanes
	// Start runs an instance as a process of its own. It must be closed.
	Start func(context.Context, CostInstance) (Turner, error)
	// Progress is told what begins. Nil: nobody.
	Progress func(what string)
}

// CostInstance is a process with lists of one size.
type CostInstance struct {
	URL        string  `json:"url"`
	Paged      bool    `json:"paged"`
	Entries    int     `json:"entries"`
	Transfers  int     `json:"transfers"`
	HitShare   float64 `json:"hit_share"`
	Partitions int     `json:"partitions"`
	Lanes      int     `json:"lanes"`
}

// Turner measures a turn whenever it is asked.
type Turner interface {
	Next(context.Context) (bench.Turn, error)
	Close() error
}

// Costs is what a transfer costs with lists of several sizes.
type Costs struct {
	Sizes []CostAt `json:"costs"`
	// Spread is how much more a transfer costs at the dearest size than at the cheapest: 0.2 is 20 %.
	Spread float64 `json:"spread"`
}

// CostAt is the enrichment hop at one size: medians of the rounds.
type CostAt struct {
	Entries int          `json:"entries"`
	Form    string       `json:"form"`
	Median  bench.Turn   `json:"median"`
	Rounds  []bench.Turn `json:"rounds"`
}

// RunCosts measures the enrichment hop with lists of every size: instances of all sizes stand side by side, each a process
// with a broker of its own, and take turns in every round, so that what else the machine does falls on all.
func RunCosts(ctx context.Context, cfg CostConfig) (_ *Costs, err error) {
	listed, err := bench.Listed(cfg.Bench)
	if err != nil {
		return nil, err
	}
	tell := Config{Progress: cfg.Progress}.tell
	var all []Turner
	defer func() {
		for _, t := range all {
			err = errors.Join(err, t.Close())
		}
	}()
	costs := &Costs{}
	for _, n := range cfg.Sizes {
		if n < len(listed) || n > MaxSize {
			return nil, fmt.Errorf("sizes: %d, want from %d to %d", n, len(listed), MaxSize)
		}
		tell("%d entries: building and storing", n)
		in := CostInstance{Paged: n > cfg.MemoryEntries, Entries: n, Transfers: cfg.Bench.Transfers, HitShare: cfg.Bench.HitShare,
			Partitions: cfg.Bench.Partitions, Lanes: cfg.Bench.Lanes}
		server := miniredis.NewMiniRedis()
		if err := server.StartAddr("127.0.0.1:0"); err != nil {
			return nil, err
		}
		defer server.Close()
		in.URL = "redis://" + server.Addr()
		if err := storeLarge(ctx, in, listed); err != nil {
			return nil, fmt.Errorf("%d entries: %w", n, err)
		}
		debug.FreeOSMemory()
		t, err := cfg.Start(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("%d entries: %w", n, err)
		}
		all = append(all, t)
		costs.Sizes = append(costs.Sizes, CostAt{Entries: n, Form: in.form()})
	}
	for r := range cfg.Rounds {
		for i := range all {
			at := (i + r) % len(all)
			tell("round %d of %d: %d entries", r+1, cfg.Rounds, costs.Sizes[at].Entries)
			turn, err := all[at].Next(ctx)
			if err != nil {
				return nil, fmt.Errorf("%d entries: %w", costs.Sizes[at].Entries, err)
			}
			costs.Sizes[at].Rounds = append(costs.Sizes[at].Rounds, turn)
		}
	}
	costs.sum()
	return costs, nil
}

func (in CostInstance) form() string {
	if in.Paged {
		return FormPaged
	}
	return FormMemory
}

// storeLarge puts a large list into an instance's cache, and in force.
func storeLarge(ctx context.Context, in CostInstance, listed []watchlist.Entry) (err error) {
	c, err := cache.New(cache.Config{URL: in.URL, MemoryEntries: in.memoryEntries(), Timeout: time.Minute})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	s, err := largeList(in.Entries, listed, func(*watchlist.Entry) {})
	if err != nil {
		return err
	}
	if _, err := c.Store(ctx, s, watchlist.Manifest{}); err != nil {
		return err
	}
	return c.SetPointer(ctx, lists.Pointer{Version: s.Version(), Count: s.Len(), Seq: 1, Epoch: "costs"})
}

func (in CostInstance) memoryEntries() int {
	if in.Paged {
		return 1
	}
	return 0
}

// instance is lists in force and the hop that screens with them.
type instance struct {
	*bench.Turns
	cache *cache.Client
}

// NewTurner makes this process an instance: it loads the lists and writes its transfers.
func NewTurner(ctx context.Context, in CostInstance) (_ Turner, err error) {
	c, err := cache.New(cache.Config{URL: in.URL, Timeout: 30 * time.Second})
	if err != nil {
		return nil, err
	}
	f, err := lists.New(lists.Config{Pages: c, MemoryEntries: in.memoryEntries(), Logger: zerolog.Nop()}, c)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	f.Poll(ctx)
	f.Poll(ctx) // the pointer is to be confirmed where the load took its time
	now := f.Current()
	if !now.Usable || (now.Paged != nil) != in.Paged || now.Entries() != in.Entries {
		return nil, errors.Join(fmt.Errorf("%d entries, usable %v: %s", now.Entries(), now.Usable, now.Why), c.Close())
	}
	cfg := bench.Config{Transfers: in.Transfers, HitShare: in.HitShare, Partitions: in.Partitions, Lanes: in.Lanes}
	t, err := bench.NewTurns(ctx, cfg, enrichment.Current(now))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return instance{t, c}, nil
}

// Close ends the instance.
func (i instance) Close() error { return errors.Join(i.Turns.Close(), i.cache.Close()) }

// sum takes the medians.
func (c *Costs) sum() {
	var least, most float64
	for i := range c.Sizes {
		at := &c.Sizes[i]
		of := func(f func(bench.Turn) float64) float64 {
			var values []float64
			for _, t := range at.Rounds {
				values = append(values, f(t))
			}
			slices.Sort(values)
			n := len(values)
			return math.Round(500*(values[(n-1)/2]+values[n/2])) / 1000
		}
		at.Median = bench.Turn{CPU: of(func(t bench.Turn) float64 { return t.CPU }), BareCPU: of(func(t bench.Turn) float64 { return t.BareCPU }),
			Rate: of(func(t bench.Turn) float64 { return t.Rate })}
		if i == 0 {
			least = at.Median.CPU
		}
		least, most = min(least, at.Median.CPU), max(most, at.Median.CPU)
	}
	c.Spread = math.Round(1000*(most/least-1)) / 1000
}

// WriteTable writes the report for people.
func (c *Costs) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "entries\tform\tCPU us\tbare CPU us\ttransfers/s\t")
	for _, s := range c.Sizes {
		_, _ = fmt.Fprintf(t, "%d\t%s\t%.2f\t%.2f\t%.0f\t\n", s.Entries, s.Form, s.Median.CPU, s.Median.BareCPU, s.Median.Rate)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "a transfer costs %.0f %% more processor time at the dearest size than at the cheapest\n", 100*c.Spread)
	return err
}
