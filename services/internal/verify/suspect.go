package verify

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
)

// Whatever is missing in ClickHouse is a suspect until it is found under way or dead-lettered. Suspects are kept as hashes
// with a place, so that a backlog of millions fits; what they are called is looked up again for those that stay.

// key is the hash of what a suspect is known by.
type key [16]byte

func keyOf(kind byte, parts ...string) key {
	h := sha256.New()
	h.Write([]byte{kind})
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		h.Write([]byte(p))
	}
	var k key
	copy(k[:], h.Sum(nil))
	return k
}

func byID(id string) key               { return keyOf('i', id) }
func byTransfer(tenant, id string) key { return keyOf('t', tenant, id) }
func byTransferID(id string) key       { return keyOf('x', id) }

// byPlace names a record by its place and the beginning of its hash: a topic that was made anew has the same places.
func byPlace(topic, partition, offset, sha256 string) key {
	return keyOf('p', topic, partition, offset, sha256[:min(len(sha256), hashDigits)])
}

func byOffset(topic string, partition int32, offset int64, sha256 string) key {
	return byPlace(topic, strconv.Itoa(int(partition)), strconv.FormatInt(offset, 10), sha256)
}

// hashDigits is how much of a record's SHA-256 the ledger has, in hex.
const hashDigits = 32

// hashOf is the SHA-256 of a record's value, in hex.
func hashOf(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:])
}

// place is where a suspect comes from: a partition and offset, or a line of a file.
type place struct {
	partition int32
	offset    int64
}

// suspects are what is missing, at most maxSuspects of them; each may be known by several keys.
type suspects struct {
	places []place
	gone   []bool
	index  map[key]int32
	left   int
}

// maxSuspects bounds them: a few hundred megabytes.
const maxSuspects = 1_000_000

func newSuspects() *suspects { return &suspects{index: map[key]int32{}} }

func (s *suspects) add(at place, keys ...key) {
	n := int32(len(s.places))
	s.places, s.gone = append(s.places, at), append(s.gone, false)
	s.left++
	for _, k := range keys {
		s.index[k] = n
	}
}

func (s *suspects) full() bool { return len(s.places) >= maxSuspects }

// clear strikes the suspect with the key off, and says whether there was one.
func (s *suspects) clear(k key) bool {
	n, ok := s.index[k]
	if !ok || s.gone[n] {
		return false
	}
	s.gone[n] = true
	s.left--
	return true
}

// rest goes through those that stay.
func (s *suspects) rest(fn func(at place) error) error {
	for i, at := range s.places {
		if !s.gone[i] {
			if err := fn(at); err != nil {
				return err
			}
		}
	}
	return nil
}

// head is what a record of the pipeline is known by. Members that it does not have, as of records that are none, are "".
type head struct {
	ID         string `json:"id"`
	TransferID string `json:"transfer_id"`
	Tenant     string `json:"tenant"`
}

func headOf(r *kgo.Record) head {
	var h head
	if json.Unmarshal(r.Value, &h) != nil || h.ID == "" {
		h.ID = header(r, "id")
	}
	return h
}

func header(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// spans are the parts of the topics in which a transfer may be that was under way when the run began.
func (v *verifier) spans(ctx context.Context, topics ...string) ([]span, error) {
	var out []span
	for _, name := range topics {
		now, err := v.kafka.topic(ctx, name)
		if errors.Is(err, errNoTopic) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for p := range now.bounds {
			from := now.bounds[p].end
			for _, w := range watched {
				if w.topic == name {
					from = min(from, v.at.through(w.group, name, int32(p)))
				}
			}
			out = append(out, span{name, int32(p), max(from, now.bounds[p].start), now.bounds[p].end})
		}
	}
	return out, nil
}

// underWay strikes off the suspects that are on their way through the topics, and says how many they were.
func (v *verifier) underWay(ctx context.Context, s *suspects, topics ...string) (n int64, err error) {
	if s.left == 0 {
		return 0, nil
	}
	spans, err := v.spans(ctx, topics...)
	if err != nil {
		return 0, err
	}
	before := s.left
	err = v.kafka.scan(ctx, spans, func(r *kgo.Record) error {
		h := headOf(r) // what it does not tell is no name of anybody
		if h.ID != "" {
			s.clear(byID(h.ID))
		}
		if h.TransferID != "" {
			s.clear(byTransfer(h.Tenant, h.TransferID))
			s.clear(byTransferID(h.TransferID))
		}
		return nil
	})
	return int64(before - s.left), err
}

// The headers of a dead letter by which its original is known.
const (
	deadTopic, deadPartition, deadOffset, deadHash = "dl_source_topic", "dl_source_partition", "dl_source_offset", "dl_sha256"
)

// deadLetters strikes off the suspects that stand in the dead letter topic: ClickHouse may not have them yet, or may have
// refused them.
func (v *verifier) deadLetters(ctx context.Context, s *suspects) error {
	if s.left == 0 {
		return nil
	}
	t, err := v.kafka.topic(ctx, schemas.DeadLetters)
	if errors.Is(err, errNoTopic) {
		return nil
	}
	if err != nil {
		return err
	}
	var spans []span
	for p, b := range t.bounds {
		spans = append(spans, span{schemas.DeadLetters, int32(p), b.start, b.end})
	}
	return v.kafka.scan(ctx, spans, func(r *kgo.Record) error {
		if id := header(r, "id"); id != "" {
			s.clear(byID(id))
		}
		s.clear(byPlace(header(r, deadTopic), header(r, deadPartition), header(r, deadOffset), header(r, deadHash)))
		return nil
	})
}
