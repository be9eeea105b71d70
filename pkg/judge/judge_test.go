package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/pkg/event"
	"sluice/pkg/flag"
	"sluice/pkg/screening"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// fact is a transfers.v1 record and its fingerprint header.
func fact(p *transfer.Parsed, conflict transfer.ID) (value, fp []byte) {
	value = event.AppendTransfer(nil, p.FactID("default"), "default", conflict, p)
	return value, event.AppendFingerprints(nil, p, !conflict.IsZero())
}

func genConflict() *rapid.Generator[transfer.ID] {
	return rapid.SampledFrom([]transfer.ID{{}, {}, {}, {7}})
}

func TestFastAndSlowPathsWriteTheSameBytes(t *testing.T) {
	fast := 0
	rapid.Check(t, func(t *rapid.T) {
		p := genParsed().Draw(t, "transfer")
		value, fp := fact(p, genConflict().Draw(t, "conflict"))
		s := Screener{Lists: Lists{Snapshot: genSnapshot().Draw(t, "lists"), Seq: rapid.Uint64().Draw(t, "seq")}}
		d := Decider{Rules: Rules{Set: rapid.SampledFrom(testSets).Draw(t, "rules"), Seq: rapid.Uint64().Draw(t, "rules seq")}}

		screened, clean, err := s.Screen(nil, value, fp)
		if err != nil {
			t.Fatal(err)
		}
		slow, slowClean, err := s.Screen([]byte("before"), value, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff("before"+string(screened), string(slow)); d != "" {
			t.Fatalf("screening (-fast +slow)\n%s", d)
		}
		if clean && !slowClean {
			t.Fatal("the fast path calls clean what is not")
		}

		verdict, outcome, err := d.Decide(nil, screened, event.AppendScreened(nil, clean), testNow)
		if err != nil {
			t.Fatal(err)
		}
		slowVerdict, slowOutcome, err := d.Decide(nil, screened, nil, testNow)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(verdict), string(slowVerdict)); d != "" {
			t.Fatalf("deciding (-fast +slow)\n%s", d)
		}
		if outcome != slowOutcome {
			t.Fatalf("outcome %+v by the fast path, %+v by the slow one", outcome, slowOutcome)
		}
		checkRecord(t, verdict, outcome)
		if clean {
			fast++
		}
	})
	if fast == 0 {
		t.Error("no transfer took the fast path")
	}
}

// checkRecord holds a verdict record to what every one of them promises.
func checkRecord(t *rapid.T, value []byte, o Outcome) {
	var strict map[string]any
	if err := json.Unmarshal(value, &strict); err != nil {
		t.Fatalf("%v\n%s", err, value)
	}
	var r event.Record
	if err := r.Decode(value); err != nil {
		t.Fatalf("%v\n%s", err, value)
	}
	hits, err := screening.DecodeHits(r.Hits)
	if err != nil {
		t.Fatalf("%v\n%s", err, value)
	}
	decision, ok := flag.ParseDecision(r.Verdict)
	switch {
	case !ok || decision != o.Decision || r.Version != o.Version:
		t.Fatalf("outcome %+v of\n%s", o, value)
	case (decision == flag.Held) != (len(r.HoldReasons) > 0):
		t.Fatalf("hold reasons do not go with the verdict\n%s", value)
	case decision == flag.Cleared && (r.Alerts != nil || slices.ContainsFunc(hits, func(h screening.Hit) bool { return h.Judged() })):
		t.Fatalf("cleared with hits that are judged, or alerts\n%s", value)
	case r.Status == "complete" && r.Coverage != transfer.Coverage{}:
		t.Fatalf("complete without the whole counterparty\n%s", value)
	case o.Flagged != (r.RulesVersion != ""):
		t.Fatalf("flagged without the version of the rules, or the reverse\n%s", value)
	case r.PublicCode != decision.PublicCode():
		t.Fatalf("public code %q\n%s", r.PublicCode, value)
	}
}

func TestVerdictDependsOnKnowledgeAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genParsed().Draw(t, "transfer")
		lists := Lists{Snapshot: genSnapshot().Draw(t, "lists")}
		set := rapid.SampledFrom(testSets).Draw(t, "rules")
		conflict := genConflict().Draw(t, "conflict")
		judgeAt := func(listsSeq, rulesSeq uint64, now time.Time) string {
			lists.Seq = listsSeq
			out, _, err := New("default", lists, Rules{Set: set, Seq: rulesSeq}).Transfer(nil, p, conflict, now)
			if err != nil {
				t.Fatal(err)
			}
			return withoutStamps(t, out)
		}
		first := judgeAt(1, 1, testNow)
		again := judgeAt(rapid.Uint64().Draw(t, "lists seq"), rapid.Uint64().Draw(t, "rules seq"), testNow.AddDate(3, 0, 0))
		if d := cmp.Diff(first, again); d != "" {
			t.Fatal(d)
		}
	})
}

// withoutStamps is a record without what says when and by which activation it was judged.
func withoutStamps(t *rapid.T, value []byte) string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(value, &members); err != nil {
		t.Fatal(err)
	}
	for _, stamp := range []string{"lists_seq", "rules_seq", "version", "raised_at"} {
		if members[stamp] == nil {
			t.Fatalf("no %s\n%s", stamp, value)
		}
		delete(members, stamp)
	}
	rest, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(rest)
}

// parsed is a parsed deposit from an address of the small world.
func parsed(t testing.TB, from string) *transfer.Parsed {
	t.Helper()
	p, err := transfer.Parse([]byte(`{"id":"t","direction":"deposit","customer_id":"c","network":"ethereum","asset":"ETH",`+
		`"amount":"1","from":["`+from+`"],"occurred_at":"2026-06-15T12:00:00Z"}`), testNow)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

func listing(t testing.TB, text string) *watchlist.Snapshot {
	t.Helper()
	e, err := watchlist.ParseEntry([]byte(`{"network":"ethereum","address":"` + text + `","category":"sanctions",` +
		`"categories":["sanctions"],"entity":"E","list":"l","entry_id":"1"}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := watchlist.NewBuilder().Add("l", []watchlist.Entry{e}).Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheWholeRecord(t *testing.T) {
	snap := listing(t, world["ethereum"][0])
	set := builtin(t)
	j := New("default", Lists{Snapshot: snap, Seq: 5}, Rules{Set: set, Seq: 3})

	p := parsed(t, world["ethereum"][1])
	head := string(bytes.TrimSuffix(event.AppendTransfer(nil, p.FactID("default"), "default", transfer.ID{}, p), []byte("}")))
	got, o, err := j.Transfer(nil, p, transfer.ID{}, testNow)
	want := head + `,"lists_seq":5,"verdict":"cleared","rules_seq":3,"version":5,"public_code":"proceed","raised_at":"2026-07-01T00:00:00Z"}`
	if err != nil || string(got) != want || o.Flagged {
		t.Errorf("clean: %v, %+v\ngot  %s\nwant %s", err, o, got, want)
	}

	p = parsed(t, world["ethereum"][0])
	id := p.FactID("default").String()
	head = string(bytes.TrimSuffix(event.AppendTransfer(nil, p.FactID("default"), "default", transfer.ID{}, p), []byte("}")))
	got, o, err = j.Transfer(nil, p, transfer.ID{}, testNow)
	if err != nil || !o.Flagged || o.Decision != flag.Held {
		t.Fatalf("listed: %v, %+v", err, o)
	}
	alert := flag.AlertID(id, "deposit_blocked", "sanctions", "E", "counterparty", "direct")
	ruleVersion := between(string(got), `"rule_version":"`, `"`)
	want = head + `,"hits":[{"list":"l","entry_id":"1","entity":"E","category":"sanctions","categories":["sanctions"],` +
		`"role":"sender","side":"counterparty","address":"` + world["ethereum"][0] + `","match":"exact","exposure":"direct",` +
		`"hops":0,"share":"1","timing":"unknown"}],"lists_seq":5,"lists_version":"` + snap.Version() + `",` +
		`"verdict":"held","severity":"severe","score":100,"hold_reasons":["risk"],"categories":["sanctions"],` +
		`"alerts":[{"alert_id":"` + alert + `","rule":"deposit_blocked","rule_version":"` + ruleVersion + `",` +
		`"severity":"severe","score":100,"category":"sanctions","side":"counterparty","exposure":"direct","amount":"1",` +
		`"reason":"deposit from ` + world["ethereum"][0] + `, listed by l (E, sanctions)"}],` +
		`"rules_seq":3,"version":5,"public_code":"pending","raised_at":"2026-07-01T00:00:00Z","rules_version":"` + set.Version() + `"}`
	if string(got) != want {
		t.Errorf("listed:\ngot  %s\nwant %s", got, want)
	}
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

// verdictOf decodes what matters of a verdict record.
func verdictOf(t *testing.T, value []byte) (verdict, reasons string) {
	t.Helper()
	var r event.Record
	if err := r.Decode(value); err != nil {
		t.Fatalf("%v\n%s", err, value)
	}
	return r.Verdict, strings.Join(r.HoldReasons, ",")
}

func TestWithoutListsEverythingIsHeld(t *testing.T) {
	value, fp := fact(parsed(t, world["ethereum"][1]), transfer.ID{})
	d := Decider{Rules: Rules{Set: builtin(t), Seq: 1}}
	var none Screener
	byScreen, clean, err := none.Screen(nil, value, fp)
	if err != nil || clean {
		t.Fatalf("clean %v, %v", clean, err)
	}
	some := Screener{Lists: Lists{Snapshot: listing(t, world["ethereum"][0]), Seq: 1}}
	byHold, err := some.Degraded(nil, value)
	if err != nil {
		t.Fatal(err)
	}
	for name, screened := range map[string][]byte{"no snapshot": byScreen, "stale snapshot": byHold} {
		out, _, err := d.Decide(nil, screened, nil, testNow)
		if err != nil {
			t.Fatal(err)
		}
		if verdict, reasons := verdictOf(t, out); verdict != "held" || reasons != "degraded" {
			t.Errorf("%s: %s for %s", name, verdict, reasons)
		}
		if bytes.Contains(out, []byte(`"lists_version"`)) {
			t.Errorf("%s: names lists that were not used\n%s", name, out)
		}
	}
}

func TestWithoutRulesEverythingIsHeld(t *testing.T) {
	value, fp := fact(parsed(t, world["ethereum"][1]), transfer.ID{})
	s := Screener{Lists: Lists{Snapshot: listing(t, world["ethereum"][0]), Seq: 1}}
	screened, clean, err := s.Screen(nil, value, fp)
	if err != nil {
		t.Fatal(err)
	}
	var d Decider
	out, _, err := d.Decide(nil, screened, event.AppendScreened(nil, clean), testNow)
	if err != nil {
		t.Fatal(err)
	}
	if verdict, reasons := verdictOf(t, out); verdict != "held" || reasons != "indeterminate" {
		t.Errorf("%s for %s", verdict, reasons)
	}
}

func TestARecordThatIsJudgedAgain(t *testing.T) {
	p := parsed(t, world["ethereum"][1])
	for again, flagged := range map[event.Again]bool{
		{RaisedBy: "rescreen", CauseSeq: 99, Verdict: "held"}: true, {RaisedBy: "lookback", CauseSeq: 99, Verdict: "flagged"}: true,
		{RaisedBy: "lookback", CauseSeq: 99}: false, {RaisedBy: "backfill", CauseSeq: 99}: false,
	} {
		value := event.AppendRescreen(nil, event.Fact{
			ID: p.FactID("default"), TransferID: "t", Tenant: "default", Transfer: p.Canonical(),
		}, again)
		_, fp := fact(p, transfer.ID{})
		s := Screener{Lists: Lists{Snapshot: listing(t, world["ethereum"][0]), Seq: 5}}
		screened, clean, err := s.Screen(nil, value, fp)
		if err != nil || clean {
			t.Fatalf("clean %v, %v", clean, err)
		}
		d := Decider{Rules: Rules{Set: builtin(t), Seq: 3}}
		out, o, err := d.Decide(nil, screened, event.AppendScreened(nil, clean), testNow)
		if err != nil || o.Version != 99 || o.Flagged != flagged || o.Decision != flag.Cleared {
			t.Errorf("%+v: %+v, %v", again, o, err)
		}
		if bytes.Count(out, []byte(`"raised_by"`)) != 1 {
			t.Errorf("raised_by does not stand once in\n%s", out)
		}
	}
}

func TestDamagedRecordsAreErrorsAndThenHeld(t *testing.T) {
	value, fp := fact(parsed(t, world["ethereum"][1]), transfer.ID{})
	h := Headers{ID: []byte("000102030405060708090a0b0c0d0e0f"), Key: []byte("default/customer \"7\"")}
	s := Screener{Lists: Lists{Snapshot: listing(t, world["ethereum"][0]), Seq: 5}}
	d := Decider{Rules: Rules{Set: builtin(t), Seq: 3}}
	screened, _, err := s.Screen(nil, value, fp)
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Replace(value, []byte(`"amount":"1"`), []byte(`"amount":"x"`), 1)
	brokenScreened := bytes.Replace(screened, []byte(`"amount":"1"`), []byte(`"amount":"x"`), 1)
	strangeHit := bytes.Replace(screened, []byte(`,"lists_seq"`), []byte(`,"hits":[{"category":"?"}],"lists_seq"`), 1)
	strangeStatus := bytes.Replace(screened, []byte(`,"lists_seq"`), []byte(`,"status":"?","lists_seq"`), 1)

	for name, damaged := range map[string][]byte{
		"nothing": nil, "no JSON": []byte("garbage"), "an empty object": []byte("{}"), "a cut record": value[:len(value)-9],
		"a broken transfer": broken, "screened before": screened,
	} {
		out, _, err := s.Screen([]byte("kept"), damaged, nil)
		if err == nil || string(out) != "kept" {
			t.Errorf("enrichment, %s: error %v, %q", name, err, out)
		}
		passed := s.Quarantined(nil, damaged, h)
		verdictRecord, o, err := d.Decide(nil, passed, nil, testNow)
		if err != nil {
			t.Errorf("enrichment, %s: alerting cannot read what was passed on: %v\n%s", name, err, passed)
			continue
		}
		if verdict, reasons := verdictOf(t, verdictRecord); verdict != "held" || reasons != "quarantined" || !o.Flagged {
			t.Errorf("enrichment, %s: %s for %s, %+v", name, verdict, reasons, o)
		}
	}

	judged, _, err := d.Decide(nil, screened, nil, testNow)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{
		"nothing": nil, "no JSON": []byte("garbage"), "not screened": value, "judged before": judged,
		"a broken transfer": brokenScreened, "a strange hit": strangeHit, "a strange status": strangeStatus,
	} {
		out, _, err := d.Decide([]byte("kept"), damaged, nil, testNow)
		if err == nil || string(out) != "kept" {
			t.Errorf("alerting, %s: error %v, %q", name, err, out)
		}
		record, o := d.Quarantined(nil, damaged, h, testNow)
		if verdict, reasons := verdictOf(t, record); verdict != "held" || reasons != "quarantined" || !o.Flagged {
			t.Errorf("alerting, %s: %s for %s, %+v", name, verdict, reasons, o)
		}
		if !json.Valid(record) {
			t.Errorf("alerting, %s: no JSON\n%s", name, record)
		}
	}
}

func TestTheLeastRecord(t *testing.T) {
	d := Decider{Rules: Rules{Set: builtin(t), Seq: 3}}
	got, o := d.Quarantined(nil, []byte("garbage"), Headers{ID: []byte("000102030405060708090a0b0c0d0e0f"), Key: []byte("exchange/c/1")}, testNow)
	want := `{"id":"000102030405060708090a0b0c0d0e0f","transfer_id":"","tenant":"exchange","transfer":{"customer_id":"c/1"},` +
		`"status":"degraded","lists_seq":0,"verdict":"held","hold_reasons":["quarantined"],"rules_seq":3,"version":3,` +
		`"public_code":"pending","raised_at":"2026-07-01T00:00:00Z","rules_version":"` + d.Rules.Set.Version() + `"}`
	if string(got) != want {
		t.Errorf("%+v\ngot  %s\nwant %s", o, got, want)
	}
	got, o = d.Quarantined(nil, nil, Headers{}, testNow)
	if !json.Valid(got) {
		t.Errorf("without headers: %+v\n%s", o, got)
	}
}

func FuzzScreenAndDecide(f *testing.F) {
	snap := listing(f, world["ethereum"][0])
	for _, from := range world["ethereum"][:2] {
		value, fp := fact(parsed(f, from), transfer.ID{})
		f.Add(value, fp)
	}
	f.Add([]byte(`{"id":"","transfer":{}}`), []byte{1, 0})
	f.Fuzz(func(t *testing.T, value, fp []byte) {
		s := Screener{Lists: Lists{Snapshot: snap, Seq: 1}}
		d := Decider{Rules: Rules{Set: builtin(t), Seq: 1}}
		h := Headers{ID: fp, Key: value}
		screened, clean, err := s.Screen(nil, value, nil)
		if err != nil {
			screened = s.Quarantined(nil, value, h)
		} else if _, fpClean, err := s.Screen(nil, value, fp); err != nil || fpClean && !bytes.HasSuffix(value, []byte("}}")) {
			t.Fatalf("with a header: clean %v, %v", fpClean, err)
		}
		fast, fastOutcome, err := d.Decide(nil, screened, event.AppendScreened(nil, clean), testNow)
		if err != nil {
			fast, _ = d.Quarantined(nil, screened, h, testNow)
		} else {
			slow, outcome, err := d.Decide(nil, screened, nil, testNow)
			if err != nil || !bytes.Equal(fast, slow) || outcome != fastOutcome {
				t.Fatalf("%v\nfast %s\nslow %s", err, fast, slow)
			}
		}
		var r event.Record
		if err := r.Decode(fast); err != nil {
			t.Fatalf("%v\n%s", err, fast)
		}
	})
}

func TestWhatACleanRecordGainsFollowsTheActivation(t *testing.T) {
	value, fp := fact(parsed(t, world["ethereum"][1]), transfer.ID{})
	s := Screener{Lists: Lists{Snapshot: listing(t, world["ethereum"][0])}}
	for _, seq := range []uint64{7, 7, 8, 0, 123} {
		s.Lists.Seq = seq
		if !s.Sift([][]byte{fp})[0] {
			t.Fatal("its fingerprints are not clean")
		}
		head, tail, ok := s.Clean(value)
		if want := fmt.Sprintf(`,"lists_seq":%d}`, seq); !ok || string(tail) != want || !bytes.Equal(head, value[:len(value)-1]) {
			t.Errorf("at %d: %q behind %q, %v: want %q", seq, tail, head, ok, want)
		}
	}
}
