package judge

import (
	"time"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
)

// Judge judges whole transfers in one call: what the services do in three hops. It reuses its memory: it must not be
// used by two goroutines at once.
type Judge struct {
	Tenant   string
	Screener Screener
	Decider  Decider

	fact, screened, fp, sc []byte
}

// New returns a judge with the given knowledge.
func New(tenant string, l Lists, r Rules) *Judge {
	return &Judge{Tenant: tenant, Screener: Screener{Lists: l}, Decider: Decider{Rules: r}}
}

// Transfer appends the verdict record of a parsed transfer to dst: the value that verdicts.v1 would carry.
// conflictsWith is the fact that had the same transfer id and stage first, zero without one. now is written, and decides
// nothing.
func (j *Judge) Transfer(dst []byte, p *transfer.Parsed, conflictsWith transfer.ID, now time.Time) ([]byte, Outcome, error) {
	j.fact = event.AppendTransfer(j.fact[:0], p.FactID(j.Tenant), j.Tenant, conflictsWith, p)
	j.fp = event.AppendFingerprints(j.fp[:0], p, !conflictsWith.IsZero())
	var clean bool
	var err error
	j.screened, clean, err = j.Screener.Screen(j.screened[:0], j.fact, j.fp)
	if err != nil {
		return dst, Outcome{}, err
	}
	j.sc = event.AppendScreened(j.sc[:0], clean)
	return j.Decider.Decide(dst, j.screened, j.sc, now)
}
