package collector

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestALargeHeapDoublesAndASmallOneHasRoom(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 12800}, {mb, 12800}, {64 * mb, 200}, {128 * mb, 100}, {129 * mb, 100}, {4096 * mb, 100}} {
		if got := percent(c.live, 128*mb); got != c.want {
			t.Errorf("%d bytes: %d, want %d", c.live, got, c.want)
		}
	}
}

var sink []byte

// collections is how often the collector runs while so many bytes are allocated.
func collections(bytes int) uint32 {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range bytes >> 16 {
		sink = make([]byte, 1<<16)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

func TestTheCollectorRunsLessOften(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(usual))
	const bytes = 512 << 20
	usually := collections(bytes)
	Relax(Room)
	relaxed := collections(bytes)
	if most := uint32(2 + bytes/Room); relaxed > most || usually < 2*most {
		t.Errorf("%d collections instead of %d, want at most %d", relaxed, usually, most)
	}
}

func TestTheEnvironmentIsObeyed(t *testing.T) {
	t.Setenv("GOGC", "70")
	defer debug.SetGCPercent(debug.SetGCPercent(70))
	Relax(Room)
	if got := debug.SetGCPercent(70); got != 70 {
		t.Errorf("%d, want 70", got)
	}
}
