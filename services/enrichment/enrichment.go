// Package enrichment is the second stage: it screens every transfer of transfers.v1 and rescreen.v1 against the
// snapshot in force and writes it to screened.v1.
//
// It promises that nothing passes as screened that was not: without a usable snapshot it stops consuming, and after
// HoldAfter it passes transfers on as degraded, which alerting holds. It never decides what a hit means, and its path
// for a clean transfer makes no call to anything. Lists may be too large for memory: then a filter is there, and what it
// does not exclude is looked up, for all of a batch at once; a transfer that cannot be looked up is never clean.
package enrichment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/judge"
	"sluice/pkg/watchlist"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// Lists is the snapshot in force, held in memory.
type Lists interface {
	// Current returns the snapshot, the activation that put it in force, and whether it may be relied on now; when it
	// may not, why, and since when. It makes no call.
	Current() Current
}

// Current is what Lists knows.
type Current struct {
	Snapshot *watchlist.Snapshot // with all entries in memory
	Paged    *watchlist.Paged    // in its place: without, to be confirmed with pages
	// Pages returns the pages of Paged that are named. One that cannot be had is an error, and never means "not listed".
	Pages  func(context.Context, []watchlist.PageHash) ([][]byte, error)
	Seq    uint64
	Usable bool
	Why    string    // not usable: the reason, for people
	Since  time.Time // not usable: since when
}

// Entries is the number of entries of all lists.
func (c Current) Entries() int { return c.Snapshot.Len() + c.Paged.Len() }

// Version is the version of the lists, "" without any.
func (c Current) Version() string { return c.Snapshot.Version() + c.Paged.Version() }

// ErrNoLists is the transient error of a batch that waits for a usable snapshot.
var ErrNoLists = errors.New("no usable watchlists")

// Config is how the stage behaves.
type Config struct {
	HoldAfter time.Duration // without usable lists for so long, transfers are passed on as degraded
	Now       func() time.Time
}

// Stage is the hop.
type Stage struct {
	cfg         Config
	lists       Lists
	m           *Metrics
	unconfirmed patience
}

// New makes the hop.
func New(cfg Config, lists Lists, m *Metrics) *Stage { return &Stage{cfg: cfg, lists: lists, m: m} }

// Handle screens with scratch memory made for the call.
func (s *Stage) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	return s.ForLane().Handle(ctx, in, out)
}

// ForLane returns the handler of one lane.
func (s *Stage) ForLane() stream.Handler { return &lane{Stage: s} }

type lane struct {
	*Stage
	screener judge.Screener
	at       []byte

	// Of the batch:
	carried []stream.Carried
	prints  [][]byte
	clean   []bool             // by their fingerprints
	lookups *watchlist.Lookups // nil: all entries are in memory
	found   []found            // beside lookups: of the others, in their order
	told    int                // how many of found are published
	values  []byte             // of found, and of what is published without
}

// What the sc header says, made once.
var (
	scClean = event.AppendScreened(nil, true)
	scOther = event.AppendScreened(nil, false)
)

func (l *lane) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	now := l.cfg.Now()
	current := l.lists.Current()
	degraded := false
	if !current.Usable {
		if waited := now.Sub(current.Since); waited < l.cfg.HoldAfter {
			return fmt.Errorf("%w: %s; transfers are held instead in %s", ErrNoLists, current.Why, (l.cfg.HoldAfter - waited).Round(time.Second))
		}
		degraded = true
	}
	// One snapshot for the whole batch: a screening never mixes two.
	l.screener.Lists = judge.Lists{Snapshot: current.Snapshot, Seq: current.Seq}
	if l.lookups = nil; current.Paged != nil {
		l.lookups = current.Paged.Lookups()
		l.screener.Lists.Snapshot = l.lookups
	}
	l.sift(in)
	l.values, l.told = l.values[:0], 0
	if l.lookups != nil && !degraded {
		if err := l.confirm(ctx, current, in, now); err != nil {
			return err
		}
	}
	var n counts
	for i := range in.Records {
		if err := l.screen(i, &in.Records[i], degraded, now, out, &n); err != nil {
			return stream.Permanent(err)
		}
	}
	l.m.screened(n)
	return nil
}

// sift says which records are clean by what they carry.
func (l *lane) sift(in *stream.Batch) {
	l.carried, l.prints = l.carried[:0], l.prints[:0]
	for i := range in.Records {
		h := in.Records[i].Carried()
		l.carried, l.prints = append(l.carried, h), append(l.prints, h.Fingerprints)
	}
	l.clean = l.screener.Sift(l.prints)
}

// counts is how transfers came out.
type counts struct{ clean, other, degraded int }

// screen appends the screened record of one transfer, the i-th of the batch.
func (l *lane) screen(i int, rec *stream.Record, degraded bool, now time.Time, out *stream.Out, n *counts) error {
	h := &l.carried[i]
	if l.clean[i] && !degraded {
		if head, tail, ok := l.screener.Clean(rec.Value); ok {
			l.publish(rec, h, head, tail, scClean, now, out)
			n.clean++
			return nil
		}
	}
	f := l.answer(i, rec, degraded)
	if f.err != nil {
		return f.err
	}
	sc := scOther
	switch {
	case f.clean:
		sc = scClean
		n.clean++
	case f.lacking:
		n.degraded++
	default:
		n.other++
	}
	l.publish(rec, h, f.value, nil, sc, now, out)
	return nil
}

// answer is what there is to say of a record that is not clean by what it carries alone.
func (l *lane) answer(i int, rec *stream.Record, degraded bool) (f found) {
	switch {
	case degraded:
		f.lacking = true
	case l.lookups != nil && !l.clean[i]:
		f = l.found[l.told]
		l.told++
	default:
		if l.lookups == nil {
			l.values = l.values[:0]
		}
		f = l.look(rec)
	}
	if f.lacking && f.err == nil {
		from := len(l.values)
		l.values, f.err = l.screener.Degraded(l.values, rec.Value)
		f.value, f.clean = l.values[from:], false
	}
	return f
}

// publish appends a screened record, whose value is head and then tail.
func (l *lane) publish(rec *stream.Record, h *stream.Carried, head, tail, sc []byte, now time.Time, out *stream.Out) {
	l.at = event.AppendAt(append(l.at[:0], h.At...), now)
	out.AppendSpliced(schemas.Screened, rec.Partition, rec.Key, head, tail, stream.Headers{},
		stream.Header{Name: event.HeaderID, Value: h.ID},
		stream.Header{Name: event.HeaderAt, Value: l.at},
		stream.Header{Name: event.HeaderScreened, Value: sc})
}

// Poison keeps a record that cannot be screened whole in the dead letter topic, and passes on what is known of it, so
// that its transfer is held.
func (l *lane) Poison(_ context.Context, rec *stream.Record, cause error, out *stream.Out) error {
	h := rec.Carried()
	out.DeadLetter(rec, stream.ReasonOf(cause), cause)
	known := judge.Headers{ID: h.ID, Key: rec.Key}.Named(rec.Topic, rec.Partition, rec.Offset)
	value := l.screener.Quarantined(nil, rec.Value, known)
	out.AppendTo(schemas.Screened, rec.Partition, rec.Key, value,
		stream.Header{Name: event.HeaderID, Value: known.ID},
		stream.Header{Name: event.HeaderAt, Value: event.AppendAt(append([]byte(nil), h.At...), l.cfg.Now())},
		stream.Header{Name: event.HeaderScreened, Value: scOther})
	l.m.quarantined()
	return nil
}
