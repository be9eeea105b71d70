package warehouse

import (
	"context"
	"fmt"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	list "sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/recorder"
	"sluice/services/watchlist"
)

var (
	_ recorder.HistoryWarehouse = (*Warehouse)(nil)
	_ watchlist.Past            = (*Warehouse)(nil)
)

// sortMemory is how much of the server's memory the order of a list may take before it goes on on disk, in bytes.
const sortMemory = 256 << 20

// versionRow is a list of an activation in watchlist_versions.
type versionRow struct {
	Seq         uint64     `ch:"seq"`
	Epoch       string     `ch:"epoch"`
	Version     string     `ch:"version"`
	Previous    string     `ch:"previous"`
	At          time.Time  `ch:"at"`
	Author      string     `ch:"author"`
	Reason      string     `ch:"reason"`
	List        string     `ch:"list"`
	ListVersion string     `ch:"list_version"`
	Entries     uint64     `ch:"entries"`
	Format      string     `ch:"format"`
	Source      string     `ch:"source"`
	ImportedAt  *time.Time `ch:"imported_at"`
	PublishedAt *time.Time `ch:"published_at"`
	LoadedBy    string     `ch:"loaded_by"`
	LoadedFor   string     `ch:"loaded_for"`
}

func (r *versionRow) origin() list.Origin {
	o := list.Origin{Format: r.Format, Source: r.Source, Author: r.LoadedBy, Reason: r.LoadedFor}
	if r.ImportedAt != nil {
		o.ImportedAt = r.ImportedAt.UTC()
	}
	if r.PublishedAt != nil {
		o.PublishedAt = r.PublishedAt.UTC()
	}
	return o
}

// versions returns rows of watchlist_versions.
func (w *Warehouse) versions(ctx context.Context, where string, args ...any) (rows []versionRow, err error) {
	err = w.conn.Select(ctx, &rows, "SELECT * FROM sluice.watchlist_versions FINAL "+where+" ORDER BY seq, list", args...)
	return rows, plain(err)
}

// Recorded is recorder.HistoryWarehouse's.
func (w *Warehouse) Recorded(ctx context.Context) (r recorder.Recorded, err error) {
	rows, err := w.versions(ctx, "WHERE seq = (SELECT max(seq) FROM sluice.watchlist_versions)")
	if err != nil || len(rows) == 0 {
		return r, err
	}
	r = recorder.Recorded{Seq: rows[0].Seq, Epoch: rows[0].Epoch, Lists: map[string]string{}}
	for _, row := range rows {
		if row.List != "" {
			r.Lists[row.List] = row.ListVersion
		}
	}
	return r, nil
}

// Activations is watchlist.Past's.
func (w *Warehouse) Activations(ctx context.Context) (all []activation.Activation, err error) {
	rows, err := w.versions(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if n := len(all); n == 0 || all[n-1].Seq != r.Seq {
			all = append(all, activation.Activation{Seq: r.Seq, Epoch: r.Epoch, Kind: activation.Lists, Version: r.Version, Previous: r.Previous,
				Author: r.Author, Reason: r.Reason, At: r.At.UTC()})
		}
		if r.List != "" {
			last := &all[len(all)-1]
			last.Lists = append(last.Lists, activation.ListVersion{List: r.List, Version: r.ListVersion, Entries: int(r.Entries)})
		}
	}
	return all, nil
}

// Rebuild is watchlist.Past's.
func (w *Warehouse) Rebuild(ctx context.Context, seq uint64) (*list.Snapshot, error) {
	rows, err := w.versions(ctx, "WHERE seq = {seq:UInt64}", driver.Named("seq", seq))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: activation %d is not recorded", watchlist.ErrGone, seq)
	}
	b := list.NewBuilder()
	for _, r := range rows {
		if r.List == "" {
			continue
		}
		var entries []list.Entry
		for e, err := range w.RecordedList(ctx, r.List, seq) {
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", r.List, err)
			}
			entries = append(entries, *e.Entry)
		}
		b.AddList(r.List, r.origin(), entries)
	}
	return b.Build()
}

// RecordedList is recorder.HistoryWarehouse's. The server orders the rows, on its disk where there are many, and they
// are read as they come.
func (w *Warehouse) RecordedList(ctx context.Context, name string, seq uint64) recorder.RecordedEntries {
	return func(yield func(recorder.RecordedEntry, error) bool) {
		ctx := driver.Context(ctx, driver.WithSettings(driver.Settings{
			"max_bytes_before_external_sort": sortMemory, "max_bytes_ratio_before_external_sort": 0, "optimize_read_in_order": 1}))
		rows, err := w.conn.Query(ctx, `SELECT entry, content FROM
(
    SELECT network, address, tag, entry_id, content, change, entry
    FROM sluice.watchlist_history
    WHERE list = {list:String} AND seq <= {seq:UInt64} AND seq IN (SELECT seq FROM sluice.watchlist_versions)
    ORDER BY key, list, network, address, tag, entry_id, content, seq DESC
    LIMIT 1 BY key, list, network, address, tag, entry_id, content
)
WHERE change IN ('added', 'changed')
ORDER BY network, address, tag, entry_id, entry`, driver.Named("list", name), driver.Named("seq", seq))
		if err != nil {
			yield(recorder.RecordedEntry{}, plain(err))
			return
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var text string
			var r recorder.RecordedEntry
			err := rows.Scan(&text, &r.Content)
			if err == nil {
				// The key is derived from the text anew, as wherever an entry is read.
				var e list.Entry
				e, err = list.ParseEntry([]byte(text))
				r.Entry = &e
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(recorder.RecordedEntry{}, plain(err))
		}
	}
}
