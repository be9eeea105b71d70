package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/pkg/amount"
	"sluice/pkg/flag"
	"sluice/pkg/screening"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
)

// compile compiles the rules of a text behind the safety rules.
func compile(t testing.TB, text string) *Set {
	t.Helper()
	s, err := Compile(DefaultOptions(), File{Name: "test.yaml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// oneRule is a rule file with one flagging rule about the transfer.
func oneRule(when string) string {
	return "rules:\n  - id: r\n    when: >-\n      " + when + "\n    verdict: flagged\n    severity: low\n    reason: x\n"
}

// oneHitRule is a rule file with one flagging rule about hits.
func oneHitRule(when string) string {
	return "rules:\n  - id: r\n    each: hit\n    when: >-\n      " + when + "\n    verdict: flagged\n    reason: x\n"
}

// facts are those of a clean deposit.
func facts() Facts {
	return Facts{
		Status: screening.Complete,
		Transfer: &transfer.Transfer{
			ID: "t", Direction: transfer.Deposit, CustomerID: "c", Network: "ethereum", Asset: "ETH",
			Amount: amount.MustParse("2"), OccurredAt: time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC),
		},
	}
}

// withHit adds a hit of a category on the counterparty's side.
func withHit(f Facts, c taxonomy.Category) Facts {
	f.Hits = append(slices.Clone(f.Hits), screening.Hit{
		List: "l", EntryID: "1", Entity: "E", Category: c, Categories: []taxonomy.Category{c},
		Role: transfer.RoleSender, Side: transfer.SideCounterparty, Match: screening.MatchExact,
		Exposure: screening.Direct, Timing: screening.TimingUnknown, Address: "a",
	})
	return f
}

func genFacts() *rapid.Generator[Facts] {
	return rapid.Custom(func(t *rapid.T) Facts {
		f := facts()
		f.Transfer.Direction = rapid.SampledFrom([]transfer.Direction{
			transfer.Deposit, transfer.Withdrawal, transfer.Internal}).Draw(t, "direction")
		f.Transfer.Stage = rapid.SampledFrom([]transfer.Stage{"", transfer.Attempt, transfer.Confirmed}).Draw(t, "stage")
		f.Transfer.Amount = rapid.SampledFrom([]amount.Amount{{}, amount.MustParse("2")}).Draw(t, "amount")
		f.Status = rapid.SampledFrom([]screening.Status{
			screening.Degraded, screening.Partial, screening.Complete, screening.Complete}).Draw(t, "status")
		f.Coverage = transfer.Coverage{
			Counterparty: rapid.SampledFrom([]transfer.Known{
				transfer.KnownFull, transfer.KnownFull, transfer.KnownPartial, transfer.KnownNone}).Draw(t, "known"),
			Reason: rapid.SampledFrom([]transfer.Gap{
				transfer.GapNone, transfer.GapNone, transfer.GapUnknownCounterparty, transfer.GapUnparsed}).Draw(t, "gap"),
		}
		f.Conflict = rapid.Bool().Draw(t, "conflict")
		for range rapid.IntRange(0, 3).Draw(t, "hits") {
			f = withHit(f, rapid.SampledFrom(taxonomy.All()).Draw(t, "category"))
			h := &f.Hits[len(f.Hits)-1]
			h.Categories = taxonomy.Sort(append(h.Categories, rapid.SampledFrom(taxonomy.All()).Draw(t, "other")))
			h.Side = rapid.SampledFrom([]transfer.Side{
				transfer.SideCounterparty, transfer.SideOwn, transfer.SideToken, transfer.SideInitiator}).Draw(t, "side")
			h.Match = rapid.SampledFrom([]screening.Match{screening.MatchExact, screening.MatchBaseOnly}).Draw(t, "match")
			h.Exposure = rapid.SampledFrom([]screening.Exposure{screening.Direct, screening.Indirect}).Draw(t, "exposure")
			h.Hops = rapid.Uint8Max(3).Draw(t, "hops")
			h.DelistedAt = rapid.SampledFrom([]string{"", "2026-06-14", "2026-06-15"}).Draw(t, "delisted")
			h.Entity = rapid.SampledFrom([]string{"", "E", "F"}).Draw(t, "entity")
		}
		return f
	})
}

// expressions are ways to write a condition: those above the line become native code as a whole, the others in part.
var expressions = []struct {
	when   string
	native bool
}{
	{`hit.category == "scam"`, true},
	{`"scam" == hit.category`, true},
	{`hit.category != "scam"`, true},
	{`!(hit.category in ["scam", "mixer"])`, true},
	{`"scam" in hit.categories`, true},
	{`sets.intersects(hit.categories, ["scam", "sanctions"])`, true},
	{`sets.intersects(["scam", "sanctions"], hit.categories)`, true},
	{`hit.severity >= severity.high`, true},
	{`severity.high <= hit.severity`, true},
	{`hit.severity < severity.high || hit.hops > 1 || hit.hops == 0`, true},
	{`2 > hit.hops && hit.hops != 1`, true},
	{`transfer.dust`, true},
	{`!transfer.dust && transfer.zero == false`, true},
	{`true == transfer.dust || transfer.zero != true`, true},
	{`hit.delisted || false`, true},
	{`(hit.side == "own" || hit.side == "token") && !(status == "degraded" && true)`, true},
	{`transfer.stage == "attempt" || transfer.evidence == "declared"`, true},
	{`hits.count > 1 && hits.severity > severity.low`, true},
	{`hit.entity == "" || hit.share_millionths == 1000000`, true},

	{`hit.hops + 1 > 2`, false},
	{`hit.side == "own" && hit.hops + 1 > 2`, false},
	{`hit.side == "own" || hit.entity.startsWith("E")`, false},
	{`hit.categories.exists(c, c == hit.category && c != "scam")`, false},
	{`hit.side == "own" && hit.categories.all(c, c in ["scam", "mixer"]) && hit.hops < 2`, false},
	{`size(hit.categories) > 1`, false},
	{`hit.category == hit.entity`, false},
	{`transfer.dust == transfer.zero`, false},
	{`hit.hops > 0 ? hit.side == "own" : hit.side == "token"`, false},
}

func TestNativeGuardsAgreeWithTheInterpreter(t *testing.T) {
	var conditions []*condition
	for _, e := range expressions {
		s := compile(t, oneHitRule(e.when))
		c := s.ofHit[0].when
		if c.native != e.native {
			t.Errorf("%s: native %v, want %v", e.when, c.native, e.native)
		}
		conditions = append(conditions, c)
	}
	set := mustBuiltin(t)
	ofTransfer := map[*condition]bool{}
	for _, r := range set.ofTransfer {
		ofTransfer[r.when] = true
		conditions = append(conditions, r.when)
	}
	for _, r := range set.ofHit {
		conditions = append(conditions, r.when)
	}
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts().Draw(t, "facts")
		o := DefaultOptions()
		s := subject{Facts: &f, options: &o, dust: isDust(f.Transfer, o.Dust)}
		for _, c := range conditions {
			subjects := f.Hits
			if ofTransfer[c] {
				subjects = make([]screening.Hit, 1)
			}
			for i := range subjects {
				if s.hit = &subjects[i]; ofTransfer[c] {
					s.hit = nil
				}
				want, ok := askProgram(c.program, &s)
				got := c.guard.ask(&s)
				if !ok || want && !got || c.native && got != want {
					t.Fatalf("guard %v, interpreter %v, %v", got, want, ok)
				}
			}
		}
	})
}

func mustBuiltin(t testing.TB) *Set {
	t.Helper()
	s, err := Compile(DefaultOptions(), Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBuiltinIsNative(t *testing.T) {
	s := mustBuiltin(t)
	if !s.ClearsClean() {
		t.Error("a clean transfer is not known to be cleared")
	}
	for _, r := range slices.Concat(s.ofTransfer, s.ofHit) {
		if !r.when.native {
			t.Errorf("rule %s starts the interpreter", r.id)
		}
	}
}

func TestWhatIsKnownOfACleanTransferIsTrueOfIt(t *testing.T) {
	for _, v := range variables {
		if v.clean == nil {
			continue
		}
		f := facts()
		o := DefaultOptions()
		if got := v.value(&subject{Facts: &f, options: &o}); got != v.clean {
			t.Errorf("%s is %v, said to be %v", v.name, got, v.clean)
		}
	}
	if f := facts(); !f.Clean() {
		t.Error("the facts of a clean transfer are not clean")
	}
}

func TestClearsCleanSeesThroughRules(t *testing.T) {
	cases := map[string]bool{
		`hits.count > 0`: true,
		`hits.count >= 1 && transfer.asset.startsWith("U")`: true,
		`status != "complete"`:                              true,
		`hits.count > 0 || coverage.reason == "shielded"`:   true,
		`transfer.asset == "USDT"`:                          false,
		`transfer.dust || hits.count > 0`:                   false,
		`!(hits.count > 0)`:                                 false,
		`hits.severity == severity.none`:                    false,
		`options.unknown_deposit == "clear"`:                true, // the option is known to be another
		`options.unknown_deposit == "hold"`:                 false,
	}
	for when, want := range cases {
		if s := compile(t, oneRule(when)); s.ClearsClean() != want {
			t.Errorf("%s: clears clean %v, want %v", when, s.ClearsClean(), want)
		}
	}
	f := facts()
	if v := compile(t, oneRule(`transfer.asset == "ETH"`)).Evaluate(&f); v.Decision != flag.Flagged {
		t.Errorf("a rule about a clean transfer: %v", v.Decision)
	}
}

func TestRulesOnlyMakeStricter(t *testing.T) {
	builtin := mustBuiltin(t)
	more := compile(t, "rules:\n  - id: a\n    when: transfer.dust\n    verdict: flagged\n    severity: low\n    reason: x\n")
	both, err := Compile(DefaultOptions(), Builtin(), File{Name: "b.yaml", Data: []byte(oneRule("transfer.dust"))})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts().Draw(t, "facts")
		all, one, two := both.Evaluate(&f), builtin.Evaluate(&f), more.Evaluate(&f)
		if all.Decision > min(one.Decision, two.Decision) || all.Severity < max(one.Severity, two.Severity) {
			t.Fatalf("%+v is laxer than %+v and %+v", all, one, two)
		}
	})
}

func TestOrderOfHitsChangesNothing(t *testing.T) {
	s := mustBuiltin(t)
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts().Draw(t, "facts")
		g := f
		g.Hits = slices.Clone(f.Hits)
		slices.Reverse(g.Hits)
		if d := cmp.Diff(s.Evaluate(&f), s.Evaluate(&g)); d != "" {
			t.Fatal(d)
		}
	})
}

func TestSafetyHoldsWhateverTheRulesSay(t *testing.T) {
	empty := compile(t, "rules: []")
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts().Draw(t, "facts")
		f.Quarantined = rapid.Bool().Draw(t, "quarantined")
		v := empty.Evaluate(&f)
		unsafe := f.Status == screening.Degraded || f.Conflict || f.Quarantined || f.Coverage.Reason == transfer.GapUnparsed
		if (v.Decision == flag.Held) != unsafe {
			t.Fatalf("%+v: %+v", f, v)
		}
	})
}

func TestASetWithoutRulesHolds(t *testing.T) {
	f := facts()
	var none *Set
	for _, s := range []*Set{none, {}} {
		v := s.Evaluate(&f)
		if v.Decision != flag.Held || !v.HoldReasons.Has(flag.Indeterminate) || s.ClearsClean() {
			t.Errorf("%+v", v)
		}
	}
}

func TestWhatCannotBeEvaluatedIsHeld(t *testing.T) {
	s := compile(t, oneHitRule("10 / hit.hops > 3"))
	f := withHit(facts(), taxonomy.Gambling)
	v := s.Evaluate(&f)
	if v.Decision != flag.Held || !v.HoldReasons.Has(flag.Indeterminate) || len(v.Alerts) != 1 || v.Alerts[0].Rule != "r" {
		t.Errorf("%+v", v)
	}
}

func TestSuppressedHitsAreNotJudged(t *testing.T) {
	f := withHit(facts(), taxonomy.Sanctions)
	f.Hits[0].SuppressedBy = "somebody"
	if v := mustBuiltin(t).Evaluate(&f); v.Decision != flag.Cleared || v.Categories != nil {
		t.Errorf("%+v", v)
	}
}

func TestAlertsOfOneFindingAreOne(t *testing.T) {
	f := withHit(withHit(facts(), taxonomy.Sanctions), taxonomy.Sanctions)
	f.Hits[1].List = "another list" // the same entity on two lists
	v := mustBuiltin(t).Evaluate(&f)
	if len(v.Alerts) != 1 {
		t.Errorf("%d alerts: %+v", len(v.Alerts), v.Alerts)
	}
	f.Hits[1].Entity = "another entity"
	if v = mustBuiltin(t).Evaluate(&f); len(v.Alerts) != 2 || v.Alerts[0].ID == v.Alerts[1].ID {
		t.Errorf("%d alerts: %+v", len(v.Alerts), v.Alerts)
	}
}

func TestReasonNamesWhatItIsAbout(t *testing.T) {
	s := compile(t, `rules:
  - id: r
    each: hit
    when: hit.category == "scam"
    verdict: flagged
    reason: "{hit.entity} of {hit.program}, {hit.hops} hops, dust {transfer.dust}"
`)
	f := withHit(facts(), taxonomy.Scam)
	f.Hits[0].Entity = strings.Repeat("ä", 100)
	got := s.Evaluate(&f).Alerts[0].Reason
	if want := strings.Repeat("ä", 60) + "… of unknown, 0 hops, dust false"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
}

func TestVersionIsEverythingThatDecides(t *testing.T) {
	seen := map[string]string{}
	add := func(name string, o Options, files ...File) {
		t.Helper()
		s, err := Compile(o, files...)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := Compile(o, files...); again.Version() != s.Version() {
			t.Errorf("%s has two versions", name)
		}
		if other, taken := seen[s.Version()]; taken {
			t.Errorf("%s and %s have one version", name, other)
		}
		seen[s.Version()] = name
	}
	o := DefaultOptions()
	add("built-in", o, Builtin())
	add("no policy", o)
	add("another rule", o, File{Data: []byte(oneRule("transfer.dust"))})
	add("another text", o, File{Data: []byte(oneRule("transfer.zero"))})
	add("two files", o, Builtin(), File{Data: []byte(oneRule("transfer.zero"))})
	for name, change := range map[string]func(*Options){
		"unknown deposits":    func(o *Options) { o.UnknownDeposit = FlagIt },
		"unknown withdrawals": func(o *Options) { o.UnknownWithdrawal = FlagIt },
		"dust":                func(o *Options) { o.Dust.Amount = amount.MustParse("2") },
		"dust in euros":       func(o *Options) { o.Dust.Currency = "EUR" },
	} {
		o := DefaultOptions()
		change(&o)
		add(name, o, Builtin())
	}
}

func TestOptionsOutOfBounds(t *testing.T) {
	for want, o := range map[string]Options{
		"unknown_counterparty.deposit":    {UnknownDeposit: 3},
		"unknown_counterparty.withdrawal": {UnknownWithdrawal: 9},
		"dust.currency":                   {Dust: Dust{Currency: "euro"}},
	} {
		if _, err := Compile(o, Builtin()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	var treatment Treatment
	if err := treatment.UnmarshalText([]byte("drop")); err == nil || treatment != HoldIt {
		t.Errorf("%v, %v", treatment, err)
	}
	if err := treatment.UnmarshalText([]byte("flag")); err != nil || treatment != FlagIt {
		t.Errorf("%v, %v", treatment, err)
	}
}

func TestDust(t *testing.T) {
	fiat := func(text, currency string) *transfer.Fiat {
		return &transfer.Fiat{Amount: amount.MustParse(text), Currency: currency}
	}
	one, euros, off := DefaultOptions().Dust, Dust{Amount: amount.MustParse("5"), Currency: "EUR"}, Dust{}
	cases := []struct {
		amount string
		fiat   *transfer.Fiat
		dust   Dust
		want   bool
	}{
		{"0", nil, one, true}, {"0", nil, off, true}, {"0.1", nil, one, false},
		{"7", fiat("0.99", "USD"), one, true}, {"7", fiat("1", "USD"), one, false}, {"7", fiat("0", "USD"), off, false},
		{"7", fiat("4.99", "EUR"), euros, true}, {"7", fiat("4.99", "USD"), euros, false},
	}
	for _, c := range cases {
		tr := transfer.Transfer{Amount: amount.MustParse(c.amount), Fiat: c.fiat}
		if got := isDust(&tr, c.dust); got != c.want {
			t.Errorf("%s, fiat %v, dust below %v: %v", c.amount, c.fiat, c.dust, got)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	s := mustBuiltin(b)
	clean, listed := facts(), withHit(facts(), taxonomy.Sanctions)
	interpreted, err := Compile(DefaultOptions(), Builtin(),
		File{Name: "b.yaml", Data: []byte(oneHitRule(`hit.side == "counterparty" && hit.entity.startsWith("X")`))})
	if err != nil {
		b.Fatal(err)
	}
	reads := compile(b, oneRule(`transfer.asset == "USDT" && transfer.direction == "withdrawal"`))
	for _, c := range []struct {
		name string
		set  *Set
		f    *Facts
	}{{"clean", s, &clean}, {"clean, rule reads transfer", reads, &clean}, {"listed", s, &listed}, {"listed, interpreter", interpreted, &listed}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.set.Evaluate(c.f)
			}
		})
	}
}

func BenchmarkFiftyRulesOnACleanTransfer(b *testing.B) {
	text := "rules:\n"
	for i := range 50 {
		text += fmt.Sprintf("  - id: r%d\n    each: hit\n    when: hit.severity > severity.low && hit.entity.startsWith(\"%d\")\n"+
			"    verdict: flagged\n    reason: x\n", i, i)
	}
	s, f := compile(b, text), facts()
	b.ReportAllocs()
	for b.Loop() {
		s.Evaluate(&f)
	}
}
