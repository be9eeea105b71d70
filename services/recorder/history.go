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

// ErrNoSnapshot is what a Snapshots's error wraps when the version is not kept any more.
var ErrNoSnapshot = errors.New("the snapshot of the lists is not kept any more")

// Activations is the order of knowledge.
type Activations interface {
	Follow(ctx context.Context, caughtUp func(), fn func(activation.Activation) error) error
}

// Snapshots loads a version of the lists. The error wraps ErrNoSnapshot when it is gone for good; any other goes away.
type Snapshots interface {
	Snapshot(ctx context.Context, version string) (*watchlist.Snapshot, error)
}

// HistoryWarehouse is where the lists' history goes.
type HistoryWarehouse interface {
	// Listed returns the entries that are listed by what is recorded, and the highest seq that is recorded.
	Listed(ctx context.Context) ([]watchlist.Entry, uint64, error)
	InsertHistory(ctx context.Context, b *History) error
}

// HistoryConfig is what a Historian needs.
type HistoryConfig struct {
	Activations Activations
	Snapshots   Snapshots
	Warehouse   HistoryWarehouse
	Log         zerolog.Logger
	Retry       time.Duration // pause after an error; 0: 5 s
}

// Historian writes what each activation changed in the lists. It keeps no offset: it compares with what is recorded, so
// that a crash, an activation that comes again, or one whose snapshot is gone leaves no gap and no double. What only a
// lost snapshot would tell apart is recorded with the next activation.
type Historian struct {
	cfg HistoryConfig

	mu    sync.Mutex
	queue []activation.Activation // of lists, in order
	more  chan struct{}

	lists *watchlist.Snapshot // as recorded; nil: to be read
	seq   uint64              // recorded
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
	a.Lists = nil // not needed, and the topic is kept for ever
	h.mu.Lock()
	h.queue = append(h.queue, a)
	h.mu.Unlock()
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
		if h.lists == nil {
			if err := h.read(ctx); err != nil {
				return err
			}
		}
		// An equal seq is compared too: its rows may be there in part.
		if a.Seq >= h.seq {
			err := h.record(ctx, a)
			if errors.Is(err, ErrNoSnapshot) && others {
				h.cfg.Log.Info().Uint64("seq", a.Seq).Str("version", a.Version).Msg("the snapshot is gone, the next activation's history includes it")
				err = nil
			}
			if err != nil {
				return fmt.Errorf("activation %d: %w", a.Seq, err)
			}
		}
		h.pop()
	}
}

// read makes the lists of what is recorded.
func (h *Historian) read(ctx context.Context) error {
	entries, seq, err := h.cfg.Warehouse.Listed(ctx)
	if err != nil {
		return err
	}
	byList := map[string][]watchlist.Entry{}
	for i := range entries {
		// The key is derived from the text anew, as wherever an entry is read.
		e, err := watchlist.ParseEntry(entries[i].AppendJSON(nil))
		if err != nil {
			return fmt.Errorf("recorded lists: %w", err)
		}
		byList[e.List] = append(byList[e.List], e)
	}
	b := watchlist.NewBuilder()
	for name, list := range byList {
		b.Add(name, list)
	}
	lists, err := b.Build()
	if err != nil {
		return fmt.Errorf("recorded lists: %w", err)
	}
	h.lists, h.seq = lists, seq
	return nil
}

// historyRows bounds one insert.
const historyRows = 100_000

func (h *Historian) record(ctx context.Context, a activation.Activation) error {
	lists, err := h.cfg.Snapshots.Snapshot(ctx, a.Version)
	if err != nil {
		return err
	}
	var b History
	send := func() error {
		if b.Len() == 0 {
			return nil
		}
		err := h.cfg.Warehouse.InsertHistory(ctx, &b)
		b.Reset()
		return err
	}
	for _, c := range changes(h.lists.Diff(lists)) {
		if err := b.Add(c.entry, c.change, &a); err != nil {
			return err
		}
		if b.Len() >= historyRows {
			if err := send(); err != nil {
				h.lists = nil
				return err
			}
		}
	}
	if err := send(); err != nil {
		h.lists = nil
		return err
	}
	h.lists, h.seq = lists, a.Seq
	return nil
}

// What happened to an entry.
const (
	added   = "added"
	removed = "removed"
	changed = "changed"
)

type change struct {
	entry  *watchlist.Entry
	change string
}

// identity is what makes an entry the same entry in two versions of its list.
type identity struct{ network, address, tag, entryID string }

func identityOf(e *watchlist.Entry) identity {
	return identity{e.Network, e.Address, e.Tag, e.EntryID}
}

// changes are the differences entry by entry; the snapshots' own difference goes by address.
func changes(d watchlist.Diff) []change {
	var out []change
	for i := range d.Removed {
		out = append(out, change{&d.Removed[i], removed})
	}
	for i := range d.Added {
		out = append(out, change{&d.Added[i], added})
	}
	for _, c := range d.Changed {
		before := map[identity]*watchlist.Entry{}
		for i := range c.Before {
			before[identityOf(&c.Before[i])] = &c.Before[i]
		}
		for i := range c.After {
			now := &c.After[i]
			was, ok := before[identityOf(now)]
			delete(before, identityOf(now))
			switch {
			case !ok:
				out = append(out, change{now, added})
			case watchlist.Compare(was, now) != 0:
				out = append(out, change{now, changed})
			}
		}
		for i := range c.Before {
			if e := before[identityOf(&c.Before[i])]; e == &c.Before[i] {
				out = append(out, change{e, removed})
			}
		}
	}
	return out
}

// Add appends the row of one change.
func (b *History) Add(e *watchlist.Entry, change string, a *activation.Activation) error {
	var dates [3]*time.Time
	for i, text := range [...]string{e.PartyListedAt, e.AddressListedAt, e.DelistedAt} {
		at, err := moment(time.DateOnly, text)
		if err != nil {
			return fmt.Errorf("entry %s of %s: %w", e.EntryID, e.List, err)
		}
		dates[i] = at
	}
	b.List = append(b.List, e.List)
	b.EntryID = append(b.EntryID, e.EntryID)
	b.Key = append(b.Key, e.Key.String())
	b.Network = append(b.Network, e.Network)
	b.Address = append(b.Address, e.Address)
	b.Tag = append(b.Tag, e.Tag)
	b.Category = append(b.Category, string(e.Category))
	b.Categories = append(b.Categories, texts(e.Categories))
	b.Entity = append(b.Entity, e.Entity)
	b.Authority = append(b.Authority, e.Authority)
	b.Program = append(b.Program, e.Program)
	b.Measure = append(b.Measure, string(e.Measure))
	b.Confidence = append(b.Confidence, percent(e.Confidence))
	b.PartyListedAt = append(b.PartyListedAt, dates[0])
	b.AddressListedAt = append(b.AddressListedAt, dates[1])
	b.DelistedAt = append(b.DelistedAt, dates[2])
	b.Change = append(b.Change, change)
	b.KnownFrom = append(b.KnownFrom, known(a.At))
	b.Seq = append(b.Seq, a.Seq)
	b.Version = append(b.Version, a.Version)
	b.Author = append(b.Author, a.Author)
	b.Reason = append(b.Reason, a.Reason)
	return nil
}
