package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"sluice/schemas"
)

// unrecorded is the statement for the ids of a slice of the ledger that are neither recorded nor dead-lettered: id, a
// partition, the first offset in the topic that is there now (-1: it was in an earlier one of that name), and whether
// enrichment had not come to it yet, and will.
func (v *verifier) unrecorded(cut func(string) string) string {
	return fmt.Sprintf(`SELECT id, argMin(partition, offset) AS part, min(if(epoch = %[1]s, offset, -1)) AS first,
	lower(hex(argMin(hash, offset))) AS sum, first >= %[2]s[part + 1] AND first < %[7]s[part + 1] AS waiting
FROM %[3]s.ledger
WHERE topic = %[4]s AND %[5]s AND %[6]s
	AND sipHash128(id) NOT IN (SELECT sipHash128(id) FROM %[3]s.transfers WHERE %[6]s)
	AND id NOT IN (SELECT transfer_fact FROM %[3]s.dead_letters WHERE transfer_fact != '')
	AND (partition, offset, lower(hex(hash))) NOT IN (SELECT source_partition, source_offset, substring(sha256, 1, 32) FROM %[3]s.dead_letters WHERE source_topic = %[4]s)
GROUP BY id`,
		quoted(v.at.topics[schemas.Transfers].epoch), v.at.throughAll(schemas.GroupEnrichment, schemas.Transfers),
		db, quoted(schemas.Transfers), v.between("accepted_at"), cut("id"), v.at.ends)
}

// ends is where each partition of the topic ends for the ledger, as an array of SQL: behind whatever the ledger has, but
// for a partition that ends before that. Its log was cut off, and nobody will come to what it had.
func (v *verifier) ends(ctx context.Context) (string, error) {
	t := v.at.topics[schemas.Transfers]
	last := map[int]int64{}
	sql := fmt.Sprintf("SELECT partition, max(offset) FROM %s.ledger WHERE topic = %s AND epoch = %s GROUP BY partition", db, quoted(schemas.Transfers), quoted(t.epoch))
	if err := v.ch.query(ctx, sql, nil, func(row []byte) error {
		var p int
		var offset int64
		defer func() { last[p] = offset }()
		return scan(row, &p, &offset)
	}); err != nil {
		return "", err
	}
	// The topic after the ledger: it has at least what was in the ledger then.
	now, err := v.kafka.topic(ctx, schemas.Transfers)
	if err != nil && !errors.Is(err, errNoTopic) {
		return "", err
	}
	parts := []string{}
	for p := range max(1, len(t.bounds)) {
		end := int64(math.MaxInt64)
		if offset, ok := last[p]; ok && now.epoch == t.epoch && p < len(now.bounds) && now.bounds[p].end <= offset {
			end = now.bounds[p].end
			v.note("%s/%d ends at offset %d, and the ledger has %d: the log was cut off", schemas.Transfers, p, end, offset)
		}
		parts = append(parts, fmt.Sprintf("toInt64(%d)", end))
	}
	return "[" + strings.Join(parts, ", ") + "]", nil
}

// ledger finds what was accepted and never recorded.
func (v *verifier) ledger(ctx context.Context) error {
	var err error
	if v.at.ends, err = v.ends(ctx); err != nil {
		return err
	}
	s, ids := newSuspects(), newIDs()
	flush := func() error {
		if err := v.missing(ctx, s, ids); err != nil {
			return err
		}
		s, ids = newSuspects(), newIDs()
		return nil
	}
	err = v.eachSlice(ctx, func(cut func(string) string) error {
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
