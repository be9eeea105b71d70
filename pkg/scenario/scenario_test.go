package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/rules"
)

// TestBuiltinPolicy runs the scenarios of the built-in policy, and notes that every rule of it is in some scenario.
func TestBuiltinPolicy(t *testing.T) {
	files, err := filepath.Glob("../rules/scenarios/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	fired := map[string]bool{}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Run(rules.Builtin())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(s.Want, got); d != "" {
				t.Errorf("%s\n(-want +got)\n%s", s.Title, d)
			}
			for _, line := range got {
				for _, id := range strings.Split(strings.Fields(line)[4], ",") {
					fired[id] = true
				}
			}
		})
	}
	if t.Failed() {
		return
	}
	for _, treatment := range []rules.Treatment{rules.HoldIt, rules.FlagIt} {
		o := rules.DefaultOptions()
		o.UnknownDeposit, o.UnknownWithdrawal = treatment, treatment
		set, err := rules.Compile(o, rules.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range set.Rules() {
			if !fired[id] && !notInFiles[id] {
				t.Errorf("rule %s is in no scenario", id)
			}
		}
	}
}

// notInFiles are rules that no transfer file can bring about, for the lists are missing or a record is damaged, and
// rules that raise no alert.
var notInFiles = map[string]bool{
	"quarantined": true, "degraded": true, "pays_offender": true, "receives_proceeds": true,
}

func TestErrorsNameThePlace(t *testing.T) {
	cases := map[string]string{
		"nothing\n":                              "needs transfers and want",
		"-- wants --\n":                          `part "wants" is none of`,
		"-- want --\na\n-- want --\n":            "stands twice",
		"-- options --\nunknown: hold\n":         `options: line 2: "unknown" is none of`,
		"-- options --\nunknown_deposit: drop\n": `options: line 2: "drop" is none of hold, flag, clear`,
		"-- options --\ndust: x\n":               "options: line 2: amount",
		"-- own --\nethereum\n":                  "own: line 2: want network, address",
		"-- own --\nnowhere x\n":                 `own: line 2: network "nowhere"`,
		"-- own --\nethereum x\n":                "own: line 2:",
		"-- lists --\n\n{\n":                     "lists: line 3:",
		"-- lists --\n{\"network\":\"bitcoin\",\"address\":\"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\",\"category\":\"scum\"}\n": "lists: line 2:",
		"-- transfers --\n{}\n": "transfers: line 2:",
		"-- transfers --\n[\n":  "transfers: line 2:",
	}
	for text, want := range cases {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q in it", text, err, want)
		}
	}
}

func TestRunReportsBrokenRules(t *testing.T) {
	s, err := Parse([]byte("-- transfers --\n" +
		`{"id":"a","direction":"deposit","network":"bitcoin"}` + "\n-- want --\na held low unknown_counterparty x\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(rules.File{Name: "mine.yaml", Data: []byte("rules: 7")}); err == nil ||
		!strings.Contains(err.Error(), "mine.yaml:1:8: rules: want a list") {
		t.Errorf("error %v", err)
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("../rules/scenarios/*.txtar")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data)
		if err != nil {
			return
		}
		if got, err := s.Run(rules.Builtin()); err == nil && len(got) != len(s.transfers) {
			t.Fatalf("%d transfers gave %d verdicts", len(s.transfers), len(got))
		}
	})
}
