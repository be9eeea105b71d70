package listbench

import (
	"context"
	"strings"
	"testing"

	"sluice/services/internal/bench"
)

// Memory is told apart by processes only; here all is in one.
func TestBothFormsAreMeasured(t *testing.T) {
	var told []string
	r, err := Run(t.Context(), Config{Sizes: []int{3_000}, HitShare: 0.05, Start: Measure, Progress: func(what string) { told = append(told, what) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 3 || len(r.Sizes) != 1 || len(r.Sizes[0].Forms) != 2 {
		t.Fatalf("%v, %+v", told, r)
	}
	for i, f := range r.Sizes[0].Forms {
		for name, v := range map[string]float64{"load": f.LoadSeconds, "miss": f.MissNanos, "hit": f.HitNanos, "transfer": f.Transfer, "clean": f.CleanNanos, "rate": f.Calm.Rate} {
			if v <= 0 {
				t.Errorf("%s: %s is %g", f.Form, name, v)
			}
		}
		if (f.HitColdNanos > 0) != (i == 0) || len(f.Swaps) != 2 {
			t.Errorf("%+v", f)
		}
		for _, s := range f.Swaps {
			if s.InForceMilli <= 0 || s.Rate <= 0 || s.LongestMilli <= 0 {
				t.Errorf("%s: %+v", f.Form, s)
			}
		}
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil || strings.Count(b.String(), "one own entry") != 2 {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestSizesAreChecked(t *testing.T) {
	for _, n := range []int{0, -1, MaxSize + 1} {
		if _, err := Run(t.Context(), Config{Sizes: []int{n}, Start: func(context.Context, Instance) (r Result, err error) { return r, nil }}); err == nil || !strings.HasPrefix(err.Error(), "sizes: ") {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestCostsOfAllSizesAreMeasuredByTurns(t *testing.T) {
	order := []string{}
	cfg := CostConfig{Sizes: []int{5_000, 6_000}, Rounds: 3, Bench: bench.Config{Transfers: 2_000, HitShare: 0.01, Partitions: 2, Lanes: 1},
		MemoryEntries: 5_000, Start: NewTurner,
		Progress: func(what string) {
			if _, round, ok := strings.Cut(what, ": "); ok && strings.HasPrefix(what, "round") {
				order = append(order, round)
			}
		}}
	c, err := RunCosts(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if want := "5000 entries 6000 entries 6000 entries 5000 entries 5000 entries 6000 entries"; strings.Join(order, " ") != want {
		t.Errorf("%v", order)
	}
	for i, s := range c.Sizes {
		if s.Form != []string{FormMemory, FormPaged}[i] {
			t.Errorf("%+v", s)
		}
		if len(s.Rounds) != 3 || s.Median.CPU <= 0 || s.Median.BareCPU <= 0 || s.Median.Rate <= 0 {
			t.Errorf("%+v", s)
		}
	}
	if c.Spread < 0 {
		t.Errorf("%+v", c)
	}
	var b strings.Builder
	if err := c.WriteTable(&b); err != nil || !strings.Contains(b.String(), "6000") {
		t.Errorf("%v\n%s", err, b.String())
	}
	cfg.Sizes = []int{1}
	if _, err := RunCosts(t.Context(), cfg); err == nil || !strings.HasPrefix(err.Error(), "sizes: 1, want from ") {
		t.Errorf("%v", err)
	}
}
