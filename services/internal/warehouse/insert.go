package warehouse

import (
	"context"
	"fmt"
	"strings"
	"sync"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"sluice/schemas"
	"sluice/services/recorder"
)

var _ recorder.Warehouse = (*Warehouse)(nil)

// partitionsPerInsert is how many months one insert may hold: more than there are since the first block. The server's
// own bound of 100 refuses a whole insert of old transfers.
const partitionsPerInsert = 1000

// named is a column with its values: a slice that has one element for each row.
type named struct {
	name   string
	values any
}

// insert sends one block and returns when the server has it. It may be repeated with the same token; "" is none.
func (w *Warehouse) insert(ctx context.Context, table, token string, columns []named) (err error) {
	settings := driver.Settings{
		"async_insert":                    0,
		"max_partitions_per_insert_block": partitionsPerInsert,
	}
	if token != "" {
		settings["insert_deduplication_token"] = token
	}
	if w.cfg.Cluster != "" {
		settings["insert_quorum"] = "auto"
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = "`" + c.name + "`"
		// The driver sends columns of different lengths as they are, and the server takes them for rows.
		if n, want := c.rows(), columns[0].rows(); n != want {
			return fmt.Errorf("%w: column %s of %s has %d rows, %s has %d", recorder.ErrRefused, c.name, table, n, columns[0].name, want)
		}
	}
	ctx = driver.Context(ctx, driver.WithSettings(settings))
	batch, err := w.conn.PrepareBatch(ctx, "INSERT INTO "+schemas.Database+"."+table+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return fmt.Errorf("insert into %s: %w", table, err)
	}
	defer func() { _ = batch.Close() }()
	for i, c := range columns {
		if err := batch.Column(i).Append(c.values); err != nil {
			return fmt.Errorf("%w: column %s of %s: %w", recorder.ErrRefused, c.name, table, err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("insert into %s: %w", table, classify(err))
	}
	return nil
}

// scratches are reused from insert to insert.
var scratches = sync.Pool{New: func() any { return new(scratch) }}

// InsertTransfers stores a block in transfers.
func (w *Warehouse) InsertTransfers(ctx context.Context, b *recorder.Transfers, token string) error {
	s := scratches.Get().(*scratch)
	defer s.release()
	return w.insert(ctx, "transfers", token, append(s.transfers(b),
		named{"ingested_at", b.IngestedAt}, named{"screened_at", b.ScreenedAt}))
}

// InsertFlagged stores a block in flagged_history, which keeps every version, and in flagged_events.
func (w *Warehouse) InsertFlagged(ctx context.Context, b *recorder.Transfers, token string) error {
	s := scratches.Get().(*scratch)
	defer s.release()
	columns := s.transfers(b)
	if err := w.insert(ctx, "flagged_history", token, columns); err != nil {
		return err
	}
	return w.insert(ctx, "flagged_events", token, columns)
}

// InsertAddresses stores a block in transfer_addresses.
func (w *Warehouse) InsertAddresses(ctx context.Context, b *recorder.Addresses, token string) error {
	s := scratches.Get().(*scratch)
	defer s.release()
	return w.insert(ctx, "transfer_addresses", token, s.addresses(b))
}

// InsertDeadLetters stores a block in dead_letters.
func (w *Warehouse) InsertDeadLetters(ctx context.Context, b *recorder.DeadLetters, token string) error {
	return w.insert(ctx, "dead_letters", token, []named{
		{"source_topic", b.SourceTopic}, {"source_partition", b.SourcePartition}, {"source_offset", b.SourceOffset},
		{"stage", b.Stage}, {"reason", b.Reason}, {"error", b.Error}, {"at", b.At}, {"key", b.Key}, {"value", b.Value},
		{"sha256", b.SHA256}, {"length", b.Length}, {"truncated", b.Truncated}, {"transfer_fact", b.TransferFact},
		{"dl_partition", b.Partition}, {"dl_offset", b.Offset},
	})
}

// InsertHistory stores a block in watchlist_history. It has no token: what is sent again after an error is compared
// anew, and may be other rows.
func (w *Warehouse) InsertHistory(ctx context.Context, b *recorder.History) error {
	return w.insert(ctx, "watchlist_history", "", []named{
		{"list", b.List}, {"entry_id", b.EntryID}, {"content", b.Content}, {"key", b.Key}, {"wrapped_key", b.WrappedKey},
		{"network", b.Network}, {"address", b.Address}, {"tag", b.Tag},
		{"category", b.Category}, {"categories", b.Categories}, {"entity", b.Entity}, {"authority", b.Authority}, {"program", b.Program},
		{"measure", b.Measure}, {"confidence", b.Confidence}, {"party_listed_at", b.PartyListedAt},
		{"address_listed_at", b.AddressListedAt}, {"delisted_at", b.DelistedAt}, {"change", b.Change}, {"known_from", b.KnownFrom},
		{"seq", b.Seq}, {"version", b.Version}, {"author", b.Author}, {"reason", b.Reason}, {"entry", b.Entry},
	})
}

// InsertVersions stores a block in watchlist_versions.
func (w *Warehouse) InsertVersions(ctx context.Context, b *recorder.ListVersions) error {
	return w.insert(ctx, "watchlist_versions", "", []named{
		{"seq", b.Seq}, {"epoch", b.Epoch}, {"version", b.Version}, {"previous", b.Previous}, {"at", b.At}, {"author", b.Author},
		{"reason", b.Reason}, {"list", b.List}, {"list_version", b.ListVersion}, {"entries", b.Entries}, {"format", b.Format},
		{"source", b.Source}, {"imported_at", b.ImportedAt}, {"published_at", b.PublishedAt}, {"loaded_by", b.LoadedBy}, {"loaded_for", b.LoadedFor},
	})
}
