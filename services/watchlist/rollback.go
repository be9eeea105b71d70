package watchlist

import (
	"context"
	"fmt"

	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/audit"
)

// RollbackRequest puts an earlier version of the lists in force again.
type RollbackRequest struct {
	Version string // a name as Versions.Find has it
	Actor   string // as the audit log names who does it; "": the author
	Author  string
	Reason  string
}

// RolledBack is what a rollback did.
type RolledBack struct {
	Applied
	To      activation.Activation // whose version is in force again
	From    activation.Activation // what was in force; the zero value where nothing was
	Added   int                   // entries by which the version differs from it, where that is still known
	Removed int
	Changed int
}

// Rollback activates an earlier version under a new number, and stores its content in Redis again where it is not there any
// more. The guards do not apply, but somebody must stand for it: author and reason are wanted. It can be run again after
// an error.
func Rollback(ctx context.Context, d Deps, v Versions, req RollbackRequest) (r RolledBack, err error) {
	if req.Author == "" || req.Reason == "" {
		return r, fmt.Errorf("%w: a rollback needs both an author and a reason, which are kept with the activation", ErrInput)
	}
	if req.Actor == "" {
		req.Actor = "author:" + req.Author
	}
	record := audit.Record{Actor: req.Actor, Action: audit.ListRollback, Object: req.Version, Detail: map[string]string{"author": req.Author, "reason": req.Reason}}
	err = d.audited(ctx, record, func(ctx context.Context) error {
		return d.Leases.Hold(ctx, leaseName, func(ctx context.Context) error {
			r = RolledBack{}
			return d.rollback(ctx, v, req, &r)
		})
	})
	return r, err
}

func (d Deps) rollback(ctx context.Context, v Versions, req RollbackRequest, r *RolledBack) error {
	state, err := d.Activations.Read(ctx)
	if err != nil {
		return err
	}
	lists, to, err := v.Snapshot(ctx, req.Version)
	if err != nil {
		return err
	}
	r.To, r.From = to, state.Last[activation.Lists]
	r.Version, r.Count = lists.Version(), lists.Len()
	if r.From.Version != "" {
		if now, err := v.Load(ctx, r.From); err == nil { // only to say what changes: what is lost keeps nobody from going back
			diff := now.Diff(lists)
			r.Added, r.Removed, r.Changed = len(diff.Added), len(diff.Removed), len(diff.Changed)
		}
	}
	var base uint64
	if state.Epoch == "" {
		p, err := d.Store.Pointer(ctx)
		if err != nil && passing(ctx, err) {
			return err
		}
		if base, err = d.base(ctx, p.Seq); err != nil {
			return err
		}
	}
	if _, err := d.Store.Repair(ctx, lists, watchlist.Manifest{}); err != nil {
		return err
	}
	return d.activate(ctx, state, base, Update{Author: req.Author, Reason: req.Reason}, r.Version, lists.Lists(), &r.Applied)
}
