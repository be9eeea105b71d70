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
	id, at         []byte
}

// record is a transfer as it goes to the topic. Its bytes are the encoder's, valid until the next call.
type record struct {
	key, value []byte
	headers    [3]stream.Header
}

// encode parses a body as the tenant's; a *transfer.Rejection says why it is no transfer.
func (e *encoder) encode(body []byte, tenant string, now time.Time) (record, error) {
	p, err := e.parser.Parse(body, now)
	if err != nil {
		return record{}, err
	}
	id := p.FactID(tenant)
	e.key = event.AppendKey(e.key[:0], tenant, p.Transfer.CustomerID)
	e.value = event.AppendTransfer(e.value[:0], id, tenant, transfer.ID{}, p)
	e.fp = event.AppendFingerprints(e.fp[:0], p, false)
	e.id = id.Append(e.id[:0])
	e.at = event.AppendAt(e.at[:0], now)
	return record{key: e.key, value: e.value, headers: headers(e.id, e.at, e.fp)}, nil
}

func headers(id, at, fp []byte) [3]stream.Header {
	return [3]stream.Header{
		{Name: event.HeaderID, Value: id},
		{Name: event.HeaderAt, Value: at},
		{Name: event.HeaderFingerprint, Value: fp},
	}
}
