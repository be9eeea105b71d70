package lists

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"sluice/pkg/watchlist"
)

// Memory is the lists that a process loaded last. Whoever loads beside it fetches only what it does not have, and all
// who do share the content. It is safe for concurrent use; nil remembers nothing.
type Memory struct {
	loading chan struct{} // has room for one: of two who want the same lists, the second finds what the first has loaded

	mu   sync.Mutex
	last *watchlist.Snapshot
}

// NewMemory returns a memory that has nothing yet.
func NewMemory() *Memory { return &Memory{loading: make(chan struct{}, 1)} }

// turn waits until nobody else loads, and returns what ends the turn.
func (m *Memory) turn(ctx context.Context) (end func(), err error) {
	if m == nil {
		return func() {}, nil
	}
	select {
	case m.loading <- struct{}{}:
		return func() { <-m.loading }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *Memory) have() *watchlist.Snapshot {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// keep remembers a snapshot, and returns the one that is remembered for its version.
func (m *Memory) keep(s *watchlist.Snapshot) *watchlist.Snapshot {
	if m == nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last.Version() != s.Version() {
		m.last = s
	}
	return m.last
}

// has says whether the memory has a list as it is described.
func (m *Memory) has(l watchlist.ManifestList) bool {
	for _, x := range m.have().Lists() {
		if x.Name == l.Name && x.Hash == l.Hash {
			return true
		}
	}
	return false
}

// forget drops what is remembered: the process does not hold entries any more.
func (m *Memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = nil
}

// Load reads the snapshot that a pointer names, whole: manifest and pointer agree on version and count, and every
// segment, list and the version have the hash that they are named by.
func Load(ctx context.Context, src Source, p Pointer) (watchlist.Manifest, *watchlist.Snapshot, error) {
	return (*Memory)(nil).Load(ctx, src, p)
}

// Load is the function of this name beside what the memory has. It uses all processors.
func (m *Memory) Load(ctx context.Context, src Source, p Pointer) (watchlist.Manifest, *watchlist.Snapshot, error) {
	manifest, err := ReadManifest(ctx, src, p)
	if err != nil {
		return manifest, nil, err
	}
	s, err := m.snapshot(ctx, src, manifest, runtime.GOMAXPROCS(0))
	return manifest, s, err
}

// ReadManifest reads the manifest that a pointer names.
func ReadManifest(ctx context.Context, src Source, p Pointer) (watchlist.Manifest, error) {
	text, err := src.Manifest(ctx, p.Version)
	if err != nil {
		return watchlist.Manifest{}, err
	}
	m, err := watchlist.ParseManifest(text)
	if err != nil {
		return m, err
	}
	if m.Version != p.Version || m.Count != p.Count {
		return m, fmt.Errorf("%w: the pointer names version %s with %d entries, its manifest %s with %d",
			watchlist.ErrCorrupt, p.Version, p.Count, m.Version, m.Count)
	}
	return m, nil
}

// snapshot loads what a manifest describes.
func (m *Memory) snapshot(ctx context.Context, src Source, manifest watchlist.Manifest, workers int) (*watchlist.Snapshot, error) {
	end, err := m.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	s, err := m.some(ctx, src, manifest, workers)
	if err != nil {
		return nil, err
	}
	return m.keep(s), nil
}

// Some loads the lists that a manifest describes beside what the memory has, which does not remember them: they are not
// all of those in force, or not in force.
func (m *Memory) Some(ctx context.Context, src Source, manifest watchlist.Manifest) (*watchlist.Snapshot, error) {
	end, err := m.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	return m.some(ctx, src, manifest, runtime.GOMAXPROCS(0))
}

func (m *Memory) some(ctx context.Context, src Source, manifest watchlist.Manifest, workers int) (*watchlist.Snapshot, error) {
	l := manifest.Begin(m.have())
	if err := fetch(ctx, src, l, workers); err != nil {
		return nil, err
	}
	return l.Snapshot()
}

// loading is a watchlist.Loading or a watchlist.PagedLoading.
type loading interface {
	Missing() []watchlist.Segment
	Put(i int, data []byte) error
}

// fetch gets what is missing.
func fetch(ctx context.Context, src Source, l loading, workers int) error {
	missing := l.Missing()
	return each(len(missing), workers, func(i int) error {
		data, err := src.Segment(ctx, missing[i].SHA256)
		if err != nil {
			return err
		}
		return l.Put(i, data)
	})
}

// each calls fn for 0 to n-1 by so many goroutines, until one call fails, and returns that error. Between two calls a
// goroutine lets others have the processor: transfers are screened meanwhile.
func each(n, workers int, fn func(int) error) error {
	var next atomic.Int64
	var first error
	var once sync.Once
	var wg sync.WaitGroup
	for range min(n, workers) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := fn(i); err != nil {
					once.Do(func() { first = err })
					next.Store(int64(n))
					return
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	return first
}
