package enrichment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sluice/pkg/judge"
	"sluice/pkg/screening"
	"sluice/pkg/watchlist"
	"sluice/services/internal/stream"
)

// ErrUnconfirmed is the transient error of a batch with transfers that may be listed, which could not be looked up.
var ErrUnconfirmed = errors.New("watchlists cannot be looked up")

// confirmRounds is how often pages are fetched for a batch: look-ups that depend on the answers of others want another
// round. One is what screening takes.
const confirmRounds = 4

// confirm answers what a batch looks up in lists whose entries are not in memory. What cannot be had makes the batch
// wait; after HoldAfter it goes on without, and whoever asks for it is passed on as degraded, never as clean.
func (l *lane) confirm(ctx context.Context, current Current, in *stream.Batch, now time.Time) error {
	l.lookups = &confirmed{Lookups: current.Paged.Lookups()}
	l.screener.Lists = judge.Lists{Snapshot: l.lookups, Seq: current.Seq}
	err := l.fetch(ctx, current, in)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	since := l.unconfirmed.met(err, now)
	if err == nil {
		return nil
	}
	l.m.unconfirmed.Inc()
	if waited := now.Sub(since); waited < l.cfg.HoldAfter {
		return fmt.Errorf("%w: %w; transfers are held instead in %s", ErrUnconfirmed, err, (l.cfg.HoldAfter - waited).Round(time.Second))
	}
	return nil
}

// confirmed is the look-ups of a batch. The filter is asked once for each of its transfers.
type confirmed struct {
	*watchlist.Lookups
	excluded bool // the transfer that is screened now, by its filter
}

// MayContain implements screening.Lists.
func (c *confirmed) MayContain(fingerprint uint64) bool {
	return !c.excluded && c.Lookups.MayContain(fingerprint)
}

// fetch screens the transfers that the filter does not exclude, notes what they look up, gets it in one round trip, and
// begins again until nothing is wanted.
func (l *lane) fetch(ctx context.Context, current Current, in *stream.Batch) error {
	l.open = l.open[:0]
	for i := range in.Records {
		l.open = append(l.open, !screening.Clean(in.Records[i].Carried().Fingerprints, l.lookups))
	}
	for range confirmRounds {
		for i, open := range l.open {
			if open {
				// What is wrong with a record is told when it is screened for good.
				rec := &in.Records[i]
				l.value, _, _ = l.screener.Screen(l.value[:0], rec.Value, rec.Carried().Fingerprints)
			}
		}
		wanted := l.lookups.Pages()
		if l.lookups.Lacking(); len(wanted) == 0 {
			return nil
		}
		for some := range slices.Chunk(wanted, pagesAtOnce) {
			pages, err := current.Pages(ctx, some)
			if err != nil {
				return err
			}
			for i, data := range pages {
				if err := l.lookups.Put(some[i], data); err != nil {
					return err
				}
			}
		}
	}
	return fmt.Errorf("more was asked for in each of %d rounds", confirmRounds)
}

// pagesAtOnce bounds the pages of a batch that are in memory at once: five megabytes or so.
const pagesAtOnce = 1000

// patience knows since when look-ups fail. It is safe for concurrent use: the lanes of a stage share it.
type patience struct {
	mu    sync.Mutex
	since time.Time // zero: they do not
}

// met notes how a confirmation went at the moment now, and returns since when they fail, zero when they do not.
func (p *patience) met(err error, now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		p.since = time.Time{}
	case p.since.IsZero():
		p.since = now
	}
	return p.since
}
