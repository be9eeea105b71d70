// Package ingest is the first stage: it turns what an exchange sends, over the raw topic or HTTP, into canonical
// transfers with an identity, and writes them to transfers.v1. What cannot be a transfer is kept whole in the dead
// letter topic with its reason, or answered over HTTP; nothing is dropped.
//
// It promises that a 2xx answer, or a committed raw offset, means that all in-sync replicas have the transfer. It never
// judges, and it never relies on the cache: the identity of a fact makes a repeat harmless.
package ingest

import (
	"context"
	"time"

	"sluice/schemas"
	"sluice/services/internal/stream"
)

// ReasonRejected is the reason of the dead letters that ingest makes.
const ReasonRejected = "rejected"

// Raw is the hop from raw.v1 to transfers.v1.
type Raw struct {
	tenant string
	now    func() time.Time
	m      *Metrics
}

// NewRaw makes the hop. Everything on the raw topic is the tenant's.
func NewRaw(tenant string, now func() time.Time, m *Metrics) *Raw {
	return &Raw{tenant: tenant, now: now, m: m}
}

// Handle is ForLane's handler with scratch memory of its own, for callers that have no lanes.
func (r *Raw) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	return r.ForLane().Handle(ctx, in, out)
}

// ForLane returns the handler of one lane.
func (r *Raw) ForLane() stream.Handler { return &rawLane{Raw: r} }

type rawLane struct {
	*Raw
	encoder encoder
}

func (l *rawLane) Handle(_ context.Context, in *stream.Batch, out *stream.Out) error {
	now := l.now()
	accepted := 0
	for i := range in.Records {
		rec := &in.Records[i]
		f, err := l.encoder.encode(rec.Value, l.tenant, now)
		if err != nil {
			l.m.rejected("raw")
			out.DeadLetter(rec, ReasonRejected, err)
			continue
		}
		accepted++
		out.Append(schemas.Transfers, f.key, f.value, f.headers[:]...)
	}
	l.m.accepted("raw", accepted)
	return nil
}
