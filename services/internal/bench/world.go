package bench

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/judge"
	"sluice/pkg/rules"
	"sluice/pkg/simulate"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/schemas"
	"sluice/services/alerting"
	"sluice/services/enrichment"
	"sluice/services/ingest"
	"sluice/services/internal/stream"
)

// The input is the same in every run of as many transfers.
const (
	seed   = 1
	tenant = "default"
	// prefix makes ids as long as those of exchanges that join two UUIDs, and a transfer about half a kilobyte.
	prefix = "4f1d2c3b-9a58-4e0b-8c77-1d2e3f405162.6b7c8d9e-0f1a-4b2c-"
)

// world is what is screened, and what for.
type world struct {
	transfers *simulate.Generator
	current   enrichment.Current
	entries   func() iter.Seq[*watchlist.Entry] // of the list
	rules     judge.Rules
	list      Watchlist
	meanBytes float64 // of a preloaded transfer
}

// Current implements enrichment.Lists: the snapshot never changes.
func (w *world) Current() enrichment.Current { return w.current }

// makeWorld makes the customers and the list, and measures what the list takes.
func makeWorld(cfg Config) (*world, error) {
	g, err := newGenerator(cfg)
	if err != nil {
		return nil, err
	}
	w := &world{transfers: g}
	before := heap()
	began := time.Now()
	listed := g.Entries()
	filler, err := simulate.Filler(seed, max(0, cfg.Entries-len(listed)))
	if err != nil {
		return nil, err
	}
	made := time.Now()
	snapshot, err := watchlist.NewBuilder().Add(simulate.ListName, listed).Add("sluice-filler", filler).Build()
	if err != nil {
		return nil, err
	}
	w.list = Watchlist{Entries: snapshot.Len(), MakeSeconds: seconds(made.Sub(began)), BuildSeconds: seconds(time.Since(made))}
	// Of the entries, the heap holds by now what the snapshot keeps.
	w.list.MemoryBytes = max(0, heap()-before)
	w.entries = snapshot.All
	w.current = enrichment.Current{Snapshot: snapshot, Seq: 1, Usable: true}
	set, err := rules.Compile(rules.DefaultOptions(), rules.Builtin())
	if err != nil {
		return nil, err
	}
	w.rules = judge.Rules{Set: set}
	return w, nil
}

// parties is how many customers there are, and on each network as many counterparties: a fifteenth of the transfers.
func parties(transfers int) int { return min(max(50, transfers/15), 20_000) }

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// shares gives the scenarios with a listed counterparty the part of the transfers that was asked for, in their usual
// proportions. The others stay as they are.
func shares(hits float64) map[simulate.Scenario]float64 {
	all := simulate.DefaultShares()
	unlisted := []simulate.Scenario{simulate.UnknownCounterparty, simulate.InvalidSender, simulate.Duplicate}
	sum := 0.0
	for _, s := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(unlisted, s) {
			sum += all[s]
		}
	}
	for s := range all {
		if !slices.Contains(unlisted, s) {
			all[s] *= hits / sum
		}
	}
	return all
}

// hop is one stage of the pipeline.
type hop struct {
	name    string
	in      string   // topic
	out     []string // topics; the first has a record for every transfer
	handler func(w *world) stream.Handler
}

var hops = []hop{
	{StageIngest, schemas.Raw, []string{schemas.Transfers, schemas.DeadLetters}, func(*world) stream.Handler {
		return ingest.NewRaw(ingest.RawConfig{Tenant: tenant, Now: time.Now}, ingest.NewMetrics(prometheus.NewRegistry()))
	}},
	{StageEnrichment, schemas.Transfers, []string{schemas.Screened, schemas.DeadLetters}, func(w *world) stream.Handler {
		cfg := enrichment.Config{HoldAfter: time.Minute, Now: time.Now}
		return enrichment.New(cfg, w, enrichment.NewMetrics(prometheus.NewRegistry()))
	}},
	{StageAlerting, schemas.Screened, []string{schemas.Verdicts, schemas.Flagged, schemas.DeadLetters}, func(w *world) stream.Handler {
		return alerting.New(alerting.Config{Rules: w.rules, Now: time.Now}, alerting.NewMetrics(prometheus.NewRegistry()))
	}},
}

// prepare writes the transfers to the raw topic and runs them through as many hops as the stages that are wanted need for
// their input. It returns the topics that hold the inputs.
func (b *bench) prepare(ctx context.Context) (inputs map[string]string, err error) {
	inputs = make(map[string]string)
	defer func() {
		if err != nil {
			err = errors.Join(err, b.server.remove(inputs))
		}
	}()
	last := schemas.Raw // the input that is farthest down
	for _, h := range hops {
		if b.cfg.wants(h.name) {
			last = h.in
		}
	}
	if b.cfg.wants(StageRecord) {
		last = schemas.Verdicts
	}
	if b.cfg.Stage == StageLatency || b.cfg.Stage == StageLoad || b.cfg.Stage == StageScale {
		return inputs, nil
	}
	b.progress.step("writing the transfers")
	if err := b.input(ctx, inputs, schemas.Raw); err != nil {
		return inputs, err
	}
	if err := b.preload(ctx, newSpace(b.server.client, inputs)); err != nil {
		return inputs, fmt.Errorf("writing the transfers: %w", err)
	}
	for _, h := range hops {
		if _, ok := inputs[last]; ok {
			break
		}
		b.progress.step("making the input behind " + h.name)
		if err := b.input(ctx, inputs, h.out[0]); err != nil {
			return inputs, err
		}
		if err := b.fill(ctx, h, inputs); err != nil {
			return inputs, fmt.Errorf("making the input behind %s: %w", h.name, err)
		}
	}
	return inputs, nil
}

// input makes a topic for an input.
func (b *bench) input(ctx context.Context, inputs map[string]string, name string) error {
	made, err := b.server.topics(ctx, b.cfg.Partitions, name)
	maps.Copy(inputs, made)
	return err
}

// preload writes the transfers to the raw topic, keyed as an exchange keys them.
func (b *bench) preload(ctx context.Context, s *space) (err error) {
	p, err := stream.NewProducer(stream.ProducerConfig{}, s)
	if err != nil {
		return err
	}
	stop := background(ctx, p.Run)
	defer func() { err = errors.Join(err, stop()) }()
	const atOnce = 2_000
	messages := make([]stream.Message, 0, atOnce)
	bytes := 0
	for n := 0; n < b.cfg.Transfers; {
		messages = messages[:0]
		for ; n < b.cfg.Transfers && len(messages) < atOnce; n++ {
			m := b.world.next()
			bytes += len(m.Value)
			messages = append(messages, m)
		}
		if err := p.Produce(ctx, messages...); err != nil {
			return err
		}
	}
	b.world.meanBytes = round(float64(bytes)/float64(b.cfg.Transfers), 1)
	return nil
}

// next is the next transfer as an exchange sends it.
func (w *world) next() stream.Message {
	t, _ := w.transfers.Next()
	return stream.Message{Topic: schemas.Raw, Key: []byte(t.CustomerID), Value: canonical(&t)}
}

func canonical(t *transfer.Transfer) []byte { return transfer.AppendCanonical(nil, t) }

// fill runs a hop once over its input, so that its first output is the next hop's input, and checks that nothing is
// missing there: a transfer that was refused would make the hops' rates differ for no reason of theirs.
func (b *bench) fill(ctx context.Context, h hop, inputs map[string]string) (err error) {
	extra, err := b.server.topics(ctx, b.cfg.Partitions, h.out[1:]...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.remove(extra)) }()
	topics := maps.Clone(extra)
	topics[h.in], topics[h.out[0]] = inputs[h.in], inputs[h.out[0]]
	s := newSpace(b.server.client, topics)
	if _, err := b.through(ctx, s, "", h); err != nil {
		return err
	}
	bounds, err := s.Bounds(ctx, positions(h.out[0], b.cfg.Partitions))
	if err != nil {
		return err
	}
	n := int64(0)
	for _, x := range bounds {
		n += x.End - x.Start
	}
	if n != int64(b.cfg.Transfers) {
		return fmt.Errorf("%d records for %d transfers", n, b.cfg.Transfers)
	}
	return nil
}

// positions are the beginnings of all partitions.
func positions(topic string, partitions int) []stream.Position {
	at := make([]stream.Position, partitions)
	for i := range at {
		at[i] = stream.Position{Topic: topic, Partition: int32(i)}
	}
	return at
}

// background runs fn until the function that it returns is called, which returns fn's error.
func background(ctx context.Context, fn func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- fn(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}
