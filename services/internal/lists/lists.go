// Package lists follows the watchlists: it holds the snapshot in force in memory, verified, and knows whether it may be
// relied on at this moment.
//
// A snapshot is usable when some list was ever activated, the snapshot was loaded whole with the count and hash that
// its manifest names, Redis confirmed within MaxAge that it is the one in force, and every source was found good within
// its own max_age. It never goes back to an older
// activation, ignores what belongs to another epoch of the activations, and survives a loss of Redis until MaxAge has
// passed. When in doubt it is not usable, and says why.
package lists

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/watchlist"
)

// Config is how lists are followed. The zero value of a field is its default.
type Config struct {
	Poll   time.Duration // how often the pointer is read; default 1 s
	MaxAge time.Duration // how long a snapshot stays usable without the pointer; default 30 s
	File   string        // where a verified copy is kept and read at the start; "": nowhere
	Memory *Memory       // what the process loaded; nil: of the follower's own
	// Lists of more than MemoryEntries entries together are held without their entries, where they are stored so and Pages
	// is not nil: what a filter calls positive is then confirmed with pages of Redis. 0: all entries are always held.
	MemoryEntries int
	Pages         PageSource
	// Watch calls its argument whenever the pointer may have moved, until ctx ends; then it is read at once. Nil: nobody
	// tells. A word that is lost is made up for by the next poll.
	Watch func(ctx context.Context, moved func())
	// Epoch returns the epoch of the activations now, from their topic; it is asked when a pointer or the file belongs
	// to another epoch than what is held. Nil: another epoch is believed when its number is higher.
	Epoch func(context.Context) (string, error)
	// Register tells how old the lists' sources may get; nil: none is looked at.
	Register RegisterSource
	Now      func() time.Time
	Logger   zerolog.Logger
}

// Current is what is known at one moment, in one of the two forms of lists: both are nil when none was ever loaded.
type Current struct {
	Snapshot *watchlist.Snapshot // with all entries in memory
	Paged    *watchlist.Paged    // without, to be confirmed with pages
	// Pages fetches pages of Paged; those that are not there as they were stored are an error.
	Pages  func(context.Context, []watchlist.PageHash) ([][]byte, error)
	Seq    uint64 // the activation that put it in force
	Usable bool
	Why    string    // not usable: the reason, for people
	Since  time.Time // not usable: since when
}

// Follower follows the lists.
type Follower struct {
	cfg  Config
	src  Source
	shop *pager
	held atomic.Pointer[held]

	moved chan struct{} // the pointer may have moved
	saves chan save     // the copy that is to be written next

	mu    sync.Mutex
	stats Stats
}

// save is a copy to be written.
type save struct {
	pointer  Pointer
	snapshot *watchlist.Snapshot
}

// held is what the follower has; it is replaced, never changed.
type held struct {
	forms
	pointer   Pointer   // of what is held
	confirmed time.Time // when Redis last named it as in force; zero: never
	trouble   string    // what is wrong since then; "" nothing
	began     time.Time // of the follower
	sources   bound     // from when on a source is too old
}

// forms are lists in one of their two forms, or in none.
type forms struct {
	snapshot *watchlist.Snapshot
	paged    *watchlist.Paged
}

func (f forms) version() string {
	if f.paged != nil {
		return f.paged.Version()
	}
	return f.snapshot.Version()
}

// Entries is the number of entries of all lists.
func (c Current) Entries() int { return c.Snapshot.Len() + c.Paged.Len() }

// Stats are counters and gauges of a follower.
type Stats struct {
	Polls     uint64 // pointers read
	Failures  uint64 // pointers that could not be read, or were refused
	Loads     uint64 // snapshots loaded and taken
	BadLoads  uint64 // snapshots that were not whole
	CopyFails uint64 // copies that could not be written

	Pages     uint64 // pages that confirmed what a filter called positive
	PageReads uint64 // those that were read from Redis for it
	PageFails uint64 // pages that could not be had
}

// New makes a follower. It dials nothing and reads nothing.
func New(cfg Config, src Source) (*Follower, error) {
	if cfg.Poll == 0 {
		cfg.Poll = time.Second
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 30 * time.Second
	}
	if cfg.Poll < 0 || cfg.MaxAge < cfg.Poll {
		return nil, fmt.Errorf("lists: poll %s, pointer_max_age %s: want a poll above 0 and an age of at least the poll", cfg.Poll, cfg.MaxAge)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Memory == nil {
		cfg.Memory = NewMemory()
	}
	f := &Follower{cfg: cfg, src: src, moved: make(chan struct{}, 1), saves: make(chan save, 1)}
	if cfg.Pages != nil {
		f.shop = newPager(cfg.Pages)
	}
	f.held.Store(&held{began: cfg.Now(), trouble: "the pointer was not read yet"})
	return f, nil
}

// Run reads the copy and follows the pointer until ctx ends.
func (f *Follower) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	f.restore(ctx)
	wg.Go(func() { f.writeCopies(ctx) })
	if f.cfg.Watch != nil {
		wg.Go(func() { f.cfg.Watch(ctx, f.wake) })
	}
	tick := time.NewTicker(f.cfg.Poll)
	defer tick.Stop()
	for {
		f.Poll(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-f.moved:
		}
	}
}

// wake has the pointer read soon.
func (f *Follower) wake() {
	select {
	case f.moved <- struct{}{}:
	default:
	}
}

// Current returns the snapshot and whether it may be relied on now. It makes no call and allocates nothing but the
// reason.
func (f *Follower) Current() Current {
	h := f.held.Load()
	now := f.cfg.Now()
	c := Current{Snapshot: h.snapshot, Paged: h.paged, Seq: h.pointer.Seq}
	if h.paged != nil {
		c.Pages = f.pages
	}
	switch {
	case h.confirmed.IsZero():
		c.Why, c.Since = h.trouble, h.began
	case now.Before(h.confirmed):
		// How old the confirmation is cannot be known. time.Now's own reading does not go back; that of a clock that does
		// must not make an old confirmation a young one.
		c.Since, c.Why = now, "the clock went back behind the last confirmation"
	case now.Sub(h.confirmed) > f.cfg.MaxAge:
		c.Since = h.confirmed.Add(f.cfg.MaxAge)
		c.Why = fmt.Sprintf("not confirmed since %s: %s", h.confirmed.UTC().Format(time.RFC3339), h.trouble)
	default:
		if c.Why = h.sources.passed(now); c.Why != "" {
			c.Since = h.sources.at
			break
		}
		c.Usable = true
	}
	return c
}

// Stats returns the counters.
func (f *Follower) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

// set takes over a new state.
func (f *Follower) set(h held, count func(*Stats)) {
	f.held.Store(&h)
	f.mu.Lock()
	defer f.mu.Unlock()
	count(&f.stats)
}

// Poll reads the pointer once and follows it. Run calls it; tests may.
func (f *Follower) Poll(ctx context.Context) {
	h := *f.held.Load()
	f.look(ctx, &h)
	asked := f.cfg.Now() // the moment for which the answer holds at the latest
	p, err := f.src.Pointer(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return
		}
		f.fail(h, explain(err))
		return
	}
	have := h.pointer
	if p.Epoch != have.Epoch && have.Epoch != "" {
		if trouble := f.otherEpoch(ctx, have, p); trouble != "" {
			f.fail(h, trouble)
			return
		}
		have = Pointer{} // what is held belongs to an epoch that has ended
	}
	switch decide(have, p, h.version()) {
	case confirm:
		h.pointer, h.confirmed, h.trouble = p, asked, ""
		f.set(h, func(s *Stats) { s.Polls++ })
	case refuseBack:
		f.fail(h, fmt.Sprintf("the pointer went back from seq %d to %d", h.pointer.Seq, p.Seq))
	case refuseOther:
		f.fail(h, fmt.Sprintf("the pointer names two versions for seq %d: %s and %s", p.Seq, h.pointer.Version, p.Version))
	case load:
		f.load(ctx, h, p, asked)
	}
}

// look learns how old the sources may get. What cannot be asked, and what was flushed, leaves what is known: that a source
// is getting old is not forgotten with Redis.
func (f *Follower) look(ctx context.Context, h *held) {
	if f.cfg.Register == nil {
		return
	}
	if r, err := f.cfg.Register.Register(ctx); err == nil {
		h.sources = boundOf(r)
	}
}

// action is what to do about a pointer.
type action int

const (
	load        action = iota // another version is in force
	confirm                   // what is held is in force
	refuseBack                // an older activation than what is held
	refuseOther               // the same activation with another version
)

// decide says what to do when have is held in version and now is read. The two are of one epoch, or have is zero.
func decide(have, now Pointer, version string) action {
	switch {
	case now.Seq < have.Seq:
		return refuseBack
	case now.Seq == have.Seq && have.Seq != 0 && now.Version != have.Version:
		return refuseOther
	case version != "" && now.Version == version:
		return confirm // maybe under a new number: the content is the same, and verified
	default:
		return load
	}
}

// epochTimeout is how long a poll waits to learn which epoch is in force; the next one asks again.
const epochTimeout = 5 * time.Second

// otherEpoch says why a pointer of another epoch is ignored; "" when it is to be believed.
func (f *Follower) otherEpoch(ctx context.Context, have, now Pointer) string {
	if f.cfg.Epoch == nil {
		if now.Seq <= have.Seq {
			return fmt.Sprintf("the pointer belongs to another epoch (%s) and is not newer", now.Epoch)
		}
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, epochTimeout)
	defer cancel()
	epoch, err := f.cfg.Epoch(ctx)
	if err != nil {
		return fmt.Sprintf("the pointer belongs to another epoch (%s), and which is in force is not known: %v", now.Epoch, err)
	}
	if epoch != now.Epoch {
		return fmt.Sprintf("the pointer belongs to another epoch (%s) than the activations (%s)", now.Epoch, epoch)
	}
	return ""
}

// load reads the snapshot that p names and takes it when it is whole.
func (f *Follower) load(ctx context.Context, h held, p Pointer, asked time.Time) {
	began := time.Now()
	m, now, err := f.read(ctx, h, p)
	if err != nil {
		if ctx.Err() != nil {
			return
		}
		f.cfg.Logger.Error().Err(err).Uint64("seq", p.Seq).Str("version", p.Version).Msg("the lists in force cannot be loaded")
		f.set(failed(h, fmt.Sprintf("seq %d cannot be loaded: %s", p.Seq, explain(err))), func(s *Stats) { s.Polls++; s.BadLoads++ })
		return
	}
	h.forms, h.pointer, h.confirmed, h.trouble = now, p, asked, ""
	f.set(h, func(s *Stats) { s.Polls++; s.Loads++ })
	f.cfg.Logger.Info().Uint64("seq", p.Seq).Str("version", p.Version).Int("entries", m.Count).Int("lists", len(m.Lists)).
		Bool("in_memory", now.snapshot != nil).Dur("took", time.Since(began)).Msg("lists loaded")
	if f.cfg.File != "" && now.snapshot != nil {
		f.save(save{p, now.snapshot})
	}
}

// read loads what p names, in the form that its size asks for. While transfers are screened with what is held, half of
// the processors are left to them.
func (f *Follower) read(ctx context.Context, h held, p Pointer) (m watchlist.Manifest, now forms, err error) {
	if m, err = ReadManifest(ctx, f.src, p); err != nil {
		return m, now, err
	}
	workers := runtime.GOMAXPROCS(0)
	if h.version() != "" {
		workers = max(1, workers/2)
	}
	if !f.tooMany(m.Count) {
		now.snapshot, err = f.cfg.Memory.snapshot(ctx, f.src, m, workers)
		return m, now, err
	}
	if !m.HasPages() {
		f.cfg.Logger.Warn().Int("entries", m.Count).Int("lists.memory_entries", f.cfg.MemoryEntries).
			Msg("the lists are large and were not stored in pages: all entries are held in memory; set lists.memory_entries alike wherever lists are imported")
		now.snapshot, err = f.cfg.Memory.snapshot(ctx, f.src, m, workers)
		return m, now, err
	}
	f.cfg.Memory.forget()
	l := m.BeginPaged(h.paged)
	if err := fetch(ctx, f.src, l, workers); err != nil {
		return m, now, err
	}
	now.paged, err = l.Paged()
	return m, now, err
}

// tooMany says whether so many entries are not to be held in memory.
func (f *Follower) tooMany(entries int) bool {
	return f.shop != nil && f.cfg.MemoryEntries > 0 && entries > f.cfg.MemoryEntries
}

// pages is Current.Pages.
func (f *Follower) pages(ctx context.Context, wanted []watchlist.PageHash) ([][]byte, error) {
	pages, read, err := f.shop.pages(ctx, wanted)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.PageReads += uint64(read)
	if err != nil {
		f.stats.PageFails++
		return nil, err
	}
	f.stats.Pages += uint64(len(wanted))
	return pages, nil
}

// save has a copy written, in place of one that waits.
func (f *Follower) save(s save) {
	for {
		select {
		case f.saves <- s:
			return
		default:
		}
		select {
		case <-f.saves:
		default:
		}
	}
}

// writeCopies writes the copies until ctx ends, beside the work and never before it.
func (f *Follower) writeCopies(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-f.saves:
			f.writeCopy(s)
		}
	}
}

func (f *Follower) writeCopy(s save) {
	if err := WriteCopy(f.cfg.File, s.pointer, s.snapshot); err != nil {
		f.cfg.Logger.Error().Err(err).Str("file", f.cfg.File).Msg("the copy of the lists was not written")
		f.mu.Lock()
		f.stats.CopyFails++
		f.mu.Unlock()
	}
}

// fail keeps what is held and notes the trouble.
func (f *Follower) fail(h held, trouble string) {
	if trouble != h.trouble {
		f.cfg.Logger.Warn().Str("reason", trouble).Msg("the lists are not confirmed")
	}
	f.set(failed(h, trouble), func(s *Stats) { s.Polls++; s.Failures++ })
}

func failed(h held, trouble string) held {
	h.trouble = trouble
	return h
}

// explain says what an error of the source means.
func explain(err error) string {
	switch {
	case errors.Is(err, ErrNotFound):
		return "no lists are active in Redis: none were ever imported, or it was flushed (" + err.Error() + ")"
	case errors.Is(err, ErrUnavailable):
		return "Redis cannot be reached (" + err.Error() + ")"
	default:
		return err.Error()
	}
}

// restore takes the copy of an earlier run: it shortens the way to a usable snapshot, and is not usable by itself.
func (f *Follower) restore(ctx context.Context) {
	if f.cfg.File == "" {
		return
	}
	end, err := f.cfg.Memory.turn(ctx)
	if err != nil {
		return
	}
	defer end()
	p, s, err := readCopy(f.cfg.File, f.tooMany)
	if errors.Is(err, ErrNoCopy) || errors.Is(err, errTooMany) {
		return
	}
	if err != nil {
		f.cfg.Logger.Error().Err(err).Str("file", f.cfg.File).Msg("the copy of the lists was not taken")
		return
	}
	h := *f.held.Load()
	h.snapshot, h.pointer, h.trouble = f.cfg.Memory.keep(s), p, "the copy on disk was not confirmed yet"
	f.set(h, func(s *Stats) { s.Loads++ })
	f.cfg.Logger.Info().Uint64("seq", p.Seq).Int("entries", s.Len()).Msg("lists taken from the copy on disk")
}
