package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sluice/services/internal/stream"
)

// through measures from the moment when the first hop of a row has its partitions, and the others have theirs already, to
// the last acknowledgement of the last hop.
func (b *bench) through(ctx context.Context, s *space, cpu string, row ...hop) (pass, error) {
	m := newMeter(cpu, b.cfg.BrokerPID)
	running, err := b.start(ctx, s, row, m.start, m.stop)
	if err == nil {
		err = running.await(ctx, m.done)
	}
	err = errors.Join(err, running.stop())
	result, failed := m.finish()
	return result, errors.Join(err, failed)
}

// row is hops that run.
type row []*runner

// start runs hops, the last one first, each when the one before has its partitions. first is called when the first has
// them, last when the last has everything acknowledged; nil is fine. The row must be stopped, whatever the error.
func (b *bench) start(ctx context.Context, s *space, hops []hop, first, last func()) (row, error) {
	var started row
	for i := len(hops) - 1; i >= 0; i-- {
		h := hops[i]
		r := &runner{wanted: int64(b.cfg.Transfers), assigned: make(chan struct{})}
		if i == 0 {
			r.first = first
		}
		if i == len(hops)-1 {
			r.last = last
		}
		l, err := stream.New(stream.Config{
			Group: b.server.group(h.name), Stage: h.name, Topics: []string{h.in}, Lanes: b.cfg.Lanes, Hooks: r.hooks(),
			Fetch: stream.FetchConfig{Linger: b.linger},
		}, s, h.handler(b.world))
		if err != nil {
			return started, err
		}
		r.loop, r.end = l, background(ctx, l.Run)
		started = append(started, r)
		if err := started.await(ctx, r.assigned); err != nil {
			return started, err
		}
	}
	return started, nil
}

// stop ends the loops and says what makes their figures worthless.
func (rs row) stop() error {
	var errs []error
	for _, r := range rs {
		errs = append(errs, r.end())
		if s := r.loop.State(); s.Generations > 1 {
			errs = append(errs, fmt.Errorf("the group %s was given its partitions %d times, so that the time is not the hop's alone: run it again", s.Group, s.Generations))
		}
	}
	return errors.Join(errs...)
}

// await waits for done as long as something moves.
func (rs row) await(ctx context.Context, done <-chan struct{}) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	moved, at := int64(-1), time.Now()
	for {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case now := <-tick.C:
			sum := int64(0)
			for _, r := range rs {
				sum += r.acked.Load()
			}
			if sum != moved {
				moved, at = sum, now
			}
			if now.Sub(at) > stall {
				return rs.stalled()
			}
		}
	}
}

func (rs row) stalled() error {
	err := fmt.Errorf("nothing was acknowledged for %s", stall)
	for _, r := range rs {
		s := r.loop.State()
		err = errors.Join(err, fmt.Errorf("%s: %d of %d transfers", s.Group, r.acked.Load(), r.wanted), s.RetryError, s.GroupError)
	}
	return err
}

// runner is one loop and what is seen of it.
type runner struct {
	loop        *stream.Loop
	end         func() error
	first, last func()
	wanted      int64
	once        sync.Once
	assigned    chan struct{} // closed when it has its partitions
	acked       atomic.Int64
}

func (r *runner) hooks() stream.Hooks {
	return stream.Hooks{
		Assigned: func(int32, []stream.Position) {
			r.once.Do(func() {
				if r.first != nil {
					r.first()
				}
				close(r.assigned)
			})
		},
		Acked: func(records int, _ time.Duration) {
			if r.acked.Add(int64(records)) >= r.wanted && r.last != nil {
				r.last()
			}
		},
	}
}
