package warehouse

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"sluice/services/api"
)

var _ api.Warehouse = (*Warehouse)(nil)

// read runs a query over selectList.
func (w *Warehouse) read(ctx context.Context, from string, args ...any) ([]api.Verdict, error) {
	var rows []stored
	exclude := ""
	if strings.HasPrefix(from, "sluice.transfers ") {
		exclude = " EXCEPT (ingested_at, screened_at)"
	}
	list := strings.Replace(selectList, "*", "*"+exclude, 1)
	if err := w.conn.Select(ctx, &rows, "SELECT "+list+" FROM "+from, args...); err != nil {
		return nil, plain(err)
	}
	out := make([]api.Verdict, len(rows))
	for i := range rows {
		out[i] = rows[i].verdict()
	}
	return out, nil
}

// Transfer is api.Warehouse's.
func (w *Warehouse) Transfer(ctx context.Context, tenant, id string) (api.Verdict, error) {
	found, err := w.read(ctx, "sluice.transfers FINAL WHERE id = {id:String} AND tenant = {tenant:String}",
		driver.Named("id", id), driver.Named("tenant", tenant))
	if err != nil {
		return api.Verdict{}, err
	}
	if len(found) == 0 {
		return api.Verdict{}, api.ErrNotFound
	}
	return found[0], nil
}

// TransfersWithID is api.Warehouse's.
func (w *Warehouse) TransfersWithID(ctx context.Context, tenant, transferID string) ([]api.Verdict, error) {
	return w.read(ctx, "sluice.transfers FINAL WHERE transfer_id = {transfer:String} AND tenant = {tenant:String} ORDER BY ingested_at, id LIMIT "+strconv.Itoa(api.MaxLimit),
		driver.Named("transfer", transferID), driver.Named("tenant", tenant))
}

// Flagged is api.Warehouse's. The pages of one question hold every event that was there from its beginning, once.
func (w *Warehouse) Flagged(ctx context.Context, f api.Filter) (api.Page, error) {
	limit := f.Limit
	switch {
	case limit == 0:
		limit = api.DefaultLimit
	case limit < 0 || limit > api.MaxLimit:
		return api.Page{}, fmt.Errorf("limit %d: want 1 to %d", limit, api.MaxLimit)
	}
	where := []string{"tenant = {tenant:String}"}
	args := []any{driver.Named("tenant", f.Tenant)}
	add := func(ok bool, condition, name string, value any) {
		if ok {
			where, args = append(where, condition), append(args, driver.Named(name, value))
		}
	}
	add(f.Verdict != "", "verdict = {verdict:String}", "verdict", f.Verdict)
	add(len(f.Severities) > 0, "has({severities:Array(String)}, severity)", "severities", f.Severities)
	add(f.Category != "", "has(categories, {category:String})", "category", f.Category)
	add(f.CustomerID != "", "customer_id = {customer:String}", "customer", f.CustomerID)
	add(f.Network != "", "network = {network:String}", "network", f.Network)
	add(!f.Since.IsZero(), "toUnixTimestamp64Nano(raised_at) >= {since:Int64}", "since", strconv.FormatInt(f.Since.UnixNano(), 10))
	add(!f.Until.IsZero(), "toUnixTimestamp64Nano(raised_at) < {until:Int64}", "until", strconv.FormatInt(f.Until.UnixNano(), 10))
	if f.After != "" {
		nanos, id, err := parseCursor(f.After)
		if err != nil {
			return api.Page{}, err
		}
		add(true, "(toUnixTimestamp64Nano(raised_at), id) < ({nanos:Int64}, {last:String})", "nanos", strconv.FormatInt(nanos, 10))
		args = append(args, driver.Named("last", id))
	}
	events, err := w.read(ctx, "sluice.flagged_events FINAL WHERE "+strings.Join(where, " AND ")+
		" ORDER BY raised_at DESC, id DESC LIMIT "+strconv.Itoa(limit+1), args...)
	if err != nil {
		return api.Page{}, err
	}
	p := api.Page{Events: events}
	if len(events) > limit {
		p.Events = events[:limit]
		last := &events[limit-1]
		p.Next = cursor(last.RaisedAt.UnixNano(), last.ID)
	}
	return p, nil
}

// cursor names the last event of a page: when it was raised, and its id.
func cursor(nanos int64, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(nanos, 10) + " " + id))
}

func parseCursor(text string) (int64, string, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, "", api.ErrCursor
	}
	number, id, ok := strings.Cut(string(b), " ")
	nanos, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !ok {
		return 0, "", api.ErrCursor
	}
	return nanos, id, nil
}
