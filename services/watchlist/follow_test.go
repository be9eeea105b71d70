package watchlist

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhatIsKnownOfTheListsSurvivesAFlush(t *testing.T) {
	w, d := newDesk(t)
	ctx := t.Context()
	p := newPublisher(t)
	p.set([]string{otherText})
	src := p.source(t, "feed")
	notes := filepath.Join(t.TempDir(), "in", "notes")
	s, err := New(Config{Notes: notes, Sources: []Source{src}}, d)
	if err != nil {
		t.Fatal(err)
	}
	if !s.register(ctx) {
		t.Fatal("not kept")
	}
	state, err := d.state(ctx, "feed")
	if err != nil || state.Source != src.Where() || !state.Since.Equal(w.at) || !state.Good.IsZero() || state.MaxAge != time.Hour {
		t.Errorf("before the first look: %+v, %v", state, err)
	}
	if out, _, err := Refresh(ctx, d, src, self, 0); out != OutcomeLoaded || err != nil {
		t.Fatalf("%s, %v", out, err)
	}
	sanctionedList(t, d)
	in := Input{Address: evmText, Use: "allow", ExpiresAt: "2027-01-01T00:00:00Z", Reference: "GL-7"}
	done, _, err := Add(ctx, d, "allowed", []Input{in}, anna)
	if err != nil {
		t.Fatal(err)
	}
	if !s.register(ctx) {
		t.Fatal("not kept")
	}
	w.flush(t)
	again, err := New(Config{Notes: notes, Sources: []Source{src}}, d) // after a restart too
	if err != nil {
		t.Fatal(err)
	}
	if !again.register(ctx) {
		t.Fatal("not restored")
	}
	r, err := w.Register(ctx)
	if err != nil || !r.Lists["feed"].Good.Equal(w.at) || r.Lists["feed"].ETag == "" || r.Proposals[done[0].Proposal].ID == "" {
		t.Errorf("%+v, %v", r, err)
	}
	// A source that the config does not name any more makes nothing stale.
	without, err := New(Config{Notes: notes}, d)
	if err != nil {
		t.Fatal(err)
	}
	without.register(ctx)
	if r, err := w.Register(ctx); err != nil || len(r.Lists) != 0 || len(r.Proposals) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := os.WriteFile(notes, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if !again.register(ctx) {
		t.Error("a damaged copy keeps the service from beginning anew")
	}
}

func TestASourceIsAskedAgainSoonerAfterAFailure(t *testing.T) {
	s := Source{Interval: time.Hour}
	for failures, want := range map[int]time.Duration{0: time.Hour, 1: 30 * time.Second, 2: time.Minute, 7: 32 * time.Minute, 8: time.Hour, 1000: time.Hour} {
		if got := s.pause(failures); got != want {
			t.Errorf("after %d failures: %s, want %s", failures, got, want)
		}
	}
	if got := (Source{Interval: 10 * time.Second}).pause(3); got != 10*time.Second {
		t.Errorf("%s", got)
	}
}

func TestInstancesDoNotFetchTheSameAtOnce(t *testing.T) {
	w, d := newDesk(t)
	p := newPublisher(t)
	p.set([]string{otherText})
	src := p.source(t, "feed")
	for i, want := range []Outcome{OutcomeLoaded, OutcomeSkipped} {
		if out, _, err := Refresh(t.Context(), d, src, self, time.Minute); out != want || err != nil {
			t.Errorf("%d: %s, %v", i, out, err)
		}
	}
	w.at = w.at.Add(time.Minute)
	if out, _, err := Refresh(t.Context(), d, src, self, time.Minute); out != OutcomeUnchanged || err != nil || p.asked.Load() != 2 {
		t.Errorf("%s, %v, asked %d times", out, err, p.asked.Load())
	}
}

func TestAFileThatWasInForceBeforeIsOlder(t *testing.T) {
	_, d := newDesk(t)
	p := newPublisher(t)
	src := p.source(t, "feed")
	first, second := []string{otherText}, []string{otherText, evmText}
	for i, c := range []struct {
		file []string
		want Outcome
	}{{first, OutcomeLoaded}, {second, OutcomeLoaded}, {first, OutcomeRefused}, {second, OutcomeUnchanged}} {
		p.set(c.file)
		out, _, err := Refresh(t.Context(), d, src, self, 0)
		if out != c.want || (err == nil) == (c.want == OutcomeRefused) || err != nil && !strings.Contains(err.Error(), "newer one took its place") {
			t.Errorf("%d: %s, %v", i, out, err)
		}
	}
}

func TestAPublisherThatIsAwayLeavesTheListInForce(t *testing.T) {
	w, d := newDesk(t)
	p := newPublisher(t)
	p.set([]string{otherText})
	src := p.source(t, "feed")
	if _, _, err := Refresh(t.Context(), d, src, self, 0); err != nil {
		t.Fatal(err)
	}
	good := w.at
	w.at = w.at.Add(time.Hour)
	src.Fetch.File, src.Fetch.URL = filepath.Join(t.TempDir(), "gone"), ""
	out, _, err := Refresh(t.Context(), d, src, self, 0)
	if out != OutcomeFailed || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s, %v", out, err)
	}
	state, err := d.state(t.Context(), "feed")
	if err != nil || state.Failures != 1 || state.Error == "" || !state.Good.Equal(good) {
		t.Errorf("%+v, %v", state, err)
	}
	if l := w.live(t); l.Snapshot.Len() != 1 || l.Pointer.Seq != 1 {
		t.Errorf("%+v", l.Pointer)
	}
	if _, err := New(Config{Sources: []Source{{Format: "nope", Options: src.Options}}}, d); err == nil || !strings.Contains(err.Error(), "sources[0]") {
		t.Errorf("%v", err)
	}
}
