package memory

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"sluice/schemas"
	"sluice/services/internal/recordbatch"
	"sluice/services/internal/stream"
)

// Broker is a broker with one node. All methods may be called concurrently.
type Broker struct {
	mu       sync.Mutex
	changed  chan struct{} // closed, and replaced, whenever something is written or fails over
	topics   map[string]*topic
	groups   map[string]*group
	producer int64
	fault    func(Call) Fault
}

type topic struct {
	parts    []*partition
	maxBytes int
}

type partition struct {
	start, end int64
	batches    []batch
	sessions   map[int64]session
}

type batch struct {
	base, last int64
	data       []byte
}

// session is what a partition remembers of a producer: its newest batch is enough, for there is one under way at most.
type session struct {
	epoch       int16
	first, last int32
	base        int64
}

// Call is a call that a fault may strike.
type Call struct {
	Op    string // "fetch", "produce" (a batch), "produced" (all of a request), "init_producer", "bounds", "partitions", "join", "commit"
	Topic string // of "produce"
	Group string // of join and commit
}

// Fault says what becomes of a call. The zero value lets it be.
type Fault struct {
	Before error // fail, and do nothing
	After  error // do it, and then answer with the error, as if the connection broke on the way back
}

// New makes a broker on which the topics of the table exist: the customer-keyed ones with that many partitions.
func New(partitions int) *Broker {
	b := &Broker{changed: make(chan struct{}), topics: make(map[string]*topic), groups: make(map[string]*group)}
	for _, t := range schemas.Topics {
		n := t.Partitions
		if n == 0 {
			n = partitions
		}
		b.topics[t.Name] = newTopic(n, t.MaxValueBytes+128<<10)
	}
	return b
}

func newTopic(partitions, maxBytes int) *topic {
	t := &topic{maxBytes: maxBytes}
	for range partitions {
		t.parts = append(t.parts, &partition{sessions: make(map[int64]session)})
	}
	return t
}

// Create adds a topic. maxBytes is the largest record batch it takes; 0: 1,048,588, Kafka's default.
func (b *Broker) Create(name string, partitions, maxBytes int) {
	if maxBytes == 0 {
		maxBytes = 1_048_588
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.topics[name] = newTopic(partitions, maxBytes)
}

// Inject has f decide, before each call, whether it fails. f runs without locks held, and may block. nil: nothing fails.
func (b *Broker) Inject(f func(Call) Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = f
}

func (b *Broker) strike(c Call) Fault {
	b.mu.Lock()
	f := b.fault
	b.mu.Unlock()
	if f == nil {
		return Fault{}
	}
	return f(c)
}

// wake tells those who wait that something changed. b.mu is held.
func (b *Broker) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *Broker) part(name string, i int32) (*topic, *partition, error) {
	t := b.topics[name]
	if t == nil || i < 0 || int(i) >= len(t.parts) {
		return nil, nil, fmt.Errorf("%s/%d: %w", name, i, stream.ErrUnknownTopic)
	}
	return t, t.parts[i], nil
}

// Partitions implements stream.Log.
func (b *Broker) Partitions(_ context.Context, name string) (int32, error) {
	if f := b.strike(Call{Op: "partitions", Topic: name}); f.Before != nil {
		return 0, f.Before
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topics[name]
	if t == nil {
		return 0, fmt.Errorf("%s: %w", name, stream.ErrUnknownTopic)
	}
	return int32(len(t.parts)), nil
}

// Leaders implements stream.Log: the one node leads everything.
func (b *Broker) Leaders(_ context.Context, at []stream.Position) ([]int32, error) {
	return make([]int32, len(at)), nil
}

// Bounds implements stream.Log.
func (b *Broker) Bounds(_ context.Context, at []stream.Position) ([]stream.Bounds, error) {
	if f := b.strike(Call{Op: "bounds"}); f.Before != nil {
		return nil, f.Before
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bounds := make([]stream.Bounds, 0, len(at))
	for _, p := range at {
		_, part, err := b.part(p.Topic, p.Partition)
		if err != nil {
			return nil, err
		}
		bounds = append(bounds, stream.Bounds{Start: part.start, End: part.end})
	}
	return bounds, nil
}

// InitProducer implements stream.Log.
func (b *Broker) InitProducer(context.Context) (stream.ProducerID, error) {
	if f := b.strike(Call{Op: "init_producer"}); f.Before != nil {
		return stream.ProducerID{}, f.Before
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.producer++
	return stream.ProducerID{ID: b.producer}, nil
}

// Fetch implements stream.Log.
func (b *Broker) Fetch(ctx context.Context, req *stream.FetchRequest) error {
	if f := b.strike(Call{Op: "fetch"}); f.Before != nil {
		return f.Before
	}
	deadline := time.NewTimer(req.MaxWait)
	defer deadline.Stop()
	for last := false; ; {
		b.mu.Lock()
		size, due := b.read(req)
		changed := b.changed
		b.mu.Unlock()
		if due || size >= int(max(req.MinBytes, 1)) || last {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		case <-deadline.C:
			last = true
		}
	}
}

// read fills in the results; due says that one of them is an error, which is answered at once.
func (b *Broker) read(req *stream.FetchRequest) (size int, due bool) {
	req.Results = req.Results[:0]
	req.Buffer = req.Buffer[:0]
	for _, at := range req.From {
		res := stream.FetchResult{Topic: at.Topic, Partition: at.Partition, End: -1}
		_, p, err := b.part(at.Topic, at.Partition)
		switch {
		case err != nil:
			res.Err, due = err, true
		case at.Offset < p.start || at.Offset > p.end:
			res.Err, due = stream.ErrOffsetOutOfRange, true
		default:
			res.End = p.end
			i, _ := slices.BinarySearchFunc(p.batches, at.Offset, func(x batch, offset int64) int { return int(x.last - offset) })
			from := len(req.Buffer)
			for _, x := range p.batches[i:] {
				taken := len(req.Buffer) - from
				if taken > 0 && taken+len(x.data) > int(req.PartitionMaxBytes) || size > 0 && size+len(x.data) > int(req.MaxBytes) {
					break
				}
				req.Buffer = append(req.Buffer, x.data...)
				size += len(x.data)
			}
			res.Data = req.Buffer[from:len(req.Buffer):len(req.Buffer)]
		}
		req.Results = append(req.Results, res)
	}
	return size, due
}

// Produce implements stream.Log.
func (b *Broker) Produce(_ context.Context, req *stream.ProduceRequest) error {
	for i := range req.Batches {
		x := &req.Batches[i]
		f := b.strike(Call{Op: "produce", Topic: x.Topic})
		if f.Before != nil {
			x.Offset, x.Err = -1, f.Before
			continue
		}
		b.mu.Lock()
		x.Offset, x.Err = b.append(x)
		b.mu.Unlock()
		if f.After != nil {
			x.Offset, x.Err = -1, f.After
		}
	}
	b.mu.Lock()
	b.wake()
	b.mu.Unlock()
	return b.strike(Call{Op: "produced"}).After
}

// append checks a batch as a broker does and writes it.
func (b *Broker) append(x *stream.ProduceBatch) (int64, error) {
	t, p, err := b.part(x.Topic, x.Partition)
	if err != nil {
		return -1, err
	}
	if len(x.Data) > t.maxBytes {
		return -1, fmt.Errorf("%d bytes, at most %d: %w", len(x.Data), t.maxBytes, stream.ErrTooLarge)
	}
	head, rest, err := recordbatch.Next(x.Data)
	if err != nil || len(rest) != 0 || head.Count == 0 {
		return -1, fmt.Errorf("%w: %w", stream.ErrInvalidBatch, err)
	}
	if id := head.Producer; id.ID >= 0 {
		s, known := p.sessions[id.ID]
		next := s.last + 1
		if s.last < 0 || !known {
			next = 0
		}
		last := int32((int64(id.Sequence) + int64(head.Count) - 1) & 0x7fffffff)
		switch {
		case known && id.Epoch < s.epoch:
			return -1, stream.ErrUnknownProducer
		case known && id.Epoch == s.epoch && id.Sequence == s.first && last == s.last:
			return s.base, nil // a duplicate: what the first try was answered
		case known && id.Epoch == s.epoch && id.Sequence != next, !known && id.Sequence != 0:
			return -1, fmt.Errorf("sequence %d, want %d: %w", id.Sequence, next, stream.ErrOutOfSequence)
		}
		p.sessions[id.ID] = session{epoch: id.Epoch, first: id.Sequence, last: last, base: p.end}
	}
	base := p.end
	data := slices.Clone(x.Data)
	binary.BigEndian.PutUint64(data, uint64(base))
	p.end += head.LastOffset - head.BaseOffset + 1
	p.batches = append(p.batches, batch{base: base, last: p.end - 1, data: data})
	return base, nil
}

// ForgetProducers makes the broker forget all producer sessions, as one does that lost its state.
func (b *Broker) ForgetProducers() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.topics {
		for _, p := range t.parts {
			p.sessions = make(map[int64]session)
		}
	}
}

// DeleteBefore makes offset the first of a partition, as retention does.
func (b *Broker) DeleteBefore(name string, i int32, offset int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, p, err := b.part(name, i)
	if err != nil {
		return err
	}
	p.start = min(max(p.start, offset), p.end)
	for len(p.batches) > 0 && p.batches[0].last < p.start {
		p.batches = p.batches[1:]
	}
	b.wake()
	return nil
}

// DropBatch removes the batch that holds an offset from the middle of a log, as a damaged disk may.
func (b *Broker) DropBatch(name string, i int32, offset int64) error {
	return b.edit(name, i, offset, func(p *partition, at int) { p.batches = slices.Delete(p.batches, at, at+1) })
}

// Damage flips a bit in the batch that holds an offset.
func (b *Broker) Damage(name string, i int32, offset int64) error {
	return b.edit(name, i, offset, func(p *partition, at int) {
		data := slices.Clone(p.batches[at].data)
		data[len(data)-1] ^= 1
		p.batches[at].data = data
	})
}

func (b *Broker) edit(name string, i int32, offset int64, f func(p *partition, at int)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, p, err := b.part(name, i)
	if err != nil {
		return err
	}
	for at, x := range p.batches {
		if x.base <= offset && offset <= x.last {
			f(p, at)
			return nil
		}
	}
	return fmt.Errorf("%s/%d has no batch with offset %d", name, i, offset)
}

// Truncate cuts a partition's log off at an offset that begins a batch, as an unclean election does.
func (b *Broker) Truncate(name string, i int32, end int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, p, err := b.part(name, i)
	if err != nil {
		return err
	}
	for len(p.batches) > 0 && p.batches[len(p.batches)-1].last >= end {
		p.batches = p.batches[:len(p.batches)-1]
	}
	p.end = p.start
	if n := len(p.batches); n > 0 {
		p.end = p.batches[n-1].last + 1
	}
	p.sessions = make(map[int64]session)
	b.wake()
	return nil
}

// AddPartitions gives a topic more partitions. No group is told, as on a real broker.
func (b *Broker) AddPartitions(name string, n int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topics[name]
	if t == nil {
		return fmt.Errorf("%s: %w", name, stream.ErrUnknownTopic)
	}
	t.parts = append(t.parts, newTopic(n, 0).parts...)
	return nil
}
