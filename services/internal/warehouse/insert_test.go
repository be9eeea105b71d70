package warehouse

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/services/recorder"
)

const fullHits = `[{"list":"ofac-sdn","entry_id":"e1","entity":"LAZARUS GROUP","category":"sanctions","categories":["sanctions","stolen_funds"],"authority":"OFAC","program":"DPRK3","measure":"block","names":"issuer","severity":"high","role":"sender","side":"counterparty","address":"0x098b716b8aaf21512996dc57eb0615e2383e2f96","match":"exact","listed_on":"polygon","exposure":"direct","hops":0,"share":"0.25","confidence":90,"timing":"listed_before","party_listed_at":"2019-09-13","address_listed_at":"2022-04-14","known_at":"2026-11-01T10:00:00.5Z","delisted_at":"2026-12-01","suppressed_by":"x"},
{"list":"tags","entry_id":"e2","category":"mixer","role":"recipient","side":"own","address":"a","match":"same_key","exposure":"indirect","hops":2,"timing":"unknown"}]`

const fullAlerts = `[{"alert_id":"0123456789abcdef0123456789abcdef","rule":"sanctions-direct","rule_version":"0123456789abcdef","severity":"severe","score":95,"category":"sanctions","side":"counterparty","exposure":"direct","amount":"1.25","reason":"it's listed"}]`

// full has every column filled.
func full(tr *transfer.Transfer, rec *event.Record) {
	n := uint32(7)
	tr.OutputIndex, tr.Stage, tr.CounterpartyCustomerID, tr.AssetID = &n, transfer.Attempt, "other", "eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7"
	tr.Amount = amount.MustParse("99999999999999999999999999999999999999.999999999999999999999999999999")
	tr.Fiat = &transfer.Fiat{Amount: amount.MustParse("999999999999999999999999999999.99999999"), Currency: "USD"}
	tr.FromAmounts = []amount.Amount{amount.MustParse("0.000000000000000000000000000001")}
	tr.Memo, tr.Initiator, tr.Evidence = "me\tmo\n'", "0x0000000000000000000000000000000000012345", transfer.Log
	tr.OccurredAt = time.Date(2009, 1, 3, 18, 15, 5, 123456789, time.UTC)
	rec.Verdict, rec.Severity, rec.Score, rec.Posture = "held", "severe", 95, "victim"
	rec.HoldReasons, rec.Categories = []string{"risk", "conflict"}, []string{"sanctions", "mixer"}
	rec.Hits, rec.Alerts = []byte(fullHits), []byte(fullAlerts)
	rec.Status = "partial"
	rec.Coverage = transfer.Coverage{Counterparty: transfer.KnownPartial, Reason: transfer.GapUnparsed}
	rec.ListsVersion, rec.RulesVersion, rec.Inputs = "lv", "rv", []byte(`{"own":"v1"}`)
	rec.ConflictsWith = transfer.ID{1, 2, 3}
	rec.RaisedAt = time.Date(2026, 11, 22, 1, 2, 3, 987654321, time.UTC)
	rec.PublicCode, rec.RaisedBy = "pending", "lookback"
}

func TestEveryColumnComesBackExactly(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	var a recorder.Addresses
	row(t, &b, &a, 1, full)
	row(t, &b, &a, 2, nil)
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	must(t, w.InsertFlagged(t.Context(), &b, "t"))
	must(t, w.InsertAddresses(t.Context(), &a, "t"))
	for _, table := range []string{"transfers", "flagged_events", "flagged_history"} {
		got := sqlText(t, w, "SELECT * EXCEPT (id"+map[bool]string{true: ", ingested_at, screened_at"}[table == "transfers"]+") FROM sluice."+table+" FINAL ORDER BY transfer_id FORMAT Vertical")
		for _, want := range []string{
			"transfer_id:              tx-000001", "stage:                    attempt", "stage:                    confirmed",
			"amount:                   99999999999999999999999999999999999999.999999999999999999999999999999", "amount:                   2.25",
			"fiat_amount:              999999999999999999999999999999.99999999", "fiat_amount:              12.5", "output_index:             7", "output_index:             ᴺᵁᴸᴸ",
			"from_amounts:             [0.000000000000000000000000000001]", "from_amounts:             []",
			"evidence:                 log", "evidence:                 declared", "occurred_at:              2009-01-03 18:15:05.123456789",
			"verdict:                  held", "hold_reasons:             ['risk','conflict']", "categories:               ['sanctions','mixer']",
			"posture:                  victim", "posture:                  unknown", "alerts.amount:            [1.25]", `alerts.reason:            ['it\'s listed']`,
			"hits.list:                ['ofac-sdn','tags']", "hits.categories:          [['sanctions','stolen_funds'],[]]", "hits.share:               [0.25,NULL]",
			"hits.confidence:          [90,NULL]", "hits.names:               ['issuer','']", "hits.severity:            ['high','']", "hits.party_listed_at:     ['2019-09-13',NULL]", "hits.address_listed_at:   ['2022-04-14',NULL]",
			"hits.known_at:            ['2026-11-01 10:00:00.500',NULL]", "hits.delisted_at:         ['2026-12-01',NULL]", "hits.hops:                [0,2]",
			"status:                   partial", "coverage:                 partial", "coverage_reason:          unparsed", "coverage:                 full",
			`inputs:                   {"own":"v1"}`, "raised_by:                lookback", "raised_at:                2026-11-22 01:02:03.987654321",
			"conflicts_with:           01020300000000000000000000000000",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", table, want, got)
			}
		}
	}
	if got := sqlText(t, w, "SELECT ingested_at, screened_at FROM sluice.transfers LIMIT 1"); got != "2026-11-22 00:00:00.000\t2026-11-22 00:00:01.000\n" {
		t.Errorf("%q", got)
	}
	if got := sqlText(t, w, "SELECT key, role, side, network, direction FROM sluice.transfer_addresses FINAL WHERE customer_id = 'c-002' ORDER BY role"); got !=
		"evm:dac17f958d2ee523a2206206994597c13d831ec7\tcontract\ttoken\tethereum\tdeposit\n"+
			"evm:0000000000000000000000000000000000020002\trecipient\town\tethereum\tdeposit\n"+
			"evm:0000000000000000000000000000000000010002\tsender\tcounterparty\tethereum\tdeposit\n" {
		t.Errorf("%s", got)
	}
}

// The columns of a block are equally long, whatever was added.
func TestBlocksAreRectangular(t *testing.T) {
	var b recorder.Transfers
	var a recorder.Addresses
	row(t, &b, &a, 1, full)
	row(t, &b, &a, 2, nil)
	row(t, &b, &a, 3, full)
	rectangular(t, reflect.ValueOf(b), b.Len())
	rectangular(t, reflect.ValueOf(a), a.Len())
	b.Reset()
	a.Reset()
	rectangular(t, reflect.ValueOf(b), 0)
	rectangular(t, reflect.ValueOf(a), 0)
}

func rectangular(t *testing.T, v reflect.Value, n int) {
	t.Helper()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		if f.Type.Kind() == reflect.Struct {
			rectangular(t, v.Field(i), n)
		} else if v.Field(i).Len() != n {
			t.Errorf("column %s has %d rows of %d", f.Name, v.Field(i).Len(), n)
		}
	}
}

func TestSendingRowsAgainChangesNoCount(t *testing.T) {
	w := fresh(t)
	const n = 500
	for _, token := range []string{"a", "a", "b"} { // a resend, and the same rows in another batch
		var b recorder.Transfers
		var a recorder.Addresses
		for i := range n {
			row(t, &b, &a, i, nil)
		}
		must(t, w.InsertAddresses(t.Context(), &a, token))
		must(t, w.InsertTransfers(t.Context(), &b, token))
		must(t, w.InsertFlagged(t.Context(), &b, token))
	}
	for table, want := range map[string]uint64{"transfers": n, "flagged_events": n, "flagged_history": n, "transfer_addresses": 3 * n} {
		if got := ask[uint64](t, w, "SELECT count() FROM sluice."+table+" FINAL"); got != want {
			t.Errorf("%s: %d rows, want %d", table, got, want)
		}
	}
	if got := ask[uint64](t, w, "SELECT sum(transfers) FROM sluice.daily_by_flow"); got != n {
		t.Errorf("daily count %d, want %d", got, n)
	}
}

// Tables that are not replicated remember tokens only when they are told to. Other rows show that it is the token by which
// the server knows a block, and no other way of telling.
func TestABlockIsKnownByItsToken(t *testing.T) {
	w := fresh(t)
	for _, table := range []string{"transfers", "transfer_addresses", "flagged_history", "flagged_events"} {
		must(t, w.conn.Exec(t.Context(), "ALTER TABLE sluice."+table+" MODIFY SETTING non_replicated_deduplication_window = 100"))
	}
	for i, token := range []string{"first", "first", "second"} {
		var b recorder.Transfers
		var a recorder.Addresses
		row(t, &b, &a, i, nil)
		must(t, w.InsertAddresses(t.Context(), &a, token))
		must(t, w.InsertTransfers(t.Context(), &b, token))
		must(t, w.InsertFlagged(t.Context(), &b, token))
	}
	for table, want := range map[string]uint64{"transfers": 2, "flagged_events": 2, "flagged_history": 2, "transfer_addresses": 2 * 3} {
		if got := ask[uint64](t, w, "SELECT count() FROM sluice."+table+" FINAL"); got != want {
			t.Errorf("%s: %d rows, want %d: a block that is sent again with its token is not written", table, got, want)
		}
	}
}

func TestHighestVersionStaysAndHistoryKeepsAll(t *testing.T) {
	w := fresh(t)
	for _, v := range []struct {
		version uint64
		verdict string
	}{{7, "flagged"}, {9, "held"}, {8, "cleared"}, {9, "flagged"}} {
		var b recorder.Transfers
		row(t, &b, nil, 1, func(_ *transfer.Transfer, rec *event.Record) { rec.Version, rec.Verdict = v.version, v.verdict })
		must(t, w.InsertTransfers(t.Context(), &b, fmt.Sprint(v)))
		must(t, w.InsertFlagged(t.Context(), &b, fmt.Sprint(v)))
	}
	for _, table := range []string{"transfers", "flagged_events"} {
		if got := sqlText(t, w, "SELECT version, verdict FROM sluice."+table+" FINAL"); got != "9\tflagged\n" {
			t.Errorf("%s: %q, want the highest version, and of equal ones the later", table, got)
		}
	}
	if got := sqlText(t, w, "SELECT version, verdict FROM sluice.flagged_history FINAL ORDER BY version"); got != "7\tflagged\n8\tcleared\n9\tflagged\n" {
		t.Errorf("%q", got)
	}
}

func TestMonthsAndManyPartitionsInOneInsert(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	var a recorder.Addresses
	n := 0
	at := func(when time.Time) {
		n++
		row(t, &b, &a, n, func(tr *transfer.Transfer, _ *event.Record) { tr.OccurredAt = when })
	}
	for month := range 200 { // more than the server's own bound of 100
		at(time.Date(2009, time.Month(1+month), 3, 18, 15, 5, 0, time.UTC))
	}
	at(time.Date(2026, 10, 31, 23, 59, 59, 999999999, time.UTC))
	at(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	must(t, w.InsertAddresses(t.Context(), &a, "t"))
	if got := ask[uint64](t, w, "SELECT count() FROM sluice.transfers FINAL"); got != uint64(n) {
		t.Errorf("%d rows, want %d", got, n)
	}
	if got := sqlText(t, w, "SELECT toYYYYMM(occurred_at), _partition_id, count() FROM sluice.transfers WHERE occurred_at >= '2026-10-31' GROUP BY ALL ORDER BY 1"); got != "202610\t202610\t1\n202611\t202611\t1\n" {
		t.Errorf("%q", got)
	}
}

func TestTransferOfAThousandAddresses(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	var a recorder.Addresses
	row(t, &b, &a, 1, func(tr *transfer.Transfer, _ *event.Record) {
		tr.From = nil
		for i := range 999 {
			tr.From = append(tr.From, fmt.Sprintf("0x%040x", i+0x90000))
		}
	})
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	must(t, w.InsertAddresses(t.Context(), &a, "t"))
	if got := sqlText(t, w, "SELECT length(from_addresses) FROM sluice.transfers FINAL"); got != "999\n" {
		t.Errorf("%q", got)
	}
	if got := sqlText(t, w, "SELECT count() FROM sluice.transfer_addresses FINAL WHERE role = 'sender'"); got != "999\n" {
		t.Errorf("%q", got)
	}
}

func TestRowsThatDoNotFitAreRefusedAndServersThatFailAreNot(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	row(t, &b, nil, 1, nil)
	b.HoldReasons = append(b.HoldReasons, nil)
	if err := w.InsertTransfers(t.Context(), &b, "t"); !errors.Is(err, recorder.ErrRefused) || !strings.Contains(err.Error(), "hold_reasons") {
		t.Errorf("a block that is not rectangular: %v", err)
	}
	must(t, w.conn.Exec(t.Context(), "ALTER TABLE sluice.transfers ADD CONSTRAINT IF NOT EXISTS c CHECK asset != 'BAD'"))
	b.Reset()
	row(t, &b, nil, 1, func(tr *transfer.Transfer, _ *event.Record) { tr.Asset = "BAD" })
	if err := w.InsertTransfers(t.Context(), &b, "t"); !errors.Is(err, recorder.ErrRefused) {
		t.Errorf("a row that violates a constraint: %v", err)
	}
	must(t, w.conn.Exec(t.Context(), "DROP TABLE sluice.transfers SYNC"))
	if err := w.InsertTransfers(t.Context(), &b, "t"); err == nil || errors.Is(err, recorder.ErrRefused) {
		t.Errorf("a missing table: %v", err)
	}
	gone, err := Open(Config{DSN: "http://127.0.0.1:1"})
	must(t, err)
	if err := gone.InsertTransfers(t.Context(), &b, "t"); err == nil || errors.Is(err, recorder.ErrRefused) {
		t.Errorf("no server: %v", err)
	}
}
