package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/httpx"
	"sluice/services/internal/stream"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// broker keeps what is published, or refuses it.
type broker struct {
	mu   sync.Mutex
	got  []stream.Message
	fail error
}

func (b *broker) Produce(_ context.Context, messages ...stream.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	b.got = append(b.got, messages...)
	return nil
}

func (b *broker) ProduceOne(ctx context.Context, m stream.Message) (stream.Ack, error) {
	return stream.Ack{}, b.Produce(ctx, m)
}

// seen is a cache in memory.
type seen struct {
	facts  map[SeenKey]transfer.ID
	pinned []SeenKey
	fail   error
}

func (s *seen) Known(_ context.Context, keys []SeenKey) ([]transfer.ID, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	ids := make([]transfer.ID, len(keys))
	for i, k := range keys {
		ids[i] = s.facts[k]
	}
	return ids, nil
}

func (s *seen) Remember(_ context.Context, keys []SeenKey, facts []transfer.ID) error {
	for i, k := range keys {
		s.facts[k] = facts[i]
	}
	return s.fail
}

func (s *seen) Pin(_ context.Context, keys []SeenKey, facts []transfer.ID) error {
	for i, k := range keys {
		s.facts[k] = facts[i]
		s.pinned = append(s.pinned, k)
	}
	return s.fail
}

// verdicts answers at once.
type verdicts struct{ value string }

func (v verdicts) Expect(context.Context, transfer.ID) (<-chan []byte, func(), error) {
	c := make(chan []byte, 1)
	if v.value != "" {
		c <- []byte(v.value)
	}
	return c, func() {}, nil
}

func newAPI() (*API, *broker, *seen) {
	b, s := &broker{}, &seen{facts: map[SeenKey]transfer.ID{}}
	return &API{
		Publisher: b, Seen: s, Verdicts: verdicts{`{"verdict":"cleared"}`}, WaitDeadline: time.Minute,
		Now: func() time.Time { return noon }, Metrics: NewMetrics(prometheus.NewRegistry()),
	}, b, s
}

func body(id, to string) string {
	return fmt.Sprintf(`{"id":%q,"direction":"withdrawal","customer_id":"c1","network":"ethereum","asset":"ETH","amount":"1.50",`+
		`"from":["0x00000000000000000000000000000000000000aa"],"to":[%q],"occurred_at":"2026-11-01T00:00:00Z"}`, id, to)
}

const clean, other = "0x00000000000000000000000000000000000000bb", "0x00000000000000000000000000000000000000cc"

func post(t *testing.T, a *API, kind, text, query string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/transfers"+query, strings.NewReader(text))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	mux, err := httpx.Mux(&httpx.Guard{Tenant: "default"}, a.Routes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	mux.ServeHTTP(w, r)
	return w
}

func TestOneObject(t *testing.T) {
	a, b, _ := newAPI()
	for _, step := range []struct {
		name, body    string
		status        int
		result        string
		producedInAll int
	}{
		{"new", body("t1", clean), http.StatusAccepted, StatusAccepted, 1},
		{"again", body("t1", clean), http.StatusOK, StatusDuplicate, 1},
		{"again, spelled otherwise", strings.Replace(body("t1", clean), "1.50", "1.5", 1), http.StatusOK, StatusDuplicate, 1},
		{"other content", body("t1", other), http.StatusConflict, StatusConflict, 2},
		{"another stage", strings.Replace(body("t1", other), `"customer_id"`, `"stage":"attempt","customer_id"`, 1), http.StatusAccepted, StatusAccepted, 3},
	} {
		w := post(t, a, "application/json", step.body, "")
		var r Result
		if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != step.status || r.Status != step.result || r.TransferID != "t1" || len(r.ID) != 32 {
			t.Errorf("%s: %d %s", step.name, w.Code, w.Body)
		}
		if len(b.got) != step.producedInAll {
			t.Errorf("%s: %d messages in all", step.name, len(b.got))
		}
	}
	m := b.got[1] // the conflict
	if m.Topic != schemas.Transfers || string(m.Key) != "default/c1" {
		t.Errorf("%s %s", m.Topic, m.Key)
	}
	var head event.Record
	err := head.Decode(m.Value)
	first, _ := event.PeekID(b.got[0].Value)
	if err != nil || head.ConflictsWith != first {
		t.Errorf("the conflict is not marked: %s", m.Value)
	}
	for _, h := range m.Headers {
		if h.Name != event.HeaderFingerprint {
			continue
		}
		if f, err := event.ParseFingerprints(h.Value); err != nil || !f.Coverage.Has(event.BitConflict) || f.Len() != 2 {
			t.Errorf("fingerprints: %v, %v", f, err)
		}
	}
}

func TestARejectionNamesEveryProblem(t *testing.T) {
	a, b, _ := newAPI()
	bad := strings.NewReplacer(`"1.50"`, `"1e5"`, `"withdrawal"`, `"sideways"`).Replace(body("t1", clean))
	w := post(t, a, "application/json", bad, "")
	var p httpx.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusUnprocessableEntity || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	fields := map[string]bool{}
	for _, e := range p.Errors {
		fields[e.Field] = true
	}
	if !fields["amount"] || !fields["direction"] || len(b.got) > 0 {
		t.Errorf("%s", w.Body)
	}
}

func TestLines(t *testing.T) {
	a, b, _ := newAPI()
	text := strings.Join([]string{body("a", clean), "", body("b", clean), "{", body("a", clean), body("b", other)}, "\n")
	w := post(t, a, "application/x-ndjson", text, "")
	var got []string
	for _, l := range strings.Split(strings.TrimSpace(w.Body.String()), "\n") {
		var r Result
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, r.TransferID+" "+r.Status)
	}
	want := "[a accepted b accepted  rejected a duplicate b conflict]"
	if fmt.Sprint(got) != want || w.Code != http.StatusOK || len(b.got) != 3 {
		t.Errorf("%d %v, %d messages", w.Code, got, len(b.got))
	}
}

func TestBounds(t *testing.T) {
	a, _, _ := newAPI()
	lines := strings.Repeat("{\n", MaxLines)
	for name, c := range map[string]struct {
		kind, text string
		status     int
	}{
		"lines at the bound":  {"application/x-ndjson", lines, http.StatusOK},
		"one line more":       {"application/x-ndjson", lines + "{\n", http.StatusRequestEntityTooLarge},
		"an object too large": {"application/json", strings.Repeat(" ", MaxObject+1), http.StatusRequestEntityTooLarge},
		"one at the bound":    {"application/json", body("t", clean) + strings.Repeat(" ", MaxObject-len(body("t", clean))), http.StatusAccepted},
		"a body too large":    {"application/x-ndjson", strings.Repeat("\n", MaxBody+1), http.StatusRequestEntityTooLarge},
		"a body at the bound": {"application/x-ndjson", strings.Repeat("\n", MaxBody), http.StatusOK},
		"another type":        {"text/plain", "x", http.StatusUnsupportedMediaType},
		"no type":             {"", "x", http.StatusUnsupportedMediaType},
	} {
		if w := post(t, a, c.kind, c.text, ""); w.Code != c.status {
			t.Errorf("%s: %d %.200s", name, w.Code, w.Body)
		}
	}
}

func TestABrokerThatCannotTakeItIsA503(t *testing.T) {
	a, b, s := newAPI()
	b.fail = stream.ErrQueueFull
	w := post(t, a, "application/x-ndjson", body("t1", clean), "")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if len(s.facts) > 0 {
		t.Error("a fact was remembered that is not acknowledged")
	}
	b.fail = nil
	a.Full = func() error { return errors.New("10 GiB of 10 GiB") }
	if w := post(t, a, "application/json", body("t1", clean), ""); w.Code != http.StatusServiceUnavailable || len(b.got) > 0 {
		t.Errorf("a full disk: %d %s", w.Code, w.Body)
	}
}

func TestWithoutTheCacheEverythingIsAccepted(t *testing.T) {
	a, b, s := newAPI()
	s.fail = errors.New("away")
	for range 2 {
		if w := post(t, a, "application/json", body("t1", clean), ""); w.Code != http.StatusAccepted {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if len(b.got) != 2 || string(b.got[0].Value) != string(b.got[1].Value) {
		t.Errorf("%d messages", len(b.got))
	}
}

func TestWaitForTheVerdict(t *testing.T) {
	a, b, _ := newAPI()
	for n := 1; n <= 2; n++ { // who sends again after a broken connection gets it again
		if w := post(t, a, "application/json", body("t1", clean), "?wait=verdict"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"cleared"`) || len(b.got) != n {
			t.Errorf("%d %s, %d messages", w.Code, w.Body, len(b.got))
		}
	}
	a.Verdicts, a.WaitDeadline = verdicts{}, time.Millisecond
	if w := post(t, a, "application/json", body("t2", clean), "?wait=verdict"); w.Code != http.StatusAccepted {
		t.Errorf("after the deadline: %d %s", w.Code, w.Body)
	}
	for _, q := range []string{"?wait=yes", "?wait=verdict"} {
		if q == "?wait=verdict" {
			a.Verdicts = nil
		}
		if w := post(t, a, "application/json", body("t3", clean), q); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", q, w.Code)
		}
	}
}

func TestTheRawTopic(t *testing.T) {
	out := stream.NewOut(stream.OutConfig{Stage: "ingest", Partitions: stream.FixedPartitions(6)})
	good, garbage := []byte(body("t1", clean)), []byte("\x00{garbage")
	in := &stream.Batch{Topic: schemas.Raw, Records: []stream.Record{
		{Topic: schemas.Raw, Offset: 1, Value: good}, {Topic: schemas.Raw, Offset: 2, Value: garbage}, {Topic: schemas.Raw, Offset: 3, Value: good},
	}}
	raw := NewRaw(RawConfig{Tenant: "acme", Now: func() time.Time { return noon }}, NewMetrics(prometheus.NewRegistry()))
	if err := raw.Handle(t.Context(), in, out); err != nil || out.Err() != nil {
		t.Fatal(err, out.Err())
	}
	var transfers, dead []stream.Record
	out.Each(func(r *stream.Record) {
		rec := *r
		rec.Key, rec.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
		switch rec.Topic {
		case schemas.Transfers:
			transfers = append(transfers, rec)
		case schemas.DeadLetters:
			dead = append(dead, rec)
		}
	})
	// From a topic nothing is dropped as a duplicate: a record out for each valid record in.
	if len(transfers) != 2 || string(transfers[0].Value) != string(transfers[1].Value) || string(transfers[0].Key) != "acme/c1" {
		t.Errorf("%d transfers", len(transfers))
	}
	if len(dead) != 1 || string(dead[0].Value) != string(garbage) {
		t.Fatalf("%d dead letters", len(dead))
	}
	if reason, _ := dead[0].Headers.Get(event.HeaderDeadReason); string(reason) != ReasonRejected {
		t.Errorf("reason %q", reason)
	}
}

// A batch of the raw topic that is read again may be cut between the two contents of an id: the second keeps its mark.
func TestAConflictOfTheRawTopicIsKnownWhenItIsReadAgain(t *testing.T) {
	_, _, known := newAPI()
	raw := NewRaw(RawConfig{Tenant: "acme", Seen: known, Now: func() time.Time { return noon }}, NewMetrics(prometheus.NewRegistry()))
	marks := func(bodies ...string) (marked int) {
		out := stream.NewOut(stream.OutConfig{Stage: "ingest", Partitions: stream.FixedPartitions(1)})
		in := &stream.Batch{Topic: schemas.Raw}
		for _, b := range bodies {
			in.Records = append(in.Records, stream.Record{Topic: schemas.Raw, Value: []byte(b)})
		}
		if err := raw.Handle(t.Context(), in, out); err != nil || out.Err() != nil {
			t.Fatal(err, out.Err())
		}
		out.Each(func(r *stream.Record) {
			var head event.Record
			if err := head.Decode(r.Value); err != nil {
				t.Error(err)
			}
			if !head.ConflictsWith.IsZero() {
				marked++
			}
		})
		return marked
	}
	if marks(body("t1", clean), body("t1", other)) != 1 || marks(body("t1", other)) != 1 || marks(body("t1", clean)) != 0 {
		t.Error("the second content has its mark only beside the first, or the first has one")
	}
}

func TestTheRawTopicMarksConflictsThatAreKnown(t *testing.T) {
	_, _, known := newAPI()
	first := transfer.ID{1}
	known.facts[SeenKey{Tenant: "acme", TransferID: "t1", Stage: transfer.Confirmed}] = first
	for name, c := range map[string]struct {
		fail error
		want string
	}{
		"the cache knows it": {nil, "[0100000000000000] [] [] [second]"},
		"the cache is away":  {errors.New("away"), "[] [] [] [second]"},
	} {
		t.Run(name, func(t *testing.T) {
			known.fail, known.pinned = c.fail, nil
			raw := NewRaw(RawConfig{Tenant: "acme", Seen: known, Now: func() time.Time { return noon }}, NewMetrics(prometheus.NewRegistry()))
			out := stream.NewOut(stream.OutConfig{Stage: "ingest", Partitions: stream.FixedPartitions(1)})
			in := &stream.Batch{Topic: schemas.Raw}
			for _, b := range []string{body("t1", clean), body("t2", clean), body("t2", clean), body("t2", other)} {
				in.Records = append(in.Records, stream.Record{Topic: schemas.Raw, Value: []byte(b)})
			}
			if err := raw.Handle(t.Context(), in, out); err != nil || out.Err() != nil {
				t.Fatal(err, out.Err())
			}
			var got []string
			var second transfer.ID
			out.Each(func(r *stream.Record) {
				var head event.Record
				if err := head.Decode(r.Value); err != nil {
					t.Error(err)
				}
				switch {
				case head.ConflictsWith.IsZero():
					got, second = append(got, "[]"), head.ID
				case head.ConflictsWith == second:
					got = append(got, "[second]")
				default:
					got = append(got, "["+head.ConflictsWith.String()[:16]+"]")
				}
			})
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
			if marked := strings.Count(c.want, "[second]") + strings.Count(c.want, "[01"); len(known.pinned) != marked {
				t.Errorf("%d first facts are kept for %d conflicts", len(known.pinned), marked)
			}
		})
	}
}
