// Package collector keeps Go's garbage collector from running more often than a service's memory asks for.
//
// The collector runs when the heap has doubled. Of a service that holds little and moves much, such as an instance with
// small lists, that is many times a second, and took a fifth of the processor time of a hop. Relax lets the heap grow by a
// fixed number of bytes first; a heap that holds more than that is left to double as before. GOMEMLIMIT still binds, and a
// GOGC in the environment is the operator's word: then nothing is changed.
package collector

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Room is what a service may allocate between two collections, in bytes, where its memory is smaller.
const Room = 128 << 20

// usual is Go's own percentage: a heap may double.
const usual = 100

// Relax lets at least room bytes be allocated between two collections, from now on. It is for processes that serve; one
// call is enough.
func Relax(room uint64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	c := &control{room: room, percent: usual}
	c.adjust()
	watch(c)
}

// control sets the percentage behind every collection.
type control struct {
	room    uint64
	percent int
}

// mark is what the collector finds unused each time it runs.
type mark struct{ _ *control }

// watch calls adjust after each collection: the runtime tells of none otherwise.
func watch(c *control) {
	runtime.SetFinalizer(&mark{}, func(*mark) {
		c.adjust()
		watch(c)
	})
}

func (c *control) adjust() {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	// Setting it stops all goroutines for some microseconds: not for little.
	if p := percent(sample[0].Value.Uint64(), c.room); p < c.percent*9/10 || p > c.percent*11/10 {
		c.percent = p
		debug.SetGCPercent(p)
	}
}

// percent is by how much a heap with so many live bytes may grow.
func percent(live, room uint64) int {
	const least = 1 << 20 // of which the runtime's own first goal is a multiple
	return int(max(usual, room*usual/max(live, least)))
}
