package verify

import (
	"context"
	"fmt"

	"sluice/schemas"
)

// partner is a table that must have what another one has: who looks there is told a part of the truth otherwise.
type partner struct {
	kind   string
	rows   string // condition of the rows of transfers that must have a partner
	table  string // where
	by     string // what the two share, as columns of both
	topics []string
	detail string
}

// partners are the tables beside transfers that the recorder fills.
var partners = []partner{
	{
		// verdicts.v1 and flagged.v1 are two topics, recorded by two groups. Every version must have its event; which one
		// counts matters only for what is suspected.
		kind: "flagged_event", rows: "verdict IN ('flagged', 'held')", table: "flagged_history", by: "id, version",
		topics: []string{schemas.Screened, schemas.Flagged}, detail: "recorded as %s, version %d, and flagged_history has no such event",
	},
	{
		kind: "flagged_event", rows: "verdict IN ('flagged', 'held')", table: "flagged_events", by: "id",
		topics: []string{schemas.Screened, schemas.Flagged}, detail: "recorded as %s, version %d, and flagged_events does not have it",
	},
	{
		// Of what is complete, every address of the counterparty can be read; newly minted coins have none.
		kind: "addresses", rows: "status = 'complete' AND direction IN ('deposit', 'withdrawal') AND from_addresses != ['" + minted + "']", table: "transfer_addresses", by: "id",
		topics: []string{schemas.Screened, schemas.Verdicts}, detail: "recorded as %s, version %d, and transfer_addresses has none of its addresses: no look-up and no lookback finds it",
	},
}

// partners finds rows of transfers without their partners.
func (v *verifier) partners(ctx context.Context) error {
	for i := range partners {
		if err := v.partner(ctx, &partners[i]); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) partner(ctx context.Context, p *partner) error {
	s, ids := newSuspects(), newIDs()
	flush := func() error {
		if _, err := v.underWay(ctx, s, p.topics...); err != nil {
			return err
		}
		if err := v.deadLetters(ctx, s); err != nil {
			return err
		}
		err := v.eachChunk(s, func(at place, ext *external) { ext.add(ids.at(int(at.offset))) }, "id String", func(ext *external) error {
			sql := fmt.Sprintf(`SELECT id, tenant, transfer_id, verdict, version FROM %[1]s.transfers FINAL
WHERE id IN (SELECT id FROM suspects) AND %[2]s AND (%[3]s) NOT IN (SELECT %[3]s FROM %[1]s.%[4]s WHERE id IN (SELECT id FROM suspects))
ORDER BY id`, db, p.rows, p.by, p.table)
			return v.ch.query(ctx, sql, ext, func(row []byte) error {
				f := Finding{Class: Lost, Kind: p.kind}
				var verdict string
				var version uint64
				if err := scan(row, &f.ID, &f.Tenant, &f.TransferID, &verdict, &version); err != nil {
					return err
				}
				f.Detail = fmt.Sprintf(p.detail, verdict, version)
				return v.findOnce(f)
			})
		})
		s, ids = newSuspects(), newIDs()
		return err
	}
	err := v.eachSlice(ctx, func(cut func(string) string) error {
		sql := fmt.Sprintf(`SELECT DISTINCT id FROM %[1]s.transfers
WHERE %[5]s AND %[2]s AND %[3]s AND sipHash128(%[6]s) NOT IN (SELECT sipHash128(%[6]s) FROM %[1]s.%[7]s WHERE %[3]s)
	AND id NOT IN (SELECT transfer_fact FROM %[1]s.dead_letters WHERE transfer_fact != '' AND source_topic = %[4]s)`,
			db, v.between("ingested_at"), cut("id"), quoted(p.topics[len(p.topics)-1]), p.rows, p.by, p.table)
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
