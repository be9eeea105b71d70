package recorder_test

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/embedded/clickhouse/clickhousetest"
	"sluice/services/internal/stream"
	"sluice/services/internal/warehouse"
	"sluice/services/recorder"
)

func TestMain(m *testing.M) { os.Exit(clickhousetest.Main(m)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func verdicts(t testing.TB, from, n int) *stream.Batch {
	b := &stream.Batch{Topic: schemas.Verdicts}
	at := event.AppendAt(event.AppendAt(nil, time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)), time.Date(2026, 11, 22, 10, 0, 1, 0, time.UTC))
	for i := from; i < from+n; i++ {
		tr := transfer.Transfer{
			ID: fmt.Sprint("tx", i), Direction: transfer.Deposit, CustomerID: fmt.Sprint("c", i%50), Network: "ethereum", Asset: "ETH", Amount: amount.MustParse("0.5"),
			From: []string{fmt.Sprintf("0x%040x", i+1)}, To: []string{fmt.Sprintf("0x%040x", i+1<<32)}, OccurredAt: time.Date(2026, 11, 22, 10, 0, 0, i, time.UTC),
		}
		p, err := transfer.Restore(transfer.AppendCanonical(nil, &tr))
		must(t, err)
		b.Records = append(b.Records, stream.Record{Topic: b.Topic, Partition: int32(i % 6), Offset: int64(i), Headers: stream.NewHeaders(stream.Header{Name: event.HeaderAt, Value: at}),
			Value: fmt.Appendf(nil, `{"id":"%s","transfer_id":"%s","tenant":"default","transfer":%s,"lists_seq":5,"verdict":"cleared","rules_seq":2,"version":5,"public_code":"proceed","raised_at":"2026-11-22T10:00:02Z"}`,
				p.FactID("default"), tr.ID, p.Canonical())})
	}
	return b
}

// The handler against the engine, which is killed in the middle: what a call acknowledged is there, a call that failed is
// repeated with the same records, and every fact is there once.
func TestKilledEngineLosesNothingAndDoublesNothing(t *testing.T) {
	e := clickhousetest.Engine(t)
	w, err := warehouse.Open(warehouse.Config{DSN: e.DSN()})
	must(t, err)
	defer func() { must(t, w.Close()) }()
	_, err = w.Migrate(t.Context(), nil)
	must(t, err)
	h := recorder.Hops(w)[0].Handler.ForLane()
	out := stream.NewOut(stream.OutConfig{Stage: recorder.Stage, Partitions: stream.FixedPartitions(6)})
	const batches, rows = 12, 400
	failed := 0
	for i := range batches {
		in := verdicts(t, i*rows, rows)
		if i%4 == 1 { // somewhere in the middle of what follows
			time.AfterFunc(3*time.Millisecond, func() { _ = syscall.Kill(e.PID(), syscall.SIGKILL) })
		}
		for attempt := 0; ; attempt++ {
			err := h.Handle(t.Context(), in, out)
			if err == nil {
				break
			}
			failed++
			if stream.IsPermanent(err) || errors.Is(err, recorder.ErrRefused) || attempt > 200 {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond) // as the loop's pause between attempts
		}
	}
	found, err := w.TransfersWithID(t.Context(), "default", "tx17")
	must(t, err)
	if len(found) != 1 || found[0].Verdict != "cleared" || found[0].RaisedAt.Second() != 2 {
		t.Errorf("%+v", found)
	}
	var got text
	must(t, w.SQL(t.Context(), "SELECT (SELECT count() FROM sluice.transfers FINAL), (SELECT count() FROM sluice.transfer_addresses FINAL), (SELECT uniqExact(transfer_id) FROM sluice.transfers)", "TabSeparated", &got))
	if want := fmt.Sprintf("%d\t%d\t%d\n", batches*rows, 2*batches*rows, batches*rows); string(got) != want || out.Len() != 0 {
		t.Errorf("%q, want %q; %d dead letters", got, want, out.Len())
	}
	t.Logf("%d attempts failed, %d restarts", failed, e.Restarts())
}

type text []byte

func (t *text) Write(p []byte) (int, error) { *t = append(*t, p...); return len(p), nil }
