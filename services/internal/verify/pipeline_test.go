package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/pkg/watchlist/format"
	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/internal/datadir"
	"sluice/services/internal/embedded/clickhouse/clickhousetest"
	"sluice/services/internal/verify"
	"sluice/services/internal/warehouse"
	"sluice/services/watchlist"
)

func TestMain(m *testing.M) { os.Exit(clickhousetest.Main(m)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pipeline is all services on embedded servers in this process.
type pipeline struct {
	t    *testing.T
	cfg  *config.Config
	at   datadir.Instance
	db   *warehouse.Warehouse
	kcl  *kgo.Client
	sent []string
}

func startPipeline(t *testing.T, parts app.Parts) *pipeline {
	clickhousetest.Engine(t) // skips where there is no engine
	cfg := &config.Config{Data: filepath.Join(t.TempDir(), "data")}
	cfg.HTTP.Listen, cfg.HTTP.WaitDeadline = "127.0.0.1:0", time.Second
	cfg.Kafka.Listen, cfg.Kafka.DiskBudget = "127.0.0.1:0", 1<<30
	cfg.Ingest.Tenant = "default"
	cfg.Lists.PointerMaxAge, cfg.Lists.HoldAfter = 30*time.Second, time.Minute
	cfg.Stream.Lanes, cfg.Stream.DrainTimeout = 1, 5*time.Second
	cfg.Recorder.BatchRows, cfg.Recorder.MaxWait = 1000, 50*time.Millisecond
	cfg.Screening.UnknownDeposit, cfg.Screening.UnknownWithdrawal, cfg.Screening.Dust = "hold", "hold", "1"
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx, cfg, app.Options{Parts: parts, Embedded: true}, zerolog.Nop()) }()
	p := &pipeline{t: t, cfg: cfg}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	p.eventually("the pipeline runs", func() error {
		select {
		case err := <-done:
			done <- err
			t.Fatal(err)
		default:
		}
		i, ok, err := datadir.Find(cfg.Data)
		if err == nil && !ok {
			err = fmt.Errorf("it has not announced itself")
		}
		p.at = i
		return err
	})
	var err error
	p.db, err = warehouse.Open(warehouse.Config{DSN: p.at.ClickHouse})
	must(t, err)
	p.kcl, err = kgo.NewClient(kgo.SeedBrokers(p.at.Brokers...))
	must(t, err)
	t.Cleanup(func() { p.kcl.Close(); must(t, p.db.Close()) })
	return p
}

// eventually looks again until there is nothing to object to.
func (p *pipeline) eventually(what string, look func() error) {
	p.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		err := look()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// list puts a list of addresses in force, and waits until its history is recorded.
func (p *pipeline) list(name string, addresses ...string) {
	p.t.Helper()
	desk, err := app.OpenDesk(p.t.Context(), p.cfg, app.DeskChange, zerolog.Nop())
	must(p.t, err)
	defer func() { must(p.t, desk.Close()) }()
	res, err := desk.Import(p.t.Context(), watchlist.ImportRequest{Format: "txt", Author: "test", Reason: "test", AcceptShrink: true,
		Options: format.Options{List: name, Category: "sanctions", Network: "ethereum"},
		Files:   []format.Input{{Name: name, R: strings.NewReader(strings.Join(addresses, "\n") + "\n")}}})
	must(p.t, err)
	p.eventually("the history is recorded", func() error {
		if got := p.ask(fmt.Sprintf("SELECT count() FROM sluice.watchlist_history WHERE seq = %d", res.Seq)); got == "0" {
			return fmt.Errorf("seq %d is not there", res.Seq)
		}
		return nil
	})
	p.eventually("the lists are in force", func() error {
		_, body, err := p.call(http.MethodGet, "/metrics", nil)
		if err == nil && !bytes.Contains(body, fmt.Appendf(nil, "sluice_lists_seq %d\n", res.Seq)) {
			err = fmt.Errorf("seq %d is not", res.Seq)
		}
		return err
	})
}

func (p *pipeline) call(method, path string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.at.HTTP+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// transfer is a deposit from a sender.
func transfer(id, sender string) string {
	return fmt.Sprintf(`{"id":%q,"direction":"deposit","customer_id":"c-%s","network":"ethereum","asset":"ETH","amount":"1.50","from":[%q],"to":["0x00000000000000000000000000000000000abc0e"],"occurred_at":"2026-11-20T10:00:00.5Z"}`,
		id, id[:1], sender)
}

func sender(n int) string { return fmt.Sprintf("0x%040x", 0xabcdef0000+n) }

// post sends transfers over HTTP.
func (p *pipeline) post(lines ...string) {
	p.t.Helper()
	status, body, err := p.call(http.MethodPost, "/v1/transfers", []byte(strings.Join(lines, "\n")+"\n"))
	if err != nil || status != http.StatusOK {
		p.t.Fatalf("%d %s %v", status, body, err)
	}
	for line := range bytes.Lines(body) {
		var r struct {
			Status     string
			TransferID string `json:"transfer_id"`
		}
		must(p.t, json.Unmarshal(line, &r))
		if r.Status != "rejected" {
			p.sent = append(p.sent, r.TransferID)
		}
	}
}

// produce writes a record as a client of Kafka does.
func (p *pipeline) produce(r *kgo.Record) {
	p.t.Helper()
	must(p.t, p.kcl.ProduceSync(p.t.Context(), r).FirstErr())
}

// settle waits until nothing is under way.
func (p *pipeline) settle() verify.Report {
	p.t.Helper()
	var r verify.Report
	p.eventually("everything is recorded", func() (err error) {
		if r = p.verify(); r.Pending > 0 {
			err = fmt.Errorf("%d are pending", r.Pending)
		}
		return err
	})
	return r
}

func (p *pipeline) config() verify.Config {
	return verify.Config{Kafka: verify.Kafka{Brokers: p.at.Brokers}, ClickHouse: verify.ClickHouse{DSN: p.at.ClickHouse}, All: true}
}

func (p *pipeline) verify(change ...func(*verify.Config)) verify.Report {
	p.t.Helper()
	cfg := p.config()
	for _, f := range change {
		f(&cfg)
	}
	r, err := verify.Run(p.t.Context(), cfg)
	must(p.t, err)
	return r
}

// ask is one value of ClickHouse as text.
func (p *pipeline) ask(sql string) string {
	p.t.Helper()
	var out bytes.Buffer
	must(p.t, p.db.SQL(p.t.Context(), sql, "TabSeparatedRaw", &out))
	return strings.TrimSuffix(out.String(), "\n")
}

// change runs a mutation to its end.
func (p *pipeline) change(sql string) { p.ask(sql + " SETTINGS mutations_sync = 1") }

// idOf is the fact of a transfer.
func (p *pipeline) idOf(transferID string) string {
	p.t.Helper()
	id := p.ask("SELECT DISTINCT id FROM sluice.ledger WHERE transfer_id = '" + transferID + "'")
	if len(id) != 32 {
		p.t.Fatalf("fact of %s: %q", transferID, id)
	}
	return id
}

// republish writes the verdict of a fact again, with now in the place of old.
func (p *pipeline) republish(t *testing.T, id, old, now string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(p.at.Brokers...), kgo.ConsumeTopics("sluice.verdicts.v1"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	must(t, err)
	defer cl.Close()
	for {
		fetches := cl.PollFetches(t.Context())
		must(t, fetches.Err())
		for _, r := range fetches.Records() {
			if bytes.HasPrefix(r.Value, []byte(`{"id":"`+id)) {
				value := bytes.Replace(r.Value, []byte(old), []byte(now), 1)
				if bytes.Equal(value, r.Value) != (old == now) {
					t.Fatalf("%s is not in %s", old, r.Value)
				}
				p.produce(&kgo.Record{Topic: r.Topic, Key: r.Key, Value: value, Headers: r.Headers})
				return
			}
		}
	}
}

// passed says, as if it were the group, that it is through with a topic.
func (p *pipeline) passed(group, topic string) {
	p.t.Helper()
	adm := kadm.NewClient(p.kcl)
	ends, err := adm.ListEndOffsets(p.t.Context(), topic)
	must(p.t, err)
	must(p.t, adm.CommitAllOffsets(p.t.Context(), group, ends.Offsets()))
}

// forget deletes the records of a partition below an offset, as retention does.
func (p *pipeline) forget(topic string, partition int32, before int64) {
	p.t.Helper()
	var o kadm.Offsets
	o.AddOffset(topic, partition, before, -1)
	res, err := kadm.NewClient(p.kcl).DeleteRecords(p.t.Context(), o)
	must(p.t, err)
	must(p.t, res.Error())
}
