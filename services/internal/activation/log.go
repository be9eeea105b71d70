package activation

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"sluice/schemas"
	"sluice/services/internal/stream"
)

// headerAppend holds a random id by which an appender finds its record when the broker's answer was lost.
const headerAppend = "append"

// Log reads and appends activations.
type Log struct {
	log    stream.Log
	pub    stream.Publisher
	logger zerolog.Logger
	audit  func() (AuditHead, error)
}

// New returns the log. It dials nothing. Only Append needs pub.
func New(log stream.Log, pub stream.Publisher, logger zerolog.Logger) *Log {
	return &Log{log: log, pub: pub, logger: logger}
}

// WithAudit makes every record that is appended say where an audit log ends, which head tells.
func (l *Log) WithAudit(head func() (AuditHead, error)) *Log {
	with := *l
	with.audit = head
	return &with
}

// State is what the topic says at one moment.
type State struct {
	Epoch string // "" while the topic is empty
	Base  uint64
	Next  int64               // offset of the next record
	Last  map[Kind]Activation // the newest of each kind

	appended map[string]int64 // offset by the id in headerAppend
}

// Read returns the state of the topic now. It waits for the broker as long as ctx allows.
func (l *Log) Read(ctx context.Context) (State, error) {
	return l.read(ctx, func(Activation) error { return nil })
}

// All returns every activation that is in the topic now, in their order. It waits for the broker as long as ctx allows.
func (l *Log) All(ctx context.Context) (all []Activation, err error) {
	_, err = l.read(ctx, func(a Activation) error { all = append(all, a); return nil })
	return all, err
}

func (l *Log) read(ctx context.Context, fn func(Activation) error) (State, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var s State
	done := false
	err := l.follow(ctx, func() { done = true; cancel() }, &s, fn)
	if err != nil {
		return State{}, err
	}
	if !done {
		return State{}, fmt.Errorf("reading %s: %w", schemas.Activations, context.Cause(ctx))
	}
	return s, nil
}

// Follow gives every activation to fn, from the first one on, until ctx ends (it returns nil) or fn returns an error (it
// returns that). caughtUp, unless nil, is called once, when fn has seen all that were there at the beginning.
func (l *Log) Follow(ctx context.Context, caughtUp func(), fn func(Activation) error) error {
	return l.follow(ctx, caughtUp, &State{}, fn)
}

func (l *Log) follow(ctx context.Context, caughtUp func(), s *State, fn func(Activation) error) error {
	s.Last, s.appended = map[Kind]Activation{}, map[string]int64{}
	var lost *stream.Loss
	tail, err := stream.NewTail(stream.TailConfig{
		Topic: schemas.Activations, CaughtUp: caughtUp, Logger: l.logger,
		Loss: func(loss stream.Loss) { lost = &loss },
	}, l.log)
	if err != nil {
		return err
	}
	return tail.Run(ctx, func(_ context.Context, in *stream.Batch) error {
		if lost != nil {
			return fmt.Errorf("%w: offsets %d to %d are gone", ErrNoLog, lost.From, lost.To)
		}
		for i := range in.Records {
			a, ok, err := s.take(&in.Records[i], l.logger)
			if ok {
				err = fn(a)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// take reads one record. One that is no activation is passed over, unless it is the first, which holds what all need.
func (s *State) take(rec *stream.Record, logger zerolog.Logger) (a Activation, ok bool, err error) {
	if s.Epoch == "" && rec.Offset != 0 {
		return a, false, fmt.Errorf("%w: it begins at offset %d", ErrNoLog, rec.Offset)
	}
	s.Next = rec.Offset + 1
	r, bad := parseRecord(rec.Value)
	if rec.Offset == 0 {
		if bad == nil && (r.Base == nil || r.Epoch == "") {
			bad = errors.New("base or epoch is missing")
		}
		if bad != nil {
			return a, false, fmt.Errorf("%w: %w", ErrNoLog, bad)
		}
		s.Epoch, s.Base = r.Epoch, *r.Base
	}
	if bad != nil {
		logger.Error().Err(bad).Int64("offset", rec.Offset).Msg("a record of the activations is none, and was passed over")
		return a, false, nil
	}
	if id, ok := rec.Headers.Get(headerAppend); ok {
		s.appended[string(id)] = rec.Offset
	}
	a = Activation{
		Seq: s.Base + uint64(rec.Offset) + 1, Epoch: s.Epoch,
		Kind: r.Kind, Version: r.Version, Previous: r.Previous, Author: r.Author, Reason: r.Reason, At: r.At, Lists: r.Lists,
		Scope: r.Scope, FromSeq: r.FromSeq, Audit: r.Audit,
	}
	s.Last[a.Kind] = a
	return a, true, nil
}

// Append writes the activation behind all others and returns it with its number and epoch. before is the state that Read
// returned; when the topic was empty then, the record is meant to be its first one, with base, the highest number that
// is known elsewhere, and a new epoch. After an error the record may have been written: Read tells.
func (l *Log) Append(ctx context.Context, before State, base uint64, a Activation) (Activation, error) {
	if err := a.Check(); err != nil {
		return a, err
	}
	if l.audit != nil {
		var err error
		if a.Audit, err = l.audit(); err != nil {
			return a, fmt.Errorf("appending to %s: %w", schemas.Activations, err)
		}
	}
	id := newID()
	a.Epoch = before.Epoch
	first := before.Epoch == ""
	if first {
		a.Epoch = newID()
	}
	ack, err := l.pub.ProduceOne(ctx, stream.Message{
		Topic: schemas.Activations, Value: appendRecord(nil, &a, first, base),
		Headers: []stream.Header{{Name: headerAppend, Value: []byte(id)}},
	})
	if err != nil {
		return a, fmt.Errorf("appending to %s: %w", schemas.Activations, err)
	}
	if !first && ack.Offset >= before.Next {
		a.Seq = before.Base + uint64(ack.Offset) + 1
		return a, nil
	}
	// Who was first, and where a record is whose acknowledgement was lost, only the topic tells.
	after, err := l.Read(ctx)
	if err != nil {
		return a, err
	}
	at, ok := after.appended[id]
	if !ok {
		return a, fmt.Errorf("%s: the record that was just acknowledged is not there", schemas.Activations)
	}
	a.Epoch, a.Seq = after.Epoch, after.Base+uint64(at)+1
	return a, nil
}

// newID is 16 random bytes in hex.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
