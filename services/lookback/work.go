package lookback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluice/services/internal/activation"
)

// Work follows the activations and does what they ask for, until ctx ends (it returns nil) or something is in the way.
// The caller holds the lease.
func (s *Service) Work(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.news = make(chan activation.Activation)
	caught, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.Activations.Follow(ctx, func() { close(caught) }, func(a activation.Activation) error {
			select {
			case s.news <- a:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil { // one that counts was returned
			s.cfg.Logger.Debug().Err(err).Msg("the activations are followed no more")
		}
	}()
	s.acts = nil
	for reading := true; reading; {
		select {
		case err := <-ended:
			ended <- nil
			return err
		case a := <-s.news:
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
		if err := s.pending(ctx); err != nil {
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
		case a := <-s.news:
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
	// What was appended here is known before it is read, and before what stands in front of it.
	at, known := slices.BinarySearchFunc(s.acts, a.Seq, func(x activation.Activation, seq uint64) int { return cmp.Compare(x.Seq, seq) })
	if known {
		return
	}
	a.Lists = nil // not needed, and the topic is kept for ever
	s.acts = slices.Insert(s.acts, at, a)
}

// runsRead is how many of the last runs are read at the start; older activations of runs count as done.
const runsRead = 1000

// remember reads which runs are through.
func (s *Service) remember(ctx context.Context) error {
	runs, err := s.Warehouse.Runs(ctx, runsRead)
	if err != nil {
		return fmt.Errorf("reading the runs: %w", err)
	}
	s.done, s.upTo, s.open = map[uint64]bool{}, 0, false
	for _, r := range runs {
		if r.State != Done {
			// Whoever made it may have sent something, unless it went on in a run that is through.
			s.open = s.open || r.State == Running || r.Seq > s.upTo
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
func (s *Service) pending(ctx context.Context) error {
	for ctx.Err() == nil {
		s.drain()
		p, ok := s.next()
		if !ok {
			return nil
		}
		err := s.run(ctx, p)
		if errors.Is(err, errJoined) {
			continue
		}
		if err != nil {
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

// errJoined is returned by a run that goes on as a part of a later one.
var errJoined = errors.New("the run goes on in a later one")

// joinWithin is how long after its first activation a run that waits for others may be given up for one that covers newer
// activations as well: they need not wait for it then, and it comes to an end however often lists are activated.
const joinWithin = time.Minute

// superseded says whether a run over activations of lists is to go on in one that covers newer ones too. It makes its
// first pass in any case: else nothing would be sent while lists are activated faster than records settle.
func (s *Service) superseded(r *progress) bool {
	if r.Scope != ScopeLists || r.Passes == 0 || s.cfg.Now().Sub(r.oldest) > joinWithin {
		return false
	}
	s.drain()
	p, ok := s.next()
	return ok && p.scope == ScopeLists && p.seq > r.Seq
}

// drain takes what has been activated meanwhile.
func (s *Service) drain() {
	for {
		select {
		case a := <-s.news:
			s.take(a)
		default:
			return
		}
	}
}
