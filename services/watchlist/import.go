package watchlist

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// Deps is what an import works on.
type Deps struct {
	Store       Store
	Leases      Leases
	Activations Activations
	// Known returns the highest activation number that is known besides Redis, such as ClickHouse's, for the first
	// record of a new topic. Nil: none.
	Known func(context.Context) (uint64, error)
	// Copy is a file with a verified copy of the lists, from which an import goes on when Redis has lost them; "": none.
	Copy   string
	Now    func() time.Time
	Logger zerolog.Logger
}

// ImportRequest is one list to be replaced by the content of files.
type ImportRequest struct {
	Format  string
	Options format.Options
	Files   []format.Input
	Source  string // where the files are from, for people; "": their names

	Author       string // who imports; "": "unattended"
	Reason       string
	AcceptShrink bool // take a load that the guards refuse; wants Author and Reason
}

// ImportResult is what an import did.
type ImportResult struct {
	Report format.Report

	List    string
	Before  int // entries of the list until now
	After   int // and from now on
	Added   int
	Removed int
	Changed int

	Version  string // of the snapshot with all lists
	Seq      uint64 // activation that put it in force
	Count    int    // entries of all lists
	Repaired bool   // the content was in force already; what was missing in Redis was restored
}

// Import replaces a list and activates the new snapshot. Identical content makes no new activation: it restores what is
// missing in Redis. Nothing is changed when it returns an error of the files or of the guards (watchlist.ErrGuard); after
// any other error it can be run again.
func Import(ctx context.Context, d Deps, req ImportRequest) (ImportResult, error) {
	entries, report, err := format.Parse(req.Format, req.Options, req.Files...)
	if err != nil {
		return ImportResult{}, err
	}
	res := ImportResult{Report: report, List: report.List}
	if req.Author == "" && !req.AcceptShrink {
		req.Author = "unattended"
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	err = d.Leases.Hold(ctx, leaseName, func(ctx context.Context) error {
		return d.replace(ctx, req, entries, &res)
	})
	return res, err
}

// replace is Import behind the parsing, under the lease.
func (d Deps) replace(ctx context.Context, req ImportRequest, entries []watchlist.Entry, res *ImportResult) error {
	state, err := d.Activations.Read(ctx)
	if err != nil {
		return err
	}
	imported, err := d.single(req, entries, res)
	if err != nil {
		return err
	}
	if _, ok := state.Last[activation.Lists]; ok {
		// Should the other lists be lost, this one is found again when they are imported too.
		if _, err := d.Store.Store(ctx, imported); err != nil {
			return err
		}
	}
	known, base, err := d.before(ctx, state, req, res)
	if err != nil {
		return err
	}
	next, err := known.WithList(res.List, imported.Lists()[0].Origin, imported.List(res.List))
	if err != nil {
		return err
	}
	if err := d.guard(req, known, next, state.Last[activation.Lists], res); err != nil {
		return err
	}
	if _, err := d.Store.Store(ctx, next); err != nil {
		return err
	}
	return d.activate(ctx, state, base, req, next, res)
}

// single is the snapshot with only the imported list.
func (d Deps) single(req ImportRequest, entries []watchlist.Entry, res *ImportResult) (*watchlist.Snapshot, error) {
	source := req.Source
	if source == "" {
		names := make([]string, len(req.Files))
		for i, f := range req.Files {
			names[i] = f.Name
		}
		source = strings.Join(names, ", ")
	}
	origin := watchlist.Origin{Format: req.Format, Source: source, ImportedAt: d.Now().UTC().Truncate(time.Second), Author: req.Author, Reason: req.Reason}
	return watchlist.NewBuilder().AddList(res.List, origin, entries).Build()
}

// guard applies the guards, and says in res what changes.
func (d Deps) guard(req ImportRequest, known, next *watchlist.Snapshot, last activation.Activation, res *ImportResult) error {
	res.Before, res.After = len(known.List(res.List)), len(next.List(res.List))
	for _, l := range last.Lists {
		if l.List == res.List {
			res.Before = l.Entries // known to the activation even where the list itself is lost
		}
	}
	diff := known.Diff(next)
	res.Added, res.Removed, res.Changed = len(diff.Added), len(diff.Removed), len(diff.Changed)
	res.Version, res.Count = next.Version(), next.Len()
	accept := watchlist.Acceptance{}
	if req.AcceptShrink {
		accept = watchlist.Acceptance{Author: req.Author, Reason: req.Reason}
		if accept == (watchlist.Acceptance{}) {
			accept.Author = "-" // so that the guard asks for both
		}
	}
	return watchlist.CheckLoad(res.List, res.Before, res.After, accept)
}

// activate appends the activation of next, unless it is in force already, and sets the pointer.
func (d Deps) activate(ctx context.Context, state activation.State, base uint64, req ImportRequest, next *watchlist.Snapshot, res *ImportResult) error {
	last, ever := state.Last[activation.Lists]
	if ever && last.Version == next.Version() {
		res.Repaired = true
	} else {
		a := activation.Activation{
			Kind: activation.Lists, Version: next.Version(), Previous: last.Version, Author: req.Author, Reason: req.Reason, At: d.Now(),
		}
		for _, l := range next.Lists() {
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
	p := lists.Pointer{Seq: a.Seq, Epoch: a.Epoch, Version: a.Version}
	for _, l := range a.Lists {
		p.Count += l.Entries
	}
	return p
}

// before returns the snapshot that the import goes on from, nil where there is none, and base, the highest number known
// outside of the topic, which counts only while the topic is empty.
func (d Deps) before(ctx context.Context, state activation.State, req ImportRequest, res *ImportResult) (known *watchlist.Snapshot, base uint64, err error) {
	if last, ever := state.Last[activation.Lists]; ever {
		known, err = d.inForce(ctx, last, req, res)
		return known, 0, err
	}
	if state.Epoch != "" {
		return nil, 0, nil // only rules were ever activated
	}
	// A new topic: what Redis has was in force under an older one, and is what there is.
	live, err := Read(ctx, d.Store)
	if err != nil && !errors.Is(err, lists.ErrBroken) {
		return nil, 0, err
	}
	base = live.Pointer.Seq
	if d.Known != nil {
		n, err := d.Known(ctx)
		if err != nil {
			return nil, 0, err
		}
		base = max(base, n)
	}
	return live.Snapshot, base, nil
}
