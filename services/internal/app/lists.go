package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	list "sluice/pkg/watchlist"
	"sluice/services/enrichment"
	"sluice/services/internal/activation"
	"sluice/services/internal/cache"
	"sluice/services/internal/datadir"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
	"sluice/services/recorder"
	"sluice/services/watchlist"
)

// followed is a follower of the lists behind enrichment's port.
type followed struct{ *lists.Follower }

// Current implements enrichment.Lists.
func (f followed) Current() enrichment.Current { return enrichment.Current(f.Follower.Current()) }

// folder is where a process of the service keeps its copies: the data folder of `sluice run`, else one of its own in it.
func (p *Pipeline) folder(service string) (*datadir.Dir, error) {
	if p.Servers.dir != nil {
		return p.Servers.dir, nil
	}
	own, err := datadir.OwnSlot(p.cfg.Data, service)
	p.Servers.dir = own
	return own, err
}

// addLists follows the lists in force.
func (p *Pipeline) addLists() error {
	dir, err := p.folder("enrichment")
	if err != nil {
		return err
	}
	epoch := func(ctx context.Context) (string, error) {
		s, err := p.order().Read(ctx)
		return s.Epoch, err
	}
	source := newReporting(p.redis, p.cfg.Lists.PointerMaxAge)
	f, err := lists.New(lists.Config{MaxAge: p.cfg.Lists.PointerMaxAge, File: dir.Join("lists.snapshot"), Memory: p.memory, Watch: p.redis.Watch,
		MemoryEntries: p.cfg.Lists.MemoryEntries, Pages: p.redis,
		Epoch: epoch, Register: p.redis, Logger: p.log}, source)
	if err != nil {
		return err
	}
	p.lists = followed{f}
	source.held = p.lists.Current
	p.reg.MustRegister(listsCollectors(f)...)
	p.add("lists", f.Run)
	return nil
}

// order is the order of knowledge, for reading.
func (p *Pipeline) order() *activation.Log { return activation.New(p.kafka, nil, p.log) }

// addWatchlist keeps Redis in line with the activations, and records what each of them changed. The history stands
// here, because of all services this one alone has the topic, the snapshots and the warehouse.
func (p *Pipeline) addWatchlist() (*watchlist.API, error) {
	dir, err := p.folder("watchlist")
	if err != nil {
		return nil, err
	}
	sources, err := Sources(p.cfg, dir.Join(""))
	if err != nil {
		return nil, err
	}
	if p.producer == nil {
		if p.producer, err = stream.NewProducer(stream.ProducerConfig{Logger: p.log}, p.kafka); err != nil {
			return nil, err
		}
		p.add("producer", p.producer.Run)
	}
	d := importDeps(p.cfg, p.redis, p.kafka, p.producer, p.warehouse, p.log)
	d.Copy, d.Memory, d.Audit, d.Metrics = dir.Join("lists.kept"), p.memory, AuditLog(p.cfg, p.log), watchlist.NewMetrics(p.reg)
	service, err := watchlist.New(watchlist.Config{Copy: d.Copy, Notes: dir.Join("lists.notes"), Sources: sources}, d)
	if err != nil {
		return nil, err
	}
	p.add("watchlist", service.Run)
	p.add("lists' history", recorder.NewHistorian(recorder.HistoryConfig{
		Activations: p.order(), Snapshots: snapshots{p.redis}, Warehouse: p.warehouse, Done: p.redis.SetRecorded,
		Metrics: recorder.NewHistoryMetrics(p.reg), Log: p.log}).Run)
	versions := watchlist.Versions{Order: p.order(), Store: p.redis, Past: p.warehouse, Memory: p.memory}
	return &watchlist.API{Deps: d, Versions: versions, Sources: sources}, nil
}

// snapshots has the versions of the lists that Redis keeps, for the history.
type snapshots struct{ redis *cache.Client }

// Manifest implements recorder.Snapshots.
func (s snapshots) Manifest(ctx context.Context, version string) (list.Manifest, error) {
	text, err := s.redis.Manifest(ctx, version)
	if err != nil {
		return list.Manifest{}, gone(err)
	}
	return list.ParseManifest(text)
}

// Segment implements recorder.Snapshots.
func (s snapshots) Segment(ctx context.Context, g list.Segment) ([]byte, error) {
	data, err := s.redis.Segment(ctx, g.SHA256)
	return data, gone(err)
}

// gone says in the recorder's words that something is not kept.
func gone(err error) error {
	if errors.Is(err, lists.ErrNotFound) {
		return fmt.Errorf("%w: %w", recorder.ErrNoSnapshot, err)
	}
	return err
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
		gauge("in_memory", "1: all entries are held in memory. 0: filters are, and pages of Redis confirm them.", func() float64 { return b2f(f.Current().Paged == nil) }),
		gauge("entries", "Entries of the snapshot.", func() float64 { return float64(f.Current().Entries()) }),
		counter("polls", "Pointers read.", func(s lists.Stats) uint64 { return s.Polls }),
		counter("poll_failures", "Pointers that could not be read, or were refused.", func(s lists.Stats) uint64 { return s.Failures }),
		counter("loads", "Snapshots loaded and taken.", func(s lists.Stats) uint64 { return s.Loads }),
		counter("bad_loads", "Snapshots that were not whole.", func(s lists.Stats) uint64 { return s.BadLoads }),
		counter("pages", "Pages that confirmed what a filter did not exclude.", func(s lists.Stats) uint64 { return s.Pages }),
		counter("page_reads", "Pages that were read from Redis; the others were still in memory.", func(s lists.Stats) uint64 { return s.PageReads }),
		counter("page_failures", "Requests for pages that failed: Redis was away, or a page was not there as it was stored.", func(s lists.Stats) uint64 { return s.PageFails }),
		counter("copy_failures", "Copies on disk that could not be written.", func(s lists.Stats) uint64 { return s.CopyFails }),
	}
}
