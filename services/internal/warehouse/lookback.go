package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"

	"sluice/pkg/amount"
	"sluice/pkg/transfer"
	"sluice/services/lookback"
)

var _ lookback.Warehouse = (*Warehouse)(nil)

const (
	lookbackKeys  = 1000      // address keys in one search
	lookbackRows  = 1_000_000 // rows of transfer_addresses for which months are searched together, at most where it is several
	lookbackSlice = 20_000    // transfers that are read whole at a time, at most
)

// withKeys are the rows of addresses with one of the keys of the external table wanted. The order of transfer_addresses is
// the key's.
const withKeys = " FROM sluice.transfer_addresses WHERE key IN (SELECT key FROM wanted)"

// aside are the settings of a search: one thread, which yields to others where the server has CAP_SYS_NICE, so that live
// transfers are recorded meanwhile.
const aside = " SETTINGS max_threads = 1, os_thread_priority = 5"

// lastOf returns the last version of each of the transfers in the external table found, the older ones first. It merges
// the few rows that have them itself: FINAL would merge all that stand between. Of rows of one version the one with the
// newer lists is the later, and one that is not cleared was published as such. Months are left out by the time; what is
// left of them is read by the time alone, eight bytes a row, before the ids.
func lastOf(columns string, o lookback.Older) string {
	return "SELECT " + columns + ` FROM (SELECT * FROM sluice.transfers
 PREWHERE occurred_at IN (SELECT occurred_at FROM found) AND id IN (SELECT id FROM found)
 ORDER BY version DESC, lists_seq DESC, verdict = 'cleared' LIMIT 1 BY id) WHERE 1` + older(o) + " ORDER BY occurred_at" + aside
}

// Touching implements lookback.Warehouse. What is recorded of one time is found together, so that it is recorded together
// again. While fn has a page, the next one is read, and while that is read, the places of one more are found.
func (w *Warehouse) Touching(ctx context.Context, keys []string, o lookback.Older, fn func([]lookback.Recorded) error) error {
	find := func(ctx context.Context, yield func([]place) error) error { return w.find(ctx, keys, yield) }
	read := func(ctx context.Context, yield func([]lookback.Recorded) error) error {
		return ahead(ctx, find, func(places []place) error {
			page, err := w.page(ctx, places, o)
			if err != nil || len(page) == 0 {
				return err
			}
			return yield(page)
		})
	}
	return ahead(ctx, read, fn)
}

// ahead uses values while the next one is produced, and returns the first error of either. Nothing of it runs any more when
// it returns.
func ahead[T any](ctx context.Context, produce func(ctx context.Context, yield func(T) error) error, use func(T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	values, ended := make(chan T), make(chan error, 1)
	go func() {
		defer close(values)
		ended <- produce(ctx, func(v T) error {
			select {
			case values <- v:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	var err error
	for v := range values {
		if err == nil {
			if err = use(v); err != nil {
				cancel()
			}
		}
	}
	if failed := <-ended; err == nil {
		err = failed
	}
	return err
}

// find yields the places of the transfers with one of the keys.
func (w *Warehouse) find(ctx context.Context, keys []string, yield func([]place) error) error {
	spans, err := w.spans(ctx)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(keys, lookbackKeys) {
		with, err := wanted(ctx, chunk)
		if err != nil {
			return err
		}
		for _, s := range spans {
			for behind, more := (place{}), true; more; {
				places, err := w.places(with, s, behind)
				if err != nil {
					return err
				}
				if more = len(places) == lookbackSlice; more {
					behind = places[len(places)-1]
				}
				if len(places) == 0 {
					continue
				}
				if err := yield(places); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// span is months that follow each other.
type span struct{ first, last uint32 }

// spans are all months with transfers, those with few together. ClickHouse counts them without reading.
func (w *Warehouse) spans(ctx context.Context) (spans []span, err error) {
	var months []struct {
		Month uint32 `ch:"month"`
		Rows  uint64 `ch:"rows"`
	}
	if err := w.conn.Select(ctx, &months, "SELECT toYYYYMM(occurred_at) AS month, count() AS rows FROM sluice.transfer_addresses GROUP BY month ORDER BY month"); err != nil {
		return nil, plain(err)
	}
	rows := uint64(lookbackRows)
	for _, m := range months {
		if rows += m.Rows; len(spans) > 0 && rows <= lookbackRows {
			spans[len(spans)-1].last = m.Month
			continue
		}
		rows = m.Rows
		spans = append(spans, span{m.Month, m.Month})
	}
	return spans, nil
}

// place is where a transfer stands in the order of time.
type place struct {
	OccurredAt time.Time `ch:"occurred_at"`
	ID         string    `ch:"id"`
}

// places finds up to lookbackSlice transfers of a span with one of the keys of wanted, in the order of time, behind a place.
func (w *Warehouse) places(with context.Context, s span, behind place) (places []place, err error) {
	query := fmt.Sprintf("SELECT DISTINCT occurred_at, id%s AND toYYYYMM(occurred_at) BETWEEN %d AND %d", withKeys, s.first, s.last)
	if behind.ID != "" {
		query += " AND (occurred_at, id) > (fromUnixTimestamp64Nano({nanos:Int64}, 'UTC'), {last:String})"
	}
	query += " ORDER BY occurred_at, id LIMIT " + strconv.Itoa(lookbackSlice) + aside
	if err := w.conn.Select(with, &places, query, driver.Named("nanos", behind.OccurredAt.UnixNano()), driver.Named("last", behind.ID)); err != nil {
		return nil, plain(err)
	}
	return places, nil
}

// page reads the transfers at places.
func (w *Warehouse) page(ctx context.Context, places []place, o lookback.Older) ([]lookback.Recorded, error) {
	if o.Few {
		at, err := found(ctx, places)
		if err != nil {
			return nil, err
		}
		places = nil
		if err := w.conn.Select(at, &places, lastOf("occurred_at, id", o)); err != nil {
			return nil, plain(err)
		}
		if len(places) == 0 {
			return nil, nil
		}
	}
	at, err := found(ctx, places)
	if err != nil {
		return nil, err
	}
	return w.recorded(at, lastOf(recordedColumns, o))
}

// found sends places along with every query of the context.
func found(ctx context.Context, places []place) (context.Context, error) {
	table, err := ext.NewTable("found", ext.Column("id", "String"), ext.Column("occurred_at", "DateTime64(9, 'UTC')"))
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		if err := table.Append(p.ID, p.OccurredAt); err != nil {
			return nil, err
		}
	}
	return driver.Context(ctx, driver.WithExternalTable(table)), nil
}

// wanted sends the keys along with every query of the context.
func wanted(ctx context.Context, keys []string) (context.Context, error) {
	table, err := ext.NewTable("wanted", ext.Column("key", "String"))
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if err := table.Append(k); err != nil {
			return nil, err
		}
	}
	return driver.Context(ctx, driver.WithExternalTable(table)), nil
}

func older(o lookback.Older) string {
	var b strings.Builder
	if o.Lists > 0 {
		b.WriteString(" AND lists_seq < " + strconv.FormatUint(o.Lists, 10))
	}
	if o.Version > 0 {
		b.WriteString(" AND version < " + strconv.FormatUint(o.Version, 10))
	}
	return b.String()
}

// heldFor says that an event is held because there were no lists.
const heldFor = "verdict = 'held' AND has(hold_reasons, 'degraded')"

// Held implements lookback.Warehouse. The events tell which are held, a small table; the transfers themselves, whether
// they still are.
func (w *Warehouse) Held(ctx context.Context, below uint64, behind lookback.Place, limit int) ([]lookback.Recorded, error) {
	nanos := int64(0)
	if !behind.RaisedAt.IsZero() {
		nanos = behind.RaisedAt.UnixNano()
	}
	return w.recorded(ctx, "SELECT "+recordedColumns+` FROM sluice.transfers FINAL WHERE (tenant, customer_id, occurred_at, id) IN (
 SELECT tenant, customer_id, occurred_at, id FROM sluice.flagged_events FINAL
 WHERE `+heldFor+` AND version < {below:UInt64} AND (toUnixTimestamp64Nano(raised_at), id) > ({nanos:Int64}, {last:String})
 ORDER BY raised_at, id LIMIT `+strconv.Itoa(limit)+`)
 AND `+heldFor+` AND version < {below:UInt64} ORDER BY raised_at, id`,
		driver.Named("below", below), driver.Named("nanos", nanos), driver.Named("last", behind.ID))
}

// HeldSince implements lookback.Warehouse.
func (w *Warehouse) HeldSince(ctx context.Context, seq uint64) (uint64, error) {
	var n uint64
	err := w.conn.QueryRow(ctx, "SELECT count() FROM sluice.flagged_events FINAL WHERE "+heldFor+
		" AND NOT (raised_by = 'rescreen' AND lists_seq >= {seq:UInt64})", driver.Named("seq", seq)).Scan(&n)
	return n, plain(err)
}

// Outcome implements lookback.Warehouse.
func (w *Warehouse) Outcome(ctx context.Context, raisedBy string, from, to uint64) (o lookback.Outcome, err error) {
	err = w.conn.QueryRow(ctx, `SELECT count(), max(raised_at) FROM sluice.flagged_events FINAL
 WHERE verdict != 'cleared' AND raised_by = {raised_by:String} AND cause_seq BETWEEN {from:UInt64} AND {to:UInt64}`,
		driver.Named("raised_by", raisedBy), driver.Named("from", from), driver.Named("to", to)).Scan(&o.Flagged, &o.LastFlag)
	if o.Flagged == 0 {
		o.LastFlag = time.Time{}
	}
	return o, plain(err)
}

// recordedRow is a row of transfers with what its fact is made of. Decimals come as text: they have no other exact form.
type recordedRow struct {
	ID            string    `ch:"id"`
	TransferID    string    `ch:"transfer_id"`
	Tenant        string    `ch:"tenant"`
	ConflictsWith string    `ch:"conflicts_with"`
	Direction     string    `ch:"direction"`
	Stage         string    `ch:"stage"`
	CustomerID    string    `ch:"customer_id"`
	Counterparty  string    `ch:"counterparty_customer_id"`
	Network       string    `ch:"network"`
	Asset         string    `ch:"asset"`
	AssetID       string    `ch:"asset_id"`
	Contract      string    `ch:"contract"`
	Amount        string    `ch:"amount_text"`
	FiatAmount    string    `ch:"fiat_text"`
	FiatCurrency  string    `ch:"fiat_currency"`
	TxHash        string    `ch:"tx_hash"`
	OutputIndex   *uint32   `ch:"output_index"`
	LogIndex      *uint32   `ch:"log_index"`
	From          []string  `ch:"from_addresses"`
	FromAmounts   []string  `ch:"from_amount_texts"`
	To            []string  `ch:"to_addresses"`
	Memo          string    `ch:"memo"`
	Initiator     string    `ch:"initiator"`
	Evidence      string    `ch:"evidence"`
	OccurredAt    time.Time `ch:"occurred_at"`
	Verdict       string    `ch:"verdict"`
	RaisedAt      time.Time `ch:"raised_at"`
	IngestedAt    time.Time `ch:"ingested_at"`
}

const recordedColumns = `id, transfer_id, tenant, conflicts_with, direction, stage, customer_id, counterparty_customer_id,
 network, asset, asset_id, contract, toString(amount) AS amount_text, toString(fiat_amount) AS fiat_text, fiat_currency, tx_hash,
 output_index, log_index, from_addresses, arrayMap(x -> toString(x), from_amounts) AS from_amount_texts, to_addresses, memo, initiator,
 evidence, occurred_at, verdict, raised_at, ingested_at`

func (w *Warehouse) recorded(ctx context.Context, query string, args ...any) ([]lookback.Recorded, error) {
	var rows []recordedRow
	if err := w.conn.Select(ctx, &rows, query, args...); err != nil {
		return nil, plain(err)
	}
	out := make([]lookback.Recorded, len(rows))
	for i := range rows {
		out[i] = rows[i].recorded()
	}
	return out, nil
}

// recorded makes the transfer of the row. A text that is no amount stays zero: the fact then has another id.
func (r *recordedRow) recorded() lookback.Recorded {
	number := func(text string) amount.Amount {
		a, _ := amount.Parse(text)
		return a
	}
	t := transfer.Transfer{
		ID: r.TransferID, Direction: transfer.Direction(r.Direction), Stage: transfer.Stage(r.Stage), CustomerID: r.CustomerID,
		CounterpartyCustomerID: r.Counterparty, Network: r.Network, Asset: r.Asset, AssetID: r.AssetID, Contract: r.Contract,
		Amount: number(r.Amount), TxHash: r.TxHash, OutputIndex: r.OutputIndex, LogIndex: r.LogIndex, From: r.From, To: r.To,
		Memo: r.Memo, Initiator: r.Initiator, Evidence: transfer.Evidence(r.Evidence), OccurredAt: r.OccurredAt.UTC(),
	}
	if r.FiatCurrency != "" {
		t.Fiat = &transfer.Fiat{Amount: number(r.FiatAmount), Currency: r.FiatCurrency}
	}
	for _, text := range r.FromAmounts {
		t.FromAmounts = append(t.FromAmounts, number(text))
	}
	return lookback.Recorded{ID: r.ID, Tenant: r.Tenant, ConflictsWith: r.ConflictsWith, Transfer: t, Verdict: r.Verdict,
		AcceptedAt: r.IngestedAt, RaisedAt: r.RaisedAt}
}

// runColumns are the columns of lookback_runs.
const runColumns = `seq, from_seq, scope, raised_by, state, step, detail, activated_at, started_at, updated_at, keys, found, sent,
 unverified, missing, flagged, passes, last_flag_at`

// Runs implements lookback.Warehouse.
func (w *Warehouse) Runs(ctx context.Context, limit int) ([]lookback.Run, error) {
	rows, err := w.conn.Query(ctx, "SELECT "+runColumns+" FROM sluice.lookback_runs FINAL ORDER BY seq DESC, scope LIMIT "+strconv.Itoa(limit))
	if err != nil {
		return nil, plain(err)
	}
	defer func() { _ = rows.Close() }()
	var runs []lookback.Run
	for rows.Next() {
		var r lookback.Run
		if err := rows.Scan(&r.Seq, &r.FromSeq, &r.Scope, &r.RaisedBy, &r.State, &r.Step, &r.Detail, &r.ActivatedAt, &r.StartedAt, &r.UpdatedAt,
			&r.Keys, &r.Found, &r.Sent, &r.Unverified, &r.Missing, &r.Flagged, &r.Passes, &r.LastFlagAt); err != nil {
			return nil, err
		}
		if r.LastFlagAt.Unix() == 0 {
			r.LastFlagAt = time.Time{}
		}
		runs = append(runs, r)
	}
	return runs, plain(rows.Err())
}

// SaveRun implements lookback.Warehouse.
func (w *Warehouse) SaveRun(ctx context.Context, r lookback.Run) error {
	lastFlag := r.LastFlagAt
	if lastFlag.IsZero() {
		lastFlag = time.Unix(0, 0)
	}
	return w.insert(ctx, "lookback_runs", "", []named{
		{"seq", []uint64{r.Seq}}, {"from_seq", []uint64{r.FromSeq}}, {"scope", []string{r.Scope}}, {"raised_by", []string{r.RaisedBy}},
		{"state", []string{r.State}}, {"step", []string{r.Step}}, {"detail", []string{r.Detail}}, {"activated_at", []time.Time{r.ActivatedAt}},
		{"started_at", []time.Time{r.StartedAt}}, {"updated_at", []time.Time{r.UpdatedAt}}, {"keys", []uint64{r.Keys}},
		{"found", []uint64{r.Found}}, {"sent", []uint64{r.Sent}}, {"unverified", []uint64{r.Unverified}}, {"missing", []uint64{r.Missing}},
		{"flagged", []uint64{r.Flagged}}, {"passes", []uint8{r.Passes}}, {"last_flag_at", []time.Time{lastFlag}},
	})
}
