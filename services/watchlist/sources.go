package watchlist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/activation"
	"sluice/services/internal/audit"
	"sluice/services/internal/lists"
	"sluice/services/watchlist/source"
)

// Source is a list that comes from a publisher by itself.
type Source struct {
	Fetch    source.Config
	Format   string
	Options  format.Options // List is the name of the list
	Limits   watchlist.Limits
	Adjust   Adjust
	Interval time.Duration
	MaxAge   time.Duration // 0: it may be silent for ever
}

// List is the name of the list.
func (s Source) List() string { return s.Options.List }

// Where is the address or path of the file.
func (s Source) Where() string {
	if s.Fetch.URL != "" {
		return s.Fetch.URL
	}
	return s.Fetch.File
}

// Check says what is wrong with the source as far as that shows before it is fetched.
func (s Source) Check() error {
	if err := watchlist.CheckListName(s.List()); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	if !slices.Contains(format.Names(), s.Format) {
		return fmt.Errorf("format: %q is none of %v", s.Format, format.Names())
	}
	if c := s.Options.Category; c != "" && !c.Valid() {
		return fmt.Errorf("category: %q is not a category", c)
	}
	for from, to := range s.Adjust.Categories {
		if !from.Valid() || !to.Valid() {
			return fmt.Errorf("categories: %q: %q: both must be categories", from, to)
		}
	}
	if _, _, err := s.Options.CheckNetwork(); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	if _, err := taxonomy.ParseSeverity(s.Adjust.Severity); s.Adjust.Severity != "" && err != nil {
		return err
	}
	return nil
}

// Outcome is what came of looking at a source.
type Outcome string

// The outcomes.
const (
	OutcomeLoaded    Outcome = "loaded"    // new content is in force
	OutcomeUnchanged Outcome = "unchanged" // what is in force is what the publisher has
	OutcomeRefused   Outcome = "refused"   // a guard refused what the publisher has
	OutcomeFailed    Outcome = "failed"    // it could not be fetched, verified, read or stored
	OutcomeSkipped   Outcome = "skipped"   // another instance looked at it just now
)

// sourceLease keeps instances from fetching the same source at once.
func sourceLease(list string) string { return "source " + list }

// Refresh looks at a source once and puts what is new in force. unless, where it is not zero, is how long ago another
// instance may have looked for this one to leave it. The error is that of the outcomes refused and failed.
func Refresh(ctx context.Context, d Deps, s Source, actor string, unless time.Duration) (out Outcome, res ImportResult, err error) {
	leaseErr := d.Leases.Hold(ctx, sourceLease(s.List()), func(ctx context.Context) error {
		have, stateErr := d.state(ctx, s.List())
		if stateErr != nil {
			return stateErr
		}
		if unless > 0 && have.Source == s.Where() && d.now().Sub(have.Tried) < unless {
			out = OutcomeSkipped
			return nil
		}
		out, res, err = d.refresh(ctx, s, have, actor)
		return nil
	})
	if leaseErr != nil {
		return OutcomeFailed, res, leaseErr
	}
	if out != OutcomeSkipped {
		d.Metrics.looked(s.List(), out)
	}
	return out, res, err
}

// refresh is Refresh under the lease.
func (d Deps) refresh(ctx context.Context, s Source, have lists.State, actor string) (Outcome, ImportResult, error) {
	seen := source.Mark{ETag: have.ETag, Modified: have.LastModified, SHA256: have.SHA256}
	in, err := d.inForceNow(ctx, s.List())
	if err != nil {
		return OutcomeFailed, ImportResult{}, err
	}
	if have.Source != s.Where() || !in {
		seen = source.Mark{} // it comes from elsewhere now, or what was fetched is not there any more
	}
	res, mark, err := d.fetch(ctx, s, have, seen, actor)
	if ctx.Err() != nil {
		return OutcomeFailed, res, ctx.Err()
	}
	out := OutcomeLoaded
	switch {
	case errors.Is(err, source.ErrUnchanged):
		out, err = OutcomeUnchanged, nil
	case errors.Is(err, watchlist.ErrGuard):
		out = OutcomeRefused
	case err != nil:
		out = OutcomeFailed
	}
	noted := d.note(ctx, func(r *lists.Register) {
		r.Lists[s.List()] = s.looked(r.Lists[s.List()], out, mark, d.now(), err)
	})
	return out, res, errors.Join(err, noted)
}

// inForceNow reports whether a list is in force at all.
func (d Deps) inForceNow(ctx context.Context, list string) (bool, error) {
	state, err := d.Activations.Read(ctx)
	is := func(l activation.ListVersion) bool { return l.List == list }
	return slices.ContainsFunc(state.Last[activation.Lists].Lists, is), err
}

// looked is the state of the list after a look.
func (s Source) looked(state lists.State, out Outcome, mark source.Mark, now time.Time, err error) lists.State {
	state = s.configured(state, now)
	state.Tried = now.UTC()
	switch out {
	case OutcomeLoaded:
		taken(&state, mark.ETag, mark.Modified, mark.SHA256)
		fallthrough
	case OutcomeUnchanged:
		state.Good, state.Failures, state.Error, state.Refused = now.UTC(), 0, "", nil
	default:
		state.Failures++
		state.Error = err.Error()
	}
	return state
}

// configured is the state of a list whose source is s.
func (s Source) configured(state lists.State, now time.Time) lists.State {
	state.List, state.Interval, state.MaxAge = s.List(), s.Interval, s.MaxAge
	if state.Source != s.Where() {
		state.Source, state.Since = s.Where(), now.UTC()
		state.ETag, state.LastModified = "", ""
	}
	return state
}

// fetch fetches the file and imports it.
func (d Deps) fetch(ctx context.Context, s Source, have lists.State, seen source.Mark, actor string) (res ImportResult, _ source.Mark, err error) {
	f, err := source.Fetch(ctx, s.Fetch, seen)
	if err != nil {
		return res, source.Mark{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	res, err = Import(ctx, d, ImportRequest{
		Format: s.Format, Options: s.Options, Files: []format.Input{{Name: f.Name, R: f}}, Source: s.Where(), Limits: s.Limits, Adjust: s.Adjust,
		MediaType: f.MediaType, Published: f.At, Repeats: slices.Contains(have.Before, f.SHA256),
		Action: audit.ListRefresh, Actor: actor, Author: actor, Reason: "SHA-256 " + f.SHA256,
	})
	return res, f.Mark, err
}
