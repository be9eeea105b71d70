package stream

import (
	"context"
	"errors"
	"time"
)

// errStalled is why a loop joins its group anew although the broker did not ask for it.
var errStalled = errors.New("a reader stood still although there were records to read")

// watchdogLooks is how many looks in a row must find a partition where it was before it counts as stalled. Looks are
// counted, not time: a process that was stopped as a whole has made few of them.
const watchdogLooks = 4

// watched is what a watchdog remembers of a partition.
type watched struct {
	next  int64
	looks int // that have found the partition where it was, with records waiting
}

// finding is what one look says of a partition.
type finding int

const (
	moving      finding = iota // it goes on, or has nothing to do
	waiting                    // it has not gone on, for less than watchdogLooks, or is retrying
	handlerHung                // its batch is with the handler, or being written, and nothing comes of it
	readerHung                 // it has records, and the lane fetches none of them
)

// look compares a partition with the look before. handling says that its lane is not fetching, retrying that its lane has
// trouble which State tells already.
func (w *watched) look(next, end int64, handling, retrying bool) finding {
	switch {
	case next != w.next || end <= next:
		*w = watched{next: next}
		return moving
	case retrying:
		w.looks = 0
		return waiting
	}
	w.looks++
	switch {
	case w.looks < watchdogLooks:
		return waiting
	case handling:
		return handlerHung
	default:
		return readerHung
	}
}

// watchStalls looks at every partition of a generation for records that wait and a lane that does not come to them. A
// stalled partition makes State unready until it goes on. One whose reader hangs (a connection that neither answers nor
// ends, a broker that hands out nothing) calls rebuild, once, so that the next generation begins with new fetches. A
// handler that hangs is only told of: to take its batch away would not make it quicker.
func (l *Loop) watchStalls(stop context.Context, parts []*partTracker, rebuild func()) {
	seen := make([]watched, len(parts))
	at := make([]Position, len(parts))
	for i, p := range parts {
		seen[i] = watched{next: p.next.Load()}
		at[i] = Position{Topic: p.topic, Partition: p.partition}
	}
	tick := time.NewTicker(max(time.Millisecond, l.cfg.Stall/watchdogLooks))
	defer tick.Stop()
	for {
		select {
		case <-stop.Done():
			return
		case <-tick.C:
		}
		// A fetch that hangs does not tell where the log ends: it is asked for besides. Without an answer the last one
		// that a fetch brought must do.
		bounds, err := l.broker.Bounds(stop, at)
		if stop.Err() != nil {
			return
		}
		hung := false
		for i, p := range parts {
			end := p.end.Load()
			if err == nil && len(bounds) == len(parts) {
				end = bounds[i].End
			}
			next := p.next.Load()
			busy := p.handling.Load()
			handling := busy != nil && busy.Load()
			switch found := seen[i].look(next, end, handling, l.state.isRetrying(int(p.lane.Load()))); found {
			case handlerHung, readerHung:
				hung = hung || found == readerHung
				if l.state.stall(partitionKey{p.topic, p.partition}, l.cfg.Now()) {
					l.cfg.Logger.Error().Str("group", l.cfg.Group).Str("topic", p.topic).Int32("partition", p.partition).Int64("next", next).
						Int64("end", end).Bool("in_handler", found == handlerHung).Dur("for", l.cfg.Stall).Msg("records wait and none is handled")
				}
			case waiting:
			case moving:
				if l.state.unstall(partitionKey{p.topic, p.partition}) {
					l.cfg.Logger.Info().Str("group", l.cfg.Group).Str("topic", p.topic).Int32("partition", p.partition).Msg("records are handled again")
				}
			}
		}
		if hung {
			l.state.rebuilds.Add(1)
			l.cfg.Logger.Warn().Str("group", l.cfg.Group).Msg("joining again, for a reader stands still")
			rebuild()
			return
		}
	}
}
