package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sluice/schemas"
	"sluice/services/internal/stream"
)

const (
	loadTick  = time.Millisecond // what falls due within it is sent at once
	inFlight  = 4096             // requests that wait for their acknowledgement, at most
	warmShare = 0.1              // of the time, at its beginning: what is sent in it counts for nothing
)

// loads measures with each linger.
func (b *bench) loads(ctx context.Context) ([]Load, error) {
	lingers := b.cfg.Lingers
	if len(lingers) == 0 {
		lingers = []time.Duration{0}
	}
	var all []Load
	for _, linger := range lingers {
		sub := *b
		sub.linger = linger
		l, err := sub.load(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, *l)
	}
	return all, nil
}

// load holds a rate of arrivals, whatever the pipeline does, and measures each transfer from the moment when it was due
// to be sent: what waits because the pipeline stands still is in the figures (coordinated omission is not left out; G.
// Tene, "How NOT to Measure Latency", 2013).
func (b *bench) load(ctx context.Context) (*Load, error) {
	b.progress.step(fmt.Sprintf("%g transfers a second, gathered for %s", b.cfg.Rate, b.linger))
	w := &waiting{due: map[string]time.Time{}, done: make(chan struct{}, 1)}
	var sent, used time.Duration
	total := max(1, int(b.cfg.Rate*b.cfg.Duration.Seconds()))
	err := b.live(ctx, w.note, func(ctx context.Context, p stream.Publisher) (err error) {
		before := cpuTime()
		defer func() { used = cpuTime() - before }()
		if sent, err = b.arrive(ctx, p, w, total); err != nil {
			return err
		}
		return w.wait(ctx)
	})
	if err != nil {
		return nil, err
	}
	took := w.took[min(len(w.took)-1, int(warmShare*float64(len(w.took)))):]
	slices.Sort(took)
	return &Load{
		LingerMillis: millis(b.linger), CPUSeconds: round(used.Seconds()/float64(total)*1e6, 1),
		Wanted: b.cfg.Rate, Reached: round(float64(total)/sent.Seconds(), 1), Samples: len(took),
		P50: millis(percentile(took, 0.5)), P90: millis(percentile(took, 0.9)), P99: millis(percentile(took, 0.99)),
		P999: millis(percentile(took, 0.999)), Max: millis(took[len(took)-1]),
	}, nil
}

// arrive sends transfers at their times, and returns when the last was acknowledged how long the sending took.
func (b *bench) arrive(ctx context.Context, p stream.Publisher, w *waiting, total int) (time.Duration, error) {
	slots := make(chan struct{}, inFlight)
	var senders sync.WaitGroup
	var mu sync.Mutex
	var failed error
	began := time.Now()
	each := float64(time.Second) / b.cfg.Rate
	for n := 0; n < total; {
		if err := pause(ctx, max(0, time.Duration(float64(n)*each)-time.Since(began), loadTick)); err != nil {
			senders.Wait()
			return 0, err
		}
		due := min(total, int(float64(time.Since(began))/each)+1)
		var messages []stream.Message
		for ; n < due; n++ {
			id, m := b.world.nextOnce(w)
			w.expect(id, began.Add(time.Duration(float64(n)*each)))
			messages = append(messages, m)
		}
		slots <- struct{}{}
		senders.Go(func() {
			defer func() { <-slots }()
			if err := p.Produce(ctx, messages...); err != nil {
				mu.Lock()
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	sending := time.Since(began)
	senders.Wait()
	return sending, failed
}

// nextOnce is the next transfer that is not under way already: the simulator repeats some.
func (w *world) nextOnce(under *waiting) (id string, m stream.Message) {
	for {
		t, _ := w.transfers.Next()
		if !under.has(t.ID) {
			return t.ID, stream.Message{Topic: schemas.Raw, Key: []byte(t.CustomerID), Value: canonical(&t)}
		}
	}
}

// waiting is what was due and has no verdict yet.
type waiting struct {
	mu   sync.Mutex
	due  map[string]time.Time // by transfer id
	took []time.Duration      // in the order of the verdicts
	done chan struct{}        // told when nothing waits any more
}

func (w *waiting) has(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.due[id]
	return ok
}

func (w *waiting) expect(id string, due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due[id] = due
}

// note takes verdicts.
func (w *waiting) note(_ context.Context, in *stream.Batch) error {
	at := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range in.Records {
		id := transferID(in.Records[i].Value)
		if due, ok := w.due[string(id)]; ok {
			delete(w.due, string(id))
			w.took = append(w.took, at.Sub(due))
		}
	}
	if len(w.due) == 0 {
		select {
		case w.done <- struct{}{}:
		default:
		}
	}
	return nil
}

// transferID finds the exchange's own id in a verdict. The simulator's ids need no escapes.
func transferID(value []byte) []byte {
	_, rest, _ := bytes.Cut(value, []byte(`"transfer_id":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	return id
}

// wait waits until every transfer has its verdict.
func (w *waiting) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	for {
		w.mu.Lock()
		left := len(w.due)
		w.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-w.done:
		case <-ctx.Done():
			return fmt.Errorf("%d transfers have no verdict: %w", left, ctx.Err())
		}
	}
}
