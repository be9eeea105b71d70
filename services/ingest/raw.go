package ingest

import (
	"context"
	"maps"
	"slices"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// ReasonRejected is the reason of the dead letters that ingest makes.
const ReasonRejected = event.DeadRejected

// RawConfig is how the hop from the raw topic works.
type RawConfig struct {
	Tenant string // whose everything on the raw topic is
	Seen   Seen   // nil: conflicts with what came over HTTP are not known
	Now    func() time.Time
}

// Raw is the hop from raw.v1 to transfers.v1. From a topic nothing is dropped as a duplicate: each valid record gives
// one, and what is known to conflict says so.
type Raw struct {
	cfg RawConfig
	m   *Metrics
}

// NewRaw makes the hop.
func NewRaw(cfg RawConfig, m *Metrics) *Raw { return &Raw{cfg: cfg, m: m} }

// Handle is ForLane's handler with scratch memory of its own, for callers that have no lanes.
func (r *Raw) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	return r.ForLane().Handle(ctx, in, out)
}

// ForLane returns the handler of one lane.
func (r *Raw) ForLane() stream.Handler { return &rawLane{Raw: r, encoder: newEncoder()} }

type rawLane struct {
	*Raw
	encoder encoder
	keys    []SeenKey // of the transfers of the batch, in order
	ids     []transfer.ID
}

func (l *rawLane) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	now := l.cfg.Now()
	l.pass(in, out, now, nil)
	// Conflicts are rare: only when there are some, the batch is made again with their marks.
	if conflicts := l.conflicts(ctx); len(conflicts) > 0 {
		l.pin(ctx, conflicts)
		out.Reset()
		l.pass(in, out, now, conflicts)
	}
	l.m.accepted("raw", len(l.ids))
	l.m.rejected("raw", len(in.Records)-len(l.ids))
	return nil
}

// pass makes the records of a batch. conflicts holds the earlier fact of each transfer that is known to have one.
func (l *rawLane) pass(in *stream.Batch, out *stream.Out, now time.Time, conflicts map[int]transfer.ID) {
	l.keys, l.ids = l.keys[:0], l.ids[:0]
	for i := range in.Records {
		rec := &in.Records[i]
		f, err := l.encoder.encode(rec.Value, l.cfg.Tenant, conflicts[len(l.ids)], now)
		if err != nil {
			out.DeadLetter(rec, ReasonRejected, err)
			continue
		}
		out.Append(schemas.Transfers, f.key, f.value, f.headers[:]...)
		l.ids = append(l.ids, f.id)
		if l.cfg.Seen != nil {
			l.keys = append(l.keys, SeenKey{Tenant: l.cfg.Tenant, TransferID: string(f.transferID), Stage: f.stage})
		}
	}
}

// pin keeps which facts came first, before the others get their marks: a batch that is read again may be cut elsewhere, and
// hold the second without the first. A first one that is in this batch is on the raw topic until it is acknowledged.
func (l *rawLane) pin(ctx context.Context, conflicts map[int]transfer.ID) {
	if l.cfg.Seen == nil {
		return
	}
	var keys []SeenKey
	var facts []transfer.ID
	for _, i := range slices.Sorted(maps.Keys(conflicts)) {
		keys, facts = append(keys, l.keys[i]), append(facts, conflicts[i])
	}
	if err := l.cfg.Seen.Pin(ctx, keys, facts); err != nil {
		l.m.withoutCache()
	}
}

// conflicts asks, once for the batch, which of its transfers are known with other content. Without the cache none are.
func (l *rawLane) conflicts(ctx context.Context) map[int]transfer.ID {
	if len(l.keys) == 0 {
		return nil
	}
	known, err := l.cfg.Seen.Known(ctx, l.keys)
	if err != nil {
		l.m.withoutCache()
		known = make([]transfer.ID, len(l.keys))
	}
	var found map[int]transfer.ID
	within := make(map[SeenKey]transfer.ID, len(l.keys))
	for i, key := range l.keys {
		before := known[i]
		if before.IsZero() {
			before = within[key]
		}
		switch before {
		case l.ids[i]:
		case transfer.ID{}:
			within[key] = l.ids[i]
		default:
			if found == nil {
				found = map[int]transfer.ID{}
			}
			found[i] = before
		}
	}
	return found
}
