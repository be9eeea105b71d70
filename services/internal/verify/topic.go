package verify

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
)

// topic holds the ledger to the topic, record by record, as far as the topic goes back: a row for each, with the hash of
// its bytes. Records that the ledger's group has not come to are held against the tables at once, so that a ledger that
// stands still hides nothing.
func (v *verifier) topic(ctx context.Context) error {
	t, ok := v.at.topics[schemas.Transfers]
	if !ok {
		return nil
	}
	spans, err := v.window(ctx, schemas.Transfers, t)
	if err != nil {
		return err
	}
	r := &topicRun{v: v, ctx: ctx, suspects: newSuspects(), ext: &external{name: "records", structure: "offset Int64, sha256 String, id String"}}
	for _, s := range spans {
		if err := r.span(s, v.at.through(schemas.GroupRecorderLedger, s.topic, s.partition)); err != nil {
			return err
		}
	}
	if v.report.Unledgered > 0 {
		v.note("the ledger has not come to %d records of %s (group %s): those were compared with the tables themselves", v.report.Unledgered, schemas.Transfers, schemas.GroupRecorderLedger)
	}
	return r.flush()
}

// topicRun goes through one partition after the other.
type topicRun struct {
	v        *verifier
	ctx      context.Context //nolint:containedctx // of the one call of topic
	suspects *suspects

	partition int32
	ledger    int64  // the ledger's group is through with what is below
	next      int64  // offset that must come now
	holes     []span // where no record came
	missing   []span // where a record came that the ledger has not
	first     int64  // of ext
	ext       *external
}

func (r *topicRun) span(s span, ledger int64) error {
	if s.len() == 0 {
		return nil
	}
	r.partition, r.ledger, r.next, r.first = s.partition, ledger, s.from, s.from
	r.holes, r.missing = r.holes[:0], r.missing[:0]
	if err := r.v.kafka.scan(r.ctx, []span{s}, r.record); err != nil {
		return err
	}
	if r.next < s.to {
		r.holes = append(r.holes, span{s.topic, s.partition, r.next, s.to})
	}
	if err := r.ask(); err != nil {
		return err
	}
	for _, m := range r.missing {
		if err := r.v.kafka.scan(r.ctx, []span{m}, func(rec *kgo.Record) error {
			return r.v.gap(*rec, "the ledger has no row for a record of the topic")
		}); err != nil {
			return err
		}
	}
	for _, h := range r.holes {
		if err := r.hole(h); err != nil {
			return err
		}
	}
	return nil
}

func (r *topicRun) record(rec *kgo.Record) error {
	if rec.Offset > r.next {
		r.holes = append(r.holes, span{rec.Topic, rec.Partition, r.next, rec.Offset})
	}
	r.next = rec.Offset + 1
	r.v.report.Compared++
	id := ""
	if rec.Offset >= r.ledger {
		r.v.report.Unledgered++
		id = headOf(rec).ID
	}
	r.ext.add(rec.Offset, hashOf(rec.Value)[:hashDigits], id)
	if r.ext.n < chunkRows {
		return nil
	}
	return r.ask()
}

// ask compares the records that came with the ledger.
func (r *topicRun) ask() error {
	if r.ext.n == 0 {
		return nil
	}
	defer func() { r.ext.reset(); r.first = r.next }()
	topic, epoch := quoted(schemas.Transfers), quoted(r.v.at.topics[schemas.Transfers].epoch)
	sql := fmt.Sprintf(`SELECT r.offset, r.sha256, r.id, l.sum,
	r.id != '' AND r.id IN (SELECT id FROM %[1]s.transfers WHERE id IN (SELECT id FROM records WHERE id != ''))
		OR (r.offset, r.sha256) IN (SELECT source_offset, substring(sha256, 1, %[7]d) FROM %[1]s.dead_letters WHERE source_topic = %[2]s AND source_partition = %[4]d)
FROM records AS r LEFT JOIN (
	SELECT offset, lower(hex(hash)) AS sum FROM %[1]s.ledger FINAL WHERE topic = %[2]s AND epoch = %[3]s AND partition = %[4]d AND offset >= %[5]d AND offset < %[6]d
) AS l ON l.offset = r.offset WHERE l.sum != r.sha256 ORDER BY r.offset`, db, topic, epoch, r.partition, r.first, r.next, hashDigits)
	err := r.v.ch.query(r.ctx, sql, r.ext, func(row []byte) error {
		at := place{partition: r.partition}
		var sum, id, have string
		var settled uint8
		if err := scan(row, &at.offset, &sum, &id, &have, &settled); err != nil {
			return err
		}
		switch {
		case have != "":
			return r.v.kafka.scan(r.ctx, []span{{schemas.Transfers, at.partition, at.offset, at.offset + 1}}, func(rec *kgo.Record) error {
				return r.v.find(lostRecord("ledger_bytes", rec, fmt.Sprintf("the record's SHA-256 begins with %s, and the ledger has %s", sum, have)))
			})
		case at.offset < r.ledger:
			if n := len(r.missing); n > 0 && r.missing[n-1].to == at.offset {
				r.missing[n-1].to++
			} else {
				r.missing = append(r.missing, span{schemas.Transfers, at.partition, at.offset, at.offset + 1})
			}
		case settled == 1:
		case at.offset >= r.v.at.through(schemas.GroupEnrichment, schemas.Transfers, at.partition):
			r.v.report.Pending++
		default:
			keys := []key{byOffset(schemas.Transfers, at.partition, at.offset, sum)}
			if id != "" {
				keys = append(keys, byID(id))
			}
			r.suspects.add(at, keys...)
		}
		return nil
	})
	if err == nil && r.suspects.full() {
		err = r.flush()
	}
	return err
}

// hole looks at offsets where no record came: the ledger may have the rows, retention may have been there meanwhile, or
// it was a transaction, whose markers and aborted records take offsets too. What is none of these was lost by the broker.
func (r *topicRun) hole(h span) error {
	epoch := r.v.at.topics[h.topic].epoch
	if err := r.v.kafka.scanAll(r.ctx, []span{h}, func(rec *kgo.Record) error {
		err := r.v.holes(r.ctx, epoch, h.partition, h.from, rec.Offset)
		h.from = rec.Offset + 1
		return err
	}); err != nil {
		return err
	}
	return r.v.holes(r.ctx, epoch, h.partition, h.from, h.to)
}

// flush decides what has become of the suspects: records that neither the ledger nor the tables have.
func (r *topicRun) flush() error {
	s, v := r.suspects, r.v
	r.suspects = newSuspects()
	pending, err := v.underWay(r.ctx, s, schemas.Screened, schemas.Verdicts)
	if err != nil {
		return err
	}
	v.report.Pending += pending
	if err := v.deadLetters(r.ctx, s); err != nil {
		return err
	}
	return s.rest(func(at place) error {
		return v.kafka.scan(r.ctx, []span{{schemas.Transfers, at.partition, at.offset, at.offset + 1}}, func(rec *kgo.Record) error {
			f := lostRecord("unrecorded", rec, "in the topic, not in the ledger yet, in no table, and not under way")
			var n int64
			// Once more: what was recorded a moment ago is not lost. Of what the ledger has now, the ledger decides.
			sql := fmt.Sprintf("SELECT (SELECT count() FROM %[1]s.transfers WHERE id = %[2]s) + (SELECT count() FROM %[1]s.ledger WHERE id = %[2]s)", db, quoted(f.ID))
			if err := v.ch.one(r.ctx, sql, &n); err != nil || n > 0 {
				return err
			}
			v.lostTransfer(f.Tenant, f.TransferID)
			return v.find(f)
		})
	})
}
