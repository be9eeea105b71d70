package watchlist

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// Update is lists that change together: one activation puts all of it in force, or nothing.
type Update struct {
	Edits  []Edit
	Author string // of the activation
	Reason string
	Accept watchlist.Acceptance // of what the guards refuse, and of lists that are lost
}

// Edit is what happens to one list.
type Edit struct {
	List   string
	Origin watchlist.Origin // from now on, where it is changed; zero: as it was
	// Whole is the list from now on, alone.
	Whole *watchlist.Snapshot
	// Change, in place of Whole, makes them of the list in force, and of all lists for what must be looked up in them.
	// It runs under the lease, and must not change what it is given.
	Change func(now []watchlist.Entry, all Standing) ([]watchlist.Entry, error)
	// Load is what the guards look at, but for what is in force, which is filled in. Nil: not guarded.
	Load *watchlist.Load
}

// Applied is what an update did.
type Applied struct {
	Lists []ListChange // as the edits

	Version  string // of the snapshot with all lists
	Seq      uint64 // activation that put it in force
	Count    int    // entries of all lists
	Repaired bool   // the content was in force already; what was missing in Redis was restored
}

// ListChange is what an update did to one list.
type ListChange struct {
	List    string
	Before  int // entries until now
	After   int // and from now on
	Added   int
	Removed int
	Changed int
}

// Apply stores the lists as they are to be and activates them. Identical content makes no new activation: it restores
// what is missing in Redis. Nothing is changed when it returns an error of an edit or of the guards
// (watchlist.ErrGuard); after any other error it can be run again. On an error Lists say what would have changed, as far
// as that was found out.
func Apply(ctx context.Context, d Deps, u Update) (a Applied, err error) {
	err = d.Leases.Hold(ctx, leaseName, func(ctx context.Context) error {
		a = Applied{}
		return d.apply(ctx, u, &a)
	})
	return a, err
}

// apply is Apply under the lease.
func (d Deps) apply(ctx context.Context, u Update, a *Applied) error {
	state, err := d.Activations.Read(ctx)
	if err != nil {
		return err
	}
	last, ever := state.Last[activation.Lists]
	if ever {
		// Should the other lists be lost, these are found again when the others are loaded too.
		if err := d.keep(ctx, u); err != nil {
			return err
		}
	}
	known, base, err := d.before(ctx, state, u)
	if err != nil {
		return err
	}
	next := known
	for _, e := range u.Edits {
		if next, err = e.on(next); err != nil {
			return err
		}
	}
	if next.infos == nil {
		return nil // there is no list, and none was made
	}
	a.Lists = changes(u, known, next, last)
	a.Version, a.Count = next.Version(), next.Len()
	for i, e := range u.Edits {
		if err := e.guard(known, a.Lists[i], u.Accept); err != nil {
			return err
		}
	}
	store := d.Store.Store
	if ever && last.Version == next.Version() {
		store = d.Store.Repair
	}
	if _, err := store(ctx, next.held, next.rest); err != nil {
		return err
	}
	return d.activate(ctx, state, base, u, next.Version(), next.infos, a)
}

// on returns the lists with the edit.
func (e Edit) on(s Standing) (Standing, error) {
	if e.Change == nil {
		return s.with(s.held.With(e.Whole))
	}
	entries, err := e.Change(s.held.List(e.List), s)
	if err != nil {
		return s, err
	}
	if len(entries) == 0 && s.list(e.List).Name == "" {
		return s, nil // a change of nothing makes no list
	}
	origin := e.Origin
	if origin == (watchlist.Origin{}) {
		origin = s.Origin(e.List)
	}
	held, err := s.held.WithList(e.List, origin, entries)
	if err != nil {
		return s, err
	}
	return s.with(held)
}

// keep stores each whole list by itself.
func (d Deps) keep(ctx context.Context, u Update) error {
	for _, e := range u.Edits {
		if e.Change != nil {
			continue
		}
		if _, err := d.Store.Store(ctx, e.Whole, watchlist.Manifest{}); err != nil {
			return err
		}
	}
	return nil
}

// changes counts what is different.
func changes(u Update, known, next Standing, last activation.Activation) []ListChange {
	out := make([]ListChange, len(u.Edits))
	for i, e := range u.Edits {
		out[i] = ListChange{List: e.List, Before: known.held.Count(e.List), After: next.held.Count(e.List)}
		for _, l := range last.Lists {
			if l.List == e.List {
				out[i].Before = l.Entries // known to the activation even where the list itself is lost
			}
		}
		out[i].Added, out[i].Removed, out[i].Changed = known.held.CountChanges(next.held, e.List)
	}
	return out
}

// guard lets the guards look at what a load would do.
func (e Edit) guard(known Standing, c ListChange, accept watchlist.Acceptance) error {
	if e.Load == nil {
		return nil
	}
	l, was := *e.Load, known.Origin(e.List)
	l.List, l.Before, l.After = e.List, c.Before, c.After
	l.InForce = was.PublishedAt
	l.ByHand = was.Format == watchlist.FormatByHand && c.Before > 0
	return l.Check(accept)
}

// activate appends the activation of a version with the lists of next, unless it is in force already, and sets the pointer.
func (d Deps) activate(ctx context.Context, state activation.State, base uint64, u Update, version string, next []watchlist.ListInfo, res *Applied) error {
	last, ever := state.Last[activation.Lists]
	if ever && last.Version == version {
		res.Repaired = true
	} else {
		a := activation.Activation{
			Kind: activation.Lists, Version: version, Previous: last.Version, Author: u.Author, Reason: u.Reason, At: d.now(),
		}
		for _, l := range next {
			a.Lists = append(a.Lists, activation.ListVersion{List: l.Name, Version: l.Hash, Entries: l.Entries})
		}
		var err error
		if last, err = d.Activations.Append(ctx, state, base, a); err != nil {
			return err
		}
	}
	res.Seq = last.Seq
	if err := d.Store.SetPointer(ctx, pointerTo(last)); err != nil {
		return fmt.Errorf("seq %d is activated and not yet in force: %w", last.Seq, err)
	}
	if n, err := d.Store.Prune(ctx); err != nil {
		d.Logger.Warn().Err(err).Msg("old versions of the lists were not removed")
	} else if n > 0 {
		d.Logger.Debug().Int("keys", n).Msg("old versions of the lists removed")
	}
	return nil
}

// pointerTo is the pointer that puts an activation of lists in force.
func pointerTo(a activation.Activation) lists.Pointer {
	return lists.Pointer{Seq: a.Seq, Epoch: a.Epoch, Version: a.Version, Count: a.Entries()}
}

// before returns the lists that an update goes on from, none where there are none, and base, the highest number known
// outside of the topic, which counts only while the topic is empty.
func (d Deps) before(ctx context.Context, state activation.State, u Update) (known Standing, base uint64, err error) {
	if last, ever := state.Last[activation.Lists]; ever {
		known, err = d.inForce(ctx, last, u)
		return known, 0, err
	}
	if state.Epoch != "" {
		return Standing{}, 0, nil // only rules were ever activated
	}
	// A new topic: what Redis has was in force under an older one, and is what there is.
	live, err := Read(ctx, d.Store)
	if err != nil && !errors.Is(err, lists.ErrBroken) {
		return Standing{}, 0, err
	}
	if base, err = d.base(ctx, live.Pointer.Seq); err != nil {
		return Standing{}, 0, err
	}
	if live.Snapshot == nil && d.Past != nil {
		// Redis is as new as the topic: what was in force last is in the history, and would silently be dropped.
		known, err := d.lastRecorded(ctx)
		if errors.Is(err, ErrLost) && u.Accept.Author != "" && u.Accept.Reason != "" {
			return Standing{}, base, nil
		}
		return whole(known), base, err
	}
	return whole(live.Snapshot), base, nil
}

// base is the highest number that is known outside of the topic, at least the given one.
func (d Deps) base(ctx context.Context, least uint64) (uint64, error) {
	if d.Known == nil {
		return least, nil
	}
	n, err := d.Known(ctx)
	return max(least, n), err
}

// lastRecorded is what was in force last by the history; nil where it has nothing.
func (d Deps) lastRecorded(ctx context.Context) (*watchlist.Snapshot, error) {
	recorded, err := d.Past.Activations(ctx)
	if err != nil || len(recorded) == 0 {
		return nil, err
	}
	last := recorded[len(recorded)-1]
	s, err := rebuilt(ctx, d.Past, last.Seq, last.Version)
	if err != nil {
		return nil, fmt.Errorf("%w: the topic of activations is new, and what was in force is not to be had from the history: %w", ErrLost, err)
	}
	return s, nil
}

// brings says whether the update brings a list as a whole, so that it is no matter whether the one in force is lost.
func (u Update) brings(list string) bool {
	return slices.ContainsFunc(u.Edits, func(e Edit) bool { return e.List == list && e.Change == nil })
}
