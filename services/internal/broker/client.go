// Package broker implements the ports of package stream on Kafka's protocol. It is the only package that imports
// kafka-go, and uses of it what is hard to write well: dialling, TLS, SASL, the pool of connections, metadata, routing
// to leaders, and consumer groups. Records it encodes and decodes itself (recordbatch), many partitions in one request.
//
// A broker must offer Produce v8 and Fetch v11: Kafka 2.4 or newer.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"sluice/services/internal/stream"
)

// Config is how to reach the brokers.
type Config struct {
	Brokers  []string // host:port of one or more, to begin with
	ClientID string   // in the brokers' logs; default "sluice"

	TLS  *tls.Config // nil: plain TCP
	SASL SASL

	DialTimeout time.Duration // with handshakes; default 5 s
	// MetadataTTL is how old knowledge of leaders and topics may get; default 2 s.
	MetadataTTL time.Duration
	// Dial replaces the network, for tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// SASL is how to authenticate. The zero value does not.
type SASL struct {
	Mechanism string // "", PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	User      string
	Password  string
}

// Client is a connection to a cluster. It implements stream.Broker and stream.Admin, and may be used concurrently.
type Client struct {
	cfg       Config
	addr      net.Addr
	transport *kafka.Transport
	admin     *kafka.Client
	dialer    *kafka.Dialer
	cancel    context.CancelFunc
}

// New checks the configuration and makes a client. It dials nothing.
func New(cfg Config) (*Client, error) {
	if len(cfg.Brokers) == 0 {
		return nil, errors.New("kafka.brokers: none, want host:port of at least one broker")
	}
	for _, b := range cfg.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("kafka.brokers: %q, want host:port", b)
		}
	}
	if cfg.ClientID == "" {
		cfg.ClientID = "sluice"
	}
	if cfg.DialTimeout == 0 {
		cfg.DialTimeout = 5 * time.Second
	}
	if cfg.MetadataTTL == 0 {
		cfg.MetadataTTL = 2 * time.Second
	}
	mechanism, err := cfg.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{cfg: cfg, addr: kafka.TCP(cfg.Brokers...), cancel: cancel}
	c.transport = &kafka.Transport{
		Dial: cfg.Dial, DialTimeout: cfg.DialTimeout, MetadataTTL: cfg.MetadataTTL, ClientID: cfg.ClientID,
		TLS: cfg.TLS, SASL: mechanism, Context: ctx,
	}
	c.admin = &kafka.Client{Addr: c.addr, Transport: c.transport, Timeout: adminTimeout}
	c.dialer = &kafka.Dialer{ClientID: cfg.ClientID, Timeout: cfg.DialTimeout, DialFunc: cfg.Dial, TLS: cfg.TLS, SASLMechanism: mechanism}
	return c, nil
}

// adminTimeout bounds one administrative call.
const adminTimeout = 10 * time.Second

func (s SASL) mechanism() (sasl.Mechanism, error) {
	switch strings.ToUpper(s.Mechanism) {
	case "":
		if s.User != "" {
			return nil, errors.New("kafka.sasl.mechanism: empty with a user, want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
		}
		return nil, nil
	case "PLAIN":
		return plain.Mechanism{Username: s.User, Password: s.Password}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, s.User, s.Password)
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, s.User, s.Password)
	}
	return nil, fmt.Errorf("kafka.sasl.mechanism: %q, want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
}

// Close closes the connections. Calls under way fail.
func (c *Client) Close() error {
	c.transport.CloseIdleConnections()
	c.cancel()
	return nil
}

// InitProducer implements stream.Log.
func (c *Client) InitProducer(ctx context.Context) (stream.ProducerID, error) {
	res, err := retryOnce(ctx, func() (*kafka.InitProducerIDResponse, error) {
		return c.admin.InitProducerID(ctx, &kafka.InitProducerIDRequest{ProducerID: -1, ProducerEpoch: -1})
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return stream.ProducerID{}, translate(err)
	}
	return stream.ProducerID{ID: int64(res.Producer.ProducerID), Epoch: int16(res.Producer.ProducerEpoch)}, nil
}

// Partitions implements stream.Log.
func (c *Client) Partitions(ctx context.Context, topic string) (int32, error) {
	infos, err := c.describe(ctx, topic)
	if err != nil {
		return 0, err
	}
	if infos[0].Error != nil {
		return 0, fmt.Errorf("%s: %w", topic, translate(infos[0].Error))
	}
	return int32(len(infos[0].Partitions)), nil
}

// Leaders implements stream.Log.
func (c *Client) Leaders(ctx context.Context, at []stream.Position) ([]int32, error) {
	var names []string
	index := make(map[string]map[int]int32)
	for _, p := range at {
		if index[p.Topic] == nil {
			index[p.Topic] = make(map[int]int32)
			names = append(names, p.Topic)
		}
	}
	infos, err := c.describe(ctx, names...)
	if err != nil {
		return nil, err
	}
	for _, t := range infos {
		for _, p := range t.Partitions {
			if hasLeader(p) {
				index[t.Name][p.ID] = int32(p.Leader.ID)
			}
		}
	}
	leaders := make([]int32, len(at))
	for i, p := range at {
		leaders[i] = -1
		if id, ok := index[p.Topic][int(p.Partition)]; ok {
			leaders[i] = id
		}
	}
	return leaders, nil
}

func hasLeader(p kafka.Partition) bool { return p.Leader.Host != "" && p.Leader.ID >= 0 }

// describe returns the metadata of topics, in their order, as the transport knows it.
func (c *Client) describe(ctx context.Context, names ...string) ([]kafka.Topic, error) {
	res, err := retryOnce(ctx, func() (*kafka.MetadataResponse, error) {
		return c.admin.Metadata(ctx, &kafka.MetadataRequest{Topics: names})
	})
	if err != nil {
		return nil, translate(err)
	}
	if len(res.Topics) != len(names) {
		return nil, fmt.Errorf("metadata of %d topics, want %d: %w", len(res.Topics), len(names), stream.ErrUnavailable)
	}
	return res.Topics, nil
}

// Bounds implements stream.Log. The end is what readers of committed records may see.
func (c *Client) Bounds(ctx context.Context, at []stream.Position) ([]stream.Bounds, error) {
	topics := make(map[string][]kafka.OffsetRequest)
	for _, p := range at {
		topics[p.Topic] = append(topics[p.Topic], kafka.FirstOffsetOf(int(p.Partition)), kafka.LastOffsetOf(int(p.Partition)))
	}
	res, err := retryOnce(ctx, func() (*kafka.ListOffsetsResponse, error) {
		return c.admin.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: topics, IsolationLevel: kafka.ReadCommitted})
	})
	if err != nil {
		return nil, translate(err)
	}
	bounds := make([]stream.Bounds, len(at))
	for i, p := range at {
		found := false
		for _, o := range res.Topics[p.Topic] {
			if int32(o.Partition) != p.Partition {
				continue
			}
			if o.Error != nil {
				return nil, fmt.Errorf("%s/%d: %w", p.Topic, p.Partition, translate(o.Error))
			}
			bounds[i], found = stream.Bounds{Start: o.FirstOffset, End: o.LastOffset}, true
		}
		if !found || bounds[i].Start < 0 || bounds[i].End < bounds[i].Start {
			return nil, fmt.Errorf("%s/%d: offsets not told: %w", p.Topic, p.Partition, stream.ErrUnavailable)
		}
	}
	return bounds, nil
}
