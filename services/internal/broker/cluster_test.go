package broker_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"sluice/schemas"
	"sluice/services/internal/broker"
	"sluice/services/internal/stream"
)

func cluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestConformanceAcrossThreeNodes(t *testing.T) {
	conformance(t, cluster(t, kfake.NumBrokers(3)).ListenAddrs()[0])
}

// rows are two topics, to copy from one to the other.
func rows(in, out string) []schemas.Topic {
	return []schemas.Topic{
		{Name: in, Key: schemas.KeyTenantCustomer, MaxValueBytes: 1 << 20, Retention: schemas.Forever},
		{Name: out, Key: schemas.KeyTenantCustomer, MaxValueBytes: 1 << 20, Retention: schemas.Forever},
	}
}

// stress copies n records from one topic to another while disturb does its worst, now and then, and fails unless all arrive
// once, in order. once false: some may arrive twice.
func stress(t *testing.T, addr string, n int, once bool, disturb func(round int)) {
	t.Helper()
	const in, out = "stress-in", "stress-out"
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := client(t, addr)
	if _, err := c.EnsureTopics(ctx, rows(in, out), stream.EnsureOptions{Partitions: 6, AllowUnsafe: true}); err != nil {
		t.Fatal(err)
	}
	p, err := stream.NewProducer(stream.ProducerConfig{Timeout: time.Minute}, c)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	running, stop := context.WithCancel(ctx)
	wg.Go(func() { p.Run(running) })
	l, err := stream.New(stream.Config{Group: "stress", Topics: []string{in}, Stage: "test", Fetch: stream.FetchConfig{PartitionBytes: 4 << 10},
		Session: 6 * time.Second, Heartbeat: 200 * time.Millisecond, Retry: stream.Backoff{Min: 5 * time.Millisecond, Max: 100 * time.Millisecond}},
		c, stream.HandlerFunc(func(_ context.Context, b *stream.Batch, o *stream.Out) error {
			for i := range b.Records {
				o.AppendTo(out, b.Records[i].Partition, b.Records[i].Key, b.Records[i].Value)
			}
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	wg.Go(func() { l.Run(running) })
	const rounds = 5
	for round := range rounds {
		for i := range n / rounds / 10 {
			var messages []stream.Message
			for j := range 10 {
				v := round*n/rounds + i*10 + j
				messages = append(messages, stream.Message{Topic: in, Key: []byte{byte(v % 23)}, Value: []byte(itoa(v))})
			}
			if err := p.Produce(ctx, messages...); err != nil {
				t.Fatal(err)
			}
		}
		disturb(round)
	}
	times := map[string]int{}
	last := map[string]int{}
	done, found := context.WithCancel(ctx)
	tail, err := stream.NewTail(stream.TailConfig{Topic: out}, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Run(done, func(_ context.Context, b *stream.Batch) error {
		for i := range b.Records {
			v := string(b.Records[i].Value)
			times[v]++
			if k := string(b.Records[i].Key); times[v] == 1 {
				if at := atoi(v); at < last[k] {
					t.Errorf("%d came behind %d", at, last[k])
				} else {
					last[k] = at
				}
			}
		}
		if len(times) == n {
			found()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	found()
	stop()
	wg.Wait()
	for v, k := range times {
		if once && k > 1 {
			t.Errorf("record %s came %d times", v, k)
		}
	}
	if len(times) != n {
		t.Errorf("%d records, want %d; state %+v", len(times), n, l.State())
	}
	if l.State().Lost != 0 {
		t.Errorf("%d lost", l.State().Lost)
	}
}

func TestLeadersMoveInMidStream(t *testing.T) {
	k := cluster(t, kfake.NumBrokers(3))
	var moves atomic.Int64
	stress(t, k.ListenAddrs()[0], 2000, true, func(round int) {
		for _, topic := range []string{"stress-in", "stress-out"} {
			for p := range int32(6) {
				if err := k.MoveTopicPartition(topic, p, (p+int32(round))%3); err == nil {
					moves.Add(1)
				}
			}
		}
	})
	if moves.Load() == 0 {
		t.Error("no leader moved")
	}
}

// certificate makes one for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTLSAndSASL(t *testing.T) {
	cert, pool := certificate(t)
	k := cluster(t, kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{cert}}), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "p", "p-secret"), kfake.Superuser("SCRAM-SHA-256", "s2", "s2-secret"), kfake.Superuser("SCRAM-SHA-512", "s5", "s5-secret"))
	addr := k.ListenAddrs()[0]
	for _, good := range []broker.SASL{{"PLAIN", "p", "p-secret"}, {"SCRAM-SHA-256", "s2", "s2-secret"}, {"scram-sha-512", "s5", "s5-secret"}} {
		c := client(t, addr, func(cfg *broker.Config) { cfg.TLS = &tls.Config{RootCAs: pool}; cfg.SASL = good })
		if _, err := c.Cluster(t.Context()); err != nil {
			t.Errorf("%s: %v", good.Mechanism, err)
		}
		// Groups dial by themselves.
		if _, err := c.EnsureTopics(t.Context(), rows("in", "out"), stream.EnsureOptions{AllowUnsafe: true}); err != nil {
			t.Fatal(err)
		}
		m, err := c.Join(stream.GroupConfig{Group: "g", Topics: []string{"in"}})
		if err != nil {
			t.Fatal(err)
		}
		g, err := m.Next(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", good.Mechanism, err)
		}
		g.Release()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	c := client(t, addr, func(cfg *broker.Config) {
		cfg.TLS = &tls.Config{RootCAs: pool}
		cfg.SASL = broker.SASL{Mechanism: "PLAIN", User: "p", Password: "wrong"}
	})
	if _, err := c.Cluster(t.Context()); err == nil {
		t.Error("a wrong password is taken")
	}
	c = client(t, addr, func(cfg *broker.Config) {
		cfg.TLS = &tls.Config{}
		cfg.SASL = broker.SASL{Mechanism: "PLAIN", User: "p", Password: "p-secret"}
	})
	if _, err := c.Cluster(t.Context()); err == nil {
		t.Error("an unknown certificate is taken")
	}
}

func TestTopicsAreCheckedForSafety(t *testing.T) {
	one := client(t, cluster(t, kfake.NumBrokers(1)).ListenAddrs()[0])
	if _, err := one.EnsureTopics(t.Context(), rows("in", "out"), stream.EnsureOptions{}); !errors.Is(err, stream.ErrTopicMismatch) {
		t.Errorf("one broker, safe: %v", err)
	}
	report, err := one.EnsureTopics(t.Context(), rows("in", "out"), stream.EnsureOptions{AllowUnsafe: true})
	if err != nil || len(report.Warnings) == 0 || report.Partitions != schemas.DefaultPartitions {
		t.Errorf("one broker, unsafe: %+v, %v", report, err)
	}
	if _, err := one.EnsureTopics(t.Context(), rows("in", "out"), stream.EnsureOptions{}); !errors.Is(err, stream.ErrTopicMismatch) {
		t.Errorf("topics that are unsafe: %v", err)
	}
	k := cluster(t, kfake.NumBrokers(3))
	three := client(t, k.ListenAddrs()[0])
	report, err = three.EnsureTopics(t.Context(), rows("in", "out"), stream.EnsureOptions{})
	if err != nil || len(report.Warnings) != 0 || len(report.Created) != 2 {
		t.Errorf("three brokers: %+v, %v", report, err)
	}
	if err := k.CreateTopic("small", 6, map[string]string{"max.message.bytes": "1000", "min.insync.replicas": "2"}); err != nil {
		t.Fatal(err)
	}
	small := schemas.Topic{Name: "small", Key: schemas.KeyCustomerID, MaxValueBytes: 1 << 20}
	if _, err := three.EnsureTopics(t.Context(), []schemas.Topic{small}, stream.EnsureOptions{AllowUnsafe: true}); !errors.Is(err, stream.ErrTopicMismatch) {
		t.Errorf("a topic whose records are too small: %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []broker.Config{
		{},
		{Brokers: []string{"localhost"}},
		{Brokers: []string{":9092"}},
		{Brokers: []string{"localhost:9092"}, SASL: broker.SASL{Mechanism: "GSSAPI"}},
		{Brokers: []string{"localhost:9092"}, SASL: broker.SASL{User: "u"}},
	} {
		if _, err := broker.New(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	c := client(t, "127.0.0.1:1")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := c.Cluster(ctx); !errors.Is(err, stream.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
	if err := c.Fetch(ctx, &stream.FetchRequest{From: []stream.Position{{Topic: "t"}}, MaxWait: time.Second}); !errors.Is(err, stream.ErrUnavailable) {
		t.Errorf("a fetch: %v, want ErrUnavailable", err)
	} else {
		t.Log(err)
	}
}
