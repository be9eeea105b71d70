package watchlist

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/pkg/watchlist"
	"sluice/services/internal/audit"
)

// learn finds the entry of a snapshot that ends first.
func (s *Service) learn(snapshot *watchlist.Snapshot) {
	s.end, s.learned = time.Time{}, snapshot.Version()
	for e := range snapshot.Ending() {
		if at, ends := endOf(e); ends && (s.end.IsZero() || at.Before(s.end)) {
			s.end = at
		}
	}
}

// endOf is when an entry ends, and whether it does.
func endOf(e *watchlist.Entry) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, e.ExpiresAt)
	return at, err == nil
}

// expire puts lists in force without the entries whose end has come: at the end itself they are gone. It is the one place
// where a clock says what is listed; every judgement reads the snapshot alone.
func (s *Service) expire(ctx context.Context) {
	now := s.d.now()
	if s.end.IsZero() || now.Before(s.end) {
		return
	}
	gone, err := Expire(ctx, s.d, now)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.d.Logger.Error().Err(err).Time("end", s.end).Msg("entries that have ended are still in force")
		return
	}
	s.end = time.Time{} // the next check learns it from the new snapshot
	s.d.Logger.Info().Int("entries", gone).Msg("entries that have ended were taken out of the lists")
}

// Expire takes out of all lists what has ended at now, in one activation, and says how many entries that were.
func Expire(ctx context.Context, d Deps, now time.Time) (gone int, err error) {
	live, err := Describe(ctx, d.Store)
	if err != nil {
		return 0, err
	}
	if live.Version == "" {
		return 0, nil
	}
	snapshot, err := d.Memory.Some(ctx, d.Store, live.Manifest)
	if err != nil {
		return 0, err
	}
	over := func(e watchlist.Entry) bool {
		at, ends := endOf(&e)
		return ends && !now.Before(at)
	}
	ended := map[string]int{}
	for e := range snapshot.Ending() {
		if over(*e) {
			ended[e.List]++
			gone++
		}
	}
	if gone == 0 {
		return 0, nil
	}
	u := Update{Author: self, Reason: fmt.Sprintf("the end of %d entries has come", gone)}
	names := slices.Sorted(maps.Keys(ended))
	for _, name := range names {
		u.Edits = append(u.Edits, Edit{List: name, Change: func(now []watchlist.Entry, _ Standing) ([]watchlist.Entry, error) {
			return slices.DeleteFunc(slices.Clone(now), over), nil
		}})
	}
	record := audit.Record{Actor: self, Action: audit.ListRemove, Object: strings.Join(names, " "), Detail: map[string]string{"reason": u.Reason}}
	err = d.audited(ctx, record, func(ctx context.Context) error {
		_, err := Apply(ctx, d, u)
		return err
	})
	return gone, err
}
