package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFallIsNamedWithItsStage(t *testing.T) {
	r := &Report{Stages: []Stage{{Stage: StageIngest, OfBareCPU: 0.51}, {Stage: StageAlerting, OfBareCPU: 0.5}}, Chain: &Stage{Stage: StageChain, OfBareCPU: 0.3}}
	a := Accepted{FallPercent: 15, OfBareCPU: map[string]float64{StageIngest: 0.6, StageAlerting: 0.5, StageChain: 0.3}}
	if err := a.Hold(r); err != nil {
		t.Errorf("15 %% at the bound: %v", err)
	}
	r.Stages[0].OfBareCPU = 0.45
	if err := a.Hold(r); err == nil || !strings.Contains(err.Error(), "ingest: ") || !strings.Contains(err.Error(), "25 % less") {
		t.Errorf("error %v", err)
	}
	r.Stages = r.Stages[1:]
	if err := a.Hold(r); err == nil || !strings.Contains(err.Error(), "ingest: a ratio is accepted") {
		t.Errorf("error %v", err)
	}
}

func TestAcceptedRatiosAreReadStrictly(t *testing.T) {
	for text, want := range map[string]string{
		`{"fall_percent":15,"of_bare_cpu":{"ingest":0.5}}`: "",
		`{"fall_percent":0,"of_bare_cpu":{}}`:              "fall_percent",
		`{"fall_percent":100,"of_bare_cpu":{}}`:            "fall_percent",
		`{"fall_percent":15,"of_bare":{}}`:                 "of_bare",
		`{`:                                                "EOF",
	} {
		path := filepath.Join(t.TempDir(), "accepted.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadAccepted(path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := ReadAccepted("accepted.json"); err != nil {
		t.Errorf("the project's own: %v", err)
	}
}
