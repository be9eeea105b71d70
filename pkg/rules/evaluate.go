package rules

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"sluice/pkg/flag"
	"sluice/pkg/screening"
	"sluice/pkg/taxonomy"
)

// Evaluate judges. It never fails: a set without rules in it, or a rule that cannot be evaluated, holds the transfer
// for being indeterminate. The verdict is normalized.
func (s *Set) Evaluate(f *Facts) flag.Verdict {
	if s == nil || s.version == "" {
		return flag.Hold(flag.Indeterminate)
	}
	if s.clearsClean && f.Clean() {
		return flag.Clear()
	}
	e := evaluation{
		set: s, verdict: flag.Clear(),
		subject: subject{Facts: f, options: &s.options, dust: isDust(f.Transfer, s.options.Dust)},
	}
	e.run()
	e.verdict.Normalize()
	return e.verdict
}

// evaluation is one transfer on its way through the rules.
type evaluation struct {
	set     *Set
	verdict flag.Verdict
	subject subject

	factID string // written once, when the first alert needs it
	amount string
}

func (e *evaluation) run() {
	var transferFired, hitFired bits
	for _, r := range e.set.ofTransfer {
		e.ask(r, &transferFired, &transferFired)
	}
	for i := range e.subject.Hits {
		h := &e.subject.Hits[i]
		if !h.Judged() {
			continue
		}
		e.subject.hit = h
		e.verdict.Categories = append(e.verdict.Categories, h.Categories...)
		hitFired = bits{}
		for _, r := range e.set.ofHit {
			e.ask(r, &hitFired, &transferFired)
		}
	}
}

// ask asks one rule and does what it says. fired are the rules that fired on the same subject.
func (e *evaluation) ask(r *rule, fired, onTransfer *bits) {
	for _, u := range r.unless {
		if fired.has(u) || onTransfer.has(u) {
			return
		}
	}
	if !r.when.guard.ask(&e.subject) {
		return
	}
	if !r.when.native {
		holds, ok := askProgram(r.when.program, &e.subject)
		if !ok {
			e.verdict.Raise(flag.Held)
			e.verdict.HoldReasons |= flag.Indeterminate.Set()
			e.alert(r, taxonomy.None, "the rule could not be evaluated")
			return
		}
		if !holds {
			return
		}
	}
	fired.set(r.index)
	e.verdict.Posture = max(e.verdict.Posture, r.posture)
	if !r.alerts {
		return
	}
	e.verdict.Raise(r.decision)
	e.verdict.HoldReasons |= r.hold
	severity := r.severity
	if r.asHit {
		severity = e.subject.hit.Severity()
	}
	e.alert(r, severity, r.reason.write(&e.subject))
}

// alert adds the alert of a rule about the present subject.
func (e *evaluation) alert(r *rule, severity taxonomy.Severity, reason string) {
	if e.factID == "" {
		e.factID = e.subject.ID.String()
		e.amount = e.subject.Transfer.Amount.String()
	}
	a := flag.Alert{
		Rule: r.id, RuleVersion: r.version, Severity: severity, Amount: e.amount, Reason: reason,
	}
	share, confidence := uint32(screening.One), uint8(0)
	if h := e.subject.hit; h != nil {
		if h.Match == screening.MatchBaseOnly {
			a.Severity = min(a.Severity, taxonomy.Low)
		}
		a.Category, a.Entity, a.Side, a.Exposure = h.Category, h.Entity, string(h.Side), string(h.Exposure)
		share, confidence = h.Share.Worst(), h.Confidence
	}
	a.Score = flag.Score(a.Severity, share, confidence)
	a.ID = flag.AlertID(e.factID, a.Rule, a.Category, a.Entity, a.Side, a.Exposure)
	e.verdict.Alerts = append(e.verdict.Alerts, a)
}

// askProgram asks the interpreter; ok is false when it found no answer.
func askProgram(p cel.Program, s *subject) (holds, ok bool) {
	out, _, err := p.Eval(activation{s})
	if err != nil {
		return false, false
	}
	b, ok := out.(types.Bool)
	return bool(b), ok
}

// activation gives the interpreter the values of the variables.
type activation struct{ s *subject }

// ResolveName returns the value of a variable.
func (a activation) ResolveName(name string) (any, bool) {
	v := variableByName(name)
	if v == nil || v.ofHit && a.s.hit == nil {
		return nil, false
	}
	return v.value(a.s), true
}

// Parent returns nil: there is no other scope.
func (activation) Parent() cel.Activation { return nil }

// bits is a set of rule indices.
type bits [(MaxRules + 63) / 64]uint64

func (b *bits) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b *bits) set(i int)      { b[i/64] |= 1 << (i % 64) }
