package broker

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"sluice/services/internal/stream"
)

const (
	produceVersion = 8
	produceLimit   = 16 << 20 // bytes of a response
	produceGrace   = 10 * time.Second
	acksAll        = 0xffff
	noTransaction  = 0xffff // the length of a null string
)

// Produce implements stream.Log. Batches for several leaders are sent to each at the same time.
func (c *Client) Produce(ctx context.Context, req *stream.ProduceRequest) error {
	m := calls.Get().(*call)
	m.key, m.want, m.limit, m.body = protocol.Produce, produceVersion, produceLimit, nil
	m.at = m.at[:0]
	for i := range req.Batches {
		b := &req.Batches[i]
		b.Offset, b.Err = -1, nil
		m.at = append(m.at, stream.Position{Topic: b.Topic, Partition: b.Partition})
	}
	m.frame = appendProduce(m.frame[:0], c.cfg.ClientID, req)
	across, err := c.do(ctx, m, req.Timeout+produceGrace)
	switch {
	case across:
		leaders := append([]int32(nil), m.leaders...)
		m.free()
		return c.produceAcross(ctx, req, leaders)
	case err != nil:
		return translate(err)
	}
	err = parseProduce(req, m.body)
	m.free()
	return translate(err)
}

func appendProduce(d []byte, client string, req *stream.ProduceRequest) []byte {
	be := binary.BigEndian
	d = appendHeader(d, protocol.Produce, produceVersion, client)
	d = be.AppendUint16(d, noTransaction)
	d = be.AppendUint16(d, acksAll)
	d = be.AppendUint32(d, uint32(req.Timeout.Milliseconds()))
	topics, n := len(d), uint32(0)
	d = be.AppendUint32(d, 0)
	for i := 0; i < len(req.Batches); n++ {
		topic, first := req.Batches[i].Topic, i
		d = appendString(d, topic)
		partitions := len(d)
		d = be.AppendUint32(d, 0)
		for ; i < len(req.Batches) && req.Batches[i].Topic == topic; i++ {
			d = be.AppendUint32(d, uint32(req.Batches[i].Partition))
			d = be.AppendUint32(d, uint32(len(req.Batches[i].Data)))
			d = append(d, req.Batches[i].Data...)
		}
		be.PutUint32(d[partitions:], uint32(i-first))
	}
	be.PutUint32(d[topics:], n)
	return d
}

// parseProduce gives every batch its outcome; one that the response does not mention is open.
func parseProduce(req *stream.ProduceRequest, body []byte) error {
	for i := range req.Batches {
		req.Batches[i].Err = stream.ErrUnavailable
	}
	c := cursor{b: body}
	for t := c.count(); t > 0; t-- {
		topic := c.string()
		for p := c.count(); p > 0; p-- {
			partition := c.int32()
			code := kafka.Error(c.int16())
			base := c.int64()
			c.int64() // append time
			c.int64() // log start
			for e := c.count(); e > 0; e-- {
				c.int32() // index of a record
				c.string()
			}
			c.string() // message
			if c.err != nil {
				return c.err
			}
			for i := range req.Batches {
				b := &req.Batches[i]
				if b.Partition == partition && b.Topic == string(topic) {
					b.Offset, b.Err = base, nil
					switch code {
					case 0:
					case kafka.Unknown:
						// The broker failed in the middle of it. The embedded one has then counted the batch's sequence
						// numbers and not kept the batch (its disk is full): sent again under them, it would be answered as
						// one that is written. Under a new session it is written, twice at worst.
						b.Err = fmt.Errorf("%w: %w", stream.ErrUnknownProducer, code)
					default:
						b.Err = translate(code)
					}
					break
				}
			}
		}
	}
	return c.err
}

// produceAcross sends to several leaders at the same time. An error of one of them is the error of its batches.
func (c *Client) produceAcross(ctx context.Context, req *stream.ProduceRequest, leaders []int32) error {
	by := parts(leaders, func(i int, err error) { req.Batches[i].Err = err })
	var wg sync.WaitGroup
	for _, indexes := range by {
		wg.Go(func() {
			sub := &stream.ProduceRequest{Timeout: req.Timeout}
			for _, i := range indexes {
				sub.Batches = append(sub.Batches, req.Batches[i])
			}
			err := c.Produce(ctx, sub)
			for n, i := range indexes {
				req.Batches[i] = sub.Batches[n]
				if err != nil {
					req.Batches[i].Err = err
				}
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
