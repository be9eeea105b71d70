package deadletter

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sluice/pkg/event"
	"sluice/schemas"
	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// office is a broker in memory with some dead letters on it.
type office struct {
	t   *testing.T
	log *memory.Broker
	pub *stream.Producer
	box *Box
}

func newOffice(t *testing.T) *office {
	b := memory.New(3)
	p, err := stream.NewProducer(stream.ProducerConfig{}, b)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	o := &office{t: t, log: b, pub: p}
	o.box = Open(b, p, func() time.Time { return noon })
	return o
}

// bury puts a dead letter on the topic, as the stages do: the original's headers, then its own.
func (o *office) bury(d event.DeadLetter, original ...stream.Header) Place {
	o.t.Helper()
	if d.At.IsZero() {
		d.At = noon
	}
	d = event.Bury(d, 64<<10)
	for _, h := range d.Headers() {
		original = append(original, stream.Header(h))
	}
	ack, err := o.pub.ProduceOne(o.t.Context(), stream.Message{Topic: schemas.DeadLetters, Key: d.RecordKey(), Value: d.Value, Headers: original})
	must(o.t, err)
	return Place{ack.Partition, ack.Offset}
}

func (o *office) list(f Filter) (places []Place, letters []Letter) {
	o.t.Helper()
	must(o.t, o.box.Each(o.t.Context(), f, func(l *Letter) error {
		places, letters = append(places, l.Place), append(letters, *l)
		return nil
	}))
	return places, letters
}

func (o *office) replay(f Filter, opt Options) (results []Result) {
	o.t.Helper()
	must(o.t, o.box.Replay(o.t.Context(), f, opt, func(r Result) error { results = append(results, r); return nil }))
	return results
}

// records are what a topic holds.
func (o *office) records(topic string) (out []stream.Record) {
	o.t.Helper()
	ctx, cancel := context.WithCancel(o.t.Context())
	defer cancel()
	tail, err := stream.NewTail(stream.TailConfig{Topic: topic, CaughtUp: cancel}, o.log)
	must(o.t, err)
	must(o.t, tail.Run(ctx, func(_ context.Context, in *stream.Batch) error {
		for _, r := range in.Records {
			r.Key, r.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
			var headers []stream.Header
			for name, value := range r.Headers.All() {
				headers = append(headers, stream.Header{Name: string(name), Value: bytes.Clone(value)})
			}
			r.Headers = stream.NewHeaders(headers...)
			out = append(out, r)
		}
		return nil
	}))
	return out
}

func raw(value string) event.DeadLetter {
	return event.DeadLetter{Topic: schemas.Raw, Partition: 1, Offset: 42, Key: []byte("customer"), Stage: "ingest", Reason: event.DeadRejected, Error: "it is none", Value: []byte(value)}
}

func TestFilters(t *testing.T) {
	o := newOffice(t)
	id := strings.Repeat("ab", 16)
	first := o.bury(raw(`{"id":"tx-1","amount":"x"}`), stream.Header{Name: "trace", Value: []byte("t1")})
	d := raw(`{"id":"` + id + `","transfer_id":"tx-2","transfer":{}}`)
	d.Topic, d.Stage, d.Reason, d.At = schemas.Verdicts, "recorder", event.DeadRefused, noon.Add(time.Hour)
	second := o.bury(d, stream.Header{Name: event.HeaderID, Value: []byte(id)})
	for _, c := range []struct {
		f    Filter
		want []Place
	}{
		{Filter{}, []Place{first, second}},
		{Filter{Stage: "ingest"}, []Place{first}},
		{Filter{Reason: "refused"}, []Place{second}},
		{Filter{Topic: "raw.v1"}, []Place{first}},
		{Filter{Topic: schemas.Verdicts}, []Place{second}},
		{Filter{ID: "tx-1"}, []Place{first}},
		{Filter{ID: "tx-2"}, []Place{second}},
		{Filter{ID: id}, []Place{second}},
		{Filter{From: noon.Add(time.Hour)}, []Place{second}},
		{Filter{To: noon.Add(time.Hour)}, []Place{first}},
		{Filter{Places: []Place{second}}, []Place{second}},
		{Filter{Places: []Place{first}, Reason: "refused"}, nil},
	} {
		got, _ := o.list(c.f)
		byPlace := func(a, b Place) int { return strings.Compare(a.String(), b.String()) }
		slices.SortFunc(got, byPlace)
		slices.SortFunc(c.want, byPlace)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.f.String(), got, c.want)
		}
		if c.f.Empty() != (len(c.want) == 2) {
			t.Errorf("%s: empty %v", c.f.String(), c.f.Empty())
		}
	}
}

func TestAReplayIsWhatWasGivenUpByteForByte(t *testing.T) {
	o := newOffice(t)
	value := "{\"id\":\"tx\"\xff\x00"
	place := o.bury(raw(value), stream.Header{Name: "trace", Value: []byte("t1")}, stream.Header{Name: "dl_own", Value: []byte("of the exchange's")})
	if got := o.replay(Filter{}, Options{DryRun: true}); len(got) != 1 || got[0].Status != WouldReplay || len(o.records(schemas.Raw)) > 0 {
		t.Errorf("a dry run: %+v", got)
	}
	got := o.replay(Filter{}, Options{})
	sent := o.records(schemas.Raw)
	if len(got) != 1 || got[0].Status != Replayed || got[0].DeadLetter != place.String() || got[0].Source != "sluice.raw.v1/1/42" || len(sent) != 1 {
		t.Fatalf("%+v, %d records", got, len(sent))
	}
	r := sent[0]
	if trace, _ := r.Headers.Get("trace"); string(r.Value) != value || string(r.Key) != "customer" || string(trace) != "t1" || r.Headers.Len() != 1 {
		t.Errorf("%q %q %d headers", r.Key, r.Value, r.Headers.Len())
	}
	if want := stream.PartitionOf([]byte("customer"), 3); r.Partition != want || got[0].To != fmt.Sprintf("sluice.raw.v1/%d/0", want) {
		t.Errorf("in partition %d, want %d: %+v", r.Partition, want, got)
	}

	// The second time nothing is sent, unless that is asked for.
	if again := o.replay(Filter{}, Options{}); len(again) != 1 || again[0].Status != AlreadyReplayed || again[0].To != got[0].To || len(o.records(schemas.Raw)) != 1 {
		t.Errorf("%+v", again)
	}
	if _, letters := o.list(Filter{}); len(letters) != 1 || letters[0].ReplayedTo != got[0].To {
		t.Errorf("%+v", letters)
	}
	if again := o.replay(Filter{}, Options{Again: true}); len(again) != 1 || again[0].Status != Replayed || len(o.records(schemas.Raw)) != 2 {
		t.Errorf("%+v", again)
	}
}

func TestWhatCannotBeSentAsItWasIsRefused(t *testing.T) {
	for want, d := range map[string]func(*event.DeadLetter){
		"only its first 65536 of 70000 bytes": func(d *event.DeadLetter) { d.Value = bytes.Repeat([]byte("x"), 70_000) },
		"whole batch":                         func(d *event.DeadLetter) { d.Reason = event.DeadUnreadable },
		"no hop reads":                        func(d *event.DeadLetter) { d.Topic = "sluice.elsewhere.v1" },
		"key may have been cut":               func(d *event.DeadLetter) { d.Key = bytes.Repeat([]byte("k"), event.MaxDeadKey) },
	} {
		o := newOffice(t)
		l := raw("{}")
		d(&l)
		o.bury(l)
		got := o.replay(Filter{}, Options{})
		if len(got) != 1 || got[0].Status != Refused || !strings.Contains(got[0].Error, want) {
			t.Errorf("%s: %+v", want, got)
		}
	}
	o := newOffice(t)
	d := event.Bury(raw("{}"), 100)
	var headers []stream.Header
	for _, h := range d.Headers() {
		headers = append(headers, stream.Header(h))
	}
	headers = append(headers, stream.Header{Name: event.HeaderDeadSHA256, Value: []byte(strings.Repeat("0", 64))})
	must(t, o.pub.Produce(t.Context(), stream.Message{Topic: schemas.DeadLetters, Value: []byte("{}"), Headers: headers},
		stream.Message{Topic: schemas.DeadLetters, Value: []byte("{}"), Headers: append(headers, stream.Header{Name: event.HeaderDeadOffset, Value: []byte("x")})}))
	got := o.replay(Filter{}, Options{})
	if len(got) != 2 || !strings.Contains(got[0].Error, "checksum") || !strings.Contains(got[1].Error, "headers cannot be read") {
		t.Errorf("%+v", got)
	}
}

// fails dead-letters again whatever is sent to the raw topic, at once.
type fails struct {
	stream.Publisher
	o *office
}

func (f fails) ProduceOne(ctx context.Context, m stream.Message) (stream.Ack, error) {
	ack, err := f.Publisher.ProduceOne(ctx, m)
	if m.Topic == schemas.Raw {
		d := raw(string(m.Value))
		d.Offset = ack.Offset
		f.o.bury(d)
	}
	return ack, err
}

func TestWhatFailsAgainIsNotReplayedForEver(t *testing.T) {
	o := newOffice(t)
	o.bury(raw("1"))
	o.bury(raw("2"))
	o.box = Open(o.log, fails{o.pub, o}, func() time.Time { return noon })
	if got := o.replay(Filter{}, Options{}); len(got) != 2 {
		t.Errorf("%d were replayed", len(got))
	}
	if places, _ := o.list(Filter{}); len(places) != 4 {
		t.Errorf("%v", places)
	}
}

func TestWithoutATopicThereAreNone(t *testing.T) {
	b := memory.New(1)
	b.Inject(func(memory.Call) memory.Fault { return memory.Fault{Before: stream.ErrUnknownTopic} })
	if err := Open(b, nil, time.Now).Each(t.Context(), Filter{}, func(*Letter) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestPlaces(t *testing.T) {
	for _, text := range []string{"", "3", "3/", "/4", "-1/2", "1/-2", "1/2/3", "a/b", "99999999999/1"} {
		if p, err := ParsePlace(text); err == nil {
			t.Errorf("%q is %s", text, p)
		}
	}
	if p, err := ParsePlace("3/17"); err != nil || p != (Place{3, 17}) || p.String() != "3/17" {
		t.Errorf("%v, %v", p, err)
	}
}

func FuzzLetters(f *testing.F) {
	f.Add([]byte(`{"id":"a","transfer_id":1}`), "dl_source_offset", []byte("7"))
	f.Add([]byte{0xff}, "dl_replay_of", []byte("1/2"))
	f.Fuzz(func(t *testing.T, value []byte, name string, header []byte) {
		rec := &stream.Record{Topic: schemas.DeadLetters, Value: value, Headers: stream.NewHeaders(stream.Header{Name: name, Value: header})}
		l := letterOf(rec)
		if l.Unsendable() == "" {
			t.Errorf("%+v can be sent", l)
		}
		_ = (&Filter{ID: "x"}).Match(&l)
	})
}
