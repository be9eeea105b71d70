package lookback

import (
	"sluice/services/internal/activation"
)

// What runs are about.
const (
	ScopeLists = "lists" // what activations of lists changed
	ScopeSince = string(activation.Since)
	ScopeHeld  = string(activation.Held)
)

// plan is one run that is to be made.
type plan struct {
	seq     uint64 // what causes it
	fromSeq uint64 // the first activation that it covers
	scope   string
	cause   activation.Activation
	// steps are the activations of lists whose changes count, in order, and before them the one that was in force until
	// then, where there was one.
	before *activation.Activation
	steps  []activation.Activation
}

// maxSteps bounds how many activations one run covers; before it, only what differs in sum counts.
const maxSteps = 64

// decide says what is to be done now, given what was activated and what is through: first the lists, all activations
// that wait in one run, so that the newest does not wait for the others; then runs that were asked for, in order.
func decide(acts []activation.Activation, done map[uint64]bool, upTo uint64) (plan, bool) {
	p := plan{scope: ScopeLists}
	if p.between(acts, upTo+1, 0); len(p.steps) > 0 {
		p.cause = p.steps[len(p.steps)-1]
		p.seq, p.fromSeq = p.cause.Seq, p.steps[0].Seq
		return p, true
	}
	for _, a := range acts {
		if a.Kind != activation.Rescreen || done[a.Seq] {
			continue
		}
		p := plan{seq: a.Seq, fromSeq: a.Seq, scope: ScopeHeld, cause: a}
		if a.Scope == activation.Since {
			p.scope, p.fromSeq = ScopeSince, a.FromSeq
			p.between(acts, a.FromSeq, a.Seq)
		}
		return p, true
	}
	return plan{}, false
}

// between takes the activations of lists from one number on, below another unless that is 0.
func (p *plan) between(acts []activation.Activation, from, below uint64) {
	for i := range acts {
		a := &acts[i]
		switch {
		case a.Kind != activation.Lists || below != 0 && a.Seq >= below:
		case a.Seq < from:
			p.before = a
		default:
			p.steps = append(p.steps, *a)
		}
	}
	if n := len(p.steps); n > maxSteps {
		p.steps = p.steps[n-maxSteps:]
	}
}
