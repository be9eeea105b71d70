package enrichment

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

const listed = "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

type fixed Current

func (f fixed) Current() Current { return Current(f) }

func inForce(t *testing.T) Current {
	t.Helper()
	entries, _, err := format.Parse("txt", format.Options{List: "l", Category: "scam"}, format.Input{Name: "l", R: strings.NewReader(listed)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := watchlist.NewBuilder().Add("l", entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	return Current{Snapshot: s, Seq: 9, Usable: true}
}

// fact is a record of transfers.v1 as ingest writes it.
func fact(t *testing.T, from string) stream.Record {
	t.Helper()
	p, err := transfer.Parse([]byte(`{"id":"t","direction":"deposit","customer_id":"c","network":"ethereum","asset":"ETH","amount":"1","from":["`+from+`"],`+
		`"to":["0x00000000000000000000000000000000000000aa"],"occurred_at":"2026-11-01T00:00:00Z"}`), noon)
	if err != nil {
		t.Fatal(err)
	}
	id := p.FactID("default")
	return stream.Record{Topic: schemas.Transfers, Partition: 1, Key: []byte("default/c"), Value: event.AppendTransfer(nil, id, "default", transfer.ID{}, &p),
		Headers: stream.NewHeaders(
			stream.Header{Name: event.HeaderID, Value: id.Append(nil)},
			stream.Header{Name: event.HeaderAt, Value: event.AppendAt(nil, noon.Add(-time.Second))},
			stream.Header{Name: event.HeaderFingerprint, Value: event.AppendFingerprints(nil, &p, false)})}
}

func handle(t *testing.T, c Current, in ...stream.Record) ([]stream.Record, error) {
	t.Helper()
	s := New(Config{HoldAfter: time.Minute, Now: func() time.Time { return noon }}, fixed(c), NewMetrics(prometheus.NewRegistry()))
	out := stream.NewOut(stream.OutConfig{Stage: "enrichment", Partitions: stream.FixedPartitions(6)})
	err := s.Handle(t.Context(), &stream.Batch{Topic: schemas.Transfers, Records: in}, out)
	var got []stream.Record
	out.Each(func(r *stream.Record) { got = append(got, *r) })
	return got, errors.Join(err, out.Err())
}

func TestScreeningKeepsPlaceOrderAndTimes(t *testing.T) {
	got, err := handle(t, inForce(t), fact(t, "0x00000000000000000000000000000000000000bb"), fact(t, listed))
	if err != nil || len(got) != 2 {
		t.Fatal(len(got), err)
	}
	for i, clean := range []bool{true, false} {
		r := got[i]
		sc, _ := r.Headers.Get(event.HeaderScreened)
		at, _ := r.Headers.Get(event.HeaderAt)
		marks, err := event.ParseAt(at)
		if event.IsClean(sc) != clean || err != nil || !marks.Screened.Equal(noon) || !marks.Accepted.Equal(noon.Add(-time.Second)) {
			t.Errorf("record %d: clean %v, %+v, %v", i, event.IsClean(sc), marks, err)
		}
		if r.Topic != schemas.Screened || r.Partition != 1 || string(r.Key) != "default/c" || strings.Contains(string(r.Value), `"hits"`) == clean {
			t.Errorf("record %d: %s/%d %s %s", i, r.Topic, r.Partition, r.Key, r.Value)
		}
		if _, ok := r.Headers.Get(event.HeaderFingerprint); ok {
			t.Errorf("record %d carries fingerprints that nobody reads any more", i)
		}
	}
}

func TestWithoutUsableListsABatchWaitsAndIsThenDegraded(t *testing.T) {
	for name, c := range map[string]struct {
		since time.Time
		wait  bool
	}{
		"just now":         {noon, true},
		"before the bound": {noon.Add(-time.Minute + time.Nanosecond), true},
		"at the bound":     {noon.Add(-time.Minute), false},
		"long after":       {noon.Add(-time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			current := inForce(t)
			current.Usable, current.Why, current.Since = false, "flushed", c.since
			got, err := handle(t, current, fact(t, "0x00000000000000000000000000000000000000bb"))
			if c.wait {
				if !errors.Is(err, ErrNoLists) || stream.IsPermanent(err) || len(got) > 0 {
					t.Errorf("%v, %d records", err, len(got))
				}
				return
			}
			if err != nil || len(got) != 1 || !strings.Contains(string(got[0].Value), `"status":"degraded"`) {
				t.Errorf("%v: %v", err, got)
			}
		})
	}
}

func TestADamagedRecordIsAPermanentError(t *testing.T) {
	bad := fact(t, listed)
	bad.Value = bad.Value[:len(bad.Value)/2]
	if _, err := handle(t, inForce(t), bad); !stream.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
}

func TestAPoisonousRecordIsKeptAndPassedOn(t *testing.T) {
	bad := fact(t, listed)
	id, _ := bad.Headers.Get(event.HeaderID)
	bad.Value = bad.Value[:len(bad.Value)/2]
	s := New(Config{HoldAfter: time.Minute, Now: func() time.Time { return noon }}, fixed(inForce(t)), NewMetrics(prometheus.NewRegistry()))
	out := stream.NewOut(stream.OutConfig{Stage: "enrichment", Partitions: stream.FixedPartitions(6)})
	if err := s.ForLane().(stream.Poisoner).Poison(t.Context(), &bad, errors.New("damaged"), out); err != nil || out.Err() != nil {
		t.Fatal(err, out.Err())
	}
	got := map[string]stream.Record{}
	out.Each(func(r *stream.Record) { got[r.Topic] = *r })
	if string(got[schemas.DeadLetters].Value) != string(bad.Value) {
		t.Errorf("dead letter %q", got[schemas.DeadLetters].Value)
	}
	passed := got[schemas.Screened]
	if v := string(passed.Value); !strings.Contains(v, string(id)) || !strings.Contains(v, `"quarantined":true`) || passed.Partition != bad.Partition {
		t.Errorf("passed on %s", v)
	}
}
