package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
)

// unrecorded is the statement for the ids of a slice of the ledger that are neither recorded nor dead-lettered: id, a
// partition, the first offset in the topic that is there now (-1: it was in an earlier one of that name), and whether
// enrichment had not come to it yet.
func (v *verifier) unrecorded(cut func(string) string) string {
	return fmt.Sprintf(`SELECT id, argMin(partition, offset) AS part, min(if(epoch = %[1]s, offset, -1)) AS first,
	lower(hex(argMin(hash, offset))) AS sum, first >= %[2]s[part + 1] AS waiting
FROM %[3]s.ledger
WHERE topic = %[4]s AND %[5]s AND %[6]s
	AND sipHash128(id) NOT IN (SELECT sipHash128(id) FROM %[3]s.transfers WHERE %[6]s)
	AND id NOT IN (SELECT transfer_fact FROM %[3]s.dead_letters WHERE transfer_fact != '')
	AND (partition, offset, lower(hex(hash))) NOT IN (SELECT source_partition, source_offset, substring(sha256, 1, 32) FROM %[3]s.dead_letters WHERE source_topic = %[4]s)
GROUP BY id`,
		quoted(v.at.topics[schemas.Transfers].epoch), v.at.throughAll(schemas.GroupEnrichment, schemas.Transfers),
		db, quoted(schemas.Transfers), v.between("accepted_at"), cut("id"))
}

// ledger finds what was accepted and never recorded.
func (v *verifier) ledger(ctx context.Context) error {
	s, ids := newSuspects(), newIDs()
	flush := func() error {
		if err := v.missing(ctx, s, ids); err != nil {
			return err
		}
		s, ids = newSuspects(), newIDs()
		return nil
	}
	err := v.eachSlice(ctx, func(cut func(string) string) error {
		var some, waiting int64
		// Almost always there are none, and this is the cheap way to know.
		cheap := fmt.Sprintf("SELECT count() FROM %[1]s.ledger WHERE topic = %[2]s AND %[3]s AND %[4]s AND sipHash128(id) NOT IN (SELECT sipHash128(id) FROM %[1]s.transfers WHERE %[4]s)",
			db, quoted(schemas.Transfers), v.between("accepted_at"), cut("id"))
		if err := v.ch.one(ctx, cheap, &some); err != nil || some == 0 {
			return err
		}
		if err := v.ch.one(ctx, "SELECT count() FROM ("+v.unrecorded(cut)+") WHERE waiting", &waiting); err != nil {
			return err
		}
		v.report.Pending += waiting
		return v.ch.query(ctx, "SELECT id, part, first, sum FROM ("+v.unrecorded(cut)+") WHERE NOT waiting", nil, func(row []byte) error {
			var id, hash string
			var at place
			if err := scan(row, &id, &at.partition, &at.offset, &hash); err != nil {
				return err
			}
			s.add(place{offset: int64(ids.add(id))}, byID(id), byOffset(schemas.Transfers, at.partition, at.offset, hash))
			if s.full() {
				return flush()
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return flush()
}

// missing decides what has become of suspects from the ledger.
func (v *verifier) missing(ctx context.Context, s *suspects, ids *idList) error {
	pending, err := v.underWay(ctx, s, schemas.Transfers, schemas.Screened, schemas.Verdicts)
	if err != nil {
		return err
	}
	v.report.Pending += pending
	if err := v.deadLetters(ctx, s); err != nil {
		return err
	}
	return v.eachChunk(s, func(at place, ext *external) { ext.add(ids.at(int(at.offset))) }, "id String", func(ext *external) error {
		// Once more: what was recorded a moment ago is not lost.
		sql := fmt.Sprintf(`SELECT id, any(tenant), any(transfer_id), argMin(partition, offset), min(offset) FROM %[1]s.ledger
WHERE id IN (SELECT id FROM suspects) AND topic = %[2]s AND id NOT IN (SELECT id FROM %[1]s.transfers WHERE id IN (SELECT id FROM suspects))
GROUP BY id ORDER BY id`, db, quoted(schemas.Transfers))
		return v.ch.query(ctx, sql, ext, func(row []byte) error {
			f := Finding{Class: Lost, Kind: "unrecorded", Topic: schemas.Transfers, Detail: "in the ledger, in no table, and not under way"}
			if err := scan(row, &f.ID, &f.Tenant, &f.TransferID, &f.Partition, &f.Offset); err != nil {
				return err
			}
			v.lostTransfer(f.Tenant, f.TransferID)
			return v.find(f)
		})
	})
}

// lostTransfer remembers a transfer that was found lost, so that it is not reported again by other witnesses.
func (v *verifier) lostTransfer(tenant, id string) {
	if v.lost == nil {
		v.lost = map[key]bool{}
	}
	if len(v.lost) < maxSuspects {
		v.lost[byTransfer(tenant, id)] = true
		v.lost[byTransferID(id)] = true
	}
}

// chunkRows is how many suspects are sent to ClickHouse at once.
const chunkRows = 100_000

// eachChunk sends those that stay as external tables named suspects.
func (v *verifier) eachChunk(s *suspects, row func(at place, ext *external), structure string, fn func(*external) error) error {
	ext := &external{name: "suspects", structure: structure}
	err := s.rest(func(at place) error {
		row(at, ext)
		if ext.n < chunkRows {
			return nil
		}
		defer ext.reset()
		return fn(ext)
	})
	if err != nil || ext.n == 0 {
		return err
	}
	return fn(ext)
}

// idList keeps texts of ids without a header for each.
type idList struct {
	text []byte
	ends []uint64
}

func newIDs() *idList { return &idList{} }

func (l *idList) add(id string) int {
	l.text = append(l.text, id...)
	l.ends = append(l.ends, uint64(len(l.text)))
	return len(l.ends) - 1
}

func (l *idList) at(i int) string {
	from := uint64(0)
	if i > 0 {
		from = l.ends[i-1]
	}
	return string(l.text[from:l.ends[i]])
}

// gaps finds offsets that the ledger has not, although the group that writes it has passed them.
func (v *verifier) gaps(ctx context.Context) error {
	type part struct {
		epoch             string
		partition         int32
		first, last, rows int64
	}
	now := v.at.topics[schemas.Transfers]
	var parts []part
	seen := map[int32]bool{}
	sql := fmt.Sprintf("SELECT epoch, partition, min(offset), max(offset), uniqExact(offset) FROM %s.ledger WHERE topic = %s AND %s GROUP BY epoch, partition ORDER BY epoch, partition",
		db, quoted(schemas.Transfers), v.between("accepted_at"))
	err := v.ch.query(ctx, sql, nil, func(row []byte) error {
		var p part
		if err := scan(row, &p.epoch, &p.partition, &p.first, &p.last, &p.rows); err != nil {
			return err
		}
		parts = append(parts, p)
		seen[p.partition] = seen[p.partition] || p.epoch == now.epoch
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.rows == p.last-p.first+1 {
			continue
		}
		if err := v.holes(ctx, p.epoch, p.partition); err != nil {
			return err
		}
	}
	if !v.cfg.To.IsZero() || !v.cfg.From.IsZero() {
		return nil // the ends of a part of the time tell nothing
	}
	// What the group has committed, it has written: the end of the ledger, and a partition that is missing wholly.
	for p := range now.bounds {
		through := v.at.committed[schemas.GroupRecorderLedger][schemas.Transfers][p]
		last := int64(-1)
		for _, have := range parts {
			if have.epoch == now.epoch && have.partition == int32(p) {
				last = have.last
			}
		}
		if through <= 0 {
			continue
		}
		from := last + 1
		if !seen[int32(p)] {
			from = min(now.bounds[p].start, through-1)
		}
		if err := v.hole(ctx, now.epoch, int32(p), from, through); err != nil {
			return err
		}
	}
	return nil
}

// holes goes through the offsets of a partition in order.
func (v *verifier) holes(ctx context.Context, epoch string, partition int32) error {
	next := int64(-1)
	sql := fmt.Sprintf("SELECT offset FROM %s.ledger WHERE topic = %s AND epoch = %s AND partition = %d AND %s ORDER BY offset",
		db, quoted(schemas.Transfers), quoted(epoch), partition, v.between("accepted_at"))
	return v.ch.query(ctx, sql, nil, func(row []byte) error {
		var offset int64
		if err := scan(row, &offset); err != nil {
			return err
		}
		from := next
		next = max(next, offset+1)
		if from >= 0 && offset > from {
			return v.hole(ctx, epoch, partition, from, offset)
		}
		return nil
	})
}

// holeRows is how many offsets of one hole are looked up and listed each by itself.
const holeRows = 10_000

// hole reports offsets that are missing. Where the topic still has them it tells what they are; an offset at which it has
// no record (a transaction's marker) is none that is missing.
func (v *verifier) hole(ctx context.Context, epoch string, partition int32, from, to int64) error {
	if from >= to {
		return nil
	}
	now, err := v.kafka.topic(ctx, schemas.Transfers)
	if err != nil && !errors.Is(err, errNoTopic) {
		return err
	}
	report := func(offset int64, h head, detail string) error {
		return v.find(Finding{Class: Lost, Kind: "ledger_gap", ID: h.ID, TransferID: h.TransferID, Tenant: h.Tenant,
			Topic: schemas.Transfers, Partition: partition, Offset: offset, Detail: detail})
	}
	kept := to // from here on the topic has the records
	if err == nil && epoch == now.epoch && int(partition) < len(now.bounds) {
		kept = min(to, max(from, now.bounds[partition].start))
	}
	for offset := from; offset < kept; offset++ {
		if offset-from >= holeRows {
			v.report.Lost += kept - offset
			v.note("a gap in the ledger has %d offsets, %d to %d of partition %d", kept-from, from, kept-1, partition)
			break
		}
		if err := report(offset, head{}, "the ledger has no row, and the topic does not keep the record any more"); err != nil {
			return err
		}
	}
	return v.kafka.scan(ctx, []span{{schemas.Transfers, partition, kept, to}}, func(r *kgo.Record) error {
		return report(r.Offset, headOf(r), "the ledger has no row for a record of the topic")
	})
}
