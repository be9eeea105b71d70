package lookback

import (
	"context"
	"fmt"
	"time"

	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
)

// takenUp says whether nobody screens with lists older than seq any more; if not, what is waited for. named is how long
// the pointer has been seen to name seq or what came after it.
func takenUp(s lists.Screeners, seq uint64, maxAge, named time.Duration) (ok bool, waits string) {
	if named > lists.Settled(maxAge) {
		return true, ""
	}
	if !s.Complete(maxAge) {
		return false, "enrichment's register in Redis is younger than lists.pointer_max_age"
	}
	behind := 0
	for _, x := range s.All {
		if x.Seq < seq && !s.Silent(x) {
			behind++
		}
	}
	if behind > 0 {
		return false, fmt.Sprintf("%d instances of enrichment hold older lists than seq %d", behind, seq)
	}
	return true, ""
}

// awaitLists waits until nobody screens with lists older than seq any more.
func (s *Service) awaitLists(ctx context.Context, r *progress, seq uint64) error {
	var since time.Time
	for {
		p, err := s.Lists.Pointer(ctx)
		if err != nil {
			return err
		}
		var waits string
		switch {
		case p.Seq < seq:
			since, waits = time.Time{}, fmt.Sprintf("the pointer in Redis names seq %d, and %d was activated", p.Seq, seq)
		default:
			if since.IsZero() {
				since = s.cfg.Now()
			}
			all, err := s.Lists.Screeners(ctx)
			if err != nil {
				return err
			}
			var ok bool
			if ok, waits = takenUp(all, seq, s.cfg.MaxAge, s.cfg.Now().Sub(since)); ok {
				return nil
			}
		}
		if err := r.step(ctx, stepLists, waits); err != nil {
			return err
		}
		if err := s.wait(ctx, r); err != nil {
			return err
		}
	}
}

// wait lets some time pass, and says when the run is to go on as a part of a later one.
func (s *Service) wait(ctx context.Context, r *progress) error {
	pause(ctx, s.cfg.Poll)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case s.superseded(r):
		return errJoined
	default:
		return nil
	}
}

// settle waits until all that stands in the first topics of the chain now is recorded. It does so step by step: what a
// step had to read is acknowledged before the ends of what it wrote are taken.
func (s *Service) settle(ctx context.Context, r *progress) error {
	for _, hops := range s.cfg.Chain {
		ends := make([][]stream.GroupOffset, len(hops))
		for i, h := range hops {
			var err error
			if ends[i], err = s.Topics.GroupOffsets(ctx, h.Group, h.Topic); err != nil {
				return err
			}
		}
		for i, h := range hops {
			if err := s.passed(ctx, r, h, ends[i]); err != nil {
				return err
			}
		}
	}
	s.open = false
	return nil
}

// closed waits until nothing is on its way that an earlier run sent. A search before that would take its transfers for
// what they were until then, and what it sends would say so: a flag that is not recorded yet would never be taken back.
func (s *Service) closed(ctx context.Context, r *progress) error {
	if !s.open {
		return nil
	}
	return s.settle(ctx, r)
}

// passed waits until the group has committed all up to the ends.
func (s *Service) passed(ctx context.Context, r *progress, h Hop, ends []stream.GroupOffset) error {
	now := ends
	for {
		left := behind(now, ends)
		if left == 0 {
			return nil
		}
		if err := r.step(ctx, stepRecords, fmt.Sprintf("%s has %d records of %s before it", h.Group, left, h.Topic)); err != nil {
			return err
		}
		if err := s.wait(ctx, r); err != nil {
			return err
		}
		var err error
		if now, err = s.Topics.GroupOffsets(ctx, h.Group, h.Topic); err != nil {
			return err
		}
	}
}

// behind is how many records below the ends the group has not committed. What the log has dropped is not waited for.
func behind(now, ends []stream.GroupOffset) (left int64) {
	committed := make(map[int32]int64, len(now))
	for _, o := range now {
		committed[o.Partition] = max(o.Committed, o.Start)
	}
	for _, e := range ends {
		left += max(0, e.End-committed[e.Partition])
	}
	return left
}
