package stream

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"sluice/pkg/event"
)

// process handles a batch until everything that was made from it is acknowledged. It returns false when the lane must
// end before that; the batch is then not marked, and comes again.
func (ln *lane) process(in *Batch) bool {
	started := time.Now()
	for attempt := 1; ; attempt++ {
		ln.out.Reset()
		err := ln.call(func() error { return ln.handler.Handle(ln.drain, in, ln.out) })
		if err == nil {
			if hook := ln.loop.cfg.Hooks.Handled; hook != nil {
				hook(len(in.Records), time.Since(started))
			}
			err = ln.write()
		}
		switch {
		case err == nil:
			ln.acknowledged(in, started)
			return true
		case IsPermanent(err) && len(in.Records) > 1:
			// Halves are handled, written and marked by themselves, down to the single record: what is good around a
			// poisonous record goes on in few calls, and in order.
			half := len(in.Records) / 2
			return ln.process(&Batch{Topic: in.Topic, Records: in.Records[:half]}) &&
				ln.process(&Batch{Topic: in.Topic, Records: in.Records[half:]})
		case IsPermanent(err):
			return ln.poison(in, err, started)
		}
		if !ln.again(attempt, err) {
			return false
		}
	}
}

// poison finds a place for a record that cannot be handled.
func (ln *lane) poison(in *Batch, cause error, started time.Time) bool {
	l, rec := ln.loop, &in.Records[0]
	l.state.poisoned.Add(1)
	l.cfg.Logger.Error().Err(cause).Str("group", l.cfg.Group).Str("topic", rec.Topic).Int32("partition", rec.Partition).
		Int64("offset", rec.Offset).Str("reason", ReasonOf(cause)).Msg("record cannot be processed")
	if l.cfg.Hooks.Poison != nil {
		l.cfg.Hooks.Poison(rec, cause)
	}
	poisoner, has := ln.handler.(Poisoner)
	shorten := false
	for attempt := 1; ; attempt++ {
		ln.out.Reset()
		var err error
		if has {
			err = ln.call(func() error { return poisoner.Poison(ln.drain, rec, cause, ln.out) })
		} else {
			ln.out.deadLetter(rec, ReasonOf(cause), cause, shorten)
		}
		if err == nil {
			err = ln.write()
		}
		switch {
		case err == nil:
			ln.acknowledged(in, started)
			return true
		case IsPermanent(err) && has:
			has, cause, attempt = false, errors.Join(cause, err), 0
			continue
		case IsPermanent(err) && !shorten:
			shorten, attempt = true, 0 // the dead letter topic takes less than the table says: keep the head
			continue
		}
		if !ln.again(attempt, err) {
			return false
		}
	}
}

// bury dead-letters batches that could not be read, as they are.
func (ln *lane) bury(g *topicGroup) bool {
	shorten := false
	for attempt := 1; ; attempt++ {
		ln.out.Reset()
		for i := range g.damaged {
			ln.out.deadLetter(&g.damaged[i], event.DeadUnreadable, errUnreadable, shorten)
		}
		err := ln.write()
		if err == nil {
			ln.count()
			ln.recovered()
			return true
		}
		if IsPermanent(err) && !shorten {
			shorten, attempt = true, 0
			continue
		}
		if !ln.again(attempt, err) {
			return false
		}
	}
}

var errUnreadable = errors.New("the record batch does not fit its checksum or cannot be expanded: its bytes are kept as they are")

// call runs a handler's method; a panic becomes a permanent error.
func (ln *lane) call(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			ln.loop.state.panics.Add(1)
			ln.loop.cfg.Logger.Error().Str("group", ln.loop.cfg.Group).Interface("panic", v).Bytes("stack", debug.Stack()).Msg("handler panicked")
			err = PermanentReason(event.DeadPanic, fmt.Errorf("panic: %v", v))
		}
	}()
	if err := f(); err != nil {
		return err
	}
	return ln.out.Err()
}

// write sends what is in out. A record that the broker refuses for its size makes a permanent error.
func (ln *lane) write() error {
	if err := ln.out.Err(); err != nil || ln.out.Len() == 0 {
		return err
	}
	err := ln.writer.write(ln.drain, ln.out, func(attempt int, err error) {
		ln.retrying(attempt, err, "producing failed, trying again")
	})
	var large *tooLargeError
	if errors.As(err, &large) {
		return PermanentReason(event.DeadTooLarge, err)
	}
	return err
}

// acknowledged notes that all that was made of in is safe.
func (ln *lane) acknowledged(in *Batch, started time.Time) {
	l := ln.loop
	ln.recovered()
	ln.count()
	l.state.consumed.Add(uint64(len(in.Records)))
	if l.cfg.Hooks.Acked != nil {
		l.cfg.Hooks.Acked(len(in.Records), time.Since(started))
	}
	var p *lanePart
	for i := range in.Records {
		rec := &in.Records[i]
		if p == nil || p.Partition != rec.Partition {
			p = ln.part(rec.Topic, rec.Partition)
		}
		if i+1 == len(in.Records) || in.Records[i+1].Partition != rec.Partition {
			ln.mark(p, rec.Offset+1)
		}
	}
}

func (ln *lane) count() {
	s := &ln.loop.state
	s.produced.Add(uint64(ln.out.Len()))
	s.deadLettered.Add(uint64(ln.out.DeadLetters()))
	s.lastProgress.Store(ln.loop.cfg.Now().UnixNano())
}

// again waits before the next try of what failed, and says whether there is one.
func (ln *lane) again(attempt int, err error) bool {
	if ln.drain.Err() != nil || ln.stop.Err() != nil {
		return false
	}
	ln.retrying(attempt, err, "batch failed, trying again")
	return ln.loop.cfg.Retry.wait(ln.stop, attempt) == nil
}

// retrying tells that something is tried again; the log, not every time.
func (ln *lane) retrying(attempt int, err error, what string) {
	l := ln.loop
	l.state.retries.Add(1)
	ln.trouble(err)
	if attempt == 1 || attempt%20 == 0 {
		l.cfg.Logger.Warn().Err(err).Str("group", l.cfg.Group).Int("attempt", attempt).Msg(what)
	}
	if l.cfg.Hooks.Retry != nil {
		l.cfg.Hooks.Retry(attempt, err)
	}
}
