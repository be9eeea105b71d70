package e2e

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"sluice/schemas"
)

// sentTwice sends 10,000 transfers, and again, over HTTP and through the raw topic: no count changes.
func sentTwice(t *testing.T, s stack) {
	const n, prefix = 10_000, "twice-"
	where := fmt.Sprintf("startsWith(transfer_id, '%s')", prefix)
	b := &batch{}
	b.take(world(t, prefix), n)
	want := map[string]string{}
	for i, r := range sendAll(t, s, b) {
		if r.Status == "rejected" {
			t.Fatalf("line %d is rejected: %s: %s", i, r.Error, b.lines[i])
		}
		want[r.ID] = b.want[i]
	}
	settle(t, s)
	first := count(t, s, where)
	got := rows(t, s, "transfers", where)
	var wrong some
	for id, verdict := range want {
		if got[id].Verdict != verdict {
			wrong.add("%s (%s) is %q %v, want %s", id, got[id].TransferID, got[id].Verdict, got[id].HoldReasons, verdict)
		}
	}
	wrong.report(t, "labels that are not the verdicts")
	if len(got) != len(want) {
		t.Errorf("%d facts recorded, want %d", len(got), len(want))
	}

	for i, r := range sendAll(t, s, b) {
		if r.Status == "accepted" {
			t.Errorf("line %d is accepted the second time: %s", i, b.lines[i])
		}
	}
	produce(t, s, rawMessages(t, b)...)
	settle(t, s)
	if again := count(t, s, where); again != first {
		t.Errorf("the counts were\n%s\nand after the second time\n%s", first, again)
	}
	var changed some
	for id, r := range rows(t, s, "transfers", where) {
		if r.Verdict != got[id].Verdict || strings.Join(r.HoldReasons, " ") != strings.Join(got[id].HoldReasons, " ") || r.Conflicts != got[id].Conflicts {
			changed.add("%+v was %+v", r, got[id])
		}
	}
	changed.report(t, "changed by the second time")
	checkWhole(t, s)
	kcatFinds(t, s)
}

// count is what a user counts by: totals, and the views.
func count(t *testing.T, s stack, where string) string {
	t.Helper()
	return s.common().ask(t, fmt.Sprintf(`SELECT * FROM (
		SELECT 'transfers' AS what, verdict AS a, severity AS b, toString(count()) AS n, toString(sum(amount)) AS value FROM sluice.transfers FINAL WHERE %[1]s GROUP BY 2, 3
		UNION ALL SELECT 'flagged', verdict, severity, toString(count()), '' FROM sluice.flagged_events FINAL WHERE %[1]s GROUP BY 2, 3
		UNION ALL SELECT 'history', verdict, severity, toString(uniqExact(id)), '' FROM sluice.flagged_history FINAL WHERE %[1]s GROUP BY 2, 3
		UNION ALL SELECT 'conflicts', '', '', toString(count()), '' FROM sluice.conflicts WHERE %[1]s
		UNION ALL SELECT 'days', category, direction, toString(sum(transfers)), toString(sum(fiat_value)) FROM sluice.daily_by_category GROUP BY 2, 3
		UNION ALL SELECT 'flow', direction, '', toString(sum(transfers)), toString(sum(held)) FROM sluice.daily_by_flow GROUP BY 2
		UNION ALL SELECT 'addresses', role, side, toString(count()), '' FROM sluice.transfer_addresses FINAL GROUP BY 2, 3
		) ORDER BY ALL`, where))
}

// kcatFinds reads the flagged topic with a client that is not ours.
func kcatFinds(t *testing.T, s stack) {
	t.Helper()
	inTable := rows(t, s, "flagged_events", "verdict != 'cleared'")
	kcat, err := exec.LookPath("kcat")
	if err != nil {
		t.Log("kcat is not installed")
		return
	}
	at, err := s.at()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), kcat, "-b", at.Brokers[0], "-t", schemas.Flagged, "-C", "-e", "-q").Output()
	if err != nil {
		t.Fatalf("kcat: %v", err)
	}
	byKcat := map[string]bool{}
	for line := range bytes.Lines(out) {
		byKcat[decode(t, line).ID] = true
	}
	for id := range inTable {
		if !byKcat[id] {
			t.Errorf("kcat does not find %s", id)
		}
	}
}
