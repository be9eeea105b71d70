package lookback

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The states of a run, and what a running one does.
const (
	Running = "running"
	Joined  = "joined" // it goes on in the next one
	Done    = "done"

	stepSearch  = "searching"
	stepLists   = "waiting for lists"
	stepRecords = "waiting for records"
)

// What is raised by a run.
const (
	raisedByLookback = "lookback"
	raisedByRescreen = "rescreen"
)

// Run is a run with its progress.
type Run struct {
	Seq         uint64    `json:"seq"`      // the activation that caused it
	FromSeq     uint64    `json:"from_seq"` // the first of the activations that it covers
	Scope       string    `json:"scope"`
	RaisedBy    string    `json:"raised_by"`
	State       string    `json:"state"`
	Step        string    `json:"step,omitempty"`
	Detail      string    `json:"detail,omitempty"`
	ActivatedAt time.Time `json:"activated_at"`
	StartedAt   time.Time `json:"started_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Keys        uint64    `json:"keys"`
	Found       uint64    `json:"found"`
	Sent        uint64    `json:"sent"`
	Unverified  uint64    `json:"unverified"`
	Missing     uint64    `json:"missing"`
	Flagged     uint64    `json:"flagged"`
	Passes      uint8     `json:"passes"`
	LastFlagAt  time.Time `json:"last_flag_at,omitzero"`
}

// morePasses is how many passes may follow the last one that is needed. Each finds only what was sent and is judged by
// older lists all the same, such as a record that enrichment could not read.
const morePasses = 2

// run makes one run, from the beginning or from where it broke off.
func (s *Service) run(ctx context.Context, p plan) error {
	r, err := s.begin(ctx, p)
	if err != nil {
		return err
	}
	defer s.m.running(0)
	switch p.scope {
	case ScopeHeld:
		err = s.rescreen(ctx, r)
	default:
		err = s.lookBack(ctx, r, p)
	}
	if errors.Is(err, errJoined) {
		return errors.Join(err, r.joined(ctx))
	}
	if err != nil {
		return err
	}
	return r.done(ctx)
}

// lookBack sends the transfers with an address about which the lists changed.
func (s *Service) lookBack(ctx context.Context, r *progress, p plan) error {
	groups, note, err := s.keysOf(ctx, p)
	if err != nil {
		return err
	}
	r.note = note
	r.Keys = 0
	for _, g := range groups {
		r.Keys += uint64(len(g.keys))
	}
	if len(groups) == 0 {
		return nil
	}
	lists := p.seq
	if p.scope == ScopeSince {
		at, err := s.Lists.Pointer(ctx)
		if err != nil {
			return err
		}
		lists = at.Seq
	}
	if err := s.closed(ctx, r); err != nil {
		return err
	}
	// The first pass finds what is recorded already; enrichment does not screen it before it has the lists.
	if _, err := s.pass(ctx, r, p, groups, lists); err != nil {
		return err
	}
	if err := s.awaitLists(ctx, r, lists); err != nil {
		return err
	}
	if err := s.settle(ctx, r); err != nil {
		return err
	}
	for more := range 1 + morePasses {
		r.Missing, err = s.pass(ctx, r, p, groups, lists)
		if err != nil {
			return err
		}
		if r.Missing == 0 {
			break
		}
		if err := s.settle(ctx, r); err != nil {
			return err
		}
		if more == morePasses {
			s.cfg.Logger.Error().Uint64("seq", p.seq).Uint64("transfers", r.Missing).Msg("transfers were sent again and are still judged by older lists")
		}
	}
	first := p.fromSeq
	if p.scope == ScopeSince {
		first = p.seq
	}
	out, err := s.Warehouse.Outcome(ctx, raisedByLookback, first, p.seq)
	if err != nil {
		return err
	}
	r.Flagged, r.LastFlagAt = out.Flagged, out.LastFlag
	return nil
}

// pass looks once for all keys, sends what is found, and says how many that were.
func (s *Service) pass(ctx context.Context, r *progress, p plan, groups []caused, lists uint64) (sent uint64, err error) {
	send := sender{Service: s}
	r.Passes++
	r.Unverified = 0
	if err := r.step(ctx, stepSearch, fmt.Sprintf("pass %d", r.Passes)); err != nil {
		return 0, err
	}
	before := r.Sent
	for _, g := range groups {
		older := Older{Lists: g.seq, Few: r.Passes > 1}
		if p.scope == ScopeSince {
			older.Lists, older.Version = 0, p.seq
		}
		// What an earlier activation of the same run caused is screened with the same lists.
		err := s.Warehouse.Touching(ctx, g.keys, older, func(found []Recorded) error {
			r.Found += uint64(len(found))
			return send.page(ctx, r, found, raisedByLookback, g.seq, lists)
		})
		if err != nil {
			return 0, err
		}
	}
	return r.Sent - before, nil
}

// heldPage is how many held transfers are read at a time.
const heldPage = 20_000

// rescreen sends the transfers that were held for want of lists, the oldest first.
func (s *Service) rescreen(ctx context.Context, r *progress) error {
	at, err := s.Lists.Pointer(ctx)
	if err != nil {
		return err
	}
	if err := s.closed(ctx, r); err != nil {
		return err
	}
	send := sender{Service: s}
	r.Passes, r.Unverified = 1, 0
	if err := r.step(ctx, stepSearch, ""); err != nil {
		return err
	}
	for behind := (Place{}); ; {
		found, err := s.Warehouse.Held(ctx, r.Seq, behind, heldPage)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			break
		}
		last := &found[len(found)-1]
		behind = Place{RaisedAt: last.RaisedAt, ID: last.ID}
		r.Found += uint64(len(found))
		if err := send.page(ctx, r, found, raisedByRescreen, r.Seq, at.Seq); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, r); err != nil {
		return err
	}
	out, err := s.Warehouse.Outcome(ctx, raisedByRescreen, r.Seq, r.Seq)
	if err != nil {
		return err
	}
	r.Flagged, r.LastFlagAt = out.Flagged, out.LastFlag
	left, err := s.Warehouse.HeldSince(ctx, at.Seq)
	s.held = leftover{lists: at.Seq, count: left}
	return err
}
