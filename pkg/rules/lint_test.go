package rules

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// valid is a rule file that the cases of TestLint break.
const valid = `rules:
  - id: first
    each: hit
    when: hit.category == "scam"
    verdict: held
    hold_reason: risk
    posture: victim
    reason: "{hit.entity}"
  - id: second
    when: transfer.dust
    unless: []
    verdict: flagged
    severity: low
    reason: dust
`

func TestLintOfAValidFile(t *testing.T) {
	if p := lint(File{Name: "f", Data: []byte(valid)}); len(p) != 0 {
		t.Error(p)
	}
	for _, f := range []File{Builtin(), Safety()} {
		if f.Name == "" || len(f.Data) == 0 {
			t.Errorf("file %q is empty", f.Name)
		}
	}
}

// lint returns all problems of the files, none when they compile.
func lint(files ...File) Problems {
	var found Problems
	_, err := Compile(DefaultOptions(), files...)
	errors.As(err, &found) // the defaults are valid, so there is no other error
	return found
}

func TestLint(t *testing.T) {
	cases := []struct{ name, old, new, want string }{
		{"unknown key", "verdict: held", "verdikt: held", `f:5:5: unknown key "verdikt" in a rule: did you mean verdict?`},
		{"unknown key of the file", "rules:", "rulez:", `f:1:1: unknown key "rulez" in a rule file: did you mean rules?`},
		{"key of another case", "verdict: held", "Verdict: held", `f:5:5: unknown key "Verdict" in a rule: did you mean verdict?`},
		{"key twice", "each: hit", "id: other", `f:3:5: key "id" stands twice`},
		{"bad word", "verdict: held", "verdict: hold", `f:5:14: verdict: "hold" is none of flagged, held: did you mean held?`},
		{"cleared is no verdict of a rule", "verdict: held", "verdict: cleared", `f:5:14: verdict: "cleared" is none of flagged, held`},
		{"bad hold reason", "hold_reason: risk", "hold_reason: risks", `f:6:18: hold_reason: "risks" is none of risk, degraded,`},
		{"hold reason missing", "    hold_reason: risk\n", "", "f:5:14: a held verdict needs a `hold_reason`"},
		{"hold reason too many", "verdict: flagged", "verdict: flagged\n    hold_reason: risk", "f:13:18: `hold_reason` without `verdict: held`"},
		{"bad severity", "severity: low", "severity: lowest", `f:13:15: severity: "lowest" is none of none, low, medium, high, severe, hit: did you mean low?`},
		{"severity missing", "    severity: low\n", "", "f:9:5: a rule about the transfer needs a `severity`"},
		{"severity of no hit", "severity: low", "severity: hit", "f:13:15: `severity: hit` needs `each: hit`"},
		{"severity without verdict", "    verdict: flagged\n", "    posture: victim\n", "f:13:15: `severity` without a `verdict`"},
		{"nothing follows", "    verdict: flagged\n    severity: low\n", "", "f:9:5: the rule says nothing"},
		{"bad posture", "posture: victim", "posture: unknown", `f:7:14: posture: "unknown" is none of victim, beneficiary`},
		{"reason missing", "    reason: dust\n", "", "f:9:5: an alert needs a `reason`"},
		{"bad id", "id: second", "id: Second-Rule", `f:9:9: id "Second-Rule": want lower-case letters`},
		{"id missing", "id: second\n    when", "when", `f:9:5: a rule needs the key "id"`},
		{"id twice", "id: second", "id: first", `f:9:9: rule "first" exists already`},
		{"id of a safety rule", "id: second", "id: degraded", `f:9:9: rule "degraded" exists already`},
		{"when missing", "    when: transfer.dust\n", "", `f:9:5: a rule needs the key "when"`},
		{"number for text", "id: second", "id: 5", "f:9:9: id: want a text"},
		{"empty text", "reason: dust", `reason: " "`, "f:14:13: reason: want a text"},
		{"list for text", "when: transfer.dust", "when: [transfer.dust]", "f:10:11: when: want a text"},
		{"text for list", "unless: []", "unless: first", "f:11:13: unless: want a list"},
		{"unless nothing", "unless: []", "unless: [frist]", `f:11:14: unless: no earlier rule is called "frist": did you mean first?`},
		{"unless itself", "unless: []", "unless: [second]", `f:11:14: unless: no earlier rule is called "second"`},
		{"unless a rule about hits", "unless: []", "unless: [first]", `f:11:14: unless: "first" is about hits`},
		{"alias", "severity: low\n    reason: dust", "severity: &a low\n    reason: *a", "f:14:13: reason: want a text"},
		{"two documents", "rules:", "a: b\n---\nrules:", "a second document"},
		{"no YAML", "rules:", "rules: [", "f:2:3: go-yaml load error"},
		{"brace", `"{hit.entity}"`, `"{hit.entity"`, "f:8:14: reason: a brace without its other half"},
		{"closing brace", `"{hit.entity}"`, `"of hit}"`, "f:8:20: reason: a brace without its other half"},
		{"name in reason", `"{hit.entity}"`, `"x {hit.entiti}"`, "f:8:16: reason: unknown name {hit.entiti}: did you mean hit.entity?"},
		{"hit in reason", "reason: dust", `reason: "{hit.entity}"`, "f:14:14: reason: {hit.entity} needs `each: hit`"},

		{"unknown name", "when: transfer.dust", "when: transfer.dist", "f:10:11: when: unknown name transfer.dist: did you mean transfer.dust?"},
		{"unknown name further on", "when: transfer.dust", "when: transfer.dust && staus == \"partial\"", "f:10:28: when: unknown name staus: did you mean status?"},
		{"hit in a rule about the transfer", "when: transfer.dust", "when: hit.delisted", "f:10:11: when: hit.delisted needs `each: hit`"},
		{"value that never is", `"scam"`, `"scams"`, `f:4:27: when: hit.category is never "scams": did you mean scam?`},
		{"value in a list", `hit.category == "scam"`, `hit.side in ["own", "token", "owner"]`, `f:4:40: when: hit.side is never "owner": did you mean own?`},
		{"category in a list", `hit.category == "scam"`, `sets.intersects(hit.categories, ["sanctoins"])`, `f:4:44: when: hit.categories is never "sanctoins": did you mean sanctions?`},
		{"no question", "when: transfer.dust", "when: transfer.asset", "f:10:11: when: want a question with the answer true or false, not string"},
		{"syntax", "when: transfer.dust", "when: transfer.dust &&", "f:10:27: when: mismatched input"},
		{"types", "when: transfer.dust", "when: transfer.dust == 1", "f:10:25: when: found no matching overload"},
		{"unknown function", "when: transfer.dust", "when: transfer.asset.beginsWith('U')", "f:10:"},
		{"over several lines", "when: transfer.dust", "when: >-\n      transfer.dust ||\n      transfer.zro", "f:12:7: when: unknown name transfer.zro: did you mean transfer.zero?"},
		{"in a literal block", "when: transfer.dust", "when: |\n      transfer.dust\n        || transfer.zro", "f:12:12: when: unknown name transfer.zro"},
		{"in single quotes", "when: transfer.dust", "when: 'transfer.dust || transfer.zro'", "f:10:29: when: unknown name transfer.zro"},
	}
	for _, c := range cases {
		text := strings.Replace(valid, c.old, c.new, 1)
		if text == valid {
			t.Errorf("%s: nothing replaced", c.name)
			continue
		}
		problems := lint(File{Name: "f", Data: []byte(text)})
		if !strings.Contains(problems.Error(), c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, problems.Error(), c.want)
		}
	}
}

func TestLintReportsAllProblems(t *testing.T) {
	text := strings.NewReplacer("verdict: held", "verdict: hold", "transfer.dust", "transfer.dist", `"scam"`, `"scams"`).Replace(valid)
	var lines []int
	for _, p := range lint(File{Name: "f", Data: []byte(text)}) {
		lines = append(lines, p.Line)
	}
	if d := cmp.Diff([]int{4, 5, 10}, lines[:3]); d != "" {
		t.Error(d)
	}
}

func TestBounds(t *testing.T) {
	rule := func(id string) string {
		return "  - id: " + id + "\n    when: transfer.dust\n    posture: victim\n"
	}
	var many strings.Builder
	many.WriteString("rules:\n")
	safety := strings.Count(string(Safety().Data), "- id:")
	for i := range MaxRules - safety {
		many.WriteString(rule("r" + strings.Repeat("x", i%50) + "_" + string(rune('a'+i/50))))
	}
	when := `transfer.asset == "` + strings.Repeat("a", MaxWhen) + `"`
	cases := []struct{ name, text, want string }{
		{"as many rules as may be", many.String(), ""},
		{"one rule more", many.String() + rule("last"), "one too many"},
		{"longest when", "rules:\n" + strings.Replace(rule("r"), "transfer.dust", when[:MaxWhen-1]+`"`, 1), ""},
		{"longer when", "rules:\n" + strings.Replace(rule("r"), "transfer.dust", when[:MaxWhen]+`"`, 1), "when has 4097 bytes"},
		{"longest id", "rules:\n" + rule(strings.Repeat("a", 64)), ""},
		{"longer id", "rules:\n" + rule(strings.Repeat("a", 65)), "at most 64"},
		{"longer reason", "rules:\n" + rule("r") + "    verdict: flagged\n    severity: low\n    reason: " + strings.Repeat("a", MaxReason+1), "reason has 301 bytes"},
		{"largest file", valid + strings.Repeat("#", MaxFileSize-len(valid)), ""},
		{"larger file", valid + strings.Repeat("#", MaxFileSize-len(valid)+1), "at most 1048576 are read"},
		{"empty file", "", "the file is empty"},
		{"comment alone", "# nothing", "the file is empty"},
		{"a list", "- a", "want a rule file: a mapping"},
		{"costly", "rules:\n" + strings.Replace(rule("r"), "transfer.dust", ">-\n      "+costly, 1), "at most 10000 are allowed"},
		{"deep", "rules:\n" + strings.Replace(rule("r"), "transfer.dust", strings.Repeat("(", 200)+"true"+strings.Repeat(")", 200), 1), "when:"},
	}
	for _, c := range cases {
		got := lint(File{Name: "f", Data: []byte(c.text)}).Error()
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %.300q, want %q in it", c.name, got, c.want)
		}
	}
}

// costly looks at every pair of pairs of characters.
const costly = `[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, a + b + c + d > 0))))`

func FuzzCompile(f *testing.F) {
	f.Add([]byte(valid))
	f.Add(Builtin().Data)
	f.Add(Safety().Data)
	f.Add([]byte(oneHitRule(`hit.categories.exists(c, c in ["scam"])`)))
	f.Add([]byte("rules: [{id: a, when: 'a.b(c)[d]{e:f}'}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Compile(DefaultOptions(), File{Name: "f", Data: data})
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("an error without places: %v", err)
			}
			for _, p := range problems {
				if p.Line < 1 || p.Column < 1 || p.Message == "" {
					t.Fatalf("a problem without a place: %+v", p)
				}
			}
			return
		}
		clean, listed := facts(), withHit(facts(), "scam")
		s.Evaluate(&clean)
		s.Evaluate(&listed)
	})
}
