package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	list "sluice/pkg/watchlist"
	"sluice/schemas"
	"sluice/services/enrichment"
	"sluice/services/internal/activation"
	"sluice/services/internal/audit"
	"sluice/services/internal/cache"
	"sluice/services/internal/config"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
	"sluice/services/lookback"
	"sluice/services/watchlist"
)

// reporting is the source of an instance that screens: it tells what it holds whenever it reads the pointer.
type reporting struct {
	*cache.Client
	id     string
	maxAge time.Duration
	held   func() enrichment.Current
}

// newReporting names the instance anew with every start.
func newReporting(c *cache.Client, maxAge time.Duration) *reporting {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return &reporting{Client: c, id: hex.EncodeToString(b[:]), maxAge: maxAge}
}

// Pointer implements lists.Source.
func (r *reporting) Pointer(ctx context.Context) (lists.Pointer, error) {
	now := r.held()
	return r.PointerAs(ctx, lists.Screener{ID: r.id, Seq: now.Seq, Usable: now.Usable, MaxAge: r.maxAge})
}

// addRescreen screens what is judged again.
func (p *Pipeline) addRescreen(stage *enrichment.Stage) error {
	return p.addLoop(stream.Config{
		Group: schemas.GroupRescreen, Stage: "enrichment", Topics: []string{schemas.Rescreen},
		// A group of its own: no live transfer waits behind what is judged again.
		// One lane and small fetches leave the processors to the live ones; lists that are waited for come within a second.
		Lanes: 1, Fetch: stream.FetchConfig{PartitionBytes: 64 << 10, MaxBytes: 512 << 10},
		Retry: stream.Backoff{Min: 50 * time.Millisecond, Max: 500 * time.Millisecond},
	}, stage.Rescreen())
}

// addLookback screens recorded transfers again when lists change.
func (p *Pipeline) addLookback() error {
	producer, err := stream.NewProducer(stream.ProducerConfig{Logger: p.log}, p.kafka)
	if err != nil {
		return err
	}
	p.add("lookback's producer", producer.Run)
	again := lookback.Hop{Group: schemas.GroupRescreen, Topic: schemas.Rescreen}
	service, err := lookback.New(lookback.Config{
		Rate: p.cfg.Lookback.Rate, Pending: p.cfg.Lookback.Pending, MaxAge: p.cfg.Lists.PointerMaxAge, Every: p.cfg.Lookback.HeldEvery,
		Rescreen: again, Logger: p.log,
		Chain: lookback.Chain{{{Group: schemas.GroupEnrichment, Topic: schemas.Transfers}, again}, {{Group: schemas.GroupAlerting, Topic: schemas.Screened}},
			{{Group: schemas.GroupRecorderVerdicts, Topic: schemas.Verdicts}, {Group: schemas.GroupRecorderFlagged, Topic: schemas.Flagged}}},
	}, lookback.Deps{
		Warehouse: p.warehouse, Snapshots: oldLists{watchlist.Versions{Store: p.redis, Past: p.warehouse, Memory: p.memory}}, Activations: activation.New(p.kafka, producer, p.log).WithAudit(auditHead(p.cfg)),
		Lists: p.redis, Topics: p.kafka, Leases: p.redis, Publisher: producer,
	}, lookback.NewMetrics(p.reg))
	if err != nil {
		return err
	}
	p.add("lookback", service.Run)
	return nil
}

// oldLists loads versions of the lists for looking back.
type oldLists struct{ watchlist.Versions }

// Load implements lookback.Snapshots.
func (o oldLists) Load(ctx context.Context, a activation.Activation) (*list.Snapshot, error) {
	s, err := o.Versions.Load(ctx, a)
	if errors.Is(err, watchlist.ErrGone) {
		err = fmt.Errorf("%w: %w", lookback.ErrNoSnapshot, err)
	}
	return s, err
}

// LookbackRuns returns the newest runs of the configured ClickHouse, of the running instance's, or of the folder's.
func LookbackRuns(ctx context.Context, cfg *config.Config, limit int, log zerolog.Logger) (_ []lookback.Run, err error) {
	servers, err := Attach(ctx, cfg, Needs{ClickHouse: true}, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, servers.Close()) }()
	w, err := servers.Warehouse(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.Runs(ctx, limit)
}

// OrderLookback activates a run. The watchlist service makes it, at once or when it is started.
func OrderLookback(ctx context.Context, cfg *config.Config, o lookback.Ordered, log zerolog.Logger) (a activation.Activation, err error) {
	kafka, done, err := attachKafka(ctx, cfg, log)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, done()) }()
	producer, err := stream.NewProducer(stream.ProducerConfig{Logger: log}, kafka)
	if err != nil {
		return a, err
	}
	writing := start(ctx, runner{"producer", producer.Run})
	defer func() { err = errors.Join(err, writing.stop()) }()
	rec := audit.Record{Actor: Actor(), Action: audit.VerdictRescreen, Object: "lookback", Detail: map[string]string{"author": o.Author}}
	if o.Reason != "" {
		rec.Detail["reason"] = o.Reason
	}
	if o.FromSeq > 0 {
		rec.Detail["from_seq"] = strconv.FormatUint(o.FromSeq, 10)
	} else {
		rec.Detail["since"] = o.Since.Format(time.RFC3339)
	}
	err = audit.Do(ctx, AuditLog(cfg, log), rec, func(ctx context.Context) error {
		a, err = lookback.Order(ctx, activation.New(kafka, producer, log).WithAudit(auditHead(cfg)), o)
		return err
	})
	return a, err
}
