package event

import (
	"strconv"

	"sluice/pkg/event/canonical"
	"sluice/pkg/transfer"
)

// Fact is what a record begins with.
type Fact struct {
	ID            transfer.ID
	TransferID    string
	Tenant        string
	ConflictsWith transfer.ID // the fact that had the same transfer id and stage first; zero without one
	Transfer      []byte      // canonical JSON
}

// AppendFact appends the value of a transfers.v1 record.
func AppendFact(dst []byte, f Fact) []byte {
	dst = canonical.AppendString(openFact(dst, f.ID), f.TransferID)
	return closeFact(dst, f.Tenant, f.ConflictsWith, f.Transfer)
}

// AppendRecognised appends the value of the transfers.v1 record of a transfer that was recognised. id is
// r.FactID(tenant).
func AppendRecognised(dst []byte, id transfer.ID, tenant string, conflictsWith transfer.ID, r *transfer.Recognised) []byte {
	dst = append(openFact(dst, id), '"')
	dst = append(append(dst, r.TransferID...), '"') // it stands in the body as it is
	return closeFact(dst, tenant, conflictsWith, r.Canonical())
}

// openFact appends what stands before the transfer id.
func openFact(dst []byte, id transfer.ID) []byte {
	dst = append(dst, `{"id":"`...)
	dst = id.Append(dst)
	return append(dst, `","transfer_id":`...)
}

// closeFact appends what stands behind the transfer id.
func closeFact(dst []byte, tenant string, conflictsWith transfer.ID, body []byte) []byte {
	dst = append(dst, `,"tenant":`...)
	dst = canonical.AppendString(dst, tenant)
	if !conflictsWith.IsZero() {
		dst = append(dst, `,"conflicts_with":"`...)
		dst = conflictsWith.Append(dst)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"transfer":`...)
	dst = append(dst, body...)
	return append(dst, '}')
}

// AppendTransfer appends the value of the transfers.v1 record of a transfer that was just parsed. id is
// p.FactID(tenant).
func AppendTransfer(dst []byte, id transfer.ID, tenant string, conflictsWith transfer.ID, p *transfer.Parsed) []byte {
	return AppendFact(dst, Fact{
		ID: id, TransferID: p.Transfer.ID, Tenant: tenant, ConflictsWith: conflictsWith, Transfer: p.Canonical(),
	})
}

// Again says why a fact is judged again.
type Again struct {
	RaisedBy string // lookback, rescreen or backfill
	CauseSeq uint64 // the activation that caused it
	Verdict  string // what it was judged to be until now: flagged or held; "" for cleared, or never judged
}

// AppendRescreen appends the value of a rescreen.v1 record: a fact that is to be judged again, and why.
func AppendRescreen(dst []byte, f Fact, a Again) []byte {
	dst = AppendFact(dst, f)
	dst = append(dst[:len(dst)-1], `,"raised_by":`...)
	dst = canonical.AppendString(dst, a.RaisedBy)
	dst = append(dst, `,"cause_seq":`...)
	dst = strconv.AppendUint(dst, a.CauseSeq, 10)
	if a.Verdict != "" {
		dst = append(dst, `,"previous_verdict":`...)
		dst = canonical.AppendString(dst, a.Verdict)
	}
	return append(dst, '}')
}
