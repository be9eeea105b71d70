// Package flag is the outcome of judging one transfer: the verdict, how bad it is, why it is held, and the alerts that
// explain it. It promises that the zero Verdict is the safe one (held), that the same findings give the same bytes in
// whatever order they were made, and that an alert keeps its id through every later judgement of the same transfer.
// It decides nothing: package rules does.
package flag

import "sluice/pkg/taxonomy"

// Decision is what becomes of a transfer. The zero value is Held.
type Decision uint8

// The decisions, the strictest first.
const (
	Held Decision = iota
	Flagged
	Cleared
)

// String is the decision as the record has it.
func (d Decision) String() string {
	switch d {
	case Flagged:
		return "flagged"
	case Cleared:
		return "cleared"
	case Held:
	}
	return "held"
}

// ParseDecision reads what String writes.
func ParseDecision(text string) (Decision, bool) {
	for _, d := range [...]Decision{Held, Flagged, Cleared} {
		if d.String() == text {
			return d, true
		}
	}
	return Held, false
}

// PublicCode is the only part of a verdict that a customer may see: proceed or pending. A flag is for the exchange's
// own people, so a flagged transfer proceeds; declined is a person's decision and never a verdict's.
func (d Decision) PublicCode() string {
	switch d {
	case Flagged, Cleared:
		return "proceed"
	case Held:
	}
	return "pending"
}

// Posture is what the customer is in the story that the hits tell.
type Posture uint8

// The postures. PostureUnknown is the default and left out of records.
const (
	PostureUnknown Posture = iota
	Beneficiary
	Victim // stronger than Beneficiary when rules disagree
)

// String is the posture as the record has it.
func (p Posture) String() string {
	switch p {
	case Beneficiary:
		return "beneficiary"
	case Victim:
		return "victim"
	case PostureUnknown:
	}
	return "unknown"
}

// ParsePosture reads what String writes.
func ParsePosture(text string) (Posture, bool) {
	for _, p := range [...]Posture{PostureUnknown, Beneficiary, Victim} {
		if p.String() == text {
			return p, true
		}
	}
	return PostureUnknown, false
}

// Verdict is the judgement of one transfer. Its zero value is held for being indeterminate.
type Verdict struct {
	Decision    Decision
	Severity    taxonomy.Severity // of the worst alert
	Score       uint8             // of the worst alert, 0-100
	HoldReasons Reasons
	Categories  []taxonomy.Category // of all judged hits, by rank
	Posture     Posture
	Alerts      []Alert
}

// Clear is the verdict of a transfer with nothing against it.
func Clear() Verdict { return Verdict{Decision: Cleared} }

// Hold is the verdict of a transfer that could not be judged.
func Hold(why Reason) Verdict { return Verdict{HoldReasons: why.Set()} }

// Raise makes the decision at least as strict as d.
func (v *Verdict) Raise(d Decision) { v.Decision = min(v.Decision, d) }

// Normalize puts the verdict into its one form: alerts merged and sorted, categories by rank and once each, severity
// and score those of the worst alert, a held one with a reason and any other without.
func (v *Verdict) Normalize() {
	v.Alerts = mergeAlerts(v.Alerts)
	for i := range v.Alerts {
		v.Severity = max(v.Severity, v.Alerts[i].Severity)
		v.Score = max(v.Score, v.Alerts[i].Score)
	}
	v.Categories = taxonomy.Sort(v.Categories)
	switch {
	case v.Decision != Held:
		v.HoldReasons = 0
	case v.HoldReasons == 0:
		v.HoldReasons = Indeterminate.Set()
	}
}
