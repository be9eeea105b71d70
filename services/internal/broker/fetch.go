package broker

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"sluice/services/internal/stream"
)

const (
	fetchVersion  = 11
	fetchLimit    = 256 << 20 // bytes of a response
	fetchGrace    = 15 * time.Second
	acrossMaxWait = 50 * time.Millisecond

	asConsumer    = 0xffffffff // replica id
	noSession     = 0xffffffff
	anyEpoch      = 0xffffffff
	noLogStart    = 0xffffffffffffffff
	readCommitted = 1
)

// Fetch implements stream.Log. Partitions with several leaders are fetched from each at the same time, and then none
// of the brokers is waited for longer than 50 ms.
func (c *Client) Fetch(ctx context.Context, req *stream.FetchRequest) error {
	for again := false; ; again = true {
		m := calls.Get().(*call)
		m.key, m.want, m.limit = protocol.Fetch, fetchVersion, fetchLimit
		m.at = append(m.at[:0], req.From...)
		m.frame = appendFetch(m.frame[:0], c.cfg.ClientID, req)
		m.body, req.Buffer = req.Buffer, nil
		across, err := c.do(ctx, m, req.MaxWait+fetchGrace)
		switch {
		case across:
			req.Buffer = m.body
			leaders := append([]int32(nil), m.leaders...)
			m.free()
			return c.fetchAcross(ctx, req, leaders)
		case err == nil:
			req.Buffer = m.body
			m.free()
			return parseFetch(req)
		case again || ctx.Err() != nil || !brokenPipe(err):
			return translate(err)
		}
	}
}

func appendFetch(d []byte, client string, req *stream.FetchRequest) []byte {
	be := binary.BigEndian
	d = appendHeader(d, protocol.Fetch, fetchVersion, client)
	d = be.AppendUint32(d, asConsumer)
	d = be.AppendUint32(d, uint32(req.MaxWait.Milliseconds()))
	d = be.AppendUint32(d, uint32(req.MinBytes))
	d = be.AppendUint32(d, uint32(req.MaxBytes))
	d = append(d, readCommitted)
	d = be.AppendUint32(d, 0) // session id
	d = be.AppendUint32(d, noSession)
	// Positions of one topic that follow each other share an entry; a topic may have several.
	topics, n := len(d), uint32(0)
	d = be.AppendUint32(d, 0)
	for i := 0; i < len(req.From); n++ {
		topic, first := req.From[i].Topic, i
		d = appendString(d, topic)
		partitions := len(d)
		d = be.AppendUint32(d, 0)
		for ; i < len(req.From) && req.From[i].Topic == topic; i++ {
			d = be.AppendUint32(d, uint32(req.From[i].Partition))
			d = be.AppendUint32(d, anyEpoch)
			d = be.AppendUint64(d, uint64(req.From[i].Offset))
			d = be.AppendUint64(d, noLogStart)
			d = be.AppendUint32(d, uint32(req.PartitionMaxBytes))
		}
		be.PutUint32(d[partitions:], uint32(i-first))
	}
	be.PutUint32(d[topics:], n)
	d = be.AppendUint32(d, 0) // topics that a session forgets
	return appendString(d, "")
}

// parseFetch reads req.Buffer into req.Results.
func parseFetch(req *stream.FetchRequest) error {
	req.Results = req.Results[:0]
	c := cursor{b: req.Buffer}
	c.int32() // throttled
	if code := kafka.Error(c.int16()); code != 0 {
		return translate(code)
	}
	c.int32() // session
	for t := c.count(); t > 0; t-- {
		topic := spelled(req.From, c.string())
		for p := c.count(); p > 0; p-- {
			res := stream.FetchResult{Topic: topic, Partition: c.int32()}
			if code := kafka.Error(c.int16()); code != 0 {
				res.Err = translate(code)
			}
			c.int64() // high watermark: the last stable offset is what readers may see
			res.End = c.int64()
			c.int64() // log start
			for a := c.count(); a > 0; a-- {
				res.Aborted = append(res.Aborted, stream.Aborted{Producer: c.int64(), From: c.int64()})
			}
			c.int32() // preferred replica
			res.Data = c.bytes()
			req.Results = append(req.Results, res)
		}
	}
	return translate(c.err)
}

// spelled returns the name as the request has it, so that no string is made for each response.
func spelled(from []stream.Position, name []byte) string {
	for i := range from {
		if from[i].Topic == string(name) {
			return from[i].Topic
		}
	}
	return string(name)
}

// fetchAcross fetches from several leaders at the same time. An error of one of them is the error of its partitions.
func (c *Client) fetchAcross(ctx context.Context, req *stream.FetchRequest, leaders []int32) error {
	req.Results = req.Results[:0]
	by := parts(leaders, func(i int, err error) {
		req.Results = append(req.Results, stream.FetchResult{Topic: req.From[i].Topic, Partition: req.From[i].Partition, End: -1, Err: err})
	})
	var wg sync.WaitGroup
	var subs []*stream.FetchRequest
	var errs = make([]error, len(by))
	for _, indexes := range by {
		sub := &stream.FetchRequest{MinBytes: req.MinBytes, MaxWait: min(req.MaxWait, acrossMaxWait), MaxBytes: req.MaxBytes, PartitionMaxBytes: req.PartitionMaxBytes}
		for _, i := range indexes {
			sub.From = append(sub.From, req.From[i])
		}
		n := len(subs)
		subs = append(subs, sub)
		wg.Go(func() { errs[n] = c.Fetch(ctx, sub) })
	}
	wg.Wait()
	for n, sub := range subs {
		if errs[n] == nil {
			req.Results = append(req.Results, sub.Results...)
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, p := range sub.From {
			req.Results = append(req.Results, stream.FetchResult{Topic: p.Topic, Partition: p.Partition, End: -1, Err: errs[n]})
		}
	}
	if len(subs) == 0 {
		// Nothing has a leader: the pause that a broker would have made.
		wait := time.NewTimer(min(req.MaxWait, acrossMaxWait))
		defer wait.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wait.C:
		}
	}
	return nil
}
