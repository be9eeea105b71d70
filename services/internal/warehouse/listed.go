package warehouse

import (
	"context"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/services/recorder"
)

var _ recorder.HistoryWarehouse = (*Warehouse)(nil)

// Listed returns the entries that are listed by what is recorded, without their keys, and the highest recorded seq.
func (w *Warehouse) Listed(ctx context.Context) (entries []watchlist.Entry, seq uint64, err error) {
	if err := w.conn.QueryRow(ctx, "SELECT max(seq) FROM sluice.watchlist_history").Scan(&seq); err != nil {
		return nil, 0, plain(err)
	}
	rows, err := w.conn.Query(ctx, `SELECT list, entry_id, network, address, tag, category, categories, entity, authority, program,
 measure, ifNull(confidence, 0), ifNull(toString(party_listed_at), ''), ifNull(toString(address_listed_at), ''), ifNull(toString(delisted_at), '')
 FROM sluice.watchlist_entries`)
	if err != nil {
		return nil, 0, plain(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e watchlist.Entry
		var category, measure string
		var categories []string
		if err := rows.Scan(&e.List, &e.EntryID, &e.Network, &e.Address, &e.Tag, &category, &categories, &e.Entity, &e.Authority, &e.Program,
			&measure, &e.Confidence, &e.PartyListedAt, &e.AddressListedAt, &e.DelistedAt); err != nil {
			return nil, 0, err
		}
		e.Category, e.Measure = taxonomy.Category(category), watchlist.Measure(measure)
		for _, c := range categories {
			e.Categories = append(e.Categories, taxonomy.Category(c))
		}
		entries = append(entries, e)
	}
	return entries, seq, plain(rows.Err())
}
