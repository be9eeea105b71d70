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

// AppendSplice appends value, a record, with members behind its last one, each with a comma before it:
// `,"status":"partial","lists_seq":7`. What stands in value is copied, never read again. It returns false, and dst as it
// was, when value does not end as an object with members does, or members do not begin with a comma; without members it
// appends value alone.
func AppendSplice(dst, value, members []byte) ([]byte, bool) {
	const shortest = len(`{"a":1}`)
	if len(value) < shortest || value[0] != '{' || value[len(value)-1] != '}' || len(members) > 0 && members[0] != ',' {
		return dst, false
	}
	dst = append(dst, value[:len(value)-1]...)
	dst = append(dst, members...)
	return append(dst, '}'), true
}
