package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// runner is something that works until its context ends. An error, or an end before that, ends the whole process.
type runner struct {
	name string
	run  func(context.Context) error
}

// phase is what starts together and stops together.
type phase struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	errs   []error
	failed chan struct{} // closed when a runner ended before it was told to
	once   sync.Once
}

// start runs all runners in goroutines. Their context carries the values of ctx, but ends with stop only, so that
// phases end in the order in which they are stopped.
func start(ctx context.Context, runners ...runner) *phase {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &phase{cancel: cancel, failed: make(chan struct{})}
	for _, r := range runners {
		p.wg.Add(1)
		go func() {
			defer p.wg.Done()
			err := r.run(ctx)
			if ctx.Err() == nil {
				if err == nil {
					err = errors.New("ended by itself")
				}
				p.once.Do(func() { close(p.failed) })
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				p.mu.Lock()
				p.errs = append(p.errs, fmt.Errorf("%s: %w", r.name, err))
				p.mu.Unlock()
			}
		}()
	}
	return p
}

// stop ends the phase and returns what went wrong in it. Stopping again does nothing.
func (p *phase) stop() error {
	p.cancel()
	p.wg.Wait()
	err := errors.Join(p.errs...)
	p.errs = nil // told once
	return err
}
