package lookback

import (
	"context"
	"fmt"
	"time"

	"sluice/services/internal/activation"
)

// Work follows the activations and does what they ask for, until ctx ends (it returns nil) or something is in the way.
// The caller holds the lease.
func (s *Service) Work(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	news, caught, ended := make(chan activation.Activation), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.Activations.Follow(ctx, func() { close(caught) }, func(a activation.Activation) error {
			select {
			case news <- a:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	defer func() {
		cancel()
		<-ended
	}()
	s.acts = nil
	for reading := true; reading; {
		select {
		case err := <-ended:
			ended <- nil
			return err
		case a := <-news:
			s.take(a)
		case <-caught:
			reading = false
		}
	}
	if err := s.remember(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	for {
		if err := s.pending(ctx, news); err != nil {
			return err
		}
		if err := s.lookForHeld(ctx); err != nil {
			return err
		}
		if _, more := s.next(); more {
			continue
		}
		select {
		case err := <-ended:
			ended <- nil
			return err
		case a := <-news:
			s.take(a)
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// take notes an activation.
func (s *Service) take(a activation.Activation) {
	if a.Kind != activation.Lists && a.Kind != activation.Rescreen {
		return
	}
	if n := len(s.acts); n > 0 && a.Seq <= s.acts[n-1].Seq {
		return // appended here, and now read
	}
	a.Lists = nil // not needed, and the topic is kept for ever
	s.acts = append(s.acts, a)
}

// runsRead is how many of the last runs are read at the start; older activations of runs count as done.
const runsRead = 1000

// remember reads which runs are through.
func (s *Service) remember(ctx context.Context) error {
	runs, err := s.Warehouse.Runs(ctx, runsRead)
	if err != nil {
		return fmt.Errorf("reading the runs: %w", err)
	}
	s.done, s.upTo = map[uint64]bool{}, 0
	for _, r := range runs {
		if r.State != Done {
			continue
		}
		s.done[r.Seq] = true
		if r.Scope == ScopeLists {
			s.upTo = max(s.upTo, r.Seq)
		}
	}
	if len(runs) == runsRead {
		for _, a := range s.acts {
			if a.Kind == activation.Rescreen && a.Seq < runs[runsRead-1].Seq {
				s.done[a.Seq] = true
			}
		}
	}
	s.m.doneUpTo(s.upTo)
	return nil
}

// next is what is to be done now.
func (s *Service) next() (plan, bool) { return decide(s.acts, s.done, s.upTo) }

// pending does what is to be done, one run after the other.
func (s *Service) pending(ctx context.Context, news <-chan activation.Activation) error {
	for ctx.Err() == nil {
		s.drain(news)
		p, ok := s.next()
		if !ok {
			return nil
		}
		if err := s.run(ctx, p); err != nil {
			return fmt.Errorf("run %d: %w", p.seq, err)
		}
		s.said = ""
		s.done[p.seq] = true
		if p.scope == ScopeLists {
			s.upTo = p.seq
			s.m.doneUpTo(s.upTo)
		}
	}
	return nil
}

// drain takes what has been activated meanwhile.
func (s *Service) drain(news <-chan activation.Activation) {
	for {
		select {
		case a := <-news:
			s.take(a)
		default:
			return
		}
	}
}
