package verify

import (
	"context"
	"fmt"

	"sluice/schemas"
)

const db = schemas.Database

// count fills in the numbers that are no verdict on anything.
func (v *verifier) count(ctx context.Context) error {
	r := &v.report
	err := v.eachSlice(ctx, func(cut func(string) string) error {
		var records, facts, conflicts int64
		if err := v.ch.one(ctx, fmt.Sprintf("SELECT count(), uniqExact(id) FROM %s.ledger FINAL WHERE topic = %s AND %s AND %s",
			db, quoted(schemas.Transfers), v.between("accepted_at"), cut("id")), &records, &facts); err != nil {
			return err
		}
		if err := v.ch.one(ctx, fmt.Sprintf("SELECT count() FROM (SELECT 1 FROM %s.transfers WHERE transfer_id != '' AND %s AND %s GROUP BY tenant, transfer_id, stage HAVING min(id) != max(id))",
			db, v.between("ingested_at"), cut("transfer_id")), &conflicts); err != nil {
			return err
		}
		r.Accepted += facts
		r.Redelivered += records - facts
		r.Conflicts += conflicts
		return nil
	})
	if err != nil {
		return err
	}
	err = v.ch.query(ctx, fmt.Sprintf("SELECT verdict, count() FROM %s.transfers FINAL WHERE %s GROUP BY verdict", db, v.between("ingested_at")), nil, func(row []byte) error {
		var verdict string
		var n int64
		if err := scan(row, &verdict, &n); err != nil {
			return err
		}
		switch verdict {
		case "cleared":
			r.Cleared = n
		case "flagged":
			r.Flagged = n
		case "held":
			r.Held = n
		default:
			v.note("%d transfers have the verdict %q, which is none", n, verdict)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.DeadReasons = map[string]int64{}
	return v.ch.query(ctx, fmt.Sprintf("SELECT reason, uniqExact(source_topic, source_partition, source_offset, sha256) FROM %s.dead_letters WHERE %s GROUP BY reason", db, v.between("at")), nil, func(row []byte) error {
		var reason string
		var n int64
		if err := scan(row, &reason, &n); err != nil {
			return err
		}
		r.DeadReasons[reason] = n
		r.DeadLettered += n
		return nil
	})
}
