package lookback

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sluice/services/internal/stream"
)

// chunk is how many transfers are sent with one acknowledgement.
const chunk = 500

// sender writes to rescreen.v1 at a bounded rate, and waits while enrichment has enough to do.
type sender struct {
	*Service
	build rebuilder
	next  time.Time // when the next chunk may go
}

// page sends the recorded transfers that can be made again, and counts them.
func (s *sender) page(ctx context.Context, r *progress, found []Recorded, raisedBy string, cause, lists uint64) error {
	messages := make([]stream.Message, 0, len(found))
	for i := range found {
		m, err := s.build.message(&found[i], raisedBy, cause, lists)
		if err != nil {
			r.unverified(&found[i], err)
			continue
		}
		messages = append(messages, m)
	}
	for part := range slices.Chunk(messages, chunk) {
		if err := s.room(ctx, r, len(part)); err != nil {
			return err
		}
		s.open = true
		if err := s.Publisher.Produce(ctx, part...); err != nil {
			return fmt.Errorf("sending: %w", err)
		}
		if err := r.sent(ctx, len(part)); err != nil {
			return err
		}
	}
	return nil
}

// room waits until n more transfers may be sent.
func (s *sender) room(ctx context.Context, r *progress, n int) error {
	if wait := s.next.Sub(s.cfg.Now()); wait > 0 {
		pause(ctx, wait)
	}
	h := s.cfg.Rescreen
	for ctx.Err() == nil {
		at, err := s.Topics.GroupOffsets(ctx, h.Group, h.Topic)
		if err != nil {
			return err
		}
		waiting := behind(at, at)
		s.m.waiting(waiting)
		if waiting == 0 || waiting+int64(n) <= int64(s.cfg.Pending) {
			s.next = s.cfg.Now().Add(time.Duration(n) * time.Second / time.Duration(s.cfg.Rate))
			return nil
		}
		if err := r.step(ctx, stepSearch, fmt.Sprintf("%d transfers wait for enrichment", waiting)); err != nil {
			return err
		}
		pause(ctx, s.cfg.Poll)
	}
	return context.Cause(ctx)
}
