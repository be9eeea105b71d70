package broker_test

import (
	"context"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"sluice/schemas"
	"sluice/services/internal/broker"
	"sluice/services/internal/embedded/kafka"
	"sluice/services/internal/realservers"
	"sluice/services/internal/stream/streamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func embedded(t testing.TB) string { return embeddedAt(t, t.TempDir(), "127.0.0.1:0").Addr() }

func embeddedAt(t testing.TB, dir, listen string) *kafka.Broker {
	b, err := kafka.New(kafka.Config{Dir: dir, Listen: listen})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func TestOnTheEmbeddedBroker(t *testing.T) {
	addr := embedded(t)
	t.Run("conformance", func(t *testing.T) { conformance(t, addr) })
	t.Run("other producers", func(t *testing.T) { otherProducers(t, addr) })
	t.Run("incarnations", func(t *testing.T) { incarnations(t, addr) })
	t.Run("rewinds", func(t *testing.T) { rewinds(t, addr) })
}

func TestTheEmbeddedBrokerRestartsInMidStream(t *testing.T) {
	dir := t.TempDir()
	b := embeddedAt(t, dir, "127.0.0.1:0")
	addr := b.Addr()
	stress(t, addr, 1000, false, func(round int) {
		if round == 1 || round == 3 {
			b.Close()
			b = embeddedAt(t, dir, addr)
		}
	})
}

// One Kafka serves all its tests, for it takes a while to start.
func TestOnKafka(t *testing.T) {
	k := realservers.KafkaServer(t)
	t.Run("conformance", func(t *testing.T) { conformance(t, k.Addr) })
	t.Run("other producers", func(t *testing.T) { otherProducers(t, k.Addr) })
	t.Run("incarnations", func(t *testing.T) { incarnations(t, k.Addr) })
	t.Run("rewinds", func(t *testing.T) { rewinds(t, k.Addr) })
	t.Run("it is killed and comes back", func(t *testing.T) {
		stress(t, k.Addr, 1000, false, func(round int) {
			if round == 2 {
				k.Kill()
				k.Start()
			}
		})
	})
}

func client(t testing.TB, addr string, change ...func(*broker.Config)) *broker.Client {
	cfg := broker.Config{Brokers: []string{addr}, MetadataTTL: 200 * time.Millisecond} // topics come and go in tests
	for _, f := range change {
		f(&cfg)
	}
	c, err := broker.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func conformance(t *testing.T, addr string) {
	create := func(t testing.TB, name string, partitions, maxBatch int) {
		createTopic(t, addr, name, partitions, maxBatch)
	}
	create(t, schemas.DeadLetters, 2, 5<<20)
	streamtest.Run(t, streamtest.Harness{
		Client: func(t *testing.T) streamtest.Client { return client(t, addr) },
		Fragile: func(t *testing.T) (streamtest.Client, func(int)) {
			var cutter streamtest.Cutter
			return client(t, addr, func(c *broker.Config) { c.Dial = cutter.Dial }), cutter.Cut
		},
		Create: func(t *testing.T, name string, partitions, maxBatch int) { create(t, name, partitions, maxBatch) },
		DeleteBefore: func(t *testing.T, topic string, partition int32, offset int64) {
			deleteBefore(t, addr, topic, partition, offset)
		},
	})
}

func createTopic(t testing.TB, addr, name string, partitions, maxBatch int) {
	transport := &kafkago.Transport{}
	defer transport.CloseIdleConnections()
	k := &kafkago.Client{Addr: kafkago.TCP(addr), Transport: transport}
	topic := kafkago.TopicConfig{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}
	if maxBatch > 0 {
		topic.ConfigEntries = []kafkago.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: itoa(maxBatch)}}
	}
	res, err := k.CreateTopics(context.Background(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{topic}})
	if err == nil {
		err = res.Errors[name]
	}
	if err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
}
