package lookback_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"sluice/pkg/event"
	"sluice/pkg/judge"
	"sluice/pkg/rules"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/schemas"
	"sluice/services/alerting"
	"sluice/services/enrichment"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
	"sluice/services/lookback"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The chain as it is in a pipeline.
var (
	again = lookback.Hop{Group: "rescreen", Topic: schemas.Rescreen}
	chain = lookback.Chain{{{Group: "enrichment", Topic: schemas.Transfers}, again}, {{Group: "alerting", Topic: schemas.Screened}}, {{Group: "recorder", Topic: schemas.Verdicts}}}
)

// world is enrichment, alerting and a recorder on a broker in memory, and what a lookback works on.
type world struct {
	t        *testing.T
	broker   *memory.Broker
	producer *stream.Producer
	log      *activation.Log
	deps     lookback.Deps
	cfg      lookback.Config
	reg      *prometheus.Registry

	mu       sync.Mutex
	changed  *sync.Cond
	current  enrichment.Current // what enrichment screens with
	pointer  lists.Pointer
	versions map[string]*watchlist.Snapshot
	reports  map[string]lists.Screener
	young    bool // the register of who screens is younger than the lists' age
	rows     map[string]*stored
	runs     map[uint64]lookback.Run
	shut     bool // nothing is recorded
	saves    int
	breaks   int // this many saves are made, and the next fails
	facts    int
	sent     []string // ids, in the order in which they were sent to be screened again
}

type stored struct {
	lookback.Recorded
	keys                  []string
	lists, version, cause uint64
	degraded              bool
	raisedBy              string
	verdicts              []string // every verdict that was recorded
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, broker: memory.New(3), versions: map[string]*watchlist.Snapshot{}, rows: map[string]*stored{}, runs: map[uint64]lookback.Run{},
		reports: map[string]lists.Screener{}, reg: prometheus.NewRegistry(), breaks: -1}
	w.changed = sync.NewCond(&w.mu)
	var err error
	w.producer, err = stream.NewProducer(stream.ProducerConfig{}, w.broker)
	must(t, err)
	w.run(w.producer.Run)
	w.log = activation.New(w.broker, w.producer, zerologNop)
	w.deps = lookback.Deps{Warehouse: w, Snapshots: w, Activations: w.log, Lists: w, Topics: w.broker, Leases: w, Publisher: published{w.producer, w}}
	w.cfg = lookback.Config{Poll: time.Millisecond, Every: 5 * time.Millisecond, Rescreen: again, Chain: chain, MaxAge: time.Hour}
	set, err := rules.Compile(rules.DefaultOptions(), rules.Builtin())
	must(t, err)
	stage := enrichment.New(enrichment.Config{HoldAfter: time.Minute, Now: time.Now}, screening{w}, enrichment.NewMetrics(w.reg))
	w.loop("enrichment", schemas.Transfers, stage)
	w.loop("rescreen", schemas.Rescreen, stage.Rescreen())
	w.loop("alerting", schemas.Screened, alerting.New(alerting.Config{Rules: judge.Rules{Set: set}, Now: time.Now}, alerting.NewMetrics(w.reg)))
	w.loop("recorder", schemas.Verdicts, stream.HandlerFunc(w.record))
	return w
}

// run runs fn until the test ends.
func (w *world) run(fn func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- fn(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
}

func (w *world) loop(group, topic string, h stream.Handler) {
	w.t.Helper()
	l, err := stream.New(stream.Config{Group: group, Stage: group, Topics: []string{topic}, CommitInterval: time.Millisecond,
		Retry: stream.Backoff{Min: time.Millisecond, Max: 2 * time.Millisecond}}, w.broker, h)
	must(w.t, err)
	w.run(l.Run)
}

// lookBack runs the service until the test ends, or until the returned function is called.
func (w *world) lookBack() (stop func()) {
	w.t.Helper()
	s, err := lookback.New(w.cfg, w.deps, lookback.NewMetrics(prometheus.NewRegistry()))
	must(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	w.t.Cleanup(stop)
	return stop
}

// await waits until something holds; it is looked at whenever something changes.
func (w *world) await(what string, holds func() bool) {
	w.t.Helper()
	over := false
	timer := time.AfterFunc(20*time.Second, func() { w.mu.Lock(); over = true; w.changed.Broadcast(); w.mu.Unlock() })
	defer timer.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for !holds() {
		if over {
			w.t.Fatalf("%s: not within 20 s; runs %+v", what, w.runs)
		}
		w.changed.Wait()
	}
}

// set changes something under the lock.
func (w *world) set(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
	w.changed.Broadcast()
}

type screening struct{ w *world }

func (s screening) Current() enrichment.Current {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return s.w.current
}

// listing is a snapshot of one list with the addresses.
func listing(t testing.TB, addresses ...string) *watchlist.Snapshot {
	t.Helper()
	b := watchlist.NewBuilder()
	if len(addresses) > 0 {
		entries, _, err := format.Parse("txt", format.Options{List: "l", Category: "scam"}, format.Input{Name: "l", R: strings.NewReader(strings.Join(addresses, "\n"))})
		must(t, err)
		b.Add("l", entries)
	}
	s, err := b.Build()
	must(t, err)
	return s
}

// activate activates lists with the addresses; who screens takes them up with takeUp.
func (w *world) activate(addresses ...string) activation.Activation {
	w.t.Helper()
	s := listing(w.t, addresses...)
	w.set(func() { w.versions[s.Version()] = s })
	before, err := w.log.Read(w.t.Context())
	must(w.t, err)
	a, err := w.log.Append(w.t.Context(), before, 0, activation.Activation{Kind: activation.Lists, Version: s.Version(), Author: "test", At: time.Now()})
	must(w.t, err)
	w.set(func() {
		w.pointer = lists.Pointer{Seq: a.Seq, Epoch: a.Epoch, Version: a.Version, Count: s.Len()}
	})
	return a
}

// takeUp makes enrichment screen with an activation, and report it.
func (w *world) takeUp(a activation.Activation) {
	w.set(func() {
		w.current = enrichment.Current{Snapshot: w.versions[a.Version], Seq: a.Seq, Usable: true}
		w.reports["a"] = lists.Screener{ID: "a", Seq: a.Seq, Usable: true, MaxAge: time.Hour}
	})
}

// put activates lists that are taken up at once.
func (w *world) put(addresses ...string) activation.Activation {
	w.t.Helper()
	a := w.activate(addresses...)
	w.takeUp(a)
	return a
}

// send puts a deposit from an address on transfers.v1, and returns its id.
func (w *world) send(from string) string {
	w.t.Helper()
	w.facts++
	p, err := transfer.Parse(fmt.Appendf(nil, `{"id":"t%d","direction":"deposit","customer_id":"c%d","network":"ethereum","asset":"ETH","amount":"1.5","from":[%q],`+
		`"to":["0x00000000000000000000000000000000000000aa"],"occurred_at":"2026-11-01T00:00:00Z"}`, w.facts, w.facts%5, from), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	must(w.t, err)
	id := p.FactID("default")
	must(w.t, w.producer.Produce(w.t.Context(), stream.Message{Topic: schemas.Transfers, Key: event.AppendKey(nil, "default", p.Transfer.CustomerID),
		Value: event.AppendTransfer(nil, id, "default", transfer.ID{}, &p),
		Headers: []stream.Header{{Name: event.HeaderID, Value: id.Append(nil)}, {Name: event.HeaderAt, Value: event.AppendAt(nil, time.Now())},
			{Name: event.HeaderFingerprint, Value: event.AppendFingerprints(nil, &p, false)}}}))
	return id.String()
}

// isRecorded waits until a transfer has a verdict.
func (w *world) isRecorded(id, verdict string) {
	w.t.Helper()
	w.await(id+" is "+verdict, func() bool { return w.rows[id] != nil && w.rows[id].Verdict == verdict })
}

// isDone waits until a run is through, and returns it.
func (w *world) isDone(seq uint64) (r lookback.Run) {
	w.t.Helper()
	w.await(fmt.Sprintf("run %d is done", seq), func() bool { r = w.runs[seq]; return r.State == lookback.Done })
	return r
}

// published is how many records a topic has.
func (w *world) published(topic string) (n int64) {
	at := []stream.Position{{Topic: topic}, {Topic: topic, Partition: 1}, {Topic: topic, Partition: 2}}
	bounds, err := w.broker.Bounds(w.t.Context(), at)
	must(w.t, err)
	for _, b := range bounds {
		n += b.End
	}
	return n
}

// record is the recorder: of the records of one id the highest version counts, at equal version the later one.
func (w *world) record(_ context.Context, in *stream.Batch, _ *stream.Out) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut {
		return errors.New("the warehouse is away")
	}
	for i := range in.Records {
		var r event.Record
		if err := r.Decode(in.Records[i].Value); err != nil {
			return err
		}
		p, err := transfer.Restore(r.Transfer)
		if err != nil {
			return err
		}
		id := r.ID.String()
		was := w.rows[id]
		if was == nil {
			was = &stored{}
			w.rows[id] = was
		}
		if r.Version < was.version {
			continue
		}
		was.Recorded = lookback.Recorded{ID: id, Tenant: r.Tenant, Transfer: p.Transfer, Verdict: string(bytes.Clone([]byte(r.Verdict))),
			AcceptedAt: time.Unix(1, 0), RaisedAt: r.RaisedAt}
		was.lists, was.version, was.cause, was.degraded = r.ListsSeq, r.Version, r.CauseSeq, r.Status == "degraded"
		was.raisedBy = string(bytes.Clone([]byte(r.RaisedBy)))
		was.verdicts = append(was.verdicts, was.Verdict)
		was.keys = nil
		for _, party := range p.Parties {
			was.keys = append(was.keys, party.Key.String())
		}
	}
	w.changed.Broadcast()
	return nil
}

func (w *world) Touching(_ context.Context, keys []string, o lookback.Older, fn func([]lookback.Recorded) error) error {
	w.mu.Lock()
	var found []lookback.Recorded
	for _, r := range w.rows {
		if (o.Lists == 0 || r.lists < o.Lists) && (o.Version == 0 || r.version < o.Version) &&
			slices.ContainsFunc(r.keys, func(k string) bool { return slices.Contains(keys, k) }) {
			found = append(found, r.Recorded)
		}
	}
	w.mu.Unlock()
	if len(found) == 0 {
		return nil
	}
	return fn(found)
}

func (w *world) Held(_ context.Context, below uint64, behind lookback.Place, limit int) (found []lookback.Recorded, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.rows {
		if r.Verdict == "held" && r.degraded && r.version < below && (r.RaisedAt.After(behind.RaisedAt) || r.RaisedAt.Equal(behind.RaisedAt) && r.ID > behind.ID) {
			found = append(found, r.Recorded)
		}
	}
	slices.SortFunc(found, func(a, b lookback.Recorded) int {
		return cmp.Or(a.RaisedAt.Compare(b.RaisedAt), cmp.Compare(a.ID, b.ID))
	})
	return found[:min(limit, len(found))], nil
}

func (w *world) HeldSince(_ context.Context, seq uint64) (n uint64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.rows {
		if r.Verdict == "held" && r.degraded && (r.raisedBy != "rescreen" || r.lists < seq) {
			n++
		}
	}
	return n, nil
}

func (w *world) Outcome(_ context.Context, _ string, from, to uint64) (o lookback.Outcome, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.rows {
		if r.Verdict != "cleared" && r.cause >= from && r.cause <= to {
			o.Flagged++
			if r.RaisedAt.After(o.LastFlag) {
				o.LastFlag = r.RaisedAt
			}
		}
	}
	return o, nil
}

func (w *world) Runs(_ context.Context, limit int) (runs []lookback.Run, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.runs {
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b lookback.Run) int { return cmp.Compare(b.Seq, a.Seq) })
	return runs[:min(limit, len(runs))], nil
}

var errKilled = errors.New("killed")

func (w *world) SaveRun(_ context.Context, r lookback.Run) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.saves == w.breaks {
		return errKilled
	}
	w.saves++
	w.runs[r.Seq] = r
	w.changed.Broadcast()
	return nil
}

func (w *world) Load(_ context.Context, a activation.Activation) (*watchlist.Snapshot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.versions[a.Version]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("version %s: %w", a.Version, lookback.ErrNoSnapshot)
}

func (w *world) Pointer(context.Context) (lists.Pointer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pointer.Seq == 0 {
		return w.pointer, lists.ErrNotFound
	}
	return w.pointer, nil
}

func (w *world) Screeners(context.Context) (lists.Screeners, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	s := lists.Screeners{Now: now, Since: now.Add(-24 * time.Hour)}
	if w.young {
		s.Since = now
	}
	for _, r := range w.reports {
		if r.At.IsZero() {
			r.At = now
		}
		s.All = append(s.All, r)
	}
	return s, nil
}

func (w *world) Hold(ctx context.Context, _ string, fn func(context.Context) error) error {
	return fn(ctx)
}

// published notes the order in which facts are sent to be screened again.
type published struct {
	stream.Publisher
	w *world
}

func (p published) Produce(ctx context.Context, messages ...stream.Message) error {
	for _, m := range messages {
		if id, ok := event.PeekID(m.Value); ok && m.Topic == schemas.Rescreen {
			p.w.set(func() { p.w.sent = append(p.w.sent, id.String()) })
		}
	}
	return p.Publisher.Produce(ctx, messages...)
}
