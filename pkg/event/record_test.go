package event

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"sluice/pkg/transfer"
)

const (
	idText   = "000102030405060708090a0b0c0d0e0f"
	factText = `{"id":"` + idText + `","transfer_id":"t1","tenant":"default"`
	bodyText = `,"transfer":{"id":"t1","from":[],"memo":"\u0001 \" ü"}`
)

// stages are canonical records of each stage, in their least and their fullest form.
var stages = []string{
	factText + bodyText + `}`,
	factText + `,"conflicts_with":"` + idText + `"` + bodyText + `}`,
	factText + bodyText + `,"raised_by":"lookback","cause_seq":42}`,
	factText + bodyText + `,"lists_seq":7}`,
	factText + bodyText + `,"status":"partial","coverage":{"counterparty":"partial","reason":"unparsed"},` +
		`"hits":[{"list":"ofac-sdn","confidence":1.5e+3,"share":null}],"inputs":{"own":true},"lists_seq":7,"lists_version":"ab"}`,
	factText + bodyText + `,"lists_seq":7,"verdict":"cleared","rules_seq":3,"version":7,"public_code":"proceed","raised_at":"2026-11-01T12:00:00.5Z"}`,
	factText + `,"conflicts_with":"` + idText + `"` + bodyText + `,"raised_by":"rescreen","cause_seq":42,"previous_verdict":"held","status":"degraded",` +
		`"coverage":{"counterparty":"none","reason":"shielded"},"lists_seq":7,"verdict":"held","severity":"high","score":100,` +
		`"hold_reasons":["risk","conflict"],"categories":["sanctions","mixer"],"posture":"victim","alerts":[{"alert_id":"x","amount":"1"}],` +
		`"rules_seq":3,"version":42,"public_code":"pending","raised_at":"2026-11-01T12:00:00Z","lists_version":"ab","rules_version":"cd"}`,
}

var idValue = transfer.ID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func TestRecordOfEveryStageIsDecodedByTheScanner(t *testing.T) {
	body := []byte(bodyText[len(`,"transfer":`):])
	at := time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)
	fact := Record{ID: idValue, TransferID: "t1", Tenant: "default", Transfer: body}
	want := make([]Record, len(stages))
	for i := range want {
		want[i] = fact
	}
	want[1].ConflictsWith = idValue
	want[2].RaisedBy, want[2].CauseSeq = "lookback", 42
	want[3].Screened, want[3].Status, want[3].ListsSeq = true, "complete", 7
	w := &want[4]
	w.Screened, w.Status, w.ListsSeq, w.ListsVersion = true, "partial", 7, "ab"
	w.Coverage = transfer.Coverage{Counterparty: transfer.KnownPartial, Reason: transfer.GapUnparsed}
	w.Hits, w.Inputs = []byte(`[{"list":"ofac-sdn","confidence":1.5e+3,"share":null}]`), []byte(`{"own":true}`)
	w = &want[5]
	w.Screened, w.Status, w.ListsSeq = true, "complete", 7
	w.Judged, w.Verdict, w.Severity, w.RaisedBy, w.RulesSeq, w.Version, w.PublicCode = true, "cleared", "none", "live", 3, 7, "proceed"
	w.RaisedAt = at.Add(500 * time.Millisecond)
	w = &want[6]
	w.ConflictsWith, w.RaisedBy, w.CauseSeq, w.Screened, w.Status, w.ListsSeq = idValue, "rescreen", 42, true, "degraded", 7
	w.PreviousVerdict = "held"
	w.Coverage = transfer.Coverage{Counterparty: transfer.KnownNone, Reason: transfer.GapShielded}
	w.Judged, w.Verdict, w.Severity, w.Score, w.RulesSeq, w.Version, w.PublicCode = true, "held", "high", 100, 3, 42, "pending"
	w.HoldReasons, w.Categories, w.Posture = []string{"risk", "conflict"}, []string{"sanctions", "mixer"}, "victim"
	w.Alerts, w.RaisedAt, w.ListsVersion, w.RulesVersion = []byte(`[{"alert_id":"x","amount":"1"}]`), at, "ab", "cd"

	var reused Record
	for i, value := range stages {
		if !new(Record).scan([]byte(value)) {
			t.Errorf("the scanner declines %s", value)
		}
		if err := reused.Decode([]byte(value)); err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		if got := settled(reused); !reflect.DeepEqual(got, settled(want[i])) {
			t.Errorf("%s\nis read as\n%+v\nwant\n%+v", value, got, settled(want[i]))
		}
	}
}

// settled makes records comparable: what was given is not, and empty is nil.
func settled(r Record) Record {
	r.given = 0
	r.HoldReasons, r.Categories = append([]string(nil), r.HoldReasons...), append([]string(nil), r.Categories...)
	return r
}

func TestOtherSpellingsAndLaterMembersAreRead(t *testing.T) {
	var want, got Record
	if err := want.Decode([]byte(stages[6])); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"a later member":          stages[6][:len(stages[6])-1] + `,"colour":{"deep":[null,"]"]}}`,
		"a later member, earlier": strings.Replace(stages[6], `"status"`, `"colour":[],"status"`, 1),
		"white space":             strings.NewReplacer(`,"`, " ,\n\t\"", `":`, `" : `).Replace(stages[6][:len(factText)]) + stages[6][len(factText):],
		"escapes":                 strings.Replace(stages[6], `"verdict":"held"`, `"verd\u0069ct":"hel\u0064"`, 1),
		"another order":           `{"version":42,` + strings.Replace(stages[6][1:], `,"version":42`, "", 1),
		"a later coverage":        strings.Replace(stages[6], `"reason":"shielded"`, `"reason":"shielded","since":1`, 1),
	} {
		if err := got.Decode([]byte(value)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a, b := settled(got), settled(want); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: read as\n%+v\nwant\n%+v", name, a, b)
		}
	}
}

func TestDamagedRecordsAreRefusedByName(t *testing.T) {
	for value, member := range map[string]string{
		``:             "",
		`[]`:           "",
		`{}`:           "id",
		`{"id":`:       "",
		factText + `}`: "transfer",
		strings.Replace(stages[0], idText, "xyz", 1):                             "id",
		strings.Replace(stages[0], `"t1"`, `7`, 1):                               "transfer_id",
		strings.Replace(stages[0], `"tenant":"default"`, `"tenant":"\ud800"`, 1): "",
		strings.Replace(stages[0], "ü", "\xff", 1):                               "",
		stages[0] + "x":                                                                     "",
		stages[0] + stages[0]:                                                               "",
		stages[0][:len(stages[0])-1]:                                                        "",
		stages[0][:len(stages[0])-1] + `,"tenant":"x"}`:                                     "tenant",
		strings.Replace(stages[6], `"score":100`, `"score":101`, 1):                         "score",
		strings.Replace(stages[6], `"score":100`, `"score":1.0`, 1):                         "score",
		strings.Replace(stages[6], `"version":42`, `"version":18446744073709551616`, 1):     "version",
		strings.Replace(stages[6], `"risk"`, `7`, 1):                                        "hold_reasons",
		strings.Replace(stages[6], `"shielded"`, `"sleepy"`, 1):                             "coverage",
		strings.Replace(stages[6], `{"counterparty":"none","reason":"shielded"}`, `[]`, 1):  "coverage",
		strings.Replace(stages[6], `"2026-11-01T12:00:00Z"`, `"noon"`, 1):                   "raised_at",
		strings.Replace(stages[6], `[{"alert_id":"x","amount":"1"}]`, `{}`, 1):              "alerts",
		strings.Replace(stages[6], `"verdict":"held"`, `"verdict":null`, 1):                 "verdict",
		strings.Replace(stages[6], `"lists_version":"ab"`, `"lists_version":"ab","x":"`, 1): "",
	} {
		var r Record
		err := r.Decode([]byte(value))
		var damaged *Damaged
		if !errors.As(err, &damaged) {
			t.Errorf("%s: %v, want a *Damaged", value, err)
			continue
		}
		if damaged.Member != member {
			t.Errorf("%s: %v, want it to name %q", value, err, member)
		}
	}
}

func FuzzRecordDecodersAgree(f *testing.F) {
	for _, value := range stages {
		f.Add([]byte(value))
		f.Add([]byte(strings.Replace(value, `","`, `" , "`, 1)))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		checkDecoders(t, value)
		if id, ok := PeekID(value); ok {
			var r Record
			if err := r.Decode(value); err == nil && id != r.ID {
				t.Fatalf("%s\nhas the id %s and is read as %+v", value, id, r)
			}
		}
	})
}

// checkDecoders holds the scanner to the strict decoder: what it takes, that takes too, and alike.
func checkDecoders(t *testing.T, value []byte) (taken bool) {
	var fast, slow Record
	if !fast.scan(value) {
		return false
	}
	if err := slow.decode(value); err != nil {
		t.Fatalf("the scanner takes %q, the decoder says %v", value, err)
	}
	if a, b := settled(fast), settled(slow); fast.given != slow.given || !reflect.DeepEqual(a, b) {
		t.Fatalf("%q is read as\n%+v\nand\n%+v", value, a, b)
	}
	return true
}

func TestDecodersAgreeOnEveryOneByteChange(t *testing.T) {
	taken := 0
	for _, stage := range stages {
		for i := range len(stage) {
			for _, c := range []byte("\"\\,:{}[] \n\x00\x80\xc3\xff0129-.eEnu") {
				value := []byte(stage)
				value[i] = c
				if checkDecoders(t, value) {
					taken++
				}
			}
			checkDecoders(t, []byte(stage[:i]+stage[i+1:]))
			checkDecoders(t, []byte(stage[:i]))
		}
	}
	if taken < 1000 {
		t.Errorf("the scanner took only %d values: this test shows little", taken)
	}
}

func TestNamesOfMembersAreComplete(t *testing.T) {
	for m, name := range memberNames {
		if name == "" {
			t.Errorf("member %d has no name", m)
		}
	}
	if memberNames[memberRulesVersion] != "rules_version" || memberNames[memberListsSeq] != "lists_seq" {
		t.Error("names and members are out of step")
	}
}

func BenchmarkDecodeFlagged(b *testing.B) {
	var r Record
	value := []byte(stages[6])
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Decode(value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeCleared(b *testing.B) {
	var r Record
	value := []byte(stages[5])
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Decode(value); err != nil {
			b.Fatal(err)
		}
	}
}
