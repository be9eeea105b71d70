package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/services/lookback"
	"sluice/services/recorder"
)

// keyOf is the key of the sender that row gives.
func keyOf(n int) string { return fmt.Sprintf("evm:%040x", n+0x10000) }

func touching(t *testing.T, w *Warehouse, keys []string, o lookback.Older) (found []lookback.Recorded) {
	t.Helper()
	must(t, w.Touching(t.Context(), keys, o, func(page []lookback.Recorded) error {
		found = append(found, page...)
		return nil
	}))
	return found
}

// What comes back is the transfer of which the fact's id was made.
func TestRecordedTransfersComeBackAsTheyWere(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	var a recorder.Addresses
	row(t, &b, &a, 1, full)
	for i := 2; i < 40; i++ {
		row(t, &b, &a, i, func(tr *transfer.Transfer, rec *event.Record) {
			switch i % 4 {
			case 0:
				tr.Stage, tr.Fiat, tr.Contract, tr.TxHash = transfer.Attempt, nil, "", ""
			case 1:
				index := uint32(i)
				tr.LogIndex, tr.Evidence, tr.Initiator = &index, transfer.Log, tr.From[0]
				tr.FromAmounts = []amount.Amount{amount.MustParse("0.000000000000000000000000000001")}
			case 2:
				tr.Direction, tr.CounterpartyCustomerID, tr.OccurredAt = transfer.Internal, "other", time.Date(2009, 1, 3, 18, 15, 5, 1, time.UTC)
			}
		})
	}
	must(t, w.InsertAddresses(t.Context(), &a, "a"))
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	for i := 1; i < 40; i++ {
		found := touching(t, w, []string{keyOf(i)}, lookback.Older{})
		if len(found) != 1 {
			t.Fatalf("%d transfers with key %d", len(found), i)
		}
		r := found[0]
		if id := transfer.FactID(r.Tenant, &r.Transfer); id.String() != r.ID || r.ID != b.ID[i-1] || !r.AcceptedAt.Equal(midnight) || r.Verdict != b.Verdict[i-1] {
			t.Errorf("%d: the id of %+v is %s", i, r, id)
		}
	}
}

func TestOnlyWhatIsOlderIsFoundAndEachTransferOnce(t *testing.T) {
	w := fresh(t)
	insert := func(version uint64, from, to int) {
		var b recorder.Transfers
		var a recorder.Addresses
		for i := from; i < to; i++ {
			row(t, &b, &a, i, func(tr *transfer.Transfer, rec *event.Record) {
				tr.From = []string{fmt.Sprintf("0x%040x", 0x10000), fmt.Sprintf("0x%040x", 0x10001)}
				rec.Version, rec.ListsSeq = version+1, version
			})
		}
		must(t, w.InsertAddresses(t.Context(), &a, ""))
		must(t, w.InsertTransfers(t.Context(), &b, ""))
	}
	insert(3, 0, 30)
	insert(5, 10, 20) // judged again, and recorded twice
	insert(5, 15, 20)
	both := []string{keyOf(0), keyOf(1)}
	for _, c := range []struct {
		o    lookback.Older
		want int
	}{
		{lookback.Older{}, 30}, {lookback.Older{Lists: 3}, 0}, {lookback.Older{Lists: 4}, 20}, {lookback.Older{Lists: 5}, 20}, {lookback.Older{Lists: 6}, 30},
		{lookback.Older{Version: 4}, 0}, {lookback.Older{Version: 5}, 20}, {lookback.Older{Version: 7}, 30},
	} {
		ids := map[string]bool{}
		found := touching(t, w, both, c.o)
		c.o.Few = true
		if few := touching(t, w, both, c.o); len(few) != len(found) {
			t.Errorf("%+v: %d transfers, otherwise %d", c.o, len(few), len(found))
		}
		for _, r := range found {
			ids[r.ID] = true
		}
		if len(found) != c.want || len(ids) != c.want {
			t.Errorf("%+v: %d transfers, %d different ones, want %d", c.o, len(found), len(ids), c.want)
		}
	}
	if found := touching(t, w, []string{keyOf(7)}, lookback.Older{}); len(found) != 0 {
		t.Errorf("an address that nobody used has %d transfers", len(found))
	}
	stop := errors.New("stop")
	if err := w.Touching(t.Context(), both, lookback.Older{}, func([]lookback.Recorded) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

// More keys than one search takes, and more transfers than one page.
func TestPagesHoldEveryTransfer(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	var a recorder.Addresses
	const n = lookbackSlice + lookbackSlice/2
	for i := range n {
		row(t, &b, &a, i, func(tr *transfer.Transfer, _ *event.Record) {
			if i >= lookbackKeys+500 { // one address has most of them
				tr.From = []string{"0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"}
			}
		})
	}
	must(t, w.InsertAddresses(t.Context(), &a, "a"))
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	keys := []string{"evm:5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"}
	for i := range lookbackKeys + 500 {
		keys = append(keys, keyOf(i))
	}
	ids, pages := map[string]bool{}, 0
	must(t, w.Touching(t.Context(), keys, lookback.Older{}, func(page []lookback.Recorded) error {
		pages++
		for _, r := range page {
			ids[r.ID] = true
		}
		if len(page) > lookbackSlice {
			t.Errorf("a page of %d", len(page))
		}
		return nil
	}))
	if len(ids) != n || pages < 3 {
		t.Errorf("%d of %d transfers on %d pages", len(ids), n, pages)
	}
}

// Both searches go by the order of their tables: few of their granules are read.
func TestLookbackReadsByTheIndex(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	var a, many recorder.Addresses
	for i := range 10_000 {
		row(t, &b, &a, i, func(tr *transfer.Transfer, _ *event.Record) { tr.OccurredAt = tr.OccurredAt.AddDate(0, i%8, 0) })
	}
	for i := range a.OccurredAt { // so that the key alone says what is read
		a.OccurredAt[i] = midnight
	}
	must(t, w.InsertAddresses(t.Context(), &a, ""))
	must(t, w.InsertTransfers(t.Context(), &b, ""))
	const n = 100_000
	for i := range n { // addresses of others, whose rows cost nothing to make
		many.Key, many.ID = append(many.Key, fmt.Sprintf("evm:ff%038x", i)), append(many.ID, fmt.Sprintf("%032x", i))
		many.OccurredAt = append(many.OccurredAt, midnight)
	}
	same := slices.Repeat([]string{"x"}, n)
	many.Role, many.Side, many.Address, many.Tag, many.Network, many.Tenant, many.CustomerID, many.Direction = same, same, same, same, same, same, same, same
	must(t, w.InsertAddresses(t.Context(), &many, ""))
	with, err := wanted(t.Context(), []string{keyOf(1), keyOf(7777)})
	must(t, err)
	places, err := found(t.Context(), []place{{b.OccurredAt[1], b.ID[1]}, {b.OccurredAt[7777], b.ID[7777]}})
	must(t, err)
	for _, c := range []struct {
		ctx                context.Context
		query, index, what string
	}{
		{with, "SELECT id" + withKeys, "PrimaryKey", "(key in 2-element set)"},
		{places, lastOf("id", lookback.Older{Lists: 9}), "Min-Max", "(occurred_at in 2-element set)"},
	} {
		plan := explain(c.ctx, t, w, c.query)
		_, index, ok := strings.Cut(plan, c.index)
		if !ok || !strings.Contains(index, c.what) {
			t.Fatalf("no %s in\n%s", c.what, plan)
		}
		var read, all int
		_, granules, _ := strings.Cut(index, "Granules: ")
		if _, err := fmt.Sscanf(granules, "%d/%d", &read, &all); err != nil || read*4 > all {
			t.Errorf("%d of %d granules are read (%v)\n%s", read, all, err, plan)
		}
	}
}

func explain(ctx context.Context, t *testing.T, w *Warehouse, query string) string {
	t.Helper()
	rows, err := w.conn.Query(ctx, "EXPLAIN indexes = 1 "+query)
	must(t, err)
	defer func() { _ = rows.Close() }()
	var lines []string
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	must(t, rows.Err())
	return strings.Join(lines, "\n")
}

func TestHeldTransfersComeOldestFirst(t *testing.T) {
	w := fresh(t)
	insert := func(from, to int, change func(i int, rec *event.Record)) {
		var b recorder.Transfers
		for i := from; i < to; i++ {
			row(t, &b, nil, i, func(_ *transfer.Transfer, rec *event.Record) {
				rec.Verdict, rec.HoldReasons, rec.Status = "held", []string{"degraded"}, "degraded"
				rec.RaisedAt = midnight.Add(time.Duration((to-i)/2) * time.Second) // two at a time
				change(i, rec)
			})
		}
		must(t, w.InsertTransfers(t.Context(), &b, ""))
		must(t, w.InsertFlagged(t.Context(), &b, ""))
	}
	insert(0, 50, func(i int, rec *event.Record) {
		switch i % 5 {
		case 1:
			rec.HoldReasons = []string{"risk"}
		case 2:
			rec.Verdict = "flagged"
		}
	})
	insert(0, 10, func(_ int, rec *event.Record) { // screened again, and held all the same
		rec.RaisedBy, rec.CauseSeq, rec.Version, rec.ListsSeq = "rescreen", 9, 9, 8
	})
	const open = 24 // of 40 that were not screened again
	for seq, want := range map[uint64]uint64{8: open, 9: open + 10} {
		if n, err := w.HeldSince(t.Context(), seq); n != want || err != nil {
			t.Errorf("lists of %d: %d, want %d; %v", seq, n, want, err)
		}
	}
	var all []lookback.Recorded
	for behind := (lookback.Place{}); ; {
		page, err := w.Held(t.Context(), 9, behind, 7)
		must(t, err)
		if len(page) == 0 {
			break
		}
		last := page[len(page)-1]
		behind = lookback.Place{RaisedAt: last.RaisedAt, ID: last.ID}
		all = append(all, page...)
	}
	sorted := slices.IsSortedFunc(all, func(a, b lookback.Recorded) int { return a.RaisedAt.Compare(b.RaisedAt) })
	if len(all) != open || !sorted {
		t.Errorf("%d transfers, want %d; sorted %v", len(all), open, sorted)
	}
	o, err := w.Outcome(t.Context(), "rescreen", 9, 9)
	if err != nil || o.Flagged != 10 || !o.LastFlag.Equal(midnight.Add(5*time.Second)) {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestOutcomeCountsWhatARunRaised(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	var a recorder.Addresses
	for i := range 12 {
		row(t, &b, &a, i, func(_ *transfer.Transfer, rec *event.Record) {
			rec.Verdict, rec.RaisedBy, rec.CauseSeq = []string{"flagged", "held", "cleared"}[i%3], "lookback", uint64(5+i%2)
			rec.RaisedAt = midnight.Add(time.Duration(i) * time.Second)
		})
	}
	must(t, w.InsertAddresses(t.Context(), &a, ""))
	must(t, w.InsertFlagged(t.Context(), &b, ""))
	for _, c := range []struct {
		by             string
		from, to, want uint64
		last           int
	}{{"lookback", 5, 5, 4, 10}, {"lookback", 6, 6, 4, 9}, {"lookback", 5, 6, 8, 10}, {"lookback", 7, 9, 0, -1}, {"rescreen", 5, 6, 0, -1}} {
		o, err := w.Outcome(t.Context(), c.by, c.from, c.to)
		last := time.Time{}
		if c.last >= 0 {
			last = midnight.Add(time.Duration(c.last) * time.Second)
		}
		if err != nil || o.Flagged != c.want || !o.LastFlag.Equal(last) {
			t.Errorf("%+v: %+v, %v", c, o, err)
		}
	}
}

// Rows of one version: the newer lists tell that it was judged again, and what was flagged is told as flagged.
func TestOfOneVersionTheRowWithTheNewerListsCounts(t *testing.T) {
	w := fresh(t)
	var a recorder.Addresses
	for _, c := range []struct {
		lists   uint64
		verdict string
	}{{5, "cleared"}, {5, "flagged"}, {5, "cleared"}} {
		var b recorder.Transfers
		row(t, &b, &a, 1, func(_ *transfer.Transfer, rec *event.Record) {
			rec.Version, rec.ListsSeq, rec.Verdict = 8, c.lists, c.verdict
		})
		must(t, w.InsertTransfers(t.Context(), &b, ""))
	}
	must(t, w.InsertAddresses(t.Context(), &a, ""))
	if found := touching(t, w, []string{keyOf(1)}, lookback.Older{Lists: 7}); len(found) != 1 || found[0].Verdict != "flagged" {
		t.Errorf("%+v", found)
	}
	var b recorder.Transfers
	row(t, &b, nil, 1, func(_ *transfer.Transfer, rec *event.Record) { rec.Version, rec.ListsSeq = 8, 7 })
	must(t, w.InsertTransfers(t.Context(), &b, ""))
	if found := touching(t, w, []string{keyOf(1)}, lookback.Older{Lists: 7}); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

func TestRunsAreKeptWithTheirLastProgress(t *testing.T) {
	w := fresh(t)
	at := midnight.Add(1234 * time.Millisecond)
	r := lookback.Run{Seq: 7, FromSeq: 5, Scope: "lists", RaisedBy: "lookback", State: "running", Step: "searching", Detail: "it's on", ActivatedAt: at, StartedAt: at,
		UpdatedAt: at, Keys: 1, Found: 2, Sent: 3, Unverified: 4, Missing: 5, Flagged: 6, Passes: 7}
	must(t, w.SaveRun(t.Context(), r))
	done := r
	done.State, done.UpdatedAt, done.LastFlagAt = "done", at.Add(time.Millisecond), at
	must(t, w.SaveRun(t.Context(), done))
	other := r
	other.Seq = 8
	must(t, w.SaveRun(t.Context(), other))
	runs, err := w.Runs(t.Context(), 10)
	if err != nil || len(runs) != 2 || runs[0] != other || runs[1] != done {
		t.Errorf("%+v, %v", runs, err)
	}
	if runs, err := w.Runs(t.Context(), 1); err != nil || len(runs) != 1 {
		t.Errorf("%+v, %v", runs, err)
	}
}
