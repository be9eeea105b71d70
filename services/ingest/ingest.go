// Package ingest is the first stage: it turns what an exchange sends, over the raw topic or HTTP, into canonical
// transfers with an identity, and writes them to transfers.v1. What cannot be a transfer is kept whole in the dead
// letter topic with its reason, or answered over HTTP; nothing is dropped.
//
// It promises that a 2xx answer, or a committed raw offset, means that all in-sync replicas have the transfer. It never
// judges, and it never relies on the cache: the identity of a fact makes a repeat harmless.
package ingest

import (
	"time"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/services/internal/stream"
)

// encoder turns bodies into records of transfers.v1, one at a time, in memory that it keeps.
type encoder struct {
	parser         transfer.Parser
	key, value, fp []byte
	idText, at     []byte
	transferID     []byte
}

// rememberedAddresses is how many addresses a lane keeps parsed, of 144 bytes each: about what the customers of a large
// exchange use within some minutes.
const rememberedAddresses = 1 << 16

// newEncoder returns an encoder for a stream of bodies; the zero encoder does for a few.
func newEncoder() encoder {
	var e encoder
	e.parser.Remember(rememberedAddresses)
	return e
}

// record is a transfer as it goes to the topic. Its bytes are the encoder's, valid until the next call.
type record struct {
	id         transfer.ID
	transferID []byte
	stage      transfer.Stage
	key, value []byte
	headers    [3]stream.Header
}

// encode parses a body as the tenant's; a *transfer.Rejection says why it is no transfer. A zero conflict is none.
func (e *encoder) encode(body []byte, tenant string, conflict transfer.ID, now time.Time) (record, error) {
	if r, ok := e.parser.Recognise(body, now); ok {
		return e.recognised(r, tenant, conflict, now), nil
	}
	p, err := e.parser.Parse(body, now)
	if err != nil {
		return record{}, err
	}
	id := p.FactID(tenant)
	e.key = event.AppendKey(e.key[:0], tenant, p.Transfer.CustomerID)
	e.value = event.AppendTransfer(e.value[:0], id, tenant, conflict, p)
	e.fp = event.AppendFingerprints(e.fp[:0], p, !conflict.IsZero())
	e.transferID = append(e.transferID[:0], p.Transfer.ID...)
	return e.record(id, p.Transfer.EffectiveStage(), now), nil
}

// recognised is encode for a body that is its own canonical text.
func (e *encoder) recognised(r *transfer.Recognised, tenant string, conflict transfer.ID, now time.Time) record {
	id := r.FactID(tenant)
	e.key = event.AppendKey(e.key[:0], tenant, r.CustomerID)
	e.value = event.AppendRecognised(e.value[:0], id, tenant, conflict, r)
	e.fp = event.AppendPrints(e.fp[:0], r.Prints, !conflict.IsZero())
	e.transferID = append(e.transferID[:0], r.TransferID...)
	return e.record(id, r.Stage, now)
}

func (e *encoder) record(id transfer.ID, stage transfer.Stage, now time.Time) record {
	e.idText = id.Append(e.idText[:0])
	e.at = event.AppendAt(e.at[:0], now)
	return record{id: id, transferID: e.transferID, stage: stage, key: e.key, value: e.value, headers: headers(e.idText, e.at, e.fp)}
}

func headers(id, at, fp []byte) [3]stream.Header {
	return [3]stream.Header{
		{Name: event.HeaderID, Value: id},
		{Name: event.HeaderAt, Value: at},
		{Name: event.HeaderFingerprint, Value: fp},
	}
}
