package warehouse

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// ErrNotFound is returned when there is no row with the id.
var ErrNotFound = errors.New("no such transfer")

// Bounds of an answer.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// read runs a query over selectList.
func (w *Warehouse) read(ctx context.Context, from string, args ...any) ([]Verdict, error) {
	var rows []stored
	exclude := ""
	if strings.HasPrefix(from, "sluice.transfers ") {
		exclude = " EXCEPT (ingested_at, screened_at)"
	}
	list := strings.Replace(selectList, "*", "*"+exclude, 1)
	if err := w.conn.Select(ctx, &rows, "SELECT "+list+" FROM "+from, args...); err != nil {
		return nil, plain(err)
	}
	out := make([]Verdict, len(rows))
	for i := range rows {
		out[i] = rows[i].verdict()
	}
	return out, nil
}

// Transfer returns the verdict on the fact with the id, 32 hex digits, of the tenant. Its error is ErrNotFound where
// there is none.
func (w *Warehouse) Transfer(ctx context.Context, tenant, id string) (Verdict, error) {
	found, err := w.read(ctx, "sluice.transfers FINAL WHERE id = {id:String} AND tenant = {tenant:String}",
		driver.Named("id", id), driver.Named("tenant", tenant))
	if err != nil {
		return Verdict{}, err
	}
	if len(found) == 0 {
		return Verdict{}, ErrNotFound
	}
	return found[0], nil
}

// TransfersWithID returns every fact that the tenant sent under its own transfer id, the oldest first: attempt and
// confirmation, and more where contents conflict. At most MaxLimit.
func (w *Warehouse) TransfersWithID(ctx context.Context, tenant, transferID string) ([]Verdict, error) {
	return w.read(ctx, "sluice.transfers FINAL WHERE transfer_id = {transfer:String} AND tenant = {tenant:String} ORDER BY ingested_at, id LIMIT "+strconv.Itoa(MaxLimit),
		driver.Named("transfer", transferID), driver.Named("tenant", tenant))
}

// Filter chooses flagged events. Empty members choose all.
type Filter struct {
	Tenant     string
	Verdict    string // flagged, held, cleared
	Severities []string
	Category   string
	CustomerID string
	Network    string
	Since      time.Time // raised at or after
	Until      time.Time // raised before
	Limit      int       // 0: DefaultLimit; at most MaxLimit
	After      string    // Page.Next of the page before
}

// Page is a part of an answer.
type Page struct {
	Events []Verdict `json:"events"`
	Next   string    `json:"next,omitempty"` // "" on the last page
}

// Flagged returns the latest events, the last raised first.
func (w *Warehouse) Flagged(ctx context.Context, f Filter) (Page, error) {
	limit := f.Limit
	switch {
	case limit == 0:
		limit = DefaultLimit
	case limit < 0 || limit > MaxLimit:
		return Page{}, fmt.Errorf("limit %d: want 1 to %d", limit, MaxLimit)
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
			return Page{}, err
		}
		add(true, "(toUnixTimestamp64Nano(raised_at), id) < ({nanos:Int64}, {last:String})", "nanos", strconv.FormatInt(nanos, 10))
		args = append(args, driver.Named("last", id))
	}
	events, err := w.read(ctx, "sluice.flagged_events FINAL WHERE "+strings.Join(where, " AND ")+
		" ORDER BY raised_at DESC, id DESC LIMIT "+strconv.Itoa(limit+1), args...)
	if err != nil {
		return Page{}, err
	}
	p := Page{Events: events}
	if len(events) > limit {
		p.Events = events[:limit]
		last := &events[limit-1]
		p.Next = cursor(last.RaisedAt.UnixNano(), last.ID)
	}
	return p, nil
}

func cursor(nanos int64, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(nanos, 10) + " " + id))
}

// ErrCursor is wrapped when Filter.After is not what a page's Next was.
var ErrCursor = errors.New("after: it is not the next of an earlier page")

func parseCursor(text string) (int64, string, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, "", ErrCursor
	}
	number, id, ok := strings.Cut(string(b), " ")
	nanos, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !ok {
		return 0, "", ErrCursor
	}
	return nanos, id, nil
}
