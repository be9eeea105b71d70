package enrichment

import (
	"context"
	"fmt"

	"sluice/pkg/event"
	"sluice/services/internal/stream"
)

// Rescreen returns the hop for rescreen.v1: recorded transfers that are to be screened again, because lists changed or
// were not there. It screens as the stage does, but it waits where that would not: until the lists are usable, and
// until they are those that the record asks for or newer. Nobody waits for these transfers, and judged by less than is
// known they would be wrong. It runs in a group of its own, so that no live transfer waits behind them.
func (s *Stage) Rescreen() stream.LaneHandler { return rescreen{s} }

type rescreen struct{ *Stage }

// Handle screens with scratch memory made for the call.
func (r rescreen) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	return r.ForLane().Handle(ctx, in, out)
}

// ForLane returns the handler of one lane.
func (r rescreen) ForLane() stream.Handler {
	p := &pinned{}
	return &rescreenLane{lists: r.lists, pinned: p, lane: lane{Stage: New(r.cfg, p, r.m)}}
}

// pinned are lists that were looked at once and do not change while a batch is screened.
type pinned struct{ current Current }

func (p *pinned) Current() Current { return p.current }

type rescreenLane struct {
	lane
	lists  Lists
	pinned *pinned
}

func (l *rescreenLane) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	current := l.lists.Current()
	if !current.Usable {
		return fmt.Errorf("%w: %s", ErrNoLists, current.Why)
	}
	for i := range in.Records {
		header, _ := in.Records[i].Headers.Get(event.HeaderLists)
		least, err := event.ParseLists(header)
		if err != nil {
			return stream.Permanent(err)
		}
		if least > current.Seq {
			return fmt.Errorf("%w of seq %d, which a transfer is to be screened with again: these are of seq %d", ErrNoLists, least, current.Seq)
		}
	}
	l.pinned.current = current
	return l.lane.Handle(ctx, in, out)
}
