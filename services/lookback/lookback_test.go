package lookback_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/schemas"
	"sluice/services/enrichment"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
	"sluice/services/lookback"
)

var zerologNop = zerolog.Nop()

const (
	bad   = "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
	worse = "0x5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b"
	clean = "0x00000000000000000000000000000000000000bb"
)

func TestRecordedTransfersOfAnAddressThatIsListedLaterAreFlagged(t *testing.T) {
	w := newWorld(t)
	w.put(worse)
	hit, other := w.send(bad), w.send(clean)
	w.isRecorded(hit, "cleared")
	w.isRecorded(other, "cleared")
	w.lookBack()
	w.isDone(1)
	a := w.put(worse, bad)
	w.isRecorded(hit, "flagged")
	r := w.isDone(a.Seq)
	if r.Keys != 1 || r.Sent != 1 || r.Flagged != 1 || r.Unverified != 0 || r.Missing != 0 || r.Passes < 2 || r.LastFlagAt.IsZero() || r.Scope != lookback.ScopeLists {
		t.Errorf("%+v", r)
	}
	w.set(func() {
		if x := w.rows[hit]; x.cause != a.Seq || x.version != a.Seq || x.raisedBy != "lookback" {
			t.Errorf("%+v", x)
		}
		if x := w.rows[other]; len(x.verdicts) != 1 {
			t.Errorf("a transfer without the address was judged again: %+v", x)
		}
	})
}

func TestRecordedTransfersOfAnAddressThatIsRemovedAreClearedAgain(t *testing.T) {
	w := newWorld(t)
	w.put(worse, bad)
	hit := w.send(bad)
	w.isRecorded(hit, "flagged")
	w.lookBack()
	w.isDone(1)
	a := w.put(worse)
	w.isRecorded(hit, "cleared")
	if r := w.isDone(a.Seq); r.Sent != 1 || r.Flagged != 0 || !r.LastFlagAt.IsZero() {
		t.Errorf("%+v", r)
	}
}

// An entry that came and went between two looks leaves no transfer judged by what is in force no more.
func TestActivationsThatWaitAreOneRunAndEachOfThemCounts(t *testing.T) {
	w := newWorld(t)
	w.put(worse)
	first := w.send(bad)
	w.isRecorded(first, "cleared")
	a := w.put(worse, bad)
	second := w.send(bad)
	w.isRecorded(second, "flagged")
	b := w.put(worse)
	w.lookBack()
	w.isRecorded(second, "cleared")
	if r := w.isDone(b.Seq); r.FromSeq != 1 || r.Keys != 2 {
		t.Errorf("%+v", r)
	}
	w.set(func() {
		if _, ok := w.runs[a.Seq]; ok {
			t.Errorf("an activation that waited has a run of its own: %+v", w.runs)
		}
	})
}

// An entry that is taken out again before the flags that it raised are recorded: consumers of flags must hear of both.
func TestAFlagThatIsNotRecordedYetIsTakenBackOnTheFlaggedTopicToo(t *testing.T) {
	w := newWorld(t)
	w.put(worse)
	id := w.send(bad)
	w.isRecorded(id, "cleared")
	w.lookBack()
	w.isDone(1)
	w.set(func() { w.shut = true })
	a := w.put(worse, bad)
	w.await("its flag is published", func() bool {
		time.AfterFunc(time.Millisecond, w.changed.Broadcast)
		return w.runs[a.Seq].Step == "waiting for records" && w.published(schemas.Flagged) == 1
	})
	b := w.put(worse)
	w.await("the next run waits for the recorder", func() bool { return w.runs[b.Seq].Step == "waiting for records" })
	w.set(func() { w.shut = false })
	w.isDone(b.Seq)
	w.isRecorded(id, "cleared")
	if n := w.published(schemas.Flagged); n != 2 {
		t.Errorf("%d records on flagged.v1, want that it was flagged and that it is cleared: %q", n, w.rows[id].verdicts)
	}
}

// late is a transfer that was screened with the old lists before the new ones were taken up, and is recorded after the
// run has looked for the first time. The run must wait for it.
func late(t *testing.T, change func(*world)) (w *world, id string, a activation.Activation) {
	w = newWorld(t)
	w.put(worse)
	w.isRecorded(w.send(clean), "cleared") // everything runs
	w.set(func() { w.shut = true })
	id = w.send(bad)
	w.await("it was screened", func() bool {
		b, err := w.broker.Bounds(t.Context(), []stream.Position{{Topic: "sluice.verdicts.v1"}, {Topic: "sluice.verdicts.v1", Partition: 1}, {Topic: "sluice.verdicts.v1", Partition: 2}})
		must(t, err)
		time.AfterFunc(time.Millisecond, w.changed.Broadcast)
		return b[0].End+b[1].End+b[2].End == 2
	})
	change(w)
	w.lookBack()
	a = w.put(worse, bad)
	return w, id, a
}

func TestATransferThatIsRecordedLateIsFoundByTheLastPass(t *testing.T) {
	w, id, a := late(t, func(*world) {})
	w.await("the run waits for the recorder", func() bool {
		r := w.runs[a.Seq]
		return r.Passes == 1 && r.Step == "waiting for records"
	})
	w.set(func() { w.shut = false })
	w.isRecorded(id, "flagged")
	if r := w.isDone(a.Seq); r.Sent != 1 || r.Flagged != 1 || r.Passes < 2 {
		t.Errorf("%+v", r)
	}
}

// caughtUp says of every group that it has read everything.
type caughtUp struct{ lookback.Topics }

func (c caughtUp) GroupOffsets(ctx context.Context, group, topic string) ([]stream.GroupOffset, error) {
	at, err := c.Topics.GroupOffsets(ctx, group, topic)
	for i := range at {
		at[i].Committed = at[i].End
	}
	return at, err
}

// A service that does not wait for the recorder does not find it: the test before this one would fail.
func TestWithoutWaitingForTheRecorderItWouldBeMissed(t *testing.T) {
	w, id, a := late(t, func(w *world) { w.deps.Topics = caughtUp{w.deps.Topics} })
	if r := w.isDone(a.Seq); r.Sent != 0 {
		t.Errorf("%+v", r)
	}
	w.set(func() { w.shut = false })
	w.isRecorded(id, "cleared")
}

func TestTheLastPassWaitsForWhoStillScreensWithOlderLists(t *testing.T) {
	w := newWorld(t)
	w.put(worse)
	w.isRecorded(w.send(clean), "cleared")
	w.lookBack()
	w.isDone(1)
	a := w.activate(worse, bad) // nobody takes it up yet
	w.await("the run waits for enrichment", func() bool { return w.runs[a.Seq].Step == "waiting for lists" })
	id := w.send(bad)
	w.isRecorded(id, "cleared")
	w.takeUp(a)
	w.isRecorded(id, "flagged")
	if r := w.isDone(a.Seq); r.Sent != 1 || r.Flagged != 1 {
		t.Errorf("%+v", r)
	}
}

// everybody says of all who screen that they hold what is in force.
type everybody struct{ lookback.Lists }

func (e everybody) Screeners(ctx context.Context) (lists.Screeners, error) {
	s, err := e.Lists.Screeners(ctx)
	for i := range s.All {
		s.All[i].Seq = 1 << 60
	}
	return s, err
}

func TestWithoutWaitingForWhoScreensItWouldBeMissed(t *testing.T) {
	w := newWorld(t)
	w.put(worse)
	w.isRecorded(w.send(clean), "cleared")
	w.deps.Lists = everybody{w.deps.Lists}
	w.lookBack()
	w.isDone(1)
	a := w.activate(worse, bad)
	if r := w.isDone(a.Seq); r.Sent != 0 {
		t.Errorf("%+v", r)
	}
	id := w.send(bad)
	w.isRecorded(id, "cleared")
	w.takeUp(a)
	w.isRecorded(w.send(bad), "flagged")
	w.set(func() {
		if x := w.rows[id]; x.Verdict != "cleared" {
			t.Errorf("%+v", x)
		}
	})
}

// Wherever a run breaks off, the next one comes to the same end.
func TestARunThatBrokeOffIsMadeAgain(t *testing.T) {
	for breaks := range 6 {
		w := newWorld(t)
		w.put(worse)
		var ids []string
		for range 30 {
			ids = append(ids, w.send(bad))
		}
		for _, id := range ids {
			w.isRecorded(id, "cleared")
		}
		a := w.put(worse, bad)
		w.set(func() { w.breaks = breaks })
		stop := w.lookBack()
		w.await("it broke off", func() bool { return w.saves == breaks || w.runs[a.Seq].State == lookback.Done })
		stop()
		w.set(func() { w.breaks = -1 })
		w.lookBack()
		r := w.isDone(a.Seq)
		for _, id := range ids {
			w.isRecorded(id, "flagged")
		}
		if r.Flagged != 30 || r.Missing != 0 {
			t.Errorf("broken off at save %d: %+v", breaks, r)
		}
	}
}

func TestWhatWasHeldForWantOfListsIsScreenedAgainTheOldestFirst(t *testing.T) {
	w := newWorld(t)
	w.put(bad)
	w.isRecorded(w.send(clean), "cleared")
	w.lookBack()
	w.isDone(1)
	w.set(func() {
		w.current.Usable, w.current.Since = false, time.Now().Add(-time.Hour)
		w.reports["a"] = lists.Screener{ID: "a", Seq: 1, MaxAge: time.Hour}
	})
	var ids []string
	for i := range 9 {
		id := w.send([]string{clean, bad, clean}[i%3])
		w.isRecorded(id, "held")
		ids = append(ids, id)
	}
	w.takeUp(activation.Activation{Seq: 1, Version: w.pointer.Version})
	for i, id := range ids {
		w.isRecorded(id, []string{"cleared", "flagged", "cleared"}[i%3])
	}
	r := w.isDone(2)
	if r.Scope != lookback.ScopeHeld || r.RaisedBy != "rescreen" || r.Sent != 9 || r.Flagged != 3 {
		t.Errorf("%+v", r)
	}
	w.set(func() {
		for _, id := range ids {
			if x := w.rows[id]; x.raisedBy != "rescreen" || x.version != 2 || x.cause != 2 {
				t.Errorf("%+v", x)
			}
		}
	})
	w.set(func() {
		if !slices.Equal(w.sent, ids) {
			t.Errorf("sent in the order %v, held in the order %v", w.sent, ids)
		}
	})
}

// What is held all the same is sent once for each version of the lists.
func TestWhatStaysHeldIsNotSentForEver(t *testing.T) {
	w := newWorld(t)
	w.put(bad)
	id := w.send(clean)
	w.isRecorded(id, "cleared")
	w.set(func() { // as if no lists could say anything of it
		w.rows[id].Verdict, w.rows[id].degraded = "held", true
		w.rows[id].Transfer.Memo = "another content"
	})
	w.lookBack()
	r := w.isDone(2)
	if r.Sent != 0 || r.Unverified != 1 {
		t.Errorf("%+v", r)
	}
	a := w.put(bad, worse)
	w.isDone(a.Seq)
	w.isDone(a.Seq + 1)
	w.set(func() {
		if len(w.runs) != 4 {
			t.Errorf("%d runs: %+v", len(w.runs), w.runs)
		}
	})
}

func TestATransferThatIsNotWhatItsIDNamesIsNeverSent(t *testing.T) {
	w := newWorld(t)
	w.put(worse)
	id, other := w.send(bad), w.send(bad)
	w.isRecorded(id, "cleared")
	w.isRecorded(other, "cleared")
	w.set(func() { w.rows[id].Transfer.CustomerID = "somebody else" })
	w.lookBack()
	a := w.put(worse, bad)
	w.isRecorded(other, "flagged")
	if r := w.isDone(a.Seq); r.Sent != 1 || r.Unverified != 1 || r.Flagged != 1 || r.Missing != 0 {
		t.Errorf("%+v", r)
	}
	w.isRecorded(id, "cleared")
}

func TestAPersonsRunJudgesAgainWhatTheListsChangesConcern(t *testing.T) {
	w := newWorld(t)
	w.put(worse)
	w.put(worse, bad)
	id := w.send(bad)
	w.isRecorded(id, "flagged")
	w.lookBack()
	w.isDone(2)
	for _, o := range []lookback.Ordered{{FromSeq: 3}, {Since: time.Now().Add(time.Hour)}} {
		o.Author, o.At = "alice", time.Now()
		if a, err := lookback.Order(t.Context(), w.log, o); err == nil {
			t.Errorf("%+v is taken: %+v", o, a)
		}
	}
	a, err := lookback.Order(t.Context(), w.log, lookback.Ordered{FromSeq: 2, Author: "alice", Reason: "audit", At: time.Now()})
	must(t, err)
	r := w.isDone(a.Seq)
	if a.Seq != 3 || r.Scope != lookback.ScopeSince || r.FromSeq != 2 || r.Keys != 1 || r.Sent != 1 || r.Flagged != 1 {
		t.Errorf("%+v", r)
	}
	w.set(func() {
		if x := w.rows[id]; x.version != 3 || x.cause != 3 || x.lists != 2 {
			t.Errorf("%+v", x)
		}
	})
}

// Enrichment takes nothing to screen again before it has the lists that it is to be screened with.
func TestNothingIsScreenedAgainByOlderLists(t *testing.T) {
	w := newWorld(t)
	w.put(worse)
	id := w.send(bad)
	w.isRecorded(id, "cleared")
	w.lookBack()
	w.isDone(1)
	a := w.activate(worse, bad)
	w.await("it was sent", func() bool { return w.runs[a.Seq].Sent == 1 })
	w.set(func() {
		if x := w.rows[id]; x.Verdict != "cleared" {
			t.Errorf("%+v", x)
		}
	})
	w.set(func() {
		w.current = enrichment.Current{Snapshot: w.versions[a.Version], Seq: a.Seq - 1, Usable: false, Since: time.Now().Add(-time.Hour)}
	})
	w.takeUp(a)
	w.isRecorded(id, "flagged")
	w.set(func() {
		if got := w.rows[id].verdicts; !slices.Equal(got, []string{"cleared", "flagged"}) {
			t.Errorf("%v", got)
		}
	})
}
