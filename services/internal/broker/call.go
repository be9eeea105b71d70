package broker

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"sluice/services/internal/stream"
)

// call is one Produce or Fetch to one node, on the wire exactly as its frame stands. kafka-go's Transport dials, routes
// and pools; the exchange itself happens here. While it is under way a call owns its buffers, for after a context error
// the connection's goroutine may still use them: then the call is dropped, and never the caller's request.
type call struct {
	key     protocol.ApiKey
	want    int16             // the one version that is spoken
	at      []stream.Position // what it concerns, for the route
	frame   []byte
	body    []byte // the response, in a buffer that may have been given
	limit   int    // bytes of the response
	version int16  // that the connection speaks
	leaders []int32
}

var calls = sync.Pool{New: func() any { return new(call) }}

// callKeep is the largest frame that is kept for the next call.
const callKeep = 16 << 20

// errAcross says that the partitions of a call have several leaders, or one of them none.
var errAcross = errors.New("partitions have several leaders")

// errNobody says that no broker has answered yet.
var errNobody = errors.New("no broker has answered")

// ApiKey implements protocol.Message.
func (m *call) ApiKey() protocol.ApiKey { return m.key }

// Broker implements protocol.BrokerMessage. It runs in the caller's goroutine.
func (m *call) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	if len(cluster.Brokers) == 0 {
		return protocol.Broker{}, errNobody
	}
	m.leaders = m.leaders[:0]
	same := true
	for i := range m.at {
		m.leaders = append(m.leaders, leaderOf(cluster, m.at[i]))
		same = same && m.leaders[i] == m.leaders[0] && m.leaders[i] >= 0
	}
	if !same {
		return protocol.Broker{}, errAcross
	}
	return cluster.Brokers[m.leaders[0]], nil
}

const (
	noLeader = -1
	noTopic  = -2
)

func leaderOf(cluster protocol.Cluster, at stream.Position) int32 {
	t, ok := cluster.Topics[at.Topic]
	if !ok {
		return noTopic
	}
	p, ok := t.Partitions[at.Partition]
	if !ok {
		return noTopic
	}
	if _, ok := cluster.Brokers[p.Leader]; !ok {
		return noLeader
	}
	return p.Leader
}

// Required implements protocol.RawExchanger.
func (m *call) Required(versions map[protocol.ApiKey]int16) bool {
	m.version = versions[m.key]
	return true
}

// RawExchange implements protocol.RawExchanger.
func (m *call) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if m.version < m.want {
		return nil, unsupported(m.key, m.want, m.version)
	}
	body, err := exchange(rw, m.frame, m.body, m.limit)
	m.body = body
	return m, err
}

func (m *call) free() {
	if cap(m.frame) > callKeep {
		m.frame = nil
	}
	m.body = nil
	clear(m.at)
	calls.Put(m)
}

// do sends m; across says that it must be sent in parts, by m.leaders, and nothing was sent. After an error m is gone.
func (c *Client) do(ctx context.Context, m *call, timeout time.Duration) (across bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err = c.transport.RoundTrip(ctx, c.addr, m)
	switch {
	case errors.Is(err, errAcross):
		return true, nil
	case errors.Is(err, errNobody):
		// The metadata call knows why.
		if _, why := c.admin.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{}}); why != nil {
			err = why
		}
	}
	return false, err
}

// parts sorts the indexes of a call's positions by leader. What has no leader is given to none.
func parts(leaders []int32, none func(i int, err error)) map[int32][]int {
	by := make(map[int32][]int)
	for i, l := range leaders {
		switch l {
		case noTopic:
			none(i, stream.ErrUnknownTopic)
		case noLeader:
			none(i, stream.ErrNotLeader)
		default:
			by[l] = append(by[l], i)
		}
	}
	return by
}
