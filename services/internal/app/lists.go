package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/services/enrichment"
	"sluice/services/internal/activation"
	"sluice/services/internal/datadir"
	"sluice/services/internal/lists"
)

// followed is a follower of the lists behind enrichment's port.
type followed struct{ *lists.Follower }

// Current implements enrichment.Lists.
func (f followed) Current() enrichment.Current { return enrichment.Current(f.Follower.Current()) }

// addLists follows the lists, with a copy in a folder of this process.
func (p *Pipeline) addLists() error {
	dir := p.Servers.dir
	if dir == nil {
		name := "enrichment"
		if p.opts.Parts.Watchlist {
			name = "watchlist"
		}
		own, err := datadir.OwnSlot(p.cfg.Data, name)
		if err != nil {
			return err
		}
		dir, p.Servers.dir = own, own
	}
	order := activation.New(p.kafka, nil, p.log)
	epoch := func(ctx context.Context) (string, error) {
		s, err := order.Read(ctx)
		return s.Epoch, err
	}
	f, err := lists.New(lists.Config{MaxAge: p.cfg.Lists.PointerMaxAge, File: dir.Join("lists.snapshot"), Epoch: epoch, Logger: p.log}, p.redis)
	if err != nil {
		return err
	}
	p.lists = followed{f}
	p.reg.MustRegister(listsCollectors(f)...)
	p.add("lists", f.Run)
	return nil
}

func listsCollectors(f *lists.Follower) []prometheus.Collector {
	gauge := func(name, help string, v func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sluice_lists_" + name, Help: help}, v)
	}
	counter := func(name, help string, v func(lists.Stats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "sluice_lists_" + name + "_total", Help: help},
			func() float64 { return float64(v(f.Stats())) })
	}
	return []prometheus.Collector{
		gauge("usable", "1: the snapshot may be relied on. 0: nothing is cleared.", func() float64 { return b2f(f.Current().Usable) }),
		gauge("seq", "The activation that put the snapshot in force.", func() float64 { return float64(f.Current().Seq) }),
		gauge("entries", "Entries of the snapshot.", func() float64 { return float64(f.Current().Snapshot.Len()) }),
		counter("polls", "Pointers read.", func(s lists.Stats) uint64 { return s.Polls }),
		counter("poll_failures", "Pointers that could not be read, or were refused.", func(s lists.Stats) uint64 { return s.Failures }),
		counter("loads", "Snapshots loaded and taken.", func(s lists.Stats) uint64 { return s.Loads }),
		counter("bad_loads", "Snapshots that were not whole.", func(s lists.Stats) uint64 { return s.BadLoads }),
		counter("copy_failures", "Copies on disk that could not be written.", func(s lists.Stats) uint64 { return s.CopyFails }),
	}
}
