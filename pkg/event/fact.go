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
	dst = append(dst, `{"id":"`...)
	dst = f.ID.Append(dst)
	dst = append(dst, `","transfer_id":`...)
	dst = canonical.AppendString(dst, f.TransferID)
	dst = append(dst, `,"tenant":`...)
	dst = canonical.AppendString(dst, f.Tenant)
	if !f.ConflictsWith.IsZero() {
		dst = append(dst, `,"conflicts_with":"`...)
		dst = f.ConflictsWith.Append(dst)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"transfer":`...)
	dst = append(dst, f.Transfer...)
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
