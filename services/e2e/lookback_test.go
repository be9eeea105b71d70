package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/chaos"
	"sluice/services/internal/realservers"
	"sluice/services/lookback"
)

// runs are the lookbacks of a stack, the last one first.
func runs(t testing.TB, s stack) (all []lookback.Run) {
	t.Helper()
	o, err := command(t.Context(), s.common().env, "", "watchlist", "lookback", "--format", "json")
	if err != nil || o.exit != 0 {
		t.Fatalf("%v: %s", err, o)
	}
	for line := range strings.Lines(o.out) {
		var r lookback.Run
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, r)
	}
	return all
}

// lookedBackFor waits until everything that was activated so far is looked back for, and returns the last run over lists.
func lookedBackFor(t testing.TB, s stack) (last lookback.Run) {
	t.Helper()
	seq := s.common().ask(t, "SELECT max(seq) FROM sluice.watchlist_history")
	eventually(t, "looked back for activation "+seq, func() error {
		all := runs(t, s)
		at := slices.IndexFunc(all, func(r lookback.Run) bool { return r.Scope == lookback.ScopeLists })
		if at < 0 {
			return errors.New("no run")
		}
		if last = all[at]; last.State != lookback.Done || fmt.Sprint(last.Seq) < seq && len(fmt.Sprint(last.Seq)) <= len(seq) {
			return fmt.Errorf("%+v", last)
		}
		return nil
	})
	return last
}

// lookedBack lists an address that was paid from for long, and takes it from the list again; in between everything that
// looks back is killed.
func lookedBack(t *testing.T, s stack) {
	const address = "0xb1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1"
	const count = 60
	b := &batch{}
	for i := range count {
		b.add(paid(fmt.Sprintf("back-%d", i), address), "")
		b.add(paid(fmt.Sprintf("back-other-%d", i), "0xb2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"), "cleared")
	}
	sendAll(t, s, b)
	base := s.common()
	base.expect(t, "SELECT count() FROM sluice.transfers FINAL WHERE transfer_id LIKE 'back-%' AND verdict = 'cleared'", fmt.Sprint(2*count))

	importList(t, s, "txt", "back", address+"\n", "--category", "stolen_funds")
	kill(t, s.service("watchlist"))
	base.start(t, s.service("watchlist"))
	ready(t, s)
	const flagged = "SELECT verdict, raised_by, cause_seq = version, count() FROM sluice.transfers FINAL WHERE transfer_id LIKE 'back-%' GROUP BY ALL ORDER BY verdict"
	base.expect(t, flagged, fmt.Sprintf("cleared\tlive\t0\t%d\nflagged\tlookback\t1\t%d", count, count))
	r := lookedBackFor(t, s)
	if r.Sent < count || r.Unverified != 0 || r.Missing != 0 || r.Flagged < count || r.LastFlagAt.IsZero() {
		t.Errorf("%+v", r)
	}
	base.expect(t, "SELECT count(), uniqExact(cause_seq) FROM sluice.flagged_events FINAL WHERE transfer_id LIKE 'back-%' AND raised_by = 'lookback'", fmt.Sprintf("%d\t1", count))

	// A list that is empty from now on is refused; one without the address is a list of something else.
	importList(t, s, "txt", "back", "0xb3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3\n", "--category", "stolen_funds")
	base.expect(t, flagged, fmt.Sprintf("cleared\tlookback\t1\t%d\ncleared\tlive\t0\t%d", count, count))
	lookedBackFor(t, s)
	revised := 0
	for _, o := range readTopic(t, s, schemas.Flagged) {
		var v struct {
			TransferID string `json:"transfer_id"`
			Verdict    string `json:"verdict"`
			RaisedBy   string `json:"raised_by"`
			Previous   string `json:"previous_verdict"`
		}
		if err := json.Unmarshal(o.value, &v); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(v.TransferID, "back-") {
			continue
		}
		if strings.HasPrefix(v.TransferID, "back-other") {
			t.Errorf("on the flagged topic: %s", o.value)
		}
		if v.Verdict == "cleared" {
			revised++
			if v.RaisedBy != "lookback" || v.Previous != "flagged" {
				t.Errorf("cleared, and nothing says that it was flagged: %s", o.value)
			}
		}
	}
	if revised < count {
		t.Errorf("%d of %d revisions are on the flagged topic", revised, count)
	}
}

// What was held because there were no usable lists is judged again by itself when they are back.
func TestHeldForWantOfListsIsJudgedByItselfLater(t *testing.T) {
	wanted(t)
	proxy, err := chaos.NewProxy()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	proxy.SetTarget(realservers.Redis(t))
	s := newEmbedded(t, "SLUICE_REDIS_URL=redis://"+proxy.Addr(), "SLUICE_LISTS_POINTER_MAX_AGE=4s", "SLUICE_LISTS_HOLD_AFTER=1s", "SLUICE_LOOKBACK_HELD_EVERY=1s")
	importOne(t, s)
	send := func(prefix string, n int) {
		b := &batch{}
		for i := range n {
			b.add(paid(fmt.Sprintf("%s-%d", prefix, i), []string{cleanSender, oneListed}[i%2]), "")
		}
		sendAll(t, s, b)
	}
	send("before", 4)
	s.expect(t, "SELECT verdict, count() FROM sluice.transfers FINAL GROUP BY ALL ORDER BY ALL", "cleared\t2\nheld\t2")

	proxy.Set(chaos.Fault{Refuse: true})
	proxy.Reset()
	eventually(t, "the lists are unusable", func() error {
		m, err := metrics(s.run)
		if err == nil && m["sluice_lists_usable"] != 0 {
			err = errors.New("usable")
		}
		return err
	})
	send("away", 20)
	s.expect(t, "SELECT count() FROM sluice.transfers FINAL WHERE transfer_id LIKE 'away%' AND verdict = 'held' AND hold_reasons = ['degraded'] AND status = 'degraded'", "20")

	proxy.Set(chaos.Fault{})
	s.expect(t, "SELECT verdict, hold_reasons, status, raised_by, cause_seq = version, count() FROM sluice.transfers FINAL WHERE transfer_id LIKE 'away%' GROUP BY ALL ORDER BY ALL",
		"cleared\t[]\tcomplete\trescreen\t1\t10\nheld\t['risk']\tcomplete\trescreen\t1\t10")
	s.expect(t, "SELECT scope, state, sent, flagged, unverified FROM sluice.lookback_runs FINAL WHERE scope = 'held'", "held\tdone\t20\t10\t0")
	// The consumers of flagged.v1 saw them held, and see what became of each.
	s.expect(t, "SELECT verdict, count() FROM sluice.flagged_events FINAL WHERE transfer_id LIKE 'away%' GROUP BY ALL ORDER BY ALL", "cleared\t10\nheld\t10")
	s.expect(t, "SELECT count() FROM sluice.transfers FINAL WHERE transfer_id LIKE 'before%' AND raised_by != 'live'", "0")
	checkWhole(t, s)
}

// The list of December 2024 is in force, and the transfers of Ethereum blocks are recorded. Then an address that occurs in
// them is listed: flagged are exactly the transfers whose text has it.
func TestAnAddressThatIsListedAfterRealTransfers(t *testing.T) {
	wanted(t)
	root := realData(t)
	var ofac *publisher
	for i := range publishers {
		if publishers[i].name == "ofac-2024-12-19" {
			ofac = &publishers[i]
		}
	}
	_, bodies, err := ofac.read(root)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, body := range bodies {
		all = append(all, string(body))
	}
	s := newEmbedded(t)
	importList(t, s, "txt", "ofac", strings.Join(all, "\n"), "--category", "sanctions")
	b := &batch{}
	senders := map[string]int{}
	for i := range pieces {
		if !strings.HasPrefix(pieces[i].format, "ethereum") {
			continue
		}
		for _, d := range []transfer.Direction{transfer.Deposit, transfer.Withdrawal} {
			for _, line := range pieces[i].convert(t, d) {
				b.add(line, "")
				tr, err := transfer.Decode(line)
				if err != nil {
					t.Fatal(err)
				}
				for _, from := range tr.From {
					senders[from]++
				}
			}
		}
	}
	sendAll(t, s, b)
	s.expect(t, "SELECT count() FROM sluice.transfers FINAL", fmt.Sprint(len(b.lines)))
	before := s.ask(t, "SELECT verdict, count() FROM sluice.transfers FINAL GROUP BY ALL ORDER BY ALL")
	lookedBackFor(t, s)
	if s.ask(t, "SELECT countIf(raised_by = 'lookback') FROM sluice.transfers FINAL") != "0" {
		t.Error("transfers that were judged by the list in force were judged again")
	}

	// The busiest sender; the mint of tokens has the zero address, which no list may hold.
	busiest := ""
	for from, n := range senders {
		if !strings.HasPrefix(from, "0x0000000000") && (busiest == "" || n > senders[busiest] || n == senders[busiest] && from < busiest) {
			busiest = from
		}
	}
	want := map[string]bool{}
	for _, line := range b.lines {
		if !strings.Contains(strings.ToLower(string(line)), busiest) {
			continue
		}
		tr, err := transfer.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		want[tr.ID] = true
	}
	if len(want) < 5 {
		t.Fatalf("%s occurs in %d transfers only", busiest, len(want))
	}
	importList(t, s, "txt", "incident", busiest+"\n", "--category", "stolen_funds")
	r := lookedBackFor(t, s)
	got := strings.Fields(s.ask(t, "SELECT transfer_id FROM sluice.transfers FINAL WHERE raised_by = 'lookback' AND has(hits.list, 'incident') ORDER BY transfer_id"))
	for _, id := range got {
		if !want[id] {
			t.Errorf("%s has no %s", id, busiest)
		}
		delete(want, id)
	}
	if len(want) > 0 {
		t.Errorf("not judged again: %v", want)
	}
	if n := s.ask(t, "SELECT count() FROM sluice.transfers FINAL WHERE raised_by != 'live'"); n != fmt.Sprint(len(got)) || r.Sent != uint64(len(got)) || r.Unverified != 0 || r.Missing != 0 {
		t.Errorf("%s were judged again, %d have the address; %+v", n, len(got), r)
	}
	t.Logf("%d transfers of Ethereum; %s occurs in %d; before %q, after %q; the last flag after %s", len(b.lines), busiest, len(got), before,
		s.ask(t, "SELECT verdict, count() FROM sluice.transfers FINAL GROUP BY ALL ORDER BY ALL"), r.LastFlagAt.Sub(r.ActivatedAt))
}
