package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/event"
	"sluice/pkg/judge"
	"sluice/pkg/rules"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/schemas"
	"sluice/services/alerting"
	"sluice/services/enrichment"
	"sluice/services/ingest"
	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

// chain is the three hops on a broker in memory.
type chain struct {
	t      *testing.T
	broker *memory.Broker
	lists  *lists
	now    *clock
}

// lists is a snapshot that a test puts in force and takes away.
type lists struct {
	mu      sync.Mutex
	current enrichment.Current
}

func (l *lists) Current() enrichment.Current {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

func (l *lists) set(c enrichment.Current) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = c
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

const listed = "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

func snapshot(t *testing.T) *watchlist.Snapshot {
	t.Helper()
	entries, _, err := format.Parse("txt", format.Options{List: "check", Category: "sanctions"},
		format.Input{Name: "check.txt", R: strings.NewReader(listed + "\n")})
	if err != nil {
		t.Fatal(err)
	}
	s, err := watchlist.NewBuilder().Add("check", entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func builtin(t *testing.T) judge.Rules {
	t.Helper()
	set, err := rules.Compile(rules.DefaultOptions(), rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return judge.Rules{Set: set}
}

func newChain(t *testing.T) *chain {
	c := &chain{t: t, broker: memory.New(6), lists: &lists{}, now: &clock{at: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}}
	c.lists.set(enrichment.Current{Snapshot: snapshot(t), Seq: 7, Usable: true})
	reg := prometheus.NewRegistry()
	c.loop("ingest", schemas.Raw, ingest.NewRaw(ingest.RawConfig{Tenant: "default", Now: c.now.now}, ingest.NewMetrics(reg)))
	c.loop("enrichment", schemas.Transfers, enrichment.New(enrichment.Config{HoldAfter: time.Minute, Now: c.now.now}, c.lists, enrichment.NewMetrics(reg)))
	c.loop("alerting", schemas.Screened, alerting.New(alerting.Config{Rules: builtin(t), Now: c.now.now}, alerting.NewMetrics(reg)))
	return c
}

func (c *chain) loop(stage, topic string, h stream.Handler) {
	l, err := stream.New(stream.Config{Group: "sluice." + stage, Stage: stage, Topics: []string{topic}, CommitInterval: time.Millisecond,
		Retry: stream.Backoff{Min: time.Millisecond, Max: 5 * time.Millisecond}}, c.broker, h)
	if err != nil {
		c.t.Fatal(err)
	}
	c.run(l.Run)
}

func (c *chain) run(fn func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- fn(ctx) }()
	c.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			c.t.Error(err)
		}
	})
}

func (c *chain) produce(messages ...stream.Message) {
	c.t.Helper()
	p, err := stream.NewProducer(stream.ProducerConfig{}, c.broker)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if err := p.Produce(ctx, messages...); err != nil {
		c.t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		c.t.Error(err)
	}
}

// take reads n records of a topic from its start.
func (c *chain) take(topic string, n int) []taken {
	c.t.Helper()
	tail, err := stream.NewTail(stream.TailConfig{Topic: topic}, c.broker)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var got []taken
	err = tail.Run(ctx, func(_ context.Context, in *stream.Batch) error {
		for _, r := range in.Records {
			reason, _ := r.Headers.Get(event.HeaderDeadReason)
			ce, _ := r.Headers.Get(event.HeaderCloudID)
			got = append(got, taken{key: string(r.Key), value: bytes.Clone(r.Value), reason: string(reason), cloudID: string(ce)})
		}
		if len(got) >= n {
			cancel()
		}
		return nil
	})
	if err != nil || len(got) < n {
		c.t.Fatalf("%s: %d of %d records: %v", topic, len(got), n, err)
	}
	return got
}

type taken struct {
	key, reason, cloudID string
	value                []byte
}

// verdict is what the tests look at of a record.
type verdict struct {
	ID          string   `json:"id"`
	TransferID  string   `json:"transfer_id"`
	Verdict     string   `json:"verdict"`
	HoldReasons []string `json:"hold_reasons"`
	Categories  []string `json:"categories"`
	Status      string   `json:"status"`
	Version     uint64   `json:"version"`
	PublicCode  string   `json:"public_code"`
	ListsVer    string   `json:"lists_version"`
	RulesVer    string   `json:"rules_version"`
}

func (v verdict) String() string {
	return fmt.Sprintf("%s %s %v", v.TransferID, v.Verdict, v.HoldReasons)
}

func decode(t *testing.T, value []byte) verdict {
	t.Helper()
	var v verdict
	if err := json.Unmarshal(value, &v); err != nil {
		t.Fatalf("%v: %s", err, value)
	}
	return v
}

func deposit(id, from string) string {
	sender := ""
	if from != "" {
		sender = fmt.Sprintf("%q", from)
	}
	return fmt.Sprintf(`{"id":%q,"direction":"deposit","customer_id":"c1","network":"ethereum","asset":"ETH","amount":"1.5","from":[%s],`+
		`"to":["0x00000000000000000000000000000000000000aa"],"tx_hash":"0x%064x","occurred_at":"2026-11-01T00:00:00Z"}`, id, sender, 1)
}

const cleanSender = "0x00000000000000000000000000000000000000bb"

func raw(body string) stream.Message {
	return stream.Message{Topic: schemas.Raw, Key: []byte("c1"), Value: []byte(body)}
}

func TestEveryTransferEndsInAVerdict(t *testing.T) {
	c := newChain(t)
	garbage := "\x00\xff{not a transfer"
	c.produce(raw(deposit("clean", cleanSender)), raw(deposit("listed", listed)), raw(deposit("unknown", "")),
		raw(garbage), raw(deposit("badsum", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")))
	got := map[string]verdict{}
	for _, r := range c.take(schemas.Verdicts, 4) {
		v := decode(t, r.value)
		got[v.TransferID] = v
		if r.key != "default/c1" {
			t.Errorf("key %q", r.key)
		}
	}
	for id, want := range map[string]string{
		"clean": "clean cleared []", "listed": "listed held [risk]", "unknown": "unknown held [unknown_counterparty]", "badsum": "badsum held [unscreenable]",
	} {
		if got[id].String() != want {
			t.Errorf("%s, want %s", got[id], want)
		}
	}
	if v := got["clean"]; v.Version != 7 || v.PublicCode != "proceed" || v.ListsVer != "" {
		t.Errorf("%+v", v)
	}
	for _, r := range c.take(schemas.Flagged, 3) {
		v := decode(t, r.value)
		if v.ListsVer == "" || v.RulesVer == "" || r.cloudID != fmt.Sprintf("%s.%d", v.ID, v.Version) {
			t.Errorf("a flagged event without its versions or its CloudEvents id %q: %s", r.cloudID, r.value)
		}
	}
	dead := c.take(schemas.DeadLetters, 1)
	if string(dead[0].value) != garbage || dead[0].reason != ingest.ReasonRejected {
		t.Errorf("dead letter %q, reason %q", dead[0].value, dead[0].reason)
	}
}

func TestWithoutListsNothingIsCleared(t *testing.T) {
	c := newChain(t)
	c.lists.set(enrichment.Current{Usable: false, Why: "flushed", Since: c.now.now()})
	c.produce(raw(deposit("clean", cleanSender)))
	c.take(schemas.Transfers, 1)
	if b, err := c.broker.Bounds(t.Context(), []stream.Position{{Topic: schemas.Screened}}); err != nil || b[0].End != 0 {
		t.Errorf("something was screened without lists: %v, %v", b, err)
	}
	c.now.add(time.Minute)
	v := decode(t, c.take(schemas.Verdicts, 1)[0].value)
	if v.String() != "clean held [degraded]" || v.Status != "degraded" {
		t.Errorf("%s, status %s", v, v.Status)
	}
	c.lists.set(enrichment.Current{Snapshot: snapshot(t), Seq: 8, Usable: true})
	c.produce(raw(deposit("later", cleanSender)))
	if v := decode(t, c.take(schemas.Verdicts, 2)[1].value); v.String() != "later cleared []" {
		t.Errorf("with lists again: %s", v)
	}
}

func TestAPoisonRecordIsKeptAndItsTransferHeld(t *testing.T) {
	for _, topic := range []string{schemas.Transfers, schemas.Screened} {
		t.Run(topic, func(t *testing.T) {
			c := newChain(t)
			id := strings.Repeat("ab", 16)
			poison := stream.Message{Topic: topic, Key: []byte("default/c1"), Value: []byte(`{"id":"broken`),
				Headers: []stream.Header{{Name: event.HeaderID, Value: []byte(id)}}}
			c.produce(poison)
			c.produce(raw(deposit("after", cleanSender)))
			got := map[string]string{}
			for _, r := range c.take(schemas.Verdicts, 2) {
				v := decode(t, r.value)
				got[v.ID] = fmt.Sprint(v.Verdict, v.HoldReasons)
			}
			if got[id] != "held[quarantined]" || len(got) != 2 {
				t.Errorf("%v", got)
			}
			if dead := c.take(schemas.DeadLetters, 1); !bytes.Equal(dead[0].value, poison.Value) {
				t.Errorf("dead letter %q", dead[0].value)
			}
		})
	}
}

func TestThePipelineSaysWhatTheOfflineFilterSays(t *testing.T) {
	c := newChain(t)
	var lines []string
	for i := range 300 {
		from := fmt.Sprintf("0x%040x", i+1000)
		switch i % 10 {
		case 3:
			from = listed
		case 7:
			from = ""
		}
		lines = append(lines, deposit(fmt.Sprintf("t%d", i), from))
	}
	var offline bytes.Buffer
	_, err := judge.Filter(strings.NewReader(strings.Join(lines, "\n")), &offline, t.Output(), judge.FilterConfig{
		Lists: judge.Lists{Snapshot: snapshot(t)}, Rules: builtin(t), Now: c.now.now(), All: true})
	if err != nil {
		t.Fatal(err)
	}
	var messages []stream.Message
	for _, l := range lines {
		messages = append(messages, raw(l))
	}
	c.produce(messages...)
	want := map[string]string{}
	for _, l := range bytes.Split(bytes.TrimSpace(offline.Bytes()), []byte("\n")) {
		v := decode(t, l)
		want[v.ID] = v.String()
	}
	for _, r := range c.take(schemas.Verdicts, len(lines)) {
		v := decode(t, r.value)
		if want[v.ID] != v.String() {
			t.Errorf("the pipeline says %s, the filter %s", v, want[v.ID])
		}
		delete(want, v.ID)
	}
	if len(want) > 0 {
		t.Errorf("no verdict for %v", want)
	}
}
