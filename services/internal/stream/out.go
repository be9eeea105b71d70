package stream

import (
	"fmt"
	"time"

	"sluice/pkg/event"
	"sluice/schemas"
	"sluice/services/internal/recordbatch"
)

// ByKey as a partition lets Murmur2 of the key choose it, as Java clients do.
const ByKey int32 = -1

// DefaultBatchBytes is how large a record batch grows before the next record begins another one. It stays below the
// 1,048,588 bytes that a broker takes by default.
const DefaultBatchBytes = 1_000_000

// Out collects what a handler makes from a batch. Every append copies its bytes into the record batch under
// construction, so that the caller's memory may be reused at once. An Out is used by one goroutine.
//
// An append cannot fail on the spot: what is wrong (a topic that does not exist, a record larger than its topic takes)
// is kept in Err, which the loop treats as the handler's own error. A record that is too large is a permanent one.
type Out struct {
	cfg     OutConfig
	topics  []outTopic
	last    int // index of the topic used last
	now     int64
	err     error
	records int
	dead    int
}

// OutConfig is what an Out needs to know.
type OutConfig struct {
	Stage      string                                // who dead-letters, such as "enrichment"
	Partitions func(topic string) (n int32, e error) // called once for each topic
	Now        func() time.Time                      // nil: time.Now
	BatchBytes int                                   // 0: DefaultBatchBytes
	// MaxRecordBytes returns the largest record of a topic, key, value and headers together; nil: what the table of
	// topics says, and 4 MiB for topics that are not in it.
	MaxRecordBytes func(topic string) int
}

type outTopic struct {
	name  string
	limit int
	parts []outPart
}

// outPart holds the batches of one partition in order; used of them have records.
type outPart struct {
	batches []*recordbatch.Builder
	used    int
}

// NewOut returns an empty Out. The loop makes its own; handlers' tests make one with FixedPartitions and read it back
// with Each.
func NewOut(cfg OutConfig) *Out {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.BatchBytes <= 0 {
		cfg.BatchBytes = DefaultBatchBytes
	}
	if cfg.MaxRecordBytes == nil {
		cfg.MaxRecordBytes = maxRecordBytes
	}
	o := &Out{cfg: cfg}
	o.Reset()
	return o
}

// FixedPartitions is an OutConfig.Partitions for which every topic exists, with n partitions.
func FixedPartitions(n int32) func(string) (int32, error) {
	return func(string) (int32, error) { return n, nil }
}

// overheadBytes is what a record may have on top of its topic's largest value: key, headers and framing.
const overheadBytes = 64 << 10

func maxRecordBytes(topic string) int {
	value := 4 << 20
	if t, ok := schemas.Lookup(topic); ok {
		value = t.MaxValueBytes
	}
	return value + overheadBytes
}

// Append adds a record to a topic, in the partition that its key chooses.
func (o *Out) Append(topic string, key, value []byte, headers ...Header) {
	o.add(topic, ByKey, key, value, nil, Headers{}, headers)
}

// AppendTo adds a record to a partition: the one of its source, for topics that are partitioned alike.
func (o *Out) AppendTo(topic string, partition int32, key, value []byte, headers ...Header) {
	o.add(topic, partition, key, value, nil, Headers{}, headers)
}

// AppendSpliced adds a record whose value is value and then tail, and whose headers are inherited as they are and then
// headers: a hop adds to what it got, and copies every byte once. partition may be ByKey.
func (o *Out) AppendSpliced(topic string, partition int32, key, value, tail []byte, inherited Headers, headers ...Header) {
	o.add(topic, partition, key, value, tail, inherited, headers)
}

func (o *Out) add(topic string, partition int32, key, value, tail []byte, inherited Headers, headers []Header) {
	t := o.topic(topic)
	if t == nil {
		return
	}
	if partition == ByKey {
		partition = PartitionOf(key, int32(len(t.parts)))
	} else if partition < 0 || int(partition) >= len(t.parts) {
		o.fail(fmt.Errorf("partition %d of %s: it has %d: %w", partition, topic, len(t.parts), ErrUnknownTopic))
		return
	}
	p := &t.parts[partition]
	var b *recordbatch.Builder
	if p.used == 0 {
		b = p.next()
	} else {
		b = p.batches[p.used-1]
	}
	before := b.Size()
	b.Append(o.now, key, value, tail, inherited, headers...)
	size := b.Size() - before
	if size > t.limit {
		b.Drop()
		if b.Count() == 0 {
			p.used--
		}
		o.fail(PermanentReason(event.DeadTooLarge, fmt.Errorf("a record of %d bytes for %s, which takes %d: %w", size, topic, t.limit, ErrTooLarge)))
		return
	}
	if b.Size() > o.cfg.BatchBytes && b.Count() > 1 {
		b.Drop()
		p.next().Append(o.now, key, value, tail, inherited, headers...)
	}
	o.records++
}

// next begins another batch of the partition.
func (p *outPart) next() *recordbatch.Builder {
	if p.used == len(p.batches) {
		p.batches = append(p.batches, new(recordbatch.Builder))
	}
	b := p.batches[p.used]
	b.Reset()
	p.used++
	return b
}

func (o *Out) topic(name string) *outTopic {
	if o.last < len(o.topics) && o.topics[o.last].name == name {
		return &o.topics[o.last]
	}
	for i := range o.topics {
		if o.topics[i].name == name {
			o.last = i
			return &o.topics[i]
		}
	}
	n, err := o.cfg.Partitions(name)
	if err == nil && n <= 0 {
		err = ErrUnknownTopic
	}
	if err != nil {
		o.fail(fmt.Errorf("output topic %s: %w", name, err))
		return nil
	}
	o.last = len(o.topics)
	o.topics = append(o.topics, outTopic{name: name, limit: o.cfg.MaxRecordBytes(name), parts: make([]outPart, n)})
	return &o.topics[o.last]
}

// fail keeps the first error, but a permanent one rather than a transient one.
func (o *Out) fail(err error) {
	if o.err == nil || !IsPermanent(o.err) && IsPermanent(err) {
		o.err = err
	}
}

// Err returns what was wrong with an append since the last Reset.
func (o *Out) Err() error { return o.err }

// Len returns how many records were appended since the last Reset, dead letters included.
func (o *Out) Len() int { return o.records }

// DeadLetters returns how many of them are dead letters.
func (o *Out) DeadLetters() int { return o.dead }

// keepBytes is the largest buffer that is kept for the next batch.
const keepBytes = 8 << 20

// Reset drops everything that was appended and keeps the memory.
func (o *Out) Reset() {
	for i := range o.topics {
		for j := range o.topics[i].parts {
			p := &o.topics[i].parts[j]
			for _, b := range p.batches[:p.used] {
				if b.Cap() > keepBytes {
					*b = recordbatch.Builder{}
				}
				b.Reset()
			}
			p.used = 0
		}
	}
	o.stamp()
	o.err, o.records, o.dead = nil, 0, 0
}

// stamp makes the records that are appended from now on records of this moment.
func (o *Out) stamp() { o.now = o.cfg.Now().UnixMilli() }
