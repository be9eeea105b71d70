package alerting

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/event"
	"sluice/pkg/flag"
	"sluice/pkg/judge"
	"sluice/pkg/rules"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

const id = "abababababababababababababababab"

// screened is a record as enrichment writes it; members stand behind the transfer.
func screened(members string, clean bool) stream.Record {
	return stream.Record{Topic: schemas.Screened, Partition: 3, Key: []byte("default/c"),
		Value: []byte(`{"id":"` + id + `","transfer_id":"t","tenant":"default","transfer":{"id":"t","direction":"deposit","customer_id":"c","network":"ethereum",` +
			`"asset":"ETH","amount":"1","from":["0x00000000000000000000000000000000000000bb"],"to":["0x00000000000000000000000000000000000000aa"],` +
			`"occurred_at":"2026-11-01T00:00:00Z"}` + members + `,"lists_seq":9}`),
		Headers: stream.NewHeaders(
			stream.Header{Name: event.HeaderID, Value: []byte(id)},
			stream.Header{Name: event.HeaderAt, Value: event.AppendAt(event.AppendAt(nil, noon), noon)},
			stream.Header{Name: event.HeaderScreened, Value: event.AppendScreened(nil, clean)})}
}

func stage(t *testing.T) (*Stage, *Metrics) {
	t.Helper()
	set, err := rules.Compile(rules.DefaultOptions(), rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	m := NewMetrics(prometheus.NewRegistry())
	return New(Config{Rules: judge.Rules{Set: set, Seq: 4}, Now: func() time.Time { return noon }}, m), m
}

func handle(t *testing.T, s *Stage, in ...stream.Record) (map[string][]stream.Record, error) {
	t.Helper()
	out := stream.NewOut(stream.OutConfig{Stage: "alerting", Partitions: stream.FixedPartitions(6)})
	err := s.Handle(t.Context(), &stream.Batch{Topic: schemas.Screened, Records: in}, out)
	got := map[string][]stream.Record{}
	out.Each(func(r *stream.Record) { got[r.Topic] = append(got[r.Topic], *r) })
	return got, errors.Join(err, out.Err())
}

func TestEveryVerdictIsPublishedAndTheOthersFlagged(t *testing.T) {
	s, m := stage(t)
	got, err := handle(t, s, screened("", true), screened(`,"status":"degraded"`, false))
	if err != nil {
		t.Fatal(err)
	}
	if len(got[schemas.Verdicts]) != 2 || len(got[schemas.Flagged]) != 1 {
		t.Fatalf("%d verdicts, %d flagged", len(got[schemas.Verdicts]), len(got[schemas.Flagged]))
	}
	for i, want := range []string{`"verdict":"cleared"`, `"verdict":"held"`} {
		r := got[schemas.Verdicts][i]
		if !strings.Contains(string(r.Value), want) || r.Partition != 3 || string(r.Key) != "default/c" {
			t.Errorf("%s/%d: %s", r.Key, r.Partition, r.Value)
		}
	}
	f := got[schemas.Flagged][0]
	if string(f.Value) != string(got[schemas.Verdicts][1].Value) || f.Partition != 3 || string(f.Key) != "default/c" {
		t.Errorf("flagged: %s/%d: %s", f.Key, f.Partition, f.Value)
	}
	for name, want := range map[string]string{event.HeaderCloudID: id + ".9", event.HeaderCloudSpec: "1.0", event.HeaderCloudType: event.CloudTypeFlagged, event.HeaderID: id} {
		if v, _ := f.Headers.Get(name); string(v) != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	if m.Verdicts(flag.Cleared) != 1 || m.Verdicts(flag.Held) != 1 || m.Verdicts(flag.Flagged) != 0 {
		t.Error("the counts differ from what was published")
	}
}

func TestADamagedRecordIsAPermanentError(t *testing.T) {
	s, _ := stage(t)
	bad := screened("", false)
	bad.Value = bad.Value[:40]
	if _, err := handle(t, s, bad); !stream.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
}

func TestAPoisonousRecordIsKeptAndItsTransferHeld(t *testing.T) {
	s, _ := stage(t)
	bad := screened("", false)
	bad.Value = bad.Value[:40]
	out := stream.NewOut(stream.OutConfig{Stage: "alerting", Partitions: stream.FixedPartitions(6)})
	if err := s.ForLane().(stream.Poisoner).Poison(t.Context(), &bad, errors.New("damaged"), out); err != nil || out.Err() != nil {
		t.Fatal(err, out.Err())
	}
	got := map[string]stream.Record{}
	out.Each(func(r *stream.Record) { got[r.Topic] = *r })
	if string(got[schemas.DeadLetters].Value) != string(bad.Value) {
		t.Errorf("dead letter %q", got[schemas.DeadLetters].Value)
	}
	for _, topic := range []string{schemas.Verdicts, schemas.Flagged} {
		if v := string(got[topic].Value); !strings.Contains(v, id) || !strings.Contains(v, `"verdict":"held"`) || !strings.Contains(v, `"quarantined"`) {
			t.Errorf("%s: %s", topic, v)
		}
	}
}
