package e2e

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/services/internal/warehouse"
	"sluice/services/lookback"
	"sluice/services/recorder"
)

// TestLookbackOverManyTransfers measures the time from the activation of 1,000 addresses to the last flag, over as many
// recorded transfers as SLUICE_LOOKBACK_ROWS says, on the embedded stack, and what live transfers notice of it. The
// transfers are written straight into the tables, as the recorder writes them; in the folder SLUICE_LOOKBACK_DATA they are
// kept, and the next time only measured, each time with other addresses.
func TestLookbackOverManyTransfers(t *testing.T) {
	wanted(t)
	n, err := strconv.Atoi(os.Getenv("SLUICE_LOOKBACK_ROWS"))
	if err != nil || n < 200_000 || n%copies != 0 {
		t.Skip("measured with SLUICE_LOOKBACK_ROWS=10000000")
	}
	const listed, each = 1000, 10 // each address has so many transfers
	payers := n / copies / each
	s := newEmbeddedIn(t, os.Getenv("SLUICE_LOOKBACK_DATA"))
	const recorded = "SELECT count() FROM sluice.transfers"
	if s.ask(t, recorded) == "0" {
		importList(t, s, "txt", "first", oneListed+"\n", "--category", "scam")
		lookedBackFor(t, s)
		began := time.Now()
		fill(t, s, n/copies, payers)
		multiply(t, s)
		s.expect(t, recorded, fmt.Sprint(n))
		t.Logf("%d transfers written in %s; load average %s", n, time.Since(began).Round(time.Second), loadAverage())
	}
	eventuallyWithin(t, 10*time.Minute, "the merges end", func() error {
		if left := s.ask(t, "SELECT count() FROM system.merges"); left != "0" {
			return fmt.Errorf("%s merges", left)
		}
		return nil
	})

	calm := latencies(t, s, "calm", 10*time.Second, nil)
	var list strings.Builder
	measured, err := strconv.Atoi(s.ask(t, "SELECT max(seq) FROM sluice.lookback_runs"))
	if err != nil || measured >= payers/listed {
		t.Fatalf("the folder was measured %d times already, its addresses are used up: %v", measured, err)
	}
	for i := range listed {
		fmt.Fprintf(&list, "%s\n", payer(i*(payers/listed)+measured))
	}
	done := make(chan struct{})
	var during []time.Duration
	var wg sync.WaitGroup
	wg.Go(func() { during = latencies(t, s, "during", time.Minute, done) })
	load := loadAverage()
	services, engine := processorTime(t, s.run.pid()), processorTime(t, s.enginePID())
	importList(t, s, "txt", fmt.Sprint("more-", measured), list.String(), "--category", "scam")
	// A command that asks every few milliseconds would take a processor for itself.
	eventually(t, "the run ends", func() error {
		m, err := metrics(s.run)
		if err == nil && m["sluice_lookback_done_seq"] < m["sluice_lists_seq"] {
			err = errors.New("it is under way")
		}
		return err
	})
	services, engine = processorTime(t, s.run.pid())-services, processorTime(t, s.enginePID())-engine
	close(done)
	wg.Wait()
	r := lookedBackFor(t, s)
	want := uint64(listed * each)
	if r.Flagged != want || r.Sent < want || r.Unverified != 0 || r.Missing != 0 {
		t.Errorf("%d transfers have one of the addresses: %+v", want, r)
	}
	t.Logf("%d addresses over %d transfers: the last of %d flags %s after the activation, the run's end %s after it, %d passes; load average %s",
		listed, n, r.Flagged, r.LastFlagAt.Sub(r.ActivatedAt), r.UpdatedAt.Sub(r.ActivatedAt), r.Passes, load)
	t.Logf("processor time from the import to the run's end, live transfers included: the services %s, the engine %s", services, engine)
	search(t, s, strings.Fields(list.String()))
	t.Logf("live verdicts over HTTP, one at a time: before p50 %s, p99 %s (%d); during the run p50 %s, p99 %s (%d)",
		at(calm, 50), at(calm, 99), len(calm), at(during, 50), at(during, 99), len(during))
}

// payer is the i-th of those who pay.
func payer(i int) string { return fmt.Sprintf("0x%x", sha1.Sum([]byte(strconv.Itoa(i)))) }

// fill writes n transfers by so many payers into the tables, over two years.
func fill(t *testing.T, s stack, n, payers int) {
	t.Helper()
	at, err := s.at()
	if err != nil {
		t.Fatal(err)
	}
	w, err := warehouse.Open(warehouse.Config{DSN: at.ClickHouse})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	const block = 50_000
	start := time.Date(2024, 11, 1, 0, 0, 0, 0, time.UTC)
	step := 2 * 365 * 24 * time.Hour / time.Duration(n)
	blocks := make(chan int)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			var parser transfer.Parser
			var rows recorder.Transfers
			var addresses recorder.Addresses
			var canonical []byte
			for first := range blocks {
				rows.Reset()
				addresses.Reset()
				for i := first; i < min(first+block, n); i++ {
					when := start.Add(time.Duration(i) * step).Truncate(time.Millisecond)
					tr := transfer.Transfer{ID: fmt.Sprint("old-", i), Direction: transfer.Deposit, CustomerID: fmt.Sprint("c", i%50_000), Network: "ethereum", Asset: "USDT",
						Contract: "0xdac17f958d2ee523a2206206994597c13d831ec7", Amount: amount.MustParse(strconv.Itoa(i%9000+1) + ".25"), TxHash: fmt.Sprintf("0x%x", sha256.Sum256([]byte(strconv.Itoa(i)))),
						From: []string{payer(i % payers)}, To: []string{fmt.Sprintf("0x8888%036x", i%50_000)}, OccurredAt: when}
					canonical = transfer.AppendCanonical(canonical[:0], &tr)
					p, err := parser.Restore(canonical)
					if err != nil {
						t.Error(err)
						return
					}
					rec := event.Record{ID: p.FactID("default"), TransferID: tr.ID, Tenant: "default", Screened: true, Judged: true, Status: "complete", ListsSeq: 1,
						Verdict: "cleared", Severity: "none", Version: 1, PublicCode: "proceed", RaisedBy: "live", RaisedAt: when}
					if err := rows.Add(&rec, p, event.Marks{Accepted: when, Screened: when}); err != nil {
						t.Error(err)
						return
					}
					addresses.Add(&rec, p)
				}
				if err := w.InsertAddresses(t.Context(), &addresses, ""); err != nil {
					t.Error(err)
				}
				if err := w.InsertTransfers(t.Context(), &rows, ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for first := 0; first < n && !t.Failed(); first += block {
		blocks <- first
	}
	close(blocks)
	wg.Wait()
}

// copies is how many transfers there are for each that is made as the recorder makes it.
const copies = 10

// multiply adds transfers of others, with addresses and ids of their own, which nobody looks for and so nobody computes.
func multiply(t *testing.T, s stack) {
	t.Helper()
	const another = "lower(hex(MD5(concat(id, toString(k))))) AS id, occurred_at + toIntervalMillisecond(k) AS occurred_at"
	payer := func(key string) string { return "lower(hex(SHA1(concat(" + key + ", toString(k)))))" }
	for _, month := range strings.Fields(s.common().ask(t, "SELECT DISTINCT toYYYYMM(occurred_at) AS m FROM sluice.transfers ORDER BY m")) {
		from := fmt.Sprintf(" ARRAY JOIN range(1, %d) AS k WHERE toYYYYMM(occurred_at) = %s", copies, month)
		s.common().ask(t, "INSERT INTO sluice.transfer_addresses SELECT * EXCEPT k REPLACE ("+another+
			", if(role = 'sender', concat('evm:', "+payer("key")+"), key) AS key) FROM (SELECT *, k FROM sluice.transfer_addresses"+from+")")
		s.common().ask(t, "INSERT INTO sluice.transfers SELECT * EXCEPT k REPLACE ("+another+
			", concat(transfer_id, '-', toString(k)) AS transfer_id, concat('0x', lower(hex(SHA256(concat(id, toString(k)))))) AS tx_hash"+
			", [concat('0x', "+payer("concat('evm:', substring(from_addresses[1], 3))")+")] AS from_addresses) FROM (SELECT *, k FROM sluice.transfers"+from+")")
	}
}

// latencies sends live transfers one after the other, and measures how long each waits for its verdict; until done is
// closed, or for so long.
func latencies(t *testing.T, s stack, prefix string, most time.Duration, done <-chan struct{}) (all []time.Duration) {
	addr, err := s.service(ingestService).httpAddress()
	if err != nil {
		t.Error(err)
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			slices.Sort(all)
			return all
		case <-done:
			slices.Sort(all)
			return all
		case <-tick.C:
		}
		began := time.Now()
		status, answer, err := call(t.Context(), http.MethodPost, "http://"+addr+"/v1/transfers?wait=verdict", "application/json", paid(fmt.Sprintf("%s-%d", prefix, i), cleanSender))
		var v struct{ Verdict string }
		if err != nil || status != http.StatusOK || json.Unmarshal(answer, &v) != nil || v.Verdict != "cleared" {
			t.Errorf("%d %s, %v", status, answer, err)
			return all
		}
		all = append(all, time.Since(began))
	}
}

// at is a percentile of sorted times.
func at(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)].Round(10 * time.Microsecond)
}

func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// search measures the searches of a run alone: one that finds everything and reads it whole, and one that finds nothing.
func search(t *testing.T, s stack, addresses []string) {
	t.Helper()
	at, err := s.at()
	if err != nil {
		t.Fatal(err)
	}
	w, err := warehouse.Open(warehouse.Config{DSN: at.ClickHouse})
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]string, len(addresses))
	for i, a := range addresses {
		keys[i] = "evm:" + strings.TrimPrefix(a, "0x")
	}
	for _, o := range []lookback.Older{{}, {Lists: 1, Few: true}} {
		found := 0
		began, engine := time.Now(), processorTime(t, s.enginePID())
		err := w.Touching(t.Context(), keys, o, func(page []lookback.Recorded) error { found += len(page); return nil })
		if err != nil {
			t.Error(err)
		}
		t.Logf("one search that finds %d: %s, of it processor time of the engine %s", found, time.Since(began).Round(time.Millisecond), processorTime(t, s.enginePID())-engine)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// processorTime is what a process has used.
func processorTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')'):]))
	var ticks int
	for _, f := range fields[12:14] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
