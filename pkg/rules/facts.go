package rules

import (
	"sluice/pkg/screening"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
)

// Facts are all that a judgement reads.
type Facts struct {
	ID       transfer.ID
	Transfer *transfer.Transfer
	Status   screening.Status
	Coverage transfer.Coverage
	Hits     []screening.Hit

	Conflict    bool // the same transfer id is known with other content
	Quarantined bool // a stage could not process the record
}

// Clean reports whether there is nothing to judge but the transfer itself: usable lists, the whole counterparty known,
// no hit, no conflict, nothing damaged.
func (f *Facts) Clean() bool {
	return f.Status == screening.Complete && f.Coverage == transfer.Coverage{} && len(f.Hits) == 0 &&
		!f.Conflict && !f.Quarantined
}

// subject is what one evaluation of one rule looks at.
type subject struct {
	*Facts
	options *Options
	dust    bool
	hit     *screening.Hit // nil for rules about the transfer
}

// isDust reports whether a transfer moves next to nothing.
func isDust(t *transfer.Transfer, d Dust) bool {
	if t.Amount.IsZero() {
		return true
	}
	if t.Fiat == nil || d.Currency != "" && t.Fiat.Currency != d.Currency {
		return false
	}
	return t.Fiat.Amount.Cmp(d.Amount) < 0
}

// delisted reports whether the address had been taken off the list when the transfer occurred. Only the day is known,
// so the day of delisting itself counts as listed.
func delisted(h *screening.Hit, t *transfer.Transfer) bool {
	return h.DelistedAt != "" && h.DelistedAt < t.OccurredAt.UTC().Format("2006-01-02")
}

// worst is the severity of the worst hit that is judged.
func worst(hits []screening.Hit) taxonomy.Severity {
	s := taxonomy.None
	for i := range hits {
		if hits[i].Judged() {
			s = max(s, hits[i].Severity())
		}
	}
	return s
}

// judged counts the hits that rules look at.
func judged(hits []screening.Hit) (n int64) {
	for i := range hits {
		if hits[i].Judged() {
			n++
		}
	}
	return n
}
