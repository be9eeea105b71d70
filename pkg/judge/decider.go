package judge

import (
	"fmt"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/flag"
	"sluice/pkg/rules"
	"sluice/pkg/screening"
	"sluice/pkg/transfer"
)

// Rules are what a Decider knows: a compiled rule set and the activation that put it in force.
type Rules struct {
	Set *rules.Set // nil holds everything
	Seq uint64
}

// Outcome is what became of a record, for whoever publishes it.
type Outcome struct {
	Decision flag.Decision
	Version  uint64 // the highest activation in force
	Flagged  bool   // the record also belongs on flagged.v1
}

// Decider turns screened records into verdict records. It reuses its memory: it must not be used by two goroutines at
// once. Rules may be exchanged between calls.
type Decider struct {
	Rules Rules

	record event.Record
	empty  transfer.Transfer
	ending ending
}

// ending is what cleared records gain. The records of a batch have it in common, so it is written once.
type ending struct {
	rulesSeq, version uint64
	at                time.Time
	bytes             []byte
}

// Decide appends the verdict record of value to dst. sc is the record's header of that name, nil to read the JSON in any
// case. now is written, and decides nothing. On an error dst is as it was, and no retry helps.
func (d *Decider) Decide(dst, value, sc []byte, now time.Time) ([]byte, Outcome, error) {
	if head, tail, o, ok := d.Clear(value, sc, now); ok {
		return append(append(dst, head...), tail...), o, nil
	}
	return d.decide(dst, value, now)
}

// Clear is Decide for a record that is cleared by its header alone, as almost all are: the verdict record is head, a part
// of value, and behind it tail, which is valid until the next call. It copies nothing. False: ask Decide.
func (d *Decider) Clear(value, sc []byte, now time.Time) (head, tail []byte, o Outcome, ok bool) {
	if !event.IsClean(sc) || !d.Rules.Set.ClearsClean() || !beginsAsRecord(value) {
		return nil, nil, o, false
	}
	seq, ok := event.PeekListsSeq(value)
	if !ok {
		return nil, nil, o, false
	}
	o = Outcome{Decision: flag.Cleared, Version: max(seq, d.Rules.Seq)}
	return value[:len(value)-1], d.closing(o.Version, now), o, true
}

// closing is what a cleared record gains: flag.AppendMembers of flag.Clear, and the closing brace.
func (d *Decider) closing(version uint64, now time.Time) []byte {
	e := &d.ending
	if len(e.bytes) == 0 || e.version != version || e.rulesSeq != d.Rules.Seq || e.at != now {
		v := flag.Clear()
		e.rulesSeq, e.version, e.at = d.Rules.Seq, version, now
		e.bytes = flag.AppendMembers(e.bytes[:0], &v, &flag.Stamp{RulesSeq: e.rulesSeq, Version: version, RaisedAt: now})
		e.bytes = append(e.bytes, '}')
	}
	return e.bytes
}

// decide is Decide without the fast path.
func (d *Decider) decide(dst, value []byte, now time.Time) ([]byte, Outcome, error) {
	body, ok := withoutBrace(value)
	if !ok {
		return dst, Outcome{}, errNotARecord
	}
	if err := d.record.Decode(value); err != nil {
		return dst, Outcome{}, err
	}
	facts, err := d.facts()
	if err != nil {
		return dst, Outcome{}, err
	}
	v := d.Rules.Set.Evaluate(&facts)
	dst, o := d.finish(append(dst, body...), &v, now)
	return dst, o, nil
}

// facts are what the record in d.record says.
func (d *Decider) facts() (f rules.Facts, err error) {
	r := &d.record
	switch {
	case !r.Screened:
		return f, &event.Damaged{Member: "lists_seq", Reason: "is missing: the record was not screened"}
	case r.Judged:
		return f, &event.Damaged{Member: "verdict", Reason: "the record was judged before"}
	}
	f = rules.Facts{ID: r.ID, Coverage: r.Coverage, Conflict: !r.ConflictsWith.IsZero()}
	var ok bool
	if f.Status, ok = screening.ParseStatus(r.Status); !ok {
		return f, &event.Damaged{Member: "status", Reason: fmt.Sprintf("%q is not known", r.Status)}
	}
	if f.Hits, err = screening.DecodeHits(r.Hits); err != nil {
		return f, err
	}
	in, err := screening.DecodeInputs(r.Inputs)
	if err != nil {
		return f, err
	}
	f.Quarantined = in.Quarantined
	t, err := transfer.Decode(r.Transfer)
	switch {
	case err == nil:
		f.Transfer = &t
	case f.Quarantined:
		f.Transfer = &d.empty // nothing of it can be read, and nothing needs to be
	default:
		return f, err
	}
	return f, nil
}

// finish writes a verdict behind the open record in dst, whose facts stand in d.record.
func (d *Decider) finish(dst []byte, v *flag.Verdict, now time.Time) ([]byte, Outcome) {
	r := &d.record
	o := Outcome{
		Decision: v.Decision, Version: max(r.ListsSeq, r.CauseSeq, d.Rules.Seq),
		// What stands on flagged.v1 already has its revision there too, whatever it says.
		Flagged: v.Decision != flag.Cleared || r.PreviousVerdict != "",
	}
	stamp := flag.Stamp{RulesSeq: d.Rules.Seq, Version: o.Version, RaisedAt: now}
	if o.Flagged {
		stamp.RulesVersion = d.Rules.Set.Version()
	}
	return append(flag.AppendMembers(dst, v, &stamp), '}'), o
}

// Quarantined appends the verdict record of a value that Decide refused: the record as it is when it can be read as a
// screened one, else a record of what its id header and its key tell; held, reason quarantined.
func (d *Decider) Quarantined(dst, value []byte, h Headers, now time.Time) ([]byte, Outcome) {
	body, ok := withoutBrace(value)
	if !ok || d.record.Decode(value) != nil || d.record.Judged {
		stub := h.record()
		body, _ = withoutBrace(stub)
		_ = d.record.Decode(stub) // it was just written
	}
	dst = append(dst, body...)
	if !d.record.Screened {
		dst = append(dst, `,"status":"degraded","lists_seq":0`...)
	}
	v := flag.Hold(flag.Quarantined)
	return d.finish(dst, &v, now)
}
