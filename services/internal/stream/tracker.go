package stream

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// tracker collects what State tells.
type tracker struct {
	consumed, produced, deadLettered, poisoned atomic.Uint64
	retries, panics, lost, rebuilds            atomic.Uint64
	generations, commits, commitErrors         atomic.Uint64
	lastProgress                               atomic.Int64 // Unix nanoseconds, 0: never

	mu         sync.Mutex
	joined     bool
	generation int32
	groupError error
	parts      []*partTracker
	retrying   map[int]retrying           // by lane
	stalled    map[partitionKey]time.Time // since when
}

type partTracker struct {
	topic                string
	partition            int32
	next, committed, end atomic.Int64
	lane                 atomic.Int64                // that works on it
	handling             atomic.Pointer[atomic.Bool] // its lane is not fetching
}

type retrying struct {
	since time.Time
	err   error
}

func (t *tracker) snapshot(group string) State {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := State{
		Group: group, Joined: t.joined, Generation: t.generation, GroupError: t.groupError,
		Consumed: t.consumed.Load(), Produced: t.produced.Load(), DeadLettered: t.deadLettered.Load(), Poisoned: t.poisoned.Load(),
		Retries: t.retries.Load(), Panics: t.panics.Load(), Lost: t.lost.Load(), Rebuilds: t.rebuilds.Load(),
		Generations: t.generations.Load(), Commits: t.commits.Load(), CommitErrors: t.commitErrors.Load(),
	}
	if at := t.lastProgress.Load(); at != 0 {
		s.LastProgress = time.Unix(0, at)
	}
	for _, r := range t.retrying {
		if s.RetryingSince.IsZero() || r.since.Before(s.RetryingSince) {
			s.RetryingSince, s.RetryError = r.since, r.err
		}
	}
	for _, since := range t.stalled {
		if s.StalledSince.IsZero() || since.Before(s.StalledSince) {
			s.StalledSince = since
		}
	}
	for _, p := range t.parts {
		s.Partitions = append(s.Partitions, PartitionState{Topic: p.topic, Partition: p.partition, Next: p.next.Load(), Committed: p.committed.Load(), End: p.end.Load()})
	}
	return s
}

func (t *tracker) groupTrouble(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.groupError = err
}

// begin notes a new generation. parts are in the order that State shows.
func (t *tracker) begin(generation int32, parts []*partTracker) {
	t.generations.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.joined, t.generation, t.groupError, t.parts = true, generation, nil, parts
	t.retrying = make(map[int]retrying)
	// What this member has no more, it cannot see going on.
	for key := range t.stalled {
		if !slices.ContainsFunc(parts, func(p *partTracker) bool { return key == partitionKey{p.topic, p.partition} }) {
			delete(t.stalled, key)
		}
	}
}

func (t *tracker) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.joined, t.parts, t.retrying = false, nil, nil
}

func (t *tracker) retry(lane int, now time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.retrying == nil {
		return
	}
	r, known := t.retrying[lane]
	if !known {
		r.since = now
	}
	r.err = err
	t.retrying[lane] = r
}

func (t *tracker) recovered(lane int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.retrying, lane)
}

func (t *tracker) isRetrying(lane int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.retrying[lane]
	return ok
}

// stall notes that a partition stands still, and says whether that is news.
func (t *tracker) stall(key partitionKey, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.stalled[key]; known {
		return false
	}
	if t.stalled == nil {
		t.stalled = make(map[partitionKey]time.Time)
	}
	t.stalled[key] = now
	return true
}

// unstall notes that a partition goes on, and says whether that is news.
func (t *tracker) unstall(key partitionKey) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, known := t.stalled[key]
	delete(t.stalled, key)
	return known
}
