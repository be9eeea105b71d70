package ingest

import (
	"bytes"
	"errors"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// batch is one request: what was parsed, what is known of it, and what is to be produced.
type batch struct {
	tenant string
	items  []item
	keys   []SeenKey // of the items that are transfers
}

// item is one body of a request.
type item struct {
	transferID string
	rejection  *transfer.Rejection // nil: it is a transfer
	status     string

	// Of a transfer:
	seen    int // index in batch.keys
	fact    event.Fact
	key, fp []byte
}

// parse reads the bodies of a request as the tenant's.
func parse(tenant string, bodies [][]byte, now time.Time) *batch {
	b := &batch{tenant: tenant, items: make([]item, len(bodies))}
	var parser transfer.Parser
	for i, body := range bodies {
		it := &b.items[i]
		p, err := parser.Parse(body, now)
		if err != nil {
			it.reject(err)
			continue
		}
		it.transferID = p.Transfer.ID
		it.fact = event.Fact{ID: p.FactID(tenant), TransferID: p.Transfer.ID, Tenant: tenant, Transfer: bytes.Clone(p.Canonical())}
		it.key = event.AppendKey(nil, tenant, p.Transfer.CustomerID)
		it.fp = event.AppendFingerprints(nil, p, false)
		it.seen = len(b.keys)
		b.keys = append(b.keys, SeenKey{Tenant: tenant, TransferID: p.Transfer.ID, Stage: p.Transfer.EffectiveStage()})
	}
	return b
}

func (it *item) reject(err error) {
	if !errors.As(err, &it.rejection) {
		it.rejection = &transfer.Rejection{Problems: []transfer.Problem{{Rule: err.Error()}}}
	}
	it.status, it.transferID = StatusRejected, it.rejection.TransferID
}

// decide gives each transfer its status, from what the cache knows and what came before it in the request, and returns
// the messages to produce. again produces duplicates too, which changes no count.
func (b *batch) decide(known []transfer.ID, again bool, now time.Time) []stream.Message {
	var messages []stream.Message
	within := make(map[SeenKey]transfer.ID, len(b.keys))
	at := event.AppendAt(nil, now)
	for i := range b.items {
		it := &b.items[i]
		if it.rejection != nil {
			continue
		}
		key := b.keys[it.seen]
		before := known[it.seen]
		if before.IsZero() {
			before = within[key]
		}
		switch before {
		case it.fact.ID:
			it.status = StatusDuplicate
			if !again {
				continue
			}
		case transfer.ID{}:
			it.status = StatusAccepted
			within[key] = it.fact.ID
		default:
			it.status, it.fact.ConflictsWith = StatusConflict, before
			event.MarkConflict(it.fp)
		}
		h := headers(it.fact.ID.Append(nil), at, it.fp)
		messages = append(messages, stream.Message{
			Topic: schemas.Transfers, Key: it.key, Value: event.AppendFact(nil, it.fact), Headers: h[:],
		})
	}
	return messages
}

// fresh returns the accepted facts, for the cache to remember.
func (b *batch) fresh() (keys []SeenKey, facts []transfer.ID) {
	for i := range b.items {
		if it := &b.items[i]; it.status == StatusAccepted {
			keys, facts = append(keys, b.keys[it.seen]), append(facts, it.fact.ID)
		}
	}
	return keys, facts
}

// first returns, for each conflict, its key and the fact that came before, for the cache to keep.
func (b *batch) first() (keys []SeenKey, facts []transfer.ID) {
	for i := range b.items {
		if it := &b.items[i]; it.status == StatusConflict {
			keys, facts = append(keys, b.keys[it.seen]), append(facts, it.fact.ConflictsWith)
		}
	}
	return keys, facts
}

func (it *item) result() Result {
	r := Result{TransferID: it.transferID, Status: it.status}
	if it.rejection != nil {
		r.Error = it.rejection.Error()
		return r
	}
	r.ID = it.fact.ID.String()
	if it.status == StatusConflict {
		r.Error = "this id was used for other content, fact " + it.fact.ConflictsWith.String() + "; accepted, and HELD"
	}
	return r
}
