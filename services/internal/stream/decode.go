package stream

import (
	"errors"

	"sluice/services/internal/recordbatch"
)

// decoder turns fetched bytes into records: it verifies checksums, expands, passes over control records and aborted
// transactions, and checks that offsets go on where they should. It is used by one goroutine.
type decoder struct {
	expander *recordbatch.Expander
	spare    [][]byte // buffers that nothing refers to
	inUse    [][]byte // buffers that records alias, until release
	aborted  []Aborted

	budget int // of bytes in inUse: with more, nothing further is expanded until release; 0: without end
	size   int // of inUse
}

// piece is what the decoder made of the bytes of one partition.
type piece struct {
	next    int64 // the offset to fetch next
	losses  []Loss
	damaged []Record // batches that could not be read, whole, as the value of a record
	// retry: the first batch does not fit its checksum. It is worth fetching once more before it is given up.
	retry error
	// more: the budget is spent. What is left stands in the result, to be decoded once all before it is released.
	more bool
}

func newDecoder(limit int) *decoder { return &decoder{expander: recordbatch.NewExpander(limit)} }

// decode appends the records of res from offset next on to dst. With lenient it reports a damaged batch as lost and goes
// on behind it; without, it stops there and says so in piece.retry.
func (d *decoder) decode(dst []Record, res *FetchResult, next int64, lenient bool) ([]Record, piece) {
	p := piece{next: next}
	d.aborted = append(d.aborted[:0], res.Aborted...)
	var rec recordbatch.Record
	for raw := res.Data; len(raw) > 0; {
		b, rest, err := recordbatch.Next(raw)
		if errors.Is(err, recordbatch.ErrShort) {
			break
		}
		if err == nil {
			if b.LastOffset < p.next {
				raw = rest
				continue
			}
			if b.BaseOffset > p.next {
				p.lose(res, b.BaseOffset, LossGap)
			}
			if d.skips(&b) {
				p.next, raw = b.LastOffset+1, rest
				continue
			}
			if b.Codec != recordbatch.CodecNone && d.budget > 0 && d.size >= d.budget {
				res.Data, res.Aborted = raw, append(res.Aborted[:0], d.aborted...)
				p.more = true
				break
			}
			var expanded []byte
			if expanded, err = d.expand(&b); err == nil {
				before := len(dst)
				records := b.Records(expanded)
				var more bool
				for {
					if more, err = records.Next(&rec); !more {
						break
					}
					if rec.Offset >= p.next {
						dst = append(dst, Record{Topic: res.Topic, Partition: res.Partition, Offset: rec.Offset, Timestamp: rec.Timestamp, Key: rec.Key, Value: rec.Value, Headers: rec.Headers})
					}
				}
				if err != nil {
					dst = dst[:before]
				}
			}
		}
		if err != nil {
			// A header that makes no sense gives no offset to go on from: the fetch is tried again for ever, and
			// State tells, rather than guessing.
			if !lenient || b.Raw == nil || b.LastOffset < p.next {
				p.retry = err
				break
			}
			p.damaged = append(p.damaged, Record{Topic: res.Topic, Partition: res.Partition, Offset: max(b.BaseOffset, p.next), Value: b.Raw})
			p.lose(res, b.LastOffset+1, LossDamaged)
		}
		p.next, raw = b.LastOffset+1, rest
	}
	return dst, p
}

func (p *piece) lose(res *FetchResult, to int64, cause LossCause) {
	p.losses = append(p.losses, Loss{Topic: res.Topic, Partition: res.Partition, From: p.next, To: to, Cause: cause})
	p.next = to
}

// skips says whether a batch holds nothing for readers: transaction markers, and what an aborted transaction wrote.
func (d *decoder) skips(b *recordbatch.Batch) bool {
	for i, a := range d.aborted {
		if a.Producer != b.Producer.ID || b.BaseOffset < a.From {
			continue
		}
		if b.Control {
			d.aborted[i] = d.aborted[len(d.aborted)-1]
			d.aborted = d.aborted[:len(d.aborted)-1]
			return true
		}
		return b.Transactional
	}
	return b.Control
}

func (d *decoder) expand(b *recordbatch.Batch) ([]byte, error) {
	if b.Codec == recordbatch.CodecNone {
		return nil, nil
	}
	var buf []byte
	if n := len(d.spare); n > 0 {
		buf, d.spare = d.spare[n-1], d.spare[:n-1]
	}
	buf, err := d.expander.Expand(buf, b)
	if err != nil {
		return nil, err
	}
	d.inUse = append(d.inUse, buf)
	d.size += len(buf)
	return buf, nil
}

// release says that no record decoded so far is used any more.
func (d *decoder) release() {
	const keep = 16
	for _, buf := range d.inUse {
		if len(d.spare) < keep && cap(buf) <= keepBytes {
			d.spare = append(d.spare, buf)
		}
	}
	d.inUse, d.size = d.inUse[:0], 0
}
