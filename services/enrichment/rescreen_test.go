package enrichment

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/event"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// again is a record of rescreen.v1 that asks for lists of a number.
func again(t *testing.T, least []byte) stream.Record {
	t.Helper()
	rec := fact(t, listed)
	rec.Topic = schemas.Rescreen
	rec.Value = append(rec.Value[:len(rec.Value)-1], `,"raised_by":"lookback","cause_seq":9}`...)
	if least != nil {
		rec.Headers = stream.NewHeaders(stream.Header{Name: event.HeaderLists, Value: least})
	}
	return rec
}

func TestWhatIsScreenedAgainWaitsForItsLists(t *testing.T) {
	usable := inForce(t) // of seq 9
	away := usable
	away.Usable, away.Why, away.Since = false, "flushed", noon.Add(-time.Hour)
	for name, c := range map[string]struct {
		current   Current
		least     []byte
		waits     bool
		permanent bool
	}{
		"the same lists":              {usable, event.AppendLists(nil, 9), false, false},
		"older lists are asked for":   {usable, event.AppendLists(nil, 8), false, false},
		"newer lists are asked for":   {usable, event.AppendLists(nil, 10), true, false},
		"none are asked for":          {usable, nil, false, false},
		"the lists are not usable":    {away, event.AppendLists(nil, 9), true, false},
		"a header that cannot be one": {usable, []byte("soon"), false, true},
	} {
		s := New(Config{HoldAfter: time.Minute, Now: func() time.Time { return noon }}, fixed(c.current), NewMetrics(prometheus.NewRegistry()))
		out := stream.NewOut(stream.OutConfig{Stage: "enrichment", Partitions: stream.FixedPartitions(6)})
		err := s.Rescreen().Handle(t.Context(), &stream.Batch{Topic: schemas.Rescreen, Records: []stream.Record{fact(t, listed), again(t, c.least)}}, out)
		if stream.IsPermanent(err) != c.permanent || errors.Is(err, ErrNoLists) != c.waits {
			t.Errorf("%s: %v", name, err)
		}
		if c.waits || c.permanent {
			if out.Len() != 0 {
				t.Errorf("%s: %d records all the same", name, out.Len())
			}
			continue
		}
		out.Each(func(r *stream.Record) {
			if !strings.Contains(string(r.Value), `"hits":[`) || strings.Contains(string(r.Value), "degraded") {
				t.Errorf("%s: %s", name, r.Value)
			}
		})
		if out.Len() != 2 {
			t.Errorf("%s: %d records", name, out.Len())
		}
	}
}
