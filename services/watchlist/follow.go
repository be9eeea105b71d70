package watchlist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"

	"sluice/services/internal/lists"
)

// The pauses after a look at a source that failed: they double, and never exceed the source's own interval.
const (
	firstRetry = 30 * time.Second
	maxShift   = 10
)

// pause is how long after a look the next one comes.
func (s Source) pause(failures int) time.Duration {
	if failures == 0 {
		return s.Interval
	}
	return min(s.Interval, firstRetry<<min(failures-1, maxShift))
}

// follow looks at a source again and again until ctx ends.
func (s *Service) follow(ctx context.Context, src Source) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(s.look(ctx, src))
	}
}

// look looks at a source when it is time to, and says how long to wait for the next look.
func (s *Service) look(ctx context.Context, src Source) time.Duration {
	state, err := s.d.state(ctx, src.List())
	if err != nil {
		return s.cfg.Every
	}
	wait := src.pause(state.Failures)
	if state.Source == src.Where() {
		if left := wait - s.d.now().Sub(state.Tried); !state.Tried.IsZero() && left > 0 {
			return left
		}
	}
	out, res, err := Refresh(ctx, s.d, src, self, wait)
	log := s.d.Logger.With().Str("list", src.List()).Str("source", src.Where()).Logger()
	switch {
	case ctx.Err() != nil || out == OutcomeSkipped || out == OutcomeRefused: // a refusal was logged where it was made
	case err != nil:
		log.Warn().Err(err).Msg("the source of a list could not be loaded")
	case out == OutcomeUnchanged:
		log.Debug().Msg("the source of a list has nothing new")
	default:
		log.Info().Int("entries", res.After).Int("added", res.Added).Int("removed", res.Removed).Int("changed", res.Changed).
			Int("rejected", res.Report.RejectedRows).Uint64("seq", res.Seq).Msg("a list was loaded from its source")
	}
	if out == OutcomeFailed || out == OutcomeRefused {
		return src.pause(state.Failures + 1)
	}
	return src.Interval
}

// register keeps what is known of the lists: it puts back what Redis lost, tells what sources there are, shows the
// figures and keeps a copy. False: Redis could not be asked; it is tried again with the next tick.
func (s *Service) register(ctx context.Context) bool {
	if s.d.Register == nil {
		return true
	}
	have, err := s.d.Register.Register(ctx)
	switch {
	case lost(err):
		have, err = s.restored()
		if err == nil {
			err = s.d.note(ctx, func(r *lists.Register) { *r = merged(have, *r) })
		}
		if err == nil {
			have, err = s.d.Register.Register(ctx)
		}
	case err == nil:
	}
	if err == nil && !s.declared(have) {
		err = s.d.note(ctx, s.declare)
		if err == nil {
			have, err = s.d.Register.Register(ctx)
		}
	}
	if err == nil {
		s.m.known(have)
		err = s.keepNotes(have)
	}
	if err != nil && ctx.Err() == nil {
		s.d.Logger.Warn().Err(err).Msg("what is known of the lists was not kept")
	}
	return err == nil
}

// declared reports whether the register names the sources as they are configured, and no others.
func (s *Service) declared(r lists.Register) bool {
	n := 0
	for _, have := range r.Lists {
		if have.Source != "" {
			n++
		}
	}
	for _, src := range s.cfg.Sources {
		have, ok := r.Lists[src.List()]
		if !ok || have.Source != src.Where() || have.Interval != src.Interval || have.MaxAge != src.MaxAge {
			return false
		}
	}
	return n == len(s.cfg.Sources)
}

// declare puts the configured sources into the register. A list whose source is gone is one that people import.
func (s *Service) declare(r *lists.Register) {
	for name, have := range r.Lists {
		if have.Source == "" || slices.ContainsFunc(s.cfg.Sources, func(src Source) bool { return src.List() == name }) {
			continue
		}
		if have.Refused == nil {
			delete(r.Lists, name)
			continue
		}
		r.Lists[name] = lists.State{List: name, Refused: have.Refused}
	}
	for _, src := range s.cfg.Sources {
		r.Lists[src.List()] = src.configured(r.Lists[src.List()], s.d.now())
	}
}

// merged is old with what newer says.
func merged(old, newer lists.Register) lists.Register {
	for name, x := range old.Lists {
		if _, ok := newer.Lists[name]; !ok {
			newer.Lists[name] = x
		}
	}
	for id, x := range old.Proposals {
		if _, ok := newer.Proposals[id]; !ok {
			newer.Proposals[id] = x
		}
	}
	return newer
}

// restored reads the copy, which is empty where there is none.
func (s *Service) restored() (r lists.Register, err error) {
	if s.cfg.Notes == "" {
		return r, nil
	}
	text, err := os.ReadFile(s.cfg.Notes)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		s.d.Logger.Error().Err(err).Str("file", s.cfg.Notes).Msg("the copy of what is known of the lists cannot be read, and is begun anew")
		return lists.Register{}, nil
	}
	return r, nil
}

// keepNotes writes the copy when something is new.
func (s *Service) keepNotes(r lists.Register) error {
	if s.cfg.Notes == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil || bytes.Equal(text, s.noted) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.cfg.Notes), 0o700); err != nil {
		return err
	}
	if err := renameio.WriteFile(s.cfg.Notes, text, 0o600); err != nil {
		return fmt.Errorf("keeping a copy: %w", err)
	}
	s.noted = text
	return nil
}
