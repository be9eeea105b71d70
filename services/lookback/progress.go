package lookback

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// progress is a run that is under way. What it has come to is stored now and then: for people, for the run asks the
// warehouse what it has to do.
type progress struct {
	Run
	w    Warehouse
	m    *Metrics
	log  zerolog.Logger
	now  func() time.Time
	note string // for people, at the end

	oldest   time.Time // when the first activation was made that it covers
	saved    time.Time
	reported int // transfers that were logged one by one
}

// begin makes the run of a plan, or goes on with the one that broke off.
func (s *Service) begin(ctx context.Context, p plan) (*progress, error) {
	r := &progress{w: s.Warehouse, m: s.m, log: s.cfg.Logger.With().Uint64("seq", p.seq).Logger(), now: s.cfg.Now}
	r.Run = Run{Seq: p.seq, FromSeq: p.fromSeq, Scope: p.scope, RaisedBy: raisedByLookback, StartedAt: s.cfg.Now(), ActivatedAt: p.cause.At}
	if len(p.steps) > 0 {
		r.oldest = p.steps[0].At
	}
	if p.scope == ScopeHeld {
		r.RaisedBy = raisedByRescreen
	}
	runs, err := s.Warehouse.Runs(ctx, runsRead)
	if err != nil {
		return nil, err
	}
	for _, x := range runs {
		if x.Seq == p.seq && x.Scope == p.scope {
			r.StartedAt, r.Sent, r.Found = x.StartedAt, x.Sent, x.Found
		}
	}
	r.State = Running
	s.m.running(1)
	if s.begun != p.seq { // not with every try
		s.begun = p.seq
		r.log.Info().Str("scope", p.scope).Uint64("from_seq", p.fromSeq).Msg("looking back")
	}
	return r, r.save(ctx)
}

// saveEvery is how often progress is stored.
const saveEvery = time.Second

// step says what the run is doing.
func (r *progress) step(ctx context.Context, step, detail string) error {
	changed := r.Step != step
	r.Step, r.Detail = step, detail
	if changed || r.now().Sub(r.saved) >= saveEvery {
		return r.save(ctx)
	}
	return nil
}

// sent counts transfers that were acknowledged.
func (r *progress) sent(ctx context.Context, n int) error {
	r.Sent += uint64(n)
	r.m.sent(r.RaisedBy, n)
	return r.step(ctx, stepSearch, fmt.Sprintf("pass %d", r.Passes))
}

// reportedMost is how many transfers of a run are named in the log when they cannot be sent.
const reportedMost = 20

// unverified counts a transfer that cannot be sent, for it would not be the fact that it is recorded as.
func (r *progress) unverified(x *Recorded, err error) {
	r.Unverified++
	r.m.unverified()
	if r.reported++; r.reported <= reportedMost {
		r.log.Error().Err(err).Str("id", x.ID).Msg("a recorded transfer cannot be made again, and is left as it was judged")
	}
}

func (r *progress) save(ctx context.Context) error {
	r.saved = r.now()
	r.UpdatedAt = r.saved
	return r.w.SaveRun(ctx, r.Run)
}

// done ends the run.
func (r *progress) done(ctx context.Context) error {
	r.State, r.Step, r.Detail = Done, "", r.note
	if err := r.save(ctx); err != nil {
		return err
	}
	r.m.finished(&r.Run)
	r.log.Info().Str("scope", r.Scope).Uint64("keys", r.Keys).Uint64("sent", r.Sent).Uint64("flagged", r.Flagged).Uint64("unverified", r.Unverified).
		Uint64("missing", r.Missing).Dur("took", r.UpdatedAt.Sub(r.StartedAt)).Msg("looked back")
	return nil
}

// joined ends the run for another one that covers it.
func (r *progress) joined(ctx context.Context) error {
	r.State, r.Step, r.Detail = Joined, "", "goes on with newer activations"
	return r.save(ctx)
}
