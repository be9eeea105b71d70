package screening

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
)

func genHit() *rapid.Generator[Hit] {
	return rapid.Custom(func(t *rapid.T) Hit {
		text := rapid.OneOf(rapid.Just(""), rapid.String())
		h := Hit{
			List: rapid.String().Draw(t, "list"), EntryID: text.Draw(t, "entry"), Entity: text.Draw(t, "entity"),
			Category:   rapid.SampledFrom(taxonomy.All()).Draw(t, "category"),
			Categories: rapid.SliceOfN(rapid.SampledFrom(taxonomy.All()), 1, 4).Draw(t, "categories"),
			Authority:  text.Draw(t, "authority"), Program: text.Draw(t, "program"),
			Names:    rapid.SampledFrom(named).Draw(t, "names"),
			Rated:    rapid.SampledFrom([]string{"", "none", "severe"}).Draw(t, "rated"),
			Measure:  rapid.SampledFrom(measures).Draw(t, "measure"),
			Role:     rapid.SampledFrom(roleOrder).Draw(t, "role"),
			Side:     rapid.SampledFrom(sideOrder).Draw(t, "side"),
			Address:  text.Draw(t, "address"),
			Match:    rapid.SampledFrom(matches).Draw(t, "match"),
			ListedOn: text.Draw(t, "listed_on"),
			Exposure: rapid.SampledFrom(exposures).Draw(t, "exposure"),
			Hops:     rapid.Uint8().Draw(t, "hops"), Confidence: rapid.Uint8Max(100).Draw(t, "confidence"),
			Timing:        rapid.SampledFrom(timings).Draw(t, "timing"),
			PartyListedAt: text.Draw(t, "party"), AddressListedAt: text.Draw(t, "addr"), KnownAt: text.Draw(t, "known"),
			DelistedAt: text.Draw(t, "delisted"), SuppressedBy: text.Draw(t, "suppressed"),
		}
		if rapid.Bool().Draw(t, "shared") {
			h.Share = Share{Known: true, Millionths: rapid.Uint32Max(One).Draw(t, "share")}
		}
		return h
	})
}

func TestHitsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hits := rapid.SliceOfN(genHit(), 1, 4).Draw(t, "hits")
		raw := AppendHits(nil, hits)
		got, err := DecodeHits(raw)
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		if d := cmp.Diff(hits, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestSharesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Share{Known: true, Millionths: rapid.Uint32Max(One).Draw(t, "share")}
		got, err := ParseShare(string(s.Append(nil)))
		if err != nil || got != s {
			t.Fatalf("%s read back as %+v, %v", s.Append(nil), got, err)
		}
	})
	for _, text := range []string{"", "2", "1.0", "0.", "0.10", "0.0000001", "-0.1", ".5", "0.1e", "00.1", "0.0"} {
		if s, err := ParseShare(text); err == nil {
			t.Errorf("share %q was read as %+v", text, s)
		}
	}
}

func TestShareIsNeverRoundedDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Uint64Range(1, 1<<40).Draw(t, "total")
		part := rapid.Uint64Range(0, total).Draw(t, "part")
		p, _ := amount.FromUint64(part, 8)
		all, _ := amount.FromUint64(total, 8)
		s := ShareOf(p, all)
		exact := float64(part) / float64(total) * One
		if !s.Known || float64(s.Millionths) < exact-1e-6 || float64(s.Millionths) > exact+1 {
			t.Fatalf("%d / %d: %+v", part, total, s)
		}
	})
	if s := ShareOf(amount.MustParse("2"), amount.MustParse("1")); s.Known {
		t.Errorf("more than the whole: %+v", s)
	}
}

// whole is a hit with every member.
const whole = `{"list":"l","entry_id":"1","entity":"E","category":"scam","categories":["scam"],"authority":"A",` +
	`"program":"P","measure":"block","role":"sender","side":"counterparty","address":"x","match":"exact",` +
	`"listed_on":"tron","exposure":"direct","hops":0,"share":"0.5","confidence":90,"timing":"listed_before",` +
	`"party_listed_at":"2020-01-01","address_listed_at":"2020-01-02","known_at":"2020-01-03T00:00:00Z",` +
	`"delisted_at":"2030-01-01","suppressed_by":"x"}`

func TestHitLayout(t *testing.T) {
	hits, err := DecodeHits([]byte("[" + whole + "]"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(AppendHits(nil, hits)); got != "["+whole+"]" {
		t.Errorf("got  %s\nwant [%s]", got, whole)
	}
}

func TestHitsThatAreWrongAreRefused(t *testing.T) {
	cases := map[string]string{
		`{`:                       "hits",
		`[1]`:                     "hits",
		`[{"list":"a","list":1}]`: "hits",
		`[` + strings.Replace(whole, `"scam"`, `"scum"`, 1) + `]`:                    `category "scum"`,
		`[` + strings.Replace(whole, `["scam"]`, `["scum"]`, 1) + `]`:                `category "scum"`,
		`[` + strings.Replace(whole, `"sender"`, `"thief"`, 1) + `]`:                 `role "thief"`,
		`[` + strings.Replace(whole, `"counterparty"`, `"x"`, 1) + `]`:               `side "x"`,
		`[` + strings.Replace(whole, `"exact"`, `"x"`, 1) + `]`:                      `match "x"`,
		`[` + strings.Replace(whole, `"direct"`, `"x"`, 1) + `]`:                     `exposure "x"`,
		`[` + strings.Replace(whole, `"listed_before"`, `"x"`, 1) + `]`:              `timing "x"`,
		`[` + strings.Replace(whole, `"block"`, `"x"`, 1) + `]`:                      `measure "x"`,
		`[` + strings.Replace(whole, `"0.5"`, `"50%"`, 1) + `]`:                      `share "50%"`,
		`[` + strings.Replace(whole, `"confidence":90`, `"confidence":101`, 1) + `]`: "confidence 101",
		`[` + whole + strings.Repeat(","+whole, MaxHits) + `]`:                       fmt.Sprint(MaxHits + 1),
	}
	for raw, want := range cases {
		if _, err := DecodeHits([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.120s: error %v, want %q in it", raw, err, want)
		}
	}
	if hits, err := DecodeHits([]byte("[" + strings.Replace(whole, `{"list"`, `{"later":{"x":1},"list"`, 1) + "]")); err != nil || len(hits) != 1 {
		t.Errorf("a member of a later release: %v", err)
	}
}

func TestMembersOfTheRecord(t *testing.T) {
	partial := transfer.Coverage{Counterparty: transfer.KnownPartial, Reason: transfer.GapShielded}
	cases := []struct {
		name     string
		result   Result
		conflict bool
		want     string
	}{
		{"clean", Result{Status: Complete}, false, `,"lists_seq":7`},
		{"conflict", Result{Status: Complete}, true, `,"lists_seq":7,"lists_version":"v"`},
		{"partial", Result{Status: Partial, Coverage: partial}, false,
			`,"status":"partial","coverage":{"counterparty":"partial","reason":"shielded"},"lists_seq":7,"lists_version":"v"`},
		{"quarantined", Result{Quarantined: true}, false,
			`,"status":"degraded","inputs":{"quarantined":true},"lists_seq":7,"lists_version":"v"`},
	}
	for _, c := range cases {
		got := string(AppendMembers(nil, &c.result, 7, "v", c.conflict))
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
		record := `{"id":"00000000000000000000000000000001","transfer_id":"t","tenant":"d","transfer":{}` + got + `}`
		var r event.Record
		if err := r.Decode([]byte(record)); err != nil || !json.Valid([]byte(record)) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		in, err := DecodeInputs(r.Inputs)
		if err != nil || in != c.result.inputs() || r.Coverage != c.result.Coverage {
			t.Errorf("%s: read back as %+v, %+v, %v", c.name, in, r.Coverage, err)
		}
	}
}

func TestInputsOfAnEarlierReleaseAreRead(t *testing.T) {
	if in, err := DecodeInputs([]byte(`{"own":"3f2a","quarantined":true}`)); err != nil || in != (Inputs{Quarantined: true}) {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestStatusesReadBack(t *testing.T) {
	for _, s := range []Status{Degraded, Partial, Complete} {
		if got, ok := ParseStatus(s.String()); !ok || got != s {
			t.Errorf("%v read back as %v, %v", s, got, ok)
		}
	}
	if s, ok := ParseStatus("fine"); ok || s != Degraded {
		t.Errorf("an unknown status is %v, %v", s, ok)
	}
}

func FuzzDecodeHits(f *testing.F) {
	f.Add([]byte("[" + whole + "]"))
	f.Add([]byte("[]"))
	f.Add([]byte(`[{"list":"\ud800"}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		hits, err := DecodeHits(raw)
		if err != nil {
			return
		}
		again, err := DecodeHits(AppendHits(nil, hits))
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if d := cmp.Diff(AppendHits(nil, hits), AppendHits(nil, again)); d != "" {
			t.Fatal(d)
		}
	})
}
