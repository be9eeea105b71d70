package warehouse

import (
	"context"

	"sluice/services/recorder"
)

var _ recorder.LedgerStore = (*Warehouse)(nil)

// InsertLedger stores a block in ledger.
func (w *Warehouse) InsertLedger(ctx context.Context, b *recorder.Ledger, token string) error {
	return w.insert(ctx, "ledger", token, []named{
		{"topic", b.Topic}, {"epoch", b.Epoch}, {"partition", b.Partition}, {"offset", b.Offset}, {"id", b.ID},
		{"tenant", b.Tenant}, {"transfer_id", b.TransferID}, {"hash", b.Hash}, {"accepted_at", b.AcceptedAt},
	})
}
