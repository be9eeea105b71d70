package recorder

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
)

// ErrNoSnapshot is what a Snapshots's error wraps when the version, or a part of it, is not kept any more.
var ErrNoSnapshot = errors.New("the snapshot of the lists is not kept any more")

// Activations is the order of knowledge.
type Activations interface {
	Follow(ctx context.Context, caughtUp func(), fn func(activation.Activation) error) error
}

// Snapshots has the stored versions of the lists. Errors wrap ErrNoSnapshot when it is gone for good; any other goes away.
type Snapshots interface {
	Manifest(ctx context.Context, version string) (watchlist.Manifest, error)
	Segment(ctx context.Context, g watchlist.Segment) ([]byte, error)
}

// HistoryWarehouse is where the lists' history goes.
type HistoryWarehouse interface {
	// Recorded is the last activation of the history; the zero value when there is none.
	Recorded(ctx context.Context) (Recorded, error)
	// RecordedList goes through the entries of a list as recorded with an activation, in canonical order.
	RecordedList(ctx context.Context, list string, seq uint64) RecordedEntries
	InsertHistory(ctx context.Context, b *History) error
	// InsertVersions makes the history count an activation; nil: it does from now on.
	InsertVersions(ctx context.Context, b *ListVersions) error
}

// Recorded is the last activation that the history has whole.
type Recorded struct {
	Seq   uint64
	Epoch string
	Lists map[string]string // hash by name; "" where it is not known
}

// RecordedEntries are entries in canonical order. An error ends them.
type RecordedEntries = func(yield func(RecordedEntry, error) bool)

// RecordedEntry is an entry of the history.
type RecordedEntry struct {
	Entry   *watchlist.Entry
	Content uint64 // as ContentOf has it; 0 in rows of before it was kept
}

// HistoryConfig is what a Historian needs.
type HistoryConfig struct {
	Activations Activations
	Snapshots   Snapshots
	Warehouse   HistoryWarehouse
	// Done is told what is recorded, so that versions that are not are not thrown away. Nil: nobody wants to know.
	Done    func(ctx context.Context, seq uint64) error
	Metrics *HistoryMetrics // nil: none
	Log     zerolog.Logger
	Retry   time.Duration // pause after an error; 0: 5 s
}

// Historian writes what each activation changed in the lists: rows of entries, and behind them the rows of the activation
// itself, by which it counts. It keeps no offset and no lists: it compares what is stored with what is recorded, list by
// list and entry by entry as both come along, so that it needs little memory however long a list is, and a crash, an
// activation that comes again, or one whose snapshot is gone leaves no gap and no double. What only a lost snapshot would
// tell apart is recorded with the next activation.
type Historian struct {
	cfg HistoryConfig

	mu    sync.Mutex
	queue []activation.Activation // of lists, in order
	more  chan struct{}

	last *Recorded // as last read or written; nil: never yet
}

// NewHistorian starts nothing.
func NewHistorian(cfg HistoryConfig) *Historian {
	if cfg.Retry <= 0 {
		cfg.Retry = 5 * time.Second
	}
	return &Historian{cfg: cfg, more: make(chan struct{}, 1)}
}

// Run follows the activations until ctx ends; then it returns nil.
func (h *Historian) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	followed := make(chan error, 1)
	go func() {
		err := h.cfg.Activations.Follow(ctx, func() {}, func(a activation.Activation) error { h.push(a); return nil })
		cancel(err)
		followed <- err
	}()
	for ctx.Err() == nil {
		var again <-chan time.Time
		if err := h.drain(ctx); err != nil && ctx.Err() == nil {
			h.cfg.Log.Warn().Err(err).Msg("the history of the lists is not recorded, trying again")
			h.cfg.Metrics.failed()
			h.last = nil
			again = time.After(h.cfg.Retry)
		}
		select {
		case <-h.more:
		case <-again:
		case <-ctx.Done():
		}
	}
	return <-followed
}

func (h *Historian) push(a activation.Activation) {
	if a.Kind != activation.Lists {
		return
	}
	a.Lists = nil // the manifest has them, and the topic is kept for ever
	h.mu.Lock()
	h.queue = append(h.queue, a)
	h.mu.Unlock()
	h.cfg.Metrics.activated(a.Seq)
	select {
	case h.more <- struct{}{}:
	default:
	}
}

// head returns the first activation in the queue, and whether others wait behind it.
func (h *Historian) head() (a activation.Activation, others, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.queue) == 0 {
		return a, false, false
	}
	return h.queue[0], len(h.queue) > 1, true
}

func (h *Historian) pop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = h.queue[1:]
}

// drain records what is in the queue.
func (h *Historian) drain(ctx context.Context) error {
	for {
		a, others, ok := h.head()
		if !ok {
			return nil
		}
		// Before anything is written it is asked anew: another process writes the same history, or it was lost.
		if h.last == nil || a.Seq > h.last.Seq {
			last, err := h.cfg.Warehouse.Recorded(ctx)
			if err != nil {
				return err
			}
			h.last = &last
			if err := h.done(ctx); err != nil {
				return err
			}
		}
		switch {
		case a.Seq > h.last.Seq:
			err := h.record(ctx, a)
			if errors.Is(err, ErrNoSnapshot) && others {
				h.cfg.Log.Warn().Uint64("seq", a.Seq).Str("version", a.Version).Msg("the snapshot is gone, the next activation's history includes it")
				h.cfg.Metrics.skipped()
				err = nil
			}
			if err != nil {
				return fmt.Errorf("activation %d: %w", a.Seq, err)
			}
		case h.last.Epoch != "" && a.Epoch != h.last.Epoch:
			h.cfg.Log.Error().Uint64("seq", a.Seq).Str("epoch", a.Epoch).Str("recorded", h.last.Epoch).
				Msg("the numbers of the activations began again below what is recorded: an import ran without ClickHouse on a new topic; what is up to that number is not recorded")
		}
		h.pop()
	}
}

// done tells what is recorded.
func (h *Historian) done(ctx context.Context) error {
	h.cfg.Metrics.recorded(h.last.Seq)
	if h.cfg.Done == nil {
		return nil
	}
	return h.cfg.Done(ctx, h.last.Seq)
}

// historyRows bounds one insert.
const historyRows = 50_000

// record writes what an activation changed.
func (h *Historian) record(ctx context.Context, a activation.Activation) error {
	m, err := h.cfg.Snapshots.Manifest(ctx, a.Version)
	if err != nil {
		return err
	}
	versions, err := newListVersions(&a, m)
	if err != nil {
		return err
	}
	w := historyWriter{ctx: ctx, to: h.cfg.Warehouse, a: &a}
	next := Recorded{Seq: a.Seq, Epoch: a.Epoch, Lists: map[string]string{}}
	for _, l := range m.Lists {
		next.Lists[l.Name] = l.Hash
		if hash, ok := h.last.Lists[l.Name]; ok && hash == l.Hash {
			continue
		}
		get := func(g watchlist.Segment) ([]byte, error) { return h.cfg.Snapshots.Segment(ctx, g) }
		if err := w.list(l.Name, h.last.Seq, m.Entries(l.Name, get)); err != nil {
			return err
		}
	}
	for name := range h.last.Lists {
		if _, ok := next.Lists[name]; !ok {
			if err := w.list(name, h.last.Seq, func(func(*watchlist.Entry, error) bool) {}); err != nil {
				return err
			}
		}
	}
	if err := w.send(); err != nil {
		return err
	}
	if err := h.cfg.Warehouse.InsertVersions(ctx, versions); err != nil {
		return err
	}
	h.last = &next
	return h.done(ctx)
}

// What happened to an entry, in these words.
const (
	added    = "added"    // it came
	changed  = "changed"  // it came in the place of other words about the same entry
	removed  = "removed"  // it went
	replaced = "replaced" // it went, and other words came in its place
)

// identity is what makes an entry the same entry in two versions of its list.
type identity struct{ network, address, tag, entryID string }

func identityOf(e *watchlist.Entry) identity {
	return identity{e.Network, e.Address, e.Tag, e.EntryID}
}

// historyWriter writes the changes of one activation. It holds the entries of one identity, and one block.
type historyWriter struct {
	ctx context.Context
	to  HistoryWarehouse
	a   *activation.Activation
	b   History

	of      identity
	was, is []watchlist.Entry
	unnamed map[identity]bool // entries of the list that are recorded without their content's hash
}

// list writes how a list differs from what is recorded of it with an activation.
func (w *historyWriter) list(name string, seq uint64, now watchlist.Entries) error {
	w.unnamed = map[identity]bool{}
	before := func(yield func(*watchlist.Entry, error) bool) {
		for r, err := range w.to.RecordedList(w.ctx, name, seq) {
			if err == nil && r.Content == 0 {
				w.unnamed[identityOf(r.Entry)] = true
			}
			if !yield(r.Entry, err) {
				return
			}
		}
	}
	err := watchlist.Merge(before, now, func(was, is *watchlist.Entry) error {
		either := was
		if was == nil {
			either = is
		}
		if id := identityOf(either); id != w.of {
			if err := w.flush(); err != nil {
				return err
			}
			w.of = id
		}
		if was != nil {
			w.was = append(w.was, *was)
		} else {
			w.is = append(w.is, *is)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list %s: %w", name, err)
	}
	return w.flush()
}

// flush writes the entries of one identity.
func (w *historyWriter) flush() error {
	gone, come := removed, added
	if len(w.was) > 0 && len(w.is) > 0 {
		gone, come = replaced, changed
	}
	for i := range w.was {
		content := ContentOf(&w.was[i])
		if w.unnamed[w.of] {
			content = 0
		}
		w.b.Add(&w.was[i], content, gone, w.a)
	}
	for i := range w.is {
		w.b.Add(&w.is[i], ContentOf(&w.is[i]), come, w.a)
	}
	w.was, w.is = w.was[:0], w.is[:0]
	if w.b.Len() < historyRows {
		return nil
	}
	return w.send()
}

// send inserts the block.
func (w *historyWriter) send() error {
	if w.b.Len() == 0 {
		return nil
	}
	err := w.to.InsertHistory(w.ctx, &w.b)
	w.b.Reset()
	return err
}
