// Package deadletter looks at what was given up, and sends it again.
//
// It reads the dead letter topic itself: what stands there is whole, whatever became of it in ClickHouse. Sending a dead
// letter again means writing the original bytes, with the original key and headers, to the topic they came from, so that
// they take the way that every record takes. That changes no count when it is done twice, for the identity of a fact is
// its content; and behind each that was sent again a note is written to the dead letter topic, so that the second time
// nothing is sent. Replay promises that nothing is sent which is not, byte for byte, what was given up.
package deadletter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/event"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// Place names a dead letter: where it stands in the dead letter topic.
type Place struct {
	Partition int32
	Offset    int64
}

// String is PARTITION/OFFSET.
func (p Place) String() string { return fmt.Sprintf("%d/%d", p.Partition, p.Offset) }

// ParsePlace reads what String writes.
func ParsePlace(text string) (Place, error) {
	partition, offset, ok := strings.Cut(text, "/")
	p, err1 := strconv.ParseInt(partition, 10, 32)
	o, err2 := strconv.ParseInt(offset, 10, 64)
	if !ok || err1 != nil || err2 != nil || p < 0 || o < 0 {
		return Place{}, fmt.Errorf("%q is no dead letter: want PARTITION/OFFSET as `sluice deadletter list` shows it, such as 3/17", text)
	}
	return Place{int32(p), o}, nil
}

// Letter is a dead letter as it stands in the topic.
type Letter struct {
	event.DeadLetter
	Place      Place
	Fact       string         // id of the fact, "" where the original has no such header
	TransferID string         // the exchange's own id, "" where the original cannot be read
	Original   []event.Header // of the record that was given up
	ReplayedTo string         // topic/partition/offset of what it became; "" where it was not sent again
	Damaged    error          // its own headers cannot be read
}

// letterOf reads a record of the dead letter topic; it keeps nothing of it.
func letterOf(rec *stream.Record) Letter {
	l := Letter{Place: Place{rec.Partition, rec.Offset}}
	var own []event.Header
	for name, value := range rec.Headers.All() {
		h := event.Header{Name: string(name), Value: append([]byte(nil), value...)}
		if strings.HasPrefix(h.Name, "dl_") {
			own = append(own, h)
			continue
		}
		l.Original = append(l.Original, h)
		if h.Name == event.HeaderID {
			l.Fact = string(h.Value)
		}
	}
	l.DeadLetter, l.Damaged = event.ParseDeadLetter(own, append([]byte(nil), rec.Value...))
	if l.At.IsZero() {
		l.At = time.UnixMilli(rec.Timestamp).UTC()
	}
	var names struct {
		ID         string `json:"id"`
		TransferID string `json:"transfer_id"`
	}
	if json.Unmarshal(l.Value, &names) == nil {
		l.TransferID = names.TransferID
		if l.Topic == schemas.Raw {
			l.TransferID = names.ID // on the raw topic there is no other
		}
	}
	return l
}

// Filter says which dead letters are meant. What is zero matches all.
type Filter struct {
	Places   []Place // these alone
	Stage    string
	Reason   string
	Topic    string // where it came from; the prefix of all topics may be left out
	ID       string // of the fact, or the exchange's own
	From, To time.Time
}

// Empty says whether everything matches.
func (f *Filter) Empty() bool {
	return len(f.Places) == 0 && f.Stage == "" && f.Reason == "" && f.Topic == "" && f.ID == "" && f.From.IsZero() && f.To.IsZero()
}

// String describes the filter, for the audit log.
func (f *Filter) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	for _, p := range f.Places {
		add("place", p.String())
	}
	add("stage", f.Stage)
	add("reason", f.Reason)
	add("topic", f.Topic)
	add("id", f.ID)
	for name, at := range map[string]time.Time{"from": f.From, "to": f.To} {
		if !at.IsZero() {
			add(name, at.UTC().Format(time.RFC3339))
		}
	}
	if len(parts) == 0 {
		return "all"
	}
	return strings.Join(parts, " ")
}

// Match says whether a dead letter is meant.
func (f *Filter) Match(l *Letter) bool {
	if len(f.Places) > 0 {
		found := false
		for _, p := range f.Places {
			found = found || p == l.Place
		}
		if !found {
			return false
		}
	}
	return (f.Stage == "" || f.Stage == l.Stage) &&
		(f.Reason == "" || f.Reason == l.Reason) &&
		(f.Topic == "" || f.Topic == l.Topic || schemas.Prefix+f.Topic == l.Topic) &&
		(f.ID == "" || f.ID == l.Fact || f.ID == l.TransferID) &&
		(f.From.IsZero() || !l.At.Before(f.From)) &&
		(f.To.IsZero() || l.At.Before(f.To))
}

// Box is the dead letter topic.
type Box struct {
	log stream.Log
	pub stream.Publisher // nil: nothing is sent again
	now func() time.Time
}

// Open returns the dead letters of a log. It reads nothing yet. pub may be nil for a box that is only looked at.
func Open(log stream.Log, pub stream.Publisher, now func() time.Time) *Box {
	return &Box{log: log, pub: pub, now: now}
}

// Each calls fn for every dead letter that was there when it was called and that matches, in order within each partition.
// It reads the topic twice, for what was sent again is noted behind it. Memory holds a batch, and a place for each note.
// An error of fn ends it.
func (b *Box) Each(ctx context.Context, f Filter, fn func(*Letter) error) error {
	ends, err := b.ends(ctx)
	if errors.Is(err, stream.ErrUnknownTopic) {
		return nil
	}
	if err != nil {
		return err
	}
	replayed := map[string]string{}
	err = b.read(ctx, ends, func(rec *stream.Record) error {
		if of, ok := event.ReplayNote(rec.Headers.Get); ok {
			to, _ := rec.Headers.Get(event.HeaderReplayTo)
			replayed[of] = string(to)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.read(ctx, ends, func(rec *stream.Record) error {
		if _, note := event.ReplayNote(rec.Headers.Get); note {
			return nil
		}
		l := letterOf(rec)
		l.ReplayedTo = replayed[l.Place.String()]
		if !f.Match(&l) {
			return nil
		}
		return fn(&l)
	})
}

// ends are the ends of the partitions now: what replaying brings back is not replayed in the same run.
func (b *Box) ends(ctx context.Context) ([]stream.Bounds, error) {
	n, err := b.log.Partitions(ctx, schemas.DeadLetters)
	if err != nil {
		return nil, err
	}
	at := make([]stream.Position, n)
	for i := range at {
		at[i] = stream.Position{Topic: schemas.DeadLetters, Partition: int32(i)}
	}
	return b.log.Bounds(ctx, at)
}

// read goes through the topic up to the ends.
func (b *Box) read(ctx context.Context, ends []stream.Bounds, fn func(*stream.Record) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	whole := false
	tail, err := stream.NewTail(stream.TailConfig{Topic: schemas.DeadLetters, From: stream.FromStart,
		CaughtUp: func() { whole = true; cancel() }}, b.log)
	if err != nil {
		return err
	}
	err = tail.Run(ctx, func(_ context.Context, in *stream.Batch) error {
		for i := range in.Records {
			rec := &in.Records[i]
			if int(rec.Partition) >= len(ends) || rec.Offset >= ends[rec.Partition].End {
				continue
			}
			if err := fn(rec); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && !whole {
		err = fmt.Errorf("reading %s: %w", schemas.DeadLetters, context.Cause(ctx))
	}
	return err
}
