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
	var rows, ids int64
	err := v.eachSlice(ctx, func(cut func(string) string) error {
		var records, facts, conflicts, unmarked, n, u int64
		if err := v.ch.one(ctx, fmt.Sprintf("SELECT uniqExact(epoch, partition, offset), uniqExact(id) FROM %s.ledger WHERE topic = %s AND %s AND %s",
			db, quoted(schemas.Transfers), v.between("accepted_at"), cut("id")), &records, &facts); err != nil {
			return err
		}
		if err := v.ch.one(ctx, fmt.Sprintf("SELECT count(), uniqExact(id) FROM %s.transfers WHERE %s AND %s", db, v.between("ingested_at"), cut("id")), &n, &u); err != nil {
			return err
		}
		where := fmt.Sprintf("transfer_id != '' AND %s AND %s", v.between("ingested_at"), cut("transfer_id"))
		several := fmt.Sprintf("SELECT sipHash128(tenant, transfer_id, stage) AS h FROM %s.transfers WHERE %s GROUP BY h HAVING min(sipHash64(id)) != max(sipHash64(id))", db, where)
		if err := v.ch.one(ctx, fmt.Sprintf("SELECT count() FROM (%s)", several), &conflicts); err != nil {
			return err
		}
		if conflicts > 0 {
			if err := v.ch.one(ctx, fmt.Sprintf("SELECT count() FROM (SELECT sipHash128(tenant, transfer_id, stage) AS h FROM %s.transfers FINAL WHERE %s AND verdict = 'cleared' AND h IN (%s) GROUP BY h HAVING count() > 1)",
				db, where, several), &unmarked); err != nil {
				return err
			}
		}
		r.Accepted += facts
		r.Redelivered += records - facts
		r.Conflicts += conflicts
		r.Unmarked += unmarked
		rows, ids = rows+n, ids+u
		return nil
	})
	if err != nil {
		return err
	}
	final := " FINAL"
	if rows == ids { // nothing to collapse
		final = ""
	}
	err = v.ch.query(ctx, fmt.Sprintf("SELECT verdict, count() FROM %s.transfers%s WHERE %s GROUP BY verdict", db, final, v.between("ingested_at")), nil, func(row []byte) error {
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
