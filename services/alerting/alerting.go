// Package alerting is the third stage: it judges every screened transfer by the rules in force and publishes the verdict
// to verdicts.v1, and to flagged.v1 as well when it is flagged or held.
//
// It is pure but for the topics: a screened record and a rule set give the verdict, byte for byte. It never talks to
// ClickHouse, to Redis, or to people.
package alerting

import (
	"context"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/flag"
	"sluice/pkg/judge"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// source is the CloudEvents source of flagged events.
const source = "/sluice/alerting"

// Config is how the stage judges.
type Config struct {
	Rules judge.Rules
	Now   func() time.Time
}

// Stage is the hop.
type Stage struct {
	cfg Config
	m   *Metrics
}

// New makes the hop.
func New(cfg Config, m *Metrics) *Stage { return &Stage{cfg: cfg, m: m} }

// Handle judges with scratch memory made for the call.
func (s *Stage) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	return s.ForLane().Handle(ctx, in, out)
}

// ForLane returns the handler of one lane.
func (s *Stage) ForLane() stream.Handler {
	return &lane{Stage: s, decider: judge.Decider{Rules: s.cfg.Rules}}
}

type lane struct {
	*Stage
	decider judge.Decider
	value   []byte
}

func (l *lane) Handle(_ context.Context, in *stream.Batch, out *stream.Out) error {
	now := l.cfg.Now()
	var counts [3]uint64
	for i := range in.Records {
		rec := &in.Records[i]
		h := rec.Carried()
		if head, tail, outcome, ok := l.decider.Clear(rec.Value, h.Screened, now); ok {
			l.verdict(rec, &h, head, tail, out)
			counts[outcome.Decision]++
			continue
		}
		value, outcome, err := l.decider.Decide(l.value[:0], rec.Value, h.Screened, now)
		if err != nil {
			return stream.Permanent(err)
		}
		l.value = value
		l.publish(rec, &h, value, outcome, now, out)
		counts[outcome.Decision]++
	}
	l.m.decided(counts)
	return nil
}

// verdict appends a verdict, whose value is head and then tail, to the topic of all verdicts.
func (l *lane) verdict(rec *stream.Record, h *stream.Carried, head, tail []byte, out *stream.Out) {
	out.AppendSpliced(schemas.Verdicts, rec.Partition, rec.Key, head, tail, stream.Headers{},
		stream.Header{Name: event.HeaderID, Value: h.ID},
		stream.Header{Name: event.HeaderAt, Value: h.At})
}

// publish appends a verdict to the topics where it belongs.
func (l *lane) publish(rec *stream.Record, h *stream.Carried, value []byte, o judge.Outcome, now time.Time, out *stream.Out) {
	l.verdict(rec, h, value, nil, out)
	if !o.Flagged {
		return
	}
	fact, _ := event.PeekID(value) // the decider wrote it
	cloud := event.CloudEvent{ID: fact, Version: o.Version, Source: source, Type: event.CloudTypeFlagged, Time: now}
	all := []stream.Header{{Name: event.HeaderID, Value: h.ID}, {Name: event.HeaderAt, Value: h.At}}
	for _, x := range cloud.Headers() {
		all = append(all, stream.Header(x))
	}
	out.AppendTo(schemas.Flagged, rec.Partition, rec.Key, value, all...)
}

// Poison keeps a record that cannot be judged whole in the dead letter topic, and publishes that its transfer is held.
func (l *lane) Poison(_ context.Context, rec *stream.Record, cause error, out *stream.Out) error {
	now := l.cfg.Now()
	h := rec.Carried()
	out.DeadLetter(rec, stream.ReasonOf(cause), cause)
	known := judge.Headers{ID: h.ID, Key: rec.Key}.Named(rec.Topic, rec.Partition, rec.Offset)
	h.ID = known.ID
	value, outcome := l.decider.Quarantined(nil, rec.Value, known, now)
	l.publish(rec, &h, value, outcome, now, out)
	var counts [3]uint64
	counts[flag.Held] = 1
	l.m.decided(counts)
	l.m.quarantined()
	return nil
}
