package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Accepted are the ratios of an earlier run, which later ones are held to. Ratios of one run travel between machines and
// loads as rates never do; those of processor time are the steadiest.
type Accepted struct {
	FallPercent float64            `json:"fall_percent"` // how much of a ratio may be lost
	OfBareCPU   map[string]float64 `json:"of_bare_cpu"`  // by stage
}

// ReadAccepted reads accepted ratios, strictly.
func ReadAccepted(path string) (Accepted, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Accepted{}, err
	}
	var a Accepted
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return Accepted{}, fmt.Errorf("%s: %w", path, err)
	}
	if a.FallPercent <= 0 || a.FallPercent >= 100 {
		return Accepted{}, fmt.Errorf("%s: fall_percent: %g, want more than 0 and less than 100", path, a.FallPercent)
	}
	return a, nil
}

// Hold says which stages fell below what was accepted, and by how much. A stage that was accepted and not measured is an
// error too: nothing would watch it.
func (a Accepted) Hold(r *Report) error {
	measured := map[string]float64{}
	for _, s := range r.all() {
		measured[s.Stage] = s.OfBareCPU
	}
	var errs []error
	for stage, want := range a.OfBareCPU {
		switch got, ok := measured[stage]; {
		case !ok:
			errs = append(errs, fmt.Errorf("%s: a ratio is accepted, and it was not measured", stage))
		case got < want*(1-a.FallPercent/100):
			errs = append(errs, fmt.Errorf("%s: does its work with %.3f of the bare loop's processor time to its own, accepted are %.3f: %.0f %% less, and %g %% are allowed",
				stage, got, want, 100*(1-got/want), a.FallPercent))
		}
	}
	return errors.Join(errs...)
}

// all are the hops and the chain.
func (r *Report) all() []Stage {
	if r.Chain == nil {
		return r.Stages
	}
	return append(r.Stages[:len(r.Stages):len(r.Stages)], *r.Chain)
}
