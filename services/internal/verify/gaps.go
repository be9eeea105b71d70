package verify

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
)

// The ledger must have every offset of the topic. Of what the topic keeps, the topic itself is the witness (topic.go); of
// what retention deleted, and of topics that are no more, only the row of the offsets is.

// gaps finds offsets that the ledger has not, among those that the topic does not keep any more. The time that is looked
// at picks a part of the row; within it every offset counts, whatever time it says.
func (v *verifier) gaps(ctx context.Context) error {
	now := v.at.topics[schemas.Transfers]
	end := map[int32]int64{} // of the rows of this topic
	type part struct {
		epoch       string
		partition   int32
		first, last int64
	}
	var parts []part
	sql := fmt.Sprintf("SELECT epoch, partition, min(offset), max(offset) FROM %s.ledger WHERE topic = %s AND %s GROUP BY epoch, partition ORDER BY epoch, partition",
		db, quoted(schemas.Transfers), v.between("accepted_at"))
	if err := v.ch.query(ctx, sql, nil, func(row []byte) error {
		var p part
		if err := scan(row, &p.epoch, &p.partition, &p.first, &p.last); err != nil {
			return err
		}
		parts = append(parts, p)
		if p.epoch == now.epoch {
			end[p.partition] = p.last + 1
		}
		return nil
	}); err != nil {
		return err
	}
	for _, p := range parts {
		to := p.last + 1
		if p.epoch == now.epoch && int(p.partition) < len(now.bounds) {
			to = min(to, now.bounds[p.partition].start)
		}
		if err := v.holes(ctx, p.epoch, p.partition, p.first, to); err != nil {
			return err
		}
	}
	if !v.cfg.To.IsZero() || !v.cfg.From.IsZero() {
		return nil // where a part of the time ends, the topic does not
	}
	// Between the last row and what the topic keeps; and, of a partition without rows, what the group says it wrote.
	for i, b := range now.bounds {
		p := int32(i)
		from, has := end[p]
		to := b.start
		if !has {
			through := v.at.through(schemas.GroupRecorderLedger, schemas.Transfers, p)
			if v.at.committed[schemas.GroupRecorderLedger][schemas.Transfers][p] <= 0 || through > b.start {
				continue
			}
			from, to = through-1, through
		}
		if err := v.hole(ctx, p, from, to); err != nil {
			return err
		}
	}
	return nil
}

// holes finds what the ledger lacks of a part of a partition.
func (v *verifier) holes(ctx context.Context, epoch string, partition int32, from, to int64) error {
	if from >= to {
		return nil
	}
	next := from
	sql := fmt.Sprintf("SELECT DISTINCT offset FROM %s.ledger WHERE topic = %s AND epoch = %s AND partition = %d AND offset >= %d AND offset < %d ORDER BY offset",
		db, quoted(schemas.Transfers), quoted(epoch), partition, from, to)
	if err := v.ch.query(ctx, sql, nil, func(row []byte) error {
		var offset int64
		if err := scan(row, &offset); err != nil {
			return err
		}
		defer func() { next = offset + 1 }()
		return v.hole(ctx, partition, next, offset)
	}); err != nil {
		return err
	}
	return v.hole(ctx, partition, next, to)
}

// holeRows is how many offsets of one hole are listed each by itself.
const holeRows = 10_000

// hole reports offsets that neither the ledger nor the topic has.
func (v *verifier) hole(ctx context.Context, partition int32, from, to int64) error {
	for offset := from; offset < to; offset++ {
		if offset-from >= holeRows {
			v.report.Lost += to - offset
			v.note("a gap in the ledger has %d offsets, %d to %d of partition %d", to-from, from, to-1, partition)
			break
		}
		if err := v.gap(kgo.Record{Topic: schemas.Transfers, Partition: partition, Offset: offset}, "neither the ledger nor the topic has a record there"); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// gap reports an offset that the ledger has not.
func (v *verifier) gap(r kgo.Record, detail string) error {
	return v.find(lostRecord("ledger_gap", &r, detail))
}

// lostRecord is a finding about a record, named as far as the record tells.
func lostRecord(kind string, r *kgo.Record, detail string) Finding {
	h := headOf(r)
	return Finding{Class: Lost, Kind: kind, ID: h.ID, TransferID: h.TransferID, Tenant: h.Tenant,
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Detail: detail}
}
