package warehouse

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/services/api"
	"sluice/services/recorder"
)

func TestTransferAsJSON(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	row(t, &b, nil, 1, full)
	row(t, &b, nil, 2, nil)
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	v, err := w.Transfer(t.Context(), "default", b.ID[0])
	must(t, err)
	got, err := json.Marshal(v)
	must(t, err)
	for _, want := range []string{
		`"amount":"99999999999999999999999999999999999999.999999999999999999999999999999"`, `"fiat_amount":"999999999999999999999999999999.99999999","fiat_currency":"USD"`,
		`"output_index":7,"from":["0x0000000000000000000000000000000000010001"],"from_amounts":["0.000000000000000000000000000001"]`,
		`"memo":"me\tmo\n'"`, `"occurred_at":"2009-01-03T18:15:05.123456789Z"`, `"hold_reasons":["risk","conflict"]`,
		`"hits":[{"list":"ofac-sdn","entry_id":"e1","entity":"LAZARUS GROUP","category":"sanctions","categories":["sanctions","stolen_funds"],"authority":"OFAC","program":"DPRK3","measure":"block","names":"issuer","severity":"high","role":"sender","side":"counterparty","address":"0x098b716b8aaf21512996dc57eb0615e2383e2f96","match":"exact","listed_on":"polygon","exposure":"direct","hops":0,"share":"0.25","confidence":90,"timing":"listed_before","party_listed_at":"2019-09-13","address_listed_at":"2022-04-14","known_at":"2026-11-01T10:00:00.5Z","delisted_at":"2026-12-01","suppressed_by":"x"},{"list":"tags","entry_id":"e2","category":"mixer","role":"recipient","side":"own","address":"a","match":"same_key","exposure":"indirect","hops":2,"timing":"unknown"}]`,
		`"alerts":[{"alert_id":"0123456789abcdef0123456789abcdef","rule":"sanctions-direct","rule_version":"0123456789abcdef","severity":"severe","score":95,"category":"sanctions","side":"counterparty","exposure":"direct","amount":"1.25","reason":"it's listed"}]`,
		`"inputs":{"own":"v1"}`, `"coverage":"partial","coverage_reason":"unparsed"`, `"raised_at":"2026-11-22T01:02:03.987654321Z"`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	plainOne, err := w.Transfer(t.Context(), "default", b.ID[1])
	must(t, err)
	if plainOne.Hits != nil || plainOne.Inputs != nil || plainOne.OutputIndex != nil || plainOne.Amount != "2.25" {
		t.Errorf("%+v", plainOne)
	}
	for _, c := range [][2]string{{"default", strings.Repeat("0", 32)}, {"other", b.ID[0]}, {"default", "' OR 1"}} {
		if _, err := w.Transfer(t.Context(), c[0], c[1]); !errors.Is(err, api.ErrNotFound) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestTransfersWithOneTransferID(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	row(t, &b, nil, 1, func(tr *transfer.Transfer, _ *event.Record) { tr.Stage = transfer.Attempt })
	row(t, &b, nil, 1, nil)
	row(t, &b, nil, 1, func(tr *transfer.Transfer, _ *event.Record) { tr.Memo = "another content" })
	row(t, &b, nil, 2, nil)
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	found, err := w.TransfersWithID(t.Context(), "default", "tx-000001")
	must(t, err)
	if len(found) != 3 {
		t.Errorf("%d facts, want 3", len(found))
	}
	if got := sqlText(t, w, "SELECT transfer_id, stage, facts FROM sluice.conflicts"); got != "tx-000001\tconfirmed\t2\n" {
		t.Errorf("conflicts: %q", got)
	}
}

func TestFlaggedByPagesAndFilters(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	const n = 25
	for i := range n {
		row(t, &b, nil, i, func(tr *transfer.Transfer, rec *event.Record) {
			rec.Verdict, rec.Severity, rec.Categories = "flagged", "high", []string{"mixer"}
			if i%5 == 0 {
				rec.Verdict, rec.Severity, rec.Categories = "held", "severe", []string{"sanctions", "mixer"}
			}
			rec.RaisedAt = midnight.Add(time.Duration(i/3) * time.Second) // some at the same time
		})
	}
	must(t, w.InsertFlagged(t.Context(), &b, "t"))
	seen := map[string]bool{}
	last := ""
	pages := 0
	for after := ""; ; pages++ {
		p, err := w.Flagged(t.Context(), api.Filter{Tenant: "default", Limit: 10, After: after})
		must(t, err)
		for _, e := range p.Events {
			at := e.RaisedAt.Format(time.RFC3339Nano) + e.ID
			if seen[e.ID] || last != "" && at >= last {
				t.Errorf("%s stands there twice or out of order", e.TransferID)
			}
			seen[e.ID], last = true, at
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if len(seen) != n || pages != 2 {
		t.Errorf("%d events on %d pages", len(seen), pages+1)
	}
	for want, f := range map[int]api.Filter{
		5: {Verdict: "held"}, 20: {Severities: []string{"low", "high"}}, 25: {Category: "mixer"}, 1: {CustomerID: "c-007"},
		0: {Network: "bitcoin"}, 4: {Since: midnight.Add(7 * time.Second)}, 3: {Until: midnight.Add(time.Second)},
	} {
		f.Tenant = "default"
		p, err := w.Flagged(t.Context(), f)
		if err != nil || len(p.Events) != want {
			t.Errorf("%+v: %d events, want %d; %v", f, len(p.Events), want, err)
		}
	}
	for _, f := range []api.Filter{{Limit: -1}, {Limit: api.MaxLimit + 1}, {After: "x"}, {After: fmt.Sprint("?", n)}} {
		if _, err := w.Flagged(t.Context(), f); err == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}
