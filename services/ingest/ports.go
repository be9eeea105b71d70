package ingest

import (
	"context"

	"sluice/pkg/transfer"
)

// SeenKey names what may be sent once: a stage of a transfer of a tenant.
type SeenKey struct {
	Tenant, TransferID string
	Stage              transfer.Stage
}

// Seen remembers, for an hour (a month where there was a conflict) and within a bound, which fact was acknowledged under a
// key. It is an aid to answers, not to correctness: nothing downstream relies on it.
type Seen interface {
	// Known returns the fact of each key, zero where none is known, in one round trip.
	Known(ctx context.Context, keys []SeenKey) ([]transfer.ID, error)
	// Remember stores acknowledged facts; a key that has one already keeps it.
	Remember(ctx context.Context, keys []SeenKey, facts []transfer.ID) error
	// Pin keeps for a month which fact came first under keys that were used for other content: else the other content,
	// sent again after an hour, were judged as if it stood alone, and a hold would end by waiting.
	Pin(ctx context.Context, keys []SeenKey, facts []transfer.ID) error
}

// Verdicts lets a request wait for the verdict of its transfer.
type Verdicts interface {
	// Expect begins to listen for the fact's verdict, and returns when it listens. It is called before the fact is
	// produced. The channel gets the record's value once; cancel must be called.
	Expect(ctx context.Context, id transfer.ID) (verdict <-chan []byte, cancel func(), err error)
}
