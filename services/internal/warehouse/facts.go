package warehouse

import (
	"context"
	"fmt"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"sluice/pkg/address"
	list "sluice/pkg/watchlist"
	"sluice/services/watchlist"
)

// factRow is a row of watchlist_entries.
type factRow struct {
	Entry      string     `ch:"entry"`
	FromSeq    uint64     `ch:"from_seq"`
	KnownFrom  time.Time  `ch:"known_from"`
	ToSeq      *uint64    `ch:"to_seq"`
	KnownTo    *time.Time `ch:"known_to"`
	KnownSince time.Time  `ch:"known_since"`
	Author     string     `ch:"author"`
	Reason     string     `ch:"reason"`
	Format     string     `ch:"format"`
	Source     string     `ch:"source"`
	ImportedAt *time.Time `ch:"imported_at"`
}

// Facts is watchlist.Past's. Both halves go by an index: the table's order, and the skip index of the wrapped keys.
func (w *Warehouse) Facts(ctx context.Context, keys []address.Key) (facts []watchlist.Fact, recorded uint64, err error) {
	if err := w.conn.QueryRow(ctx, "SELECT max(seq) FROM sluice.watchlist_versions").Scan(&recorded); err != nil {
		return nil, 0, plain(err)
	}
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = k.String()
	}
	const columns = "entry, from_seq, known_from, to_seq, known_to, known_since, author, reason, format, source, imported_at"
	var rows []factRow
	err = w.conn.Select(ctx, &rows, "SELECT * FROM (SELECT "+columns+" FROM sluice.watchlist_entries WHERE key IN {keys:Array(String)}"+
		" UNION ALL SELECT "+columns+" FROM sluice.watchlist_entries WHERE wrapped_key IN {keys:Array(String)}) ORDER BY from_seq, entry", driver.Named("keys", texts))
	if err != nil {
		return nil, 0, plain(err)
	}
	facts = make([]watchlist.Fact, len(rows))
	for i, r := range rows {
		f := watchlist.Fact{FromSeq: r.FromSeq, KnownFrom: r.KnownFrom.UTC(), ToSeq: r.ToSeq, KnownTo: r.KnownTo, KnownSince: r.KnownSince.UTC(),
			By: r.Author, Why: r.Reason, Format: r.Format, Source: r.Source}
		if r.ImportedAt != nil {
			f.ImportedAt = r.ImportedAt.UTC()
		}
		if f.Entry, err = list.ParseEntry([]byte(r.Entry)); err != nil {
			return nil, 0, fmt.Errorf("history of the lists: seq %d: %w", r.FromSeq, err)
		}
		facts[i] = f
	}
	return facts, recorded, nil
}

// judgedRow is what Judged reads of a transfer.
type judgedRow struct {
	ID         string    `ch:"id"`
	TransferID string    `ch:"transfer_id"`
	Tenant     string    `ch:"tenant"`
	Network    string    `ch:"network"`
	OccurredAt time.Time `ch:"occurred_at"`
	Verdict    string    `ch:"verdict"`
	ListsSeq   uint64    `ch:"lists_seq"`
	From       []string  `ch:"from_addresses"`
	To         []string  `ch:"to_addresses"`
	Contract   string    `ch:"contract"`
	Initiator  string    `ch:"initiator"`
}

// mostJudged bounds the answer: one transfer id has few contents.
const mostJudged = "100"

// Judged is watchlist.Past's.
func (w *Warehouse) Judged(ctx context.Context, id string) ([]watchlist.Judged, error) {
	var rows []judgedRow
	err := w.conn.Select(ctx, &rows, `SELECT id, transfer_id, tenant, network, occurred_at, verdict, lists_seq, from_addresses, to_addresses, contract, initiator
FROM sluice.transfers FINAL WHERE id = {id:String} OR transfer_id = {id:String} ORDER BY tenant, occurred_at, id LIMIT `+mostJudged, driver.Named("id", id))
	if err != nil {
		return nil, plain(err)
	}
	out := make([]watchlist.Judged, len(rows))
	for i, r := range rows {
		t := watchlist.Judged{ID: r.ID, TransferID: r.TransferID, Tenant: r.Tenant, Network: r.Network, OccurredAt: r.OccurredAt.UTC(), Verdict: r.Verdict, ListsSeq: r.ListsSeq}
		add := func(role string, texts ...string) {
			for _, text := range texts {
				if text != "" {
					t.Addresses = append(t.Addresses, watchlist.JudgedAddress{Role: role, Text: text})
				}
			}
		}
		add("sender", r.From...)
		add("recipient", r.To...)
		add("contract", r.Contract)
		add("initiator", r.Initiator)
		out[i] = t
	}
	return out, nil
}
