package flag

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/pkg/taxonomy"
)

func TestTheZeroVerdictIsHeld(t *testing.T) {
	var v Verdict
	v.Normalize()
	if v.Decision != Held || !v.HoldReasons.Has(Indeterminate) || v.Decision.PublicCode() != "pending" {
		t.Errorf("zero verdict = %+v, public code %q", v, v.Decision.PublicCode())
	}
}

func TestRaiseNeverLoosens(t *testing.T) {
	for _, from := range []Decision{Held, Flagged, Cleared} {
		for _, to := range []Decision{Held, Flagged, Cleared} {
			v := Verdict{Decision: from}
			v.Raise(to)
			if v.Decision > from || v.Decision > to {
				t.Errorf("%v raised by %v became %v", from, to, v.Decision)
			}
		}
	}
}

func TestNormalizeDropsHoldReasonsOfWhatIsNotHeld(t *testing.T) {
	v := Verdict{Decision: Flagged, HoldReasons: Risk.Set()}
	v.Normalize()
	if v.HoldReasons != 0 {
		t.Errorf("hold reasons of a flagged verdict: %b", v.HoldReasons)
	}
}

func TestNamesReadBack(t *testing.T) {
	for r := range reasonCount {
		if got, ok := ParseReason(r.String()); !ok || got != r {
			t.Errorf("reason %q read back as %v, %v", r, got, ok)
		}
	}
	for _, d := range []Decision{Held, Flagged, Cleared} {
		if got, ok := ParseDecision(d.String()); !ok || got != d {
			t.Errorf("decision %q read back as %v, %v", d, got, ok)
		}
	}
	for _, p := range []Posture{PostureUnknown, Beneficiary, Victim} {
		if got, ok := ParsePosture(p.String()); !ok || got != p {
			t.Errorf("posture %q read back as %v, %v", p, got, ok)
		}
	}
	if _, ok := ParseReason("risky"); ok {
		t.Error("an unknown reason was read")
	}
	if Reason(200).String() != "" {
		t.Error("a number that is no reason has a name")
	}
}

func TestScoreStaysInItsBand(t *testing.T) {
	bands := map[taxonomy.Severity][2]uint8{
		taxonomy.None: {0, 0}, taxonomy.Low: {1, 24}, taxonomy.Medium: {25, 49},
		taxonomy.High: {50, 74}, taxonomy.Severe: {75, 100},
	}
	for severity, want := range bands {
		if got := Score(severity, 0, 100); got != want[0] {
			t.Errorf("%v with share 0: %d, want the floor %d", severity, got, want[0])
		}
		if got := Score(severity, 1_000_000, 0); got != want[1] {
			t.Errorf("%v of everything, no confidence given: %d, want the ceiling %d", severity, got, want[1])
		}
		if got := Score(severity, 4_000_000_000, 255); got != want[1] {
			t.Errorf("%v beyond the bounds: %d, want the ceiling %d", severity, got, want[1])
		}
	}
	if got := Score(taxonomy.Severe, 500_000, 50); got != 81 {
		t.Errorf("severe, half of it, half sure: %d, want 75 + 25/4 rounded down", got)
	}
}

func TestAlertIDTellsPartsApart(t *testing.T) {
	a := AlertID("id", "rule", taxonomy.Scam, "ab", "c", "direct")
	b := AlertID("id", "rule", taxonomy.Scam, "a", "bc", "direct")
	if a == b || len(a) != 32 {
		t.Errorf("ids %q and %q", a, b)
	}
	if a != AlertID("id", "rule", taxonomy.Scam, "ab", "c", "direct") {
		t.Error("the same alert has two ids")
	}
}

func genAlert() *rapid.Generator[Alert] {
	return rapid.Custom(func(t *rapid.T) Alert {
		return Alert{
			ID:       rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "id"),
			Rule:     rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "rule"),
			Severity: taxonomy.Severity(rapid.IntRange(0, 4).Draw(t, "severity")),
			Score:    uint8(rapid.IntRange(0, 100).Draw(t, "score")),
			Reason:   rapid.StringMatching(`[a-c]{1,2}`).Draw(t, "reason"),
		}
	})
}

func TestOrderOfFindingsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := Verdict{
			Decision:   Flagged,
			Alerts:     rapid.SliceOfN(genAlert(), 0, 8).Draw(t, "alerts"),
			Categories: rapid.SliceOfN(rapid.SampledFrom(taxonomy.All()), 0, 5).Draw(t, "categories"),
		}
		other := v
		other.Alerts, other.Categories = slices.Clone(v.Alerts), slices.Clone(v.Categories)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(other.Alerts), func(i, j int) {
			other.Alerts[i], other.Alerts[j] = other.Alerts[j], other.Alerts[i]
		})
		slices.Reverse(other.Categories)
		v.Normalize()
		other.Normalize()
		if d := cmp.Diff(v, other); d != "" {
			t.Fatal(d)
		}
		seen := map[string]bool{}
		for _, a := range v.Alerts {
			if seen[a.ID] {
				t.Fatalf("alert %q twice", a.ID)
			}
			seen[a.ID] = true
		}
	})
}

func TestMembersOfACleanVerdict(t *testing.T) {
	v := Clear()
	v.Normalize()
	got := AppendMembers(nil, &v, &Stamp{RulesSeq: 3, Version: 7, RaisedAt: time.Date(2026, 5, 1, 12, 0, 0, 500_000_000, time.UTC)})
	want := `,"verdict":"cleared","rules_seq":3,"version":7,"public_code":"proceed","raised_at":"2026-05-01T12:00:00.5Z"`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMembersOfAHeldVerdict(t *testing.T) {
	v := Verdict{
		Decision: Held, HoldReasons: Risk.Set() | Conflict.Set(), Posture: Victim,
		Categories: []taxonomy.Category{taxonomy.Scam, taxonomy.Sanctions},
		Alerts: []Alert{{
			ID: "aa", Rule: "r", RuleVersion: "v", Severity: taxonomy.High, Score: 74, Category: taxonomy.Scam,
			Entity: "E", Side: "counterparty", Exposure: "direct", Amount: "1.5", Reason: "a \"quoted\" reason",
		}},
	}
	v.Normalize()
	got := AppendMembers(nil, &v, &Stamp{
		RulesSeq: 1, Version: 2, RaisedAt: time.Unix(0, 0), ListsVersion: "l", RulesVersion: "r",
	})
	want := `,"verdict":"held","severity":"high","score":74,"hold_reasons":["risk","conflict"],` +
		`"categories":["sanctions","scam"],"posture":"victim","alerts":[{"alert_id":"aa","rule":"r","rule_version":"v",` +
		`"severity":"high","score":74,"category":"scam","side":"counterparty","exposure":"direct","amount":"1.5",` +
		`"reason":"a \"quoted\" reason"}],"rules_seq":1,"version":2,"public_code":"pending",` +
		`"raised_at":"1970-01-01T00:00:00Z","lists_version":"l","rules_version":"r"`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !json.Valid([]byte(`{"id":1` + string(got) + `}`)) {
		t.Error("the members do not make an object")
	}
}

func BenchmarkAppendClean(b *testing.B) {
	v := Clear()
	s := Stamp{RulesSeq: 3, Version: 7, RaisedAt: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendMembers(dst[:0], &v, &s)
	}
}
