package verify

import (
	"context"
	"fmt"

	"sluice/schemas"
)

// flagged finds verdicts that alert consumers and the flagged tables should have, and have not: verdicts.v1 and
// flagged.v1 are two topics, recorded by two groups.
func (v *verifier) flagged(ctx context.Context) error {
	s, ids := newSuspects(), newIDs()
	flush := func() error {
		if _, err := v.underWay(ctx, s, schemas.Screened, schemas.Flagged); err != nil {
			return err
		}
		if err := v.deadLetters(ctx, s); err != nil {
			return err
		}
		err := v.eachChunk(s, func(at place, ext *external) { ext.add(ids.at(int(at.offset))) }, "id String", func(ext *external) error {
			sql := fmt.Sprintf(`SELECT id, tenant, transfer_id, verdict, version FROM %[1]s.transfers FINAL
WHERE id IN (SELECT id FROM suspects) AND verdict IN ('flagged', 'held') AND (id, version) NOT IN (SELECT id, version FROM %[1]s.flagged_history WHERE id IN (SELECT id FROM suspects))
ORDER BY id`, db)
			return v.ch.query(ctx, sql, ext, func(row []byte) error {
				f := Finding{Class: Lost, Kind: "flagged_event"}
				var verdict string
				var version uint64
				if err := scan(row, &f.ID, &f.Tenant, &f.TransferID, &verdict, &version); err != nil {
					return err
				}
				f.Detail = fmt.Sprintf("recorded as %s, version %d, and flagged_history has no such event", verdict, version)
				return v.find(f)
			})
		})
		s, ids = newSuspects(), newIDs()
		return err
	}
	err := v.eachSlice(ctx, func(cut func(string) string) error {
		// Every version must have its event; which one counts matters only for what is suspected.
		sql := fmt.Sprintf(`SELECT DISTINCT id FROM %[1]s.transfers
WHERE verdict IN ('flagged', 'held') AND %[2]s AND %[3]s AND sipHash128(id, version) NOT IN (SELECT sipHash128(id, version) FROM %[1]s.flagged_history WHERE %[3]s)
	AND id NOT IN (SELECT transfer_fact FROM %[1]s.dead_letters WHERE transfer_fact != '' AND source_topic = %[4]s)`,
			db, v.between("ingested_at"), cut("id"), quoted(schemas.Flagged))
		return v.ch.query(ctx, sql, nil, func(row []byte) error {
			var id string
			if err := scan(row, &id); err != nil {
				return err
			}
			s.add(place{offset: int64(ids.add(id))}, byID(id))
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
