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

// AppendRescreen appends the value of a rescreen.v1 record: a fact that is to be judged again, why, and because of
// which activation. raisedBy is lookback, rescreen or backfill.
func AppendRescreen(dst []byte, f Fact, raisedBy string, causeSeq uint64) []byte {
	dst = AppendFact(dst, f)
	dst = append(dst[:len(dst)-1], `,"raised_by":`...)
	dst = canonical.AppendString(dst, raisedBy)
	dst = append(dst, `,"cause_seq":`...)
	dst = strconv.AppendUint(dst, causeSeq, 10)
	return append(dst, '}')
}
