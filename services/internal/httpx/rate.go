package httpx

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// buckets are token buckets by key id, each as deep as its key may send in a second, and one request at least. There are
// as many as there are keys that were used: ids come out of the key file only.
type buckets struct {
	mu  sync.Mutex
	all map[string]*bucket
}

type bucket struct {
	rate   float64
	tokens float64
	at     time.Time
}

// take takes a token, and returns 0, or how long it takes until there is one.
func (b *buckets) take(id string, rate float64, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = map[string]*bucket{}
	}
	depth := math.Max(1, rate)
	one := b.all[id]
	if one == nil || one.rate != rate { // the key's line was changed
		one = &bucket{rate: rate, tokens: depth, at: now}
		b.all[id] = one
	}
	if passed := now.Sub(one.at).Seconds(); passed > 0 { // a clock that was set back gives nothing, and takes nothing
		one.tokens = math.Min(depth, one.tokens+passed*rate)
	}
	one.at = now
	if one.tokens < 1 {
		return max(time.Duration((1-one.tokens)/rate*float64(time.Second)), 1)
	}
	one.tokens--
	return 0
}

// retryAfter says in whole seconds when it is worth trying again.
func retryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}
