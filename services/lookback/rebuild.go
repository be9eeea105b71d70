package lookback

import (
	"fmt"

	"sluice/pkg/event"
	"sluice/pkg/flag"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// rebuilder makes records of rescreen.v1 from what is recorded. It reuses its memory: one goroutine.
type rebuilder struct {
	parser    transfer.Parser
	canonical []byte
}

// message is the record of rescreen.v1 for a recorded transfer, with key and headers as on transfers.v1, and lists, the
// least number of lists that it may be screened with. The error says why what is recorded is not the fact that its id
// names; such a transfer must not be sent.
func (b *rebuilder) message(r *Recorded, raisedBy string, cause, lists uint64) (stream.Message, error) {
	id, err := transfer.ParseID(r.ID)
	if err != nil {
		return stream.Message{}, err
	}
	b.canonical = transfer.AppendCanonical(b.canonical[:0], &r.Transfer)
	p, err := b.parser.Restore(b.canonical)
	if err != nil {
		return stream.Message{}, err
	}
	if got := p.FactID(r.Tenant); got != id {
		return stream.Message{}, fmt.Errorf("what is recorded gives the id %s", got)
	}
	fact := event.Fact{ID: id, TransferID: p.Transfer.ID, Tenant: r.Tenant, Transfer: p.Canonical()}
	if r.ConflictsWith != "" {
		if fact.ConflictsWith, err = transfer.ParseID(r.ConflictsWith); err != nil {
			return stream.Message{}, fmt.Errorf("conflicts_with: %w", err)
		}
	}
	again := event.Again{RaisedBy: raisedBy, CauseSeq: cause}
	if r.Verdict != flag.Cleared.String() {
		again.Verdict = r.Verdict
	}
	return stream.Message{
		Topic: schemas.Rescreen, Key: event.AppendKey(nil, r.Tenant, p.Transfer.CustomerID), Value: event.AppendRescreen(nil, fact, again),
		Headers: []stream.Header{
			{Name: event.HeaderID, Value: id.Append(nil)},
			{Name: event.HeaderAt, Value: event.AppendAt(nil, r.AcceptedAt)},
			{Name: event.HeaderFingerprint, Value: event.AppendFingerprints(nil, p, r.ConflictsWith != "")},
			{Name: event.HeaderLists, Value: event.AppendLists(nil, lists)},
		},
	}, nil
}
