package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
)

// rawTransfer is what tells one transfer of the raw topic from another. Two that differ in nothing but their addresses
// are one here; the ledger tells them apart.
type rawTransfer struct {
	ID         string `json:"id"`
	Direction  string `json:"direction"`
	Stage      string `json:"stage"`
	CustomerID string `json:"customer_id"`
	Amount     string `json:"amount"`
	OccurredAt string `json:"occurred_at"`
}

// row appends the transfer to a table of rawStructure, and says whether it can be one.
func (t *rawTransfer) row(at place, hash string, ext *external) bool {
	if t.Stage == "" {
		t.Stage = "confirmed"
	}
	occurred, err := time.Parse(time.RFC3339Nano, t.OccurredAt)
	if err != nil || !decimal(t.Amount) || t.ID == "" {
		return false
	}
	ext.add(at.partition, at.offset, hash, t.ID, t.CustomerID, t.Direction, t.Stage, t.Amount, occurred.UnixNano())
	return true
}

const rawStructure = "partition Int32, offset Int64, sha256 String, transfer_id String, customer_id String, direction String, stage String, amount Decimal(76, 30), occurred_at Int64"

// decimal says whether a text is a plain decimal number that the column of amounts holds.
func decimal(text string) bool {
	const integers, fractions = 38, 30
	whole, part, _ := strings.Cut(text, ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	return whole != "" && len(whole) <= integers && len(part) <= fractions && digits(whole) && digits(part)
}

// raw finds records of the raw topic that ingest is through with and that came to nothing.
func (v *verifier) raw(ctx context.Context) error {
	t, ok := v.at.topics[schemas.Raw]
	if !ok {
		return nil
	}
	spans, err := v.window(ctx, schemas.Raw, t)
	if err != nil {
		return err
	}
	for i := range spans {
		s := &spans[i]
		through := v.at.through(schemas.GroupIngest, s.topic, s.partition)
		v.report.Pending += max(0, s.to-max(s.from, through))
		s.to = min(s.to, through)
	}
	r := &rawRun{v: v, ctx: ctx, suspects: newSuspects(), ext: &external{name: "raw", structure: rawStructure}}
	if err := v.kafka.scan(ctx, spans, r.record); err != nil {
		return err
	}
	if err := r.ask(); err != nil {
		return err
	}
	return r.flush()
}

// window are the parts of a topic with the records of the time that is looked at.
func (v *verifier) window(ctx context.Context, name string, t topic) ([]span, error) {
	spans := make([]span, len(t.bounds))
	for p, b := range t.bounds {
		spans[p] = span{name, int32(p), b.start, b.end}
	}
	for _, end := range []struct {
		at  time.Time
		set func(s *span, offset int64)
	}{
		{v.cfg.From, func(s *span, o int64) { s.from = max(s.from, o) }},
		{v.cfg.To, func(s *span, o int64) { s.to = min(s.to, o) }},
	} {
		// On the raw topic the time is what the exchange says: of one record from the future nothing follows for those
		// behind it. They are read, and what was not before the end is left out by itself.
		if end.at.IsZero() || name == schemas.Raw && end.at.Equal(v.cfg.To) {
			continue
		}
		offsets, err := v.kafka.since(ctx, name, t, end.at)
		if err != nil {
			return nil, err
		}
		for p := range spans {
			end.set(&spans[p], offsets[p])
		}
	}
	return spans, nil
}

// rawRun compares records of the raw topic, some at a time, with what was recorded.
type rawRun struct {
	v        *verifier
	ctx      context.Context //nolint:containedctx // of the one call of raw
	suspects *suspects
	ext      *external
}

func (r *rawRun) record(rec *kgo.Record) error {
	if to := r.v.cfg.To; !to.IsZero() && !rec.Timestamp.Before(to) && rec.Timestamp.Before(r.v.began) {
		return nil
	}
	at := place{rec.Partition, rec.Offset}
	var t rawTransfer
	hash := hashOf(rec.Value)
	if json.Unmarshal(rec.Value, &t) != nil || !t.row(at, hash, r.ext) { // it must be a dead letter
		r.ext.add(at.partition, at.offset, hash, "", "", "", "", 0, 0)
	}
	if r.ext.n < chunkRows {
		return nil
	}
	return r.ask()
}

// ask finds out which of the rows are neither recorded nor dead-lettered. Those of which the ledger has a fact that is
// not recorded are the ledger's to judge.
func (r *rawRun) ask() error {
	if r.ext.n == 0 {
		return nil
	}
	defer r.ext.reset()
	sql := fmt.Sprintf(`SELECT partition, offset, sha256, transfer_id FROM raw
WHERE (transfer_id, customer_id, direction, stage, amount, occurred_at) NOT IN (
		SELECT transfer_id, customer_id, direction, stage, amount, toUnixTimestamp64Nano(occurred_at) FROM %[1]s.transfers
		WHERE tenant = %[2]s AND transfer_id IN (SELECT transfer_id FROM raw))
	AND (partition, offset, sha256) NOT IN (SELECT source_partition, source_offset, sha256 FROM %[1]s.dead_letters WHERE source_topic = %[3]s)
	AND (transfer_id = '' OR transfer_id NOT IN (
		SELECT transfer_id FROM %[1]s.ledger WHERE tenant = %[2]s AND transfer_id IN (SELECT transfer_id FROM raw)
			AND id NOT IN (SELECT id FROM %[1]s.transfers WHERE tenant = %[2]s AND transfer_id IN (SELECT transfer_id FROM raw))))`,
		db, quoted(r.v.cfg.Tenant), quoted(schemas.Raw))
	err := r.v.ch.query(r.ctx, sql, r.ext, func(row []byte) error {
		var at place
		var id, hash string
		if err := scan(row, &at.partition, &at.offset, &hash, &id); err != nil {
			return err
		}
		keys := []key{byOffset(schemas.Raw, at.partition, at.offset, hash)}
		if id != "" {
			keys = append(keys, byTransfer(r.v.cfg.Tenant, id))
		}
		r.suspects.add(at, keys...)
		return nil
	})
	if err == nil && r.suspects.full() {
		err = r.flush()
	}
	return err
}

// flush decides what has become of the suspects.
func (r *rawRun) flush() error {
	s, v := r.suspects, r.v
	r.suspects = newSuspects()
	pending, err := v.underWay(r.ctx, s, schemas.Transfers, schemas.Screened, schemas.Verdicts)
	if err != nil {
		return err
	}
	v.report.Pending += pending
	if err := v.deadLetters(r.ctx, s); err != nil {
		return err
	}
	return s.rest(func(at place) error {
		// One by one: there are few, and each is read again for what it is called.
		return v.kafka.scan(r.ctx, []span{{schemas.Raw, at.partition, at.offset, at.offset + 1}}, func(rec *kgo.Record) error {
			var t rawTransfer
			_ = json.Unmarshal(rec.Value, &t) // what cannot be read has no id
			if v.lost[byTransfer(v.cfg.Tenant, t.ID)] {
				return nil
			}
			again := &external{name: "raw", structure: rawStructure}
			recorded := false
			if t.row(at, "", again) {
				sql := fmt.Sprintf(`SELECT 1 FROM raw WHERE (transfer_id, customer_id, direction, stage, amount, occurred_at) IN (
	SELECT transfer_id, customer_id, direction, stage, amount, toUnixTimestamp64Nano(occurred_at) FROM %s.transfers WHERE tenant = %s AND transfer_id IN (SELECT transfer_id FROM raw))`, db, quoted(v.cfg.Tenant))
				if err := v.ch.query(r.ctx, sql, again, func([]byte) error { recorded = true; return nil }); err != nil {
					return err
				}
			}
			if recorded {
				return nil
			}
			v.lostTransfer(v.cfg.Tenant, t.ID)
			return v.find(Finding{Class: Lost, Kind: "raw_offset", Tenant: v.cfg.Tenant, TransferID: t.ID, Topic: schemas.Raw, Partition: at.partition, Offset: at.offset,
				Detail: "ingest is through with it, and it is neither recorded nor dead-lettered"})
		})
	})
}
