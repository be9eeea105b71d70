package broker

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sluice/services/internal/stream"
)

// incarnationVersion is the first version of Metadata that names topics by their ids: Kafka 2.8.
const incarnationVersion = 10

// incarnationLimit bounds the answer: metadata of one topic, and the brokers.
const incarnationLimit = 16 << 20

// Incarnation is the id that the broker gave a topic when it was made, as 32 hex digits: a topic that was deleted and made
// anew has another one. "": the broker is older than such ids.
func (c *Client) Incarnation(ctx context.Context, topic string) (string, error) {
	m, err := retryOnce(ctx, func() (*whichTopic, error) {
		ctx, cancel := context.WithTimeout(ctx, adminTimeout)
		defer cancel()
		m := &whichTopic{client: c.cfg.ClientID, topic: topic}
		_, err := c.transport.RoundTrip(ctx, c.addr, m)
		return m, err
	})
	if err != nil {
		return "", fmt.Errorf("id of %s: %w", topic, translate(err))
	}
	return m.id, nil
}

// whichTopic asks any broker for the id of a topic.
type whichTopic struct {
	client, topic string
	id            string
}

// ApiKey implements protocol.Message.
func (m *whichTopic) ApiKey() protocol.ApiKey { return protocol.Metadata }

// Broker implements protocol.BrokerMessage.
func (m *whichTopic) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	for _, b := range cluster.Brokers {
		return b, nil
	}
	return protocol.Broker{}, errNobody
}

// Required implements protocol.RawExchanger. kafka-go's own versions of Metadata end before the ids begin.
func (m *whichTopic) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange implements protocol.RawExchanger.
func (m *whichTopic) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if offered, err := m.offered(rw); err != nil || offered < incarnationVersion {
		return m, err
	}
	req := kmsg.NewPtrMetadataRequest()
	req.SetVersion(incarnationVersion)
	name := kmsg.NewMetadataRequestTopic()
	name.Topic = &m.topic
	req.Topics = append(req.Topics, name)
	body, err := m.ask(rw, req)
	if err != nil {
		return nil, err
	}
	res := req.ResponseKind().(*kmsg.MetadataResponse)
	if len(body) == 0 || body[0] != 0 { // the header's tagged fields, of which this version has none
		return nil, errShortResponse
	}
	if err := res.ReadFrom(body[1:]); err != nil {
		return nil, err
	}
	if len(res.Topics) != 1 || res.Topics[0].ErrorCode != 0 {
		return nil, fmt.Errorf("%s: %w", m.topic, stream.ErrUnknownTopic)
	}
	if id := res.Topics[0].TopicID; id != [16]byte{} {
		m.id = hex.EncodeToString(id[:])
	}
	return m, nil
}

// offered is the highest version of Metadata that the broker speaks.
func (m *whichTopic) offered(rw io.ReadWriter) (int16, error) {
	req := kmsg.NewPtrApiVersionsRequest() // version 0, which every broker answers
	body, err := m.ask(rw, req)
	if err != nil {
		return 0, err
	}
	res := req.ResponseKind().(*kmsg.ApiVersionsResponse)
	if err := res.ReadFrom(body); err != nil {
		return 0, err
	}
	for _, k := range res.ApiKeys {
		if k.ApiKey == int16(protocol.Metadata) {
			return k.MaxVersion, nil
		}
	}
	return 0, nil
}

func (m *whichTopic) ask(rw io.ReadWriter, req kmsg.Request) ([]byte, error) {
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID(m.client)).AppendRequest(nil, req, correlation)
	return exchange(rw, frame, nil, incarnationLimit)
}
