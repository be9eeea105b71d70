package warehouse

import "context"

// HighestSeq is the highest activation that anything recorded knows of; 0: none. A new order of activations must begin
// above it.
func (w *Warehouse) HighestSeq(ctx context.Context) (uint64, error) {
	var seq uint64
	err := w.conn.QueryRow(ctx, `SELECT greatest((SELECT max(seq) FROM sluice.watchlist_history), (SELECT max(seq) FROM sluice.watchlist_versions), (SELECT max(version) FROM sluice.transfers))`).Scan(&seq)
	return seq, plain(err)
}
