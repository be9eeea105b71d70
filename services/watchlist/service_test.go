package watchlist

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/services/internal/activation"
	"sluice/services/internal/cache/cachetest"
	"sluice/services/internal/lists"
)

func (w *world) service(t *testing.T, file string) *Service {
	t.Helper()
	d := w.deps()
	d.Metrics = NewMetrics(prometheus.NewRegistry())
	s, err := New(Config{Every: time.Millisecond, Copy: file}, d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// last imports two lists and returns their activation.
func (w *world) last(t *testing.T) activation.Activation {
	t.Helper()
	for i, list := range []string{"a", "b"} {
		if _, err := Import(t.Context(), w.deps(), request(list, 100*i, 5)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := w.log.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.Last[activation.Lists]
}

func TestTheServiceRestoresWhatRedisLost(t *testing.T) {
	for what, lose := range map[string]func(*testing.T, *world){
		"everything": func(t *testing.T, w *world) { w.flush(t) },
		"the pointer": func(t *testing.T, w *world) {
			cachetest.Do(t, w.url, "DEL", "sluice:{lists}:pointer")
		},
		"a manifest": func(t *testing.T, w *world) {
			cachetest.Do(t, w.url, "DEL", "sluice:{lists}:manifest:"+w.live(t).Pointer.Version)
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			last := w.last(t)
			s := w.service(t, filepath.Join(t.TempDir(), "lists"))
			s.Check(t.Context(), last)
			lose(t, w)
			s.Check(t.Context(), last)
			if l := w.live(t); l.Pointer.Seq != 2 || l.Snapshot.Len() != 10 {
				t.Errorf("%+v", l.Pointer)
			}
			if done, err := s.repair(t.Context(), last); done != "" || err != nil {
				t.Errorf("still to repair: %q, %v", done, err)
			}
		})
	}
}

func TestWithoutACopyWhatIsLostIsNotPutInForce(t *testing.T) {
	w := newWorld(t)
	last := w.last(t)
	for _, file := range []string{"", filepath.Join(t.TempDir(), "lists")} {
		w.flush(t)
		s := w.service(t, file)
		if _, err := s.repair(t.Context(), last); !errors.Is(err, errUnrestorable) {
			t.Errorf("%v", err)
		}
		if l := w.live(t); l.Snapshot != nil {
			t.Error("something was put in force")
		}
	}
}

// What was imported last stood in Redis alone when Redis was flushed. The other lists are in the copy, so that list alone is
// to be imported again, by whoever has no copy, and none is dropped meanwhile.
func TestOnlyTheListThatIsNowhereIsToBeImportedAgain(t *testing.T) {
	w := newWorld(t)
	s := w.service(t, filepath.Join(t.TempDir(), "lists"))
	s.Check(t.Context(), w.last(t))
	if _, err := Import(t.Context(), w.deps(), request("c", 200, 5)); err != nil {
		t.Fatal(err)
	}
	state, err := w.log.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // Redis may be flushed again
		w.flush(t)
		for range 3 {
			_, err := s.repair(t.Context(), state.Last[activation.Lists])
			if !errors.Is(err, errUnrestorable) || !strings.HasSuffix(err.Error(), ": c (5 entries)") {
				t.Fatalf("%v", err)
			}
		}
		if l := w.live(t); l.Snapshot != nil {
			t.Error("something was put in force")
		}
	}
	if _, err := Import(t.Context(), w.deps(), request("d", 300, 5)); !errors.Is(err, ErrLost) || strings.Contains(err.Error(), "a (5") {
		t.Errorf("%v", err)
	}
	r, err := Import(t.Context(), w.deps(), request("c", 200, 7))
	if err != nil || r.Seq != 4 || r.Count != 17 {
		t.Fatalf("%+v, %v", r, err)
	}
	if l := w.live(t); l.Pointer.Seq != 4 || l.Snapshot.Len() != 17 {
		t.Errorf("%+v", l.Pointer)
	}
}

func TestAnActivationThatWasNotPutInForceIs(t *testing.T) {
	w := newWorld(t)
	if _, err := Import(t.Context(), w.deps(), request("a", 0, 5)); err != nil {
		t.Fatal(err)
	}
	w.breakOff(3, false) // the list, the snapshot, the activation, and then no pointer
	if _, err := Import(t.Context(), w.deps(), request("b", 100, 5)); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	w.breakOff(-1, false)
	if l := w.live(t); l.Pointer.Seq != 1 {
		t.Fatalf("%+v", l.Pointer)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := w.service(t, filepath.Join(t.TempDir(), "lists"))
	go func() { ended <- s.Run(ctx) }()
	until(t, "the pointer names the activation", func() bool { return w.live(t).Pointer.Seq == 2 })
	// And what comes while it runs.
	if _, err := Import(t.Context(), w.deps(), request("c", 200, 5)); err != nil {
		t.Fatal(err)
	}
	until(t, "the copy has the third", func() bool {
		p, _, err := lists.ReadCopy(s.cfg.Copy)
		return err == nil && p.Seq == 3
	})
	w.flush(t)
	// A pointer that was on its way when Redis was flushed may be there before its content is.
	until(t, "a flush is repaired", func() bool {
		l, err := Read(t.Context(), w)
		return err == nil && l.Pointer.Seq == 3 && l.Snapshot.Len() == 15
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// until waits for what another goroutine does.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		<-tick.C
	}
}

func TestAnImportAheadOfTheServiceIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	last := w.last(t)
	if _, err := Import(t.Context(), w.deps(), request("c", 300, 5)); err != nil {
		t.Fatal(err)
	}
	s := w.service(t, "")
	if done, err := s.repair(t.Context(), last); done != "" || err != nil {
		t.Errorf("%q, %v", done, err)
	}
	if l := w.live(t); l.Pointer.Seq != 3 {
		t.Errorf("%+v", l.Pointer)
	}
}
