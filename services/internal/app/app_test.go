package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sluice/services/internal/config"
	"sluice/services/internal/datadir"
	"sluice/services/internal/httpx"
)

func settings(t *testing.T) *config.Config {
	t.Helper()
	c := &config.Config{Data: filepath.Join(t.TempDir(), "data")}
	c.HTTP.Listen, c.HTTP.WaitDeadline = "127.0.0.1:0", time.Second
	c.Kafka.Listen, c.Kafka.DiskBudget = "127.0.0.1:0", 1<<30
	c.Ingest.Tenant = "default"
	c.Lists.PointerMaxAge, c.Lists.HoldAfter = time.Second, time.Second
	c.Stream.Lanes, c.Stream.DrainTimeout = 1, time.Second
	c.Recorder.BatchRows, c.Recorder.MaxWait = 1, time.Second
	c.Lookback.Rate, c.Lookback.Pending, c.Lookback.HeldEvery = 1, 1, time.Second
	c.Screening.UnknownDeposit, c.Screening.UnknownWithdrawal, c.Screening.Dust = "hold", "hold", "1"
	return c
}

func TestAPhaseEndsWhenItIsToldAndTellsWhatWentWrong(t *testing.T) {
	broken := errors.New("broken")
	waits := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

	p := start(t.Context(), runner{"a", waits}, runner{"b", func(ctx context.Context) error { <-ctx.Done(); return broken }})
	if err := p.stop(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "b: ") {
		t.Errorf("got %v", err)
	}
	if err := p.stop(); err != nil {
		t.Errorf("told twice: %v", err)
	}

	// One that ends by itself is a failure, with or without an error.
	for _, err := range []error{nil, broken} {
		p := start(t.Context(), runner{"a", waits}, runner{"b", func(context.Context) error { return err }})
		<-p.failed
		if got := p.stop(); got == nil || err != nil && !errors.Is(got, err) {
			t.Errorf("ended with %v: got %v", err, got)
		}
	}

	// The end of the context that it was started with is not its own: phases end in the order in which they are stopped.
	ctx, cancel := context.WithCancel(t.Context())
	p = start(ctx, runner{"a", waits})
	cancel()
	select {
	case <-p.failed:
		t.Error("it ended with the context")
	default:
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

func TestCheckFindsWhatIsWrongWithoutDialling(t *testing.T) {
	good := settings(t)
	good.Kafka.Brokers = []string{"kafka:9092"}
	if err := Check(good, Options{Parts: Parts{Alerting: true}}); err != nil {
		t.Errorf("good settings: %v", err)
	}
	bad := settings(t)
	bad.Screening.Dust, bad.Rules.File, bad.HTTP.KeysFile = "a little", "no-such-file", "no-such-keys"
	err := Check(bad, Options{Parts: Parts{Ingest: true, Alerting: true}})
	for _, key := range []string{"screening.dust", "http.keys_file"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named: %v", key, err)
		}
	}
	bad.Screening.Dust = "1"
	if err := Check(bad, Options{Parts: Parts{Alerting: true}}); err == nil || !strings.Contains(err.Error(), "rules.file") {
		t.Errorf("rules.file is not named: %v", err)
	}
}

func TestACommandFindsItsServers(t *testing.T) {
	all := Needs{Kafka: true, Redis: true, ClickHouse: true}
	cfg := settings(t)

	// Nothing is named, nothing runs, and there is nothing to look at.
	if _, err := Attach(t.Context(), cfg, Needs{ClickHouse: true}, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "SLUICE_CLICKHOUSE_DSN") {
		t.Errorf("got %v", err)
	}

	// What the config names goes before the running instance, which lends the rest.
	dir, err := datadir.Own(cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Release() }()
	if _, err := Attach(t.Context(), cfg, all, zerolog.Nop()); !errors.Is(err, errStarting) {
		t.Errorf("an instance that is starting: %v", err)
	}
	if err := dir.Announce(datadir.Instance{Brokers: []string{"127.0.0.1:1"}, Redis: "redis://127.0.0.1:2", ClickHouse: "http://127.0.0.1:3"}); err != nil {
		t.Fatal(err)
	}
	cfg.Redis.URL = "redis://named:6379"
	s, err := Attach(t.Context(), cfg, all, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if s.Redis != "redis://named:6379" || s.Brokers[0] != "127.0.0.1:1" || s.ClickHouse != "http://127.0.0.1:3" || !s.Attached {
		t.Errorf("%+v", s)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestEmbeddedServersStartAndTheirFolderHasOneOwner(t *testing.T) {
	cfg := settings(t)
	needs := Needs{Kafka: true, Redis: true}
	s, err := Start(t.Context(), cfg, needs, prometheus.NewRegistry(), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Brokers) != 1 || !strings.HasPrefix(s.Redis, "redis://") || !s.Embedded["broker"] || !s.Embedded["cache"] || s.Embedded["warehouse"] {
		t.Errorf("%+v", s)
	}
	if strings.Contains(s.Where("cache"), strings.Split(strings.TrimPrefix(s.Redis, "redis://:"), "@")[0]) {
		t.Error("the password is shown")
	}
	if _, err := Start(t.Context(), cfg, needs, prometheus.NewRegistry(), zerolog.Nop()); !errors.Is(err, datadir.ErrInUse) {
		t.Errorf("a second instance: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Start(t.Context(), cfg, needs, prometheus.NewRegistry(), zerolog.Nop())
	if err != nil {
		t.Fatalf("a restart on the folder: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestAProcessThatWaitsSaysForWhat(t *testing.T) {
	p := &Pipeline{cfg: settings(t), log: zerolog.Nop(), guard: &httpx.Guard{}, reg: prometheus.NewRegistry()}
	p.waiting("the broker: connection refused")
	if err := p.serveStarting(); err != nil {
		t.Fatal(err)
	}
	if r := p.readiness(); r.Ready || !strings.Contains(r.Parts["start"].Detail, "connection refused") {
		t.Errorf("%+v", r)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/transfers", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "connection refused") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if len(p.running()) > 0 {
		t.Error("loops before the start")
	}
	p.state.Store(nil)
	if r := p.readiness(); !r.Ready {
		t.Errorf("started, and %+v", r)
	}
}

func TestTheSimulatorSendsAgainWhatWasNotTaken(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var calls atomic.Int32
	var first atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch calls.Add(1) {
		case 1:
			first.Store(string(body))
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			if first.Load() != string(body) || !strings.Contains(string(body), `"id":"sim-`) {
				t.Errorf("another body was sent:\n%s", body)
			}
			cancel()
		}
	}))
	defer server.Close()
	s := &Simulate{Rate: 1000}
	g, err := s.generator(time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.send(ctx, g, server.URL, zerolog.Nop()); err != nil {
		t.Error(err)
	}
	if calls.Load() < 2 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestRatesAndTheLatest(t *testing.T) {
	var l latest
	now := time.Unix(1_800_000_000, 0)
	if r := l.rate("a", 100, now); r != 0 {
		t.Errorf("the first look has no rate: %g", r)
	}
	for i := 1; i <= 20; i++ {
		now = now.Add(time.Second)
		l.rate("a", uint64(100+50*i), now)
	}
	if r := l.rate("a", 1150, now.Add(time.Second)); r < 49 || r > 51 {
		t.Errorf("50 a second are shown as %g", r)
	}
	f, ok := flaggedLine([]byte(`{"id":"abababababababababababababababab","transfer_id":"t","tenant":"default","transfer":{"id":"t","direction":"deposit","customer_id":"a-customer-with-a-long-id","network":"ethereum",` +
		`"asset":"ETH","amount":"1","from":[],"to":[],"occurred_at":"2026-11-01T00:00:00Z"},"status":"partial","lists_seq":9,"verdict":"held","hold_reasons":["unknown_counterparty"],"rules_seq":0,"version":9,"public_code":"pending","raised_at":"2026-11-01T00:00:00Z"}`))
	if !ok || f.Verdict != "held" || f.Why != "unknown_counterparty" || f.Asset != "ETH" || len([]rune(f.Customer)) > 16 {
		t.Errorf("%v %+v", ok, f)
	}
	if _, ok := flaggedLine([]byte("garbage")); ok {
		t.Error("garbage is shown")
	}
}
