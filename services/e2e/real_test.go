package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"sluice/services/internal/chaos"
	"sluice/services/internal/datadir"
	"sluice/services/internal/realservers"
)

// realStack is Apache Kafka, Redis, the ClickHouse engine as a server of its own, and a process for each service, with
// two for enrichment.
type realStack struct {
	*base
	instance datadir.Instance
	engine   *process
	kafka    *realservers.KafkaNode   // the first, and mostly the only one
	brokers  []*realservers.KafkaNode // all
	proxies  map[string]*chaos.Proxy  // by server; those in between, where there are any
	redis    string                   // host:port of the server itself
}

const enginePassword = "e2e"

func newReal(t *testing.T) *realStack { return newRealBehind(t, nil) }

// newCluster is newReal on three brokers, with what the services want of a cluster: three replicas, of which two must have
// a record before it is acknowledged.
func newCluster(t *testing.T) *realStack {
	return newRealOn(t, realservers.KafkaCluster(t, 3), nil)
}

// newRealBehind is newReal with a proxy before each server, which the services take for the server; env are settings of its
// own.
func newRealBehind(t *testing.T, proxies map[string]*chaos.Proxy, env ...string) *realStack {
	var advertised []string
	if p := proxies[chaos.Kafka]; p != nil {
		advertised = append(advertised, "advertised.listeners=PLAINTEXT://"+p.Addr())
	}
	return newRealOn(t, []*realservers.KafkaNode{realservers.KafkaServer(t, advertised...)}, proxies, env...)
}

func newRealOn(t *testing.T, brokers []*realservers.KafkaNode, proxies map[string]*chaos.Proxy, env ...string) *realStack {
	b := newBase(t, "real")
	b.env = append(b.env, env...)
	s := &realStack{base: b, proxies: proxies, brokers: brokers, kafka: brokers[0]}
	through := func(server, addr string) string {
		p := proxies[server]
		if p == nil {
			return addr
		}
		p.SetTarget(addr)
		return p.Addr()
	}
	for _, k := range brokers {
		s.instance.Brokers = append(s.instance.Brokers, through(chaos.Kafka, k.Addr))
	}
	s.redis = realservers.Redis(t)
	s.instance.Redis = "redis://" + through(chaos.Redis, s.redis)
	listen := freeAddress(t)
	s.instance.ClickHouse = fmt.Sprintf("http://default:%s@%s", enginePassword, through(chaos.ClickHouse, listen))
	if len(brokers) < 3 {
		b.env = append(b.env, "SLUICE_KAFKA_ALLOW_UNSAFE=true")
	}
	b.env = append(b.env, "SLUICE_KAFKA_BROKERS="+strings.Join(s.instance.Brokers, ","), "SLUICE_REDIS_URL="+s.instance.Redis,
		"SLUICE_CLICKHOUSE_DSN="+s.instance.ClickHouse, "SLUICE_DATA="+filepath.Join(b.dir, "data"))
	s.engine = b.process("clickhouse", engineWord, "-listen", listen, "-dir", filepath.Join(b.dir, "clickhouse"))
	s.engine.env = []string{"CLICKHOUSE_PASSWORD=" + enginePassword}
	b.start(t, s.engine)
	s.engineAnswers(t)
	b.sluice(t, "migrate")

	services := []*process{
		b.process(ingestService, "ingest"), b.process(enrichmentService, "enrichment"), b.process(enrichmentService+"-2", "enrichment"),
		b.process(alertingService, "alerting"), b.process(recorderService, "recorder"), b.process("watchlist", "watchlist"),
	}
	b.start(t, services...)
	ready(t, s)
	return s
}

func (s *realStack) at() (datadir.Instance, error) {
	i := s.instance
	var err error
	i.HTTP, err = s.service(ingestService).httpAddress()
	return i, err
}

func (s *realStack) service(name string) *process {
	for _, p := range s.processes {
		if p.name == name {
			return p
		}
	}
	return nil
}

func (s *realStack) enginePID() int {
	if !s.engine.alive() {
		return 0
	}
	return s.engine.pid()
}

func (s *realStack) restoreEngine(t *testing.T) {
	t.Helper()
	s.start(t, s.engine)
	s.engineAnswers(t)
}

func (s *realStack) engineAnswers(t *testing.T) {
	t.Helper()
	eventually(t, "the engine answers", func() error {
		if !s.engine.alive() {
			t.Fatalf("the engine has ended: %s", s.engine.lastWords())
		}
		status, text, err := call(context.Background(), http.MethodGet, s.instance.ClickHouse+"/?query=SELECT+1", "", nil)
		if err == nil && status != http.StatusOK {
			err = errors.New(string(text))
		}
		return err
	})
}

// freeAddress is a loopback address on which nothing listens now.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
