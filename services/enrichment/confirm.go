package enrichment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

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

// fetch screens the transfers that the filter does not exclude, notes what they look up, gets it in one round trip, and
// begins again until nothing is wanted: what was found then is what they are.
func (l *lane) fetch(ctx context.Context, current Current, in *stream.Batch) error {
	for range confirmRounds {
		l.found, l.values = l.found[:0], l.values[:0]
		for i, clean := range l.clean {
			if !clean {
				l.found = append(l.found, l.look(&in.Records[i]))
			}
		}
		wanted := l.lookups.Pages()
		if len(wanted) == 0 {
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

// found is what was found of a transfer that the filter does not exclude.
type found struct {
	value   []byte
	clean   bool
	lacking bool // something could not be looked up
	err     error
}

// look screens a transfer, by its JSON, with what is known now.
func (l *lane) look(rec *stream.Record) (f found) {
	from := len(l.values)
	l.values, f.clean, f.err = l.screener.Look(l.values, rec.Value)
	f.value = l.values[from:]
	f.lacking = l.lookups != nil && l.lookups.Lacking()
	return f
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
