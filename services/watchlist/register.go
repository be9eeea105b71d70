package watchlist

import (
	"context"
	"errors"
	"slices"
	"time"

	"sluice/pkg/watchlist"
	"sluice/services/internal/audit"
	"sluice/services/internal/lists"
)

// Registry keeps what is known of the lists besides their content; services/internal/cache implements it.
type Registry interface {
	lists.RegisterSource
	SetRegister(ctx context.Context, r lists.Register) error
}

// registerLease is the lease under which the register is changed.
const registerLease = "register"

// note changes the register. What was lost or damaged begins anew: the service puts back what it has a copy of.
func (d Deps) note(ctx context.Context, change func(*lists.Register)) error {
	if d.Register == nil {
		return nil
	}
	return d.Leases.Hold(ctx, registerLease, func(ctx context.Context) error {
		r, err := d.Register.Register(ctx)
		if err != nil && !lost(err) {
			return err
		}
		if r.Lists == nil {
			r.Lists = map[string]lists.State{}
		}
		if r.Proposals == nil {
			r.Proposals = map[string]lists.Proposal{}
		}
		change(&r)
		return d.Register.SetRegister(ctx, r)
	})
}

// state is what is known of one list, zero for nothing.
func (d Deps) state(ctx context.Context, list string) (lists.State, error) {
	if d.Register == nil {
		return lists.State{}, nil
	}
	r, err := d.Register.Register(ctx)
	if err != nil && !lost(err) {
		return lists.State{}, err
	}
	return r.Lists[list], nil
}

// noteLoad keeps that a load was refused, and forgets it when one was taken.
func (d Deps) noteLoad(ctx context.Context, req ImportRequest, res ImportResult, failed error) error {
	var refusal *watchlist.Refusal
	refused := errors.As(failed, &refusal)
	if failed != nil && !refused {
		return nil
	}
	if refused {
		d.Metrics.refused(res.List, refusal.Cause)
		d.Logger.Warn().Str("list", res.List).Str("cause", string(refusal.Cause)).Str("source", req.Source).Int("before", res.Before).Int("after", res.After).
			Msg("a load of a list was refused; the old version stays in force")
	}
	have, err := d.state(ctx, res.List)
	byHand := req.Action == audit.ListImport
	if err == nil && !refused && have.Refused == nil && (have.Source == "" || !byHand) {
		return nil // nothing to forget
	}
	return d.note(ctx, func(r *lists.Register) {
		s := r.Lists[res.List]
		s.List = res.List
		switch {
		case refused:
			s.Refused = &lists.Refused{At: d.now().UTC().Truncate(time.Second), Cause: string(refusal.Cause), Text: refusal.Text, Actor: req.Actor}
		case byHand:
			// What the source had last is not what is in force any more: it is to be fetched again.
			s.Refused, s.ETag, s.LastModified, s.SHA256 = nil, "", "", ""
		default:
			s.Refused = nil
		}
		if s.Source == "" && s.Refused == nil {
			delete(r.Lists, res.List)
			return
		}
		r.Lists[res.List] = s
	})
}

// audited does what the record says, and writes it down.
func (d Deps) audited(ctx context.Context, r audit.Record, act func(context.Context) error) error {
	if d.Audit == nil {
		return act(ctx)
	}
	return audit.Do(ctx, d.Audit, r, act)
}

// keepBefore is how many earlier files of a source are known by their hash.
const keepBefore = 16

// taken puts the marks of a file that was taken into the state.
func taken(s *lists.State, etag, modified, sha256 string) {
	if s.SHA256 != "" && s.SHA256 != sha256 {
		s.Before = append(slices.DeleteFunc(s.Before, func(x string) bool { return x == s.SHA256 || x == sha256 }), s.SHA256)
		s.Before = s.Before[max(0, len(s.Before)-keepBefore):]
	}
	s.ETag, s.LastModified, s.SHA256 = etag, modified, sha256
}
