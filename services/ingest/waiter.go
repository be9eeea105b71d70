package ingest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// idleAfter is how long the waiter goes on reading verdicts that nobody waits for.
const idleAfter = time.Minute

// Waiter finds the verdicts that requests wait for, by reading verdicts.v1 from its end while somebody waits. With
// nobody waiting it reads nothing.
type Waiter struct {
	log stream.Log

	mu      sync.Mutex
	waiting map[string][]chan []byte // by the 32 digits of the fact
	lastUse time.Time
	ready   chan struct{} // closed while the tail knows its positions
	demand  chan struct{}
}

// NewWaiter makes a Waiter. It reads nothing before Run.
func NewWaiter(log stream.Log) *Waiter {
	return &Waiter{log: log, waiting: map[string][]chan []byte{}, ready: make(chan struct{}), demand: make(chan struct{}, 1)}
}

// Expect implements Verdicts.
func (w *Waiter) Expect(ctx context.Context, id transfer.ID) (<-chan []byte, func(), error) {
	key := id.String()
	c := make(chan []byte, 1)
	w.mu.Lock()
	w.waiting[key] = append(w.waiting[key], c)
	w.lastUse = time.Now()
	ready := w.ready
	w.mu.Unlock()
	cancel := func() { w.forget(key, c) }
	select {
	case w.demand <- struct{}{}:
	default:
	}
	select {
	case <-ready:
		return c, cancel, nil
	case <-ctx.Done():
		cancel()
		return nil, nil, ctx.Err()
	}
}

func (w *Waiter) forget(key string, c chan []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := w.waiting[key][:0]
	for _, x := range w.waiting[key] {
		if x != c {
			left = append(left, x)
		}
	}
	if len(left) == 0 {
		delete(w.waiting, key)
		return
	}
	w.waiting[key] = left
}

// Run reads verdicts whenever somebody waits, until ctx ends.
func (w *Waiter) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.demand:
		}
		if err := w.read(ctx); err != nil {
			return err
		}
	}
}

var errIdle = errors.New("nobody waits")

func (w *Waiter) read(ctx context.Context) error {
	w.mu.Lock()
	ready := w.ready
	w.mu.Unlock()
	tail, err := stream.NewTail(stream.TailConfig{
		Topic: schemas.Verdicts, From: stream.FromEnd, MaxWait: 100 * time.Millisecond,
		CaughtUp: func() { close(ready) },
	}, w.log)
	if err != nil {
		return err
	}
	defer func() {
		w.mu.Lock()
		w.closeGate(ready)
		w.mu.Unlock()
	}()
	idle, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go w.watch(idle, stop, ready)
	return tail.Run(idle, func(_ context.Context, in *stream.Batch) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.waiting) == 0 {
			return nil
		}
		for i := range in.Records {
			id, _ := in.Records[i].Headers.Get(event.HeaderID)
			for _, c := range w.waiting[string(id)] {
				select {
				case c <- bytes.Clone(in.Records[i].Value):
				default: // a later verdict of the same fact; the first is the answer
				}
			}
		}
		return nil
	})
}

// watch ends the reading once nobody has waited for idleAfter.
func (w *Waiter) watch(ctx context.Context, stop context.CancelCauseFunc, ready chan struct{}) {
	tick := time.NewTicker(idleAfter / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.mu.Lock()
		idle := len(w.waiting) == 0 && time.Since(w.lastUse) > idleAfter
		if idle {
			w.closeGate(ready)
		}
		w.mu.Unlock()
		if idle {
			stop(errIdle)
			return
		}
	}
}

// closeGate makes the requests that come from now on wait for the next reading; w.mu is held.
func (w *Waiter) closeGate(ready chan struct{}) {
	if w.ready == ready {
		w.ready = make(chan struct{})
	}
}
