package warehouse

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/embedded/clickhouse/clickhousetest"
	"sluice/services/recorder"
)

func TestMain(m *testing.M) { os.Exit(clickhousetest.Main(m)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB) *Warehouse {
	t.Helper()
	w, err := Open(Config{DSN: clickhousetest.DSN(t)})
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	return w
}

// fresh is a warehouse with an empty schema. Tests that use it do not run at the same time.
func fresh(t testing.TB) *Warehouse {
	t.Helper()
	w := open(t)
	must(t, w.conn.Exec(t.Context(), "DROP DATABASE IF EXISTS "+schemas.Database+" SYNC"))
	_, err := w.Migrate(t.Context(), nil)
	must(t, err)
	return w
}

// ask returns one value.
func ask[T any](t testing.TB, w *Warehouse, query string, args ...any) (v T) {
	t.Helper()
	if err := w.conn.QueryRow(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// mutex is a Locker within this process; it counts who holds it.
type mutex struct {
	mu   sync.Mutex
	held int
}

func (m *mutex) Lock(context.Context) (func(context.Context) error, error) {
	m.mu.Lock()
	m.held++
	return func(context.Context) error { m.mu.Unlock(); return nil }, nil
}

var midnight = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// row adds the row of one transfer, which change may alter, and its addresses.
func row(t testing.TB, b *recorder.Transfers, a *recorder.Addresses, n int, change func(*transfer.Transfer, *event.Record)) {
	t.Helper()
	tr := transfer.Transfer{
		ID: fmt.Sprintf("tx-%06d", n), Direction: transfer.Deposit, CustomerID: fmt.Sprintf("c-%03d", n%100), Network: "ethereum", Asset: "USDT",
		Contract: "0xdac17f958d2ee523a2206206994597c13d831ec7", Amount: amount.MustParse(fmt.Sprintf("%d.25", n)),
		Fiat: &transfer.Fiat{Amount: amount.MustParse("12.5"), Currency: "EUR"}, TxHash: fmt.Sprintf("0x%064x", n),
		From: []string{fmt.Sprintf("0x%040x", n+0x10000)}, To: []string{fmt.Sprintf("0x%040x", n+0x20000)},
		OccurredAt: midnight.Add(time.Duration(n) * time.Second),
	}
	rec := event.Record{Tenant: "default", TransferID: tr.ID, Judged: true, Screened: true, Verdict: "cleared", Severity: "none", Status: "complete",
		ListsSeq: 7, RulesSeq: 3, Version: 7, PublicCode: "proceed", RaisedBy: "live", RaisedAt: midnight.Add(time.Hour)}
	if change != nil {
		change(&tr, &rec)
	}
	p, err := transfer.Restore(transfer.AppendCanonical(nil, &tr))
	must(t, err)
	rec.ID = p.FactID(rec.Tenant)
	rec.TransferID = tr.ID
	must(t, b.Add(&rec, &p, event.Marks{Accepted: midnight, Screened: midnight.Add(time.Second)}))
	if a != nil {
		a.Add(&rec, &p)
	}
}
