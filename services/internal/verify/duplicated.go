package verify

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
)

// The columns that a verdict's bytes are in, and those that make two judgements of one fact judgements of the same. A
// record that is cleared does not name its rules: it is taken for one of the others' rules.
const (
	verdictColumns = `verdict, severity, score, toString(hold_reasons), toString(categories), status, coverage, coverage_reason,
	toString(alerts.alert_id), toString(alerts.rule), toString(alerts.severity), toString(alerts.score), toString(alerts.category), toString(alerts.amount),
	toString(hits.list), toString(hits.entry_id), toString(hits.category), toString(hits.names), toString(hits.severity), toString(hits.role), toString(hits.side), toString(hits.address), toString(hits.match), toString(hits.share), toString(hits.timing), toString(hits.suppressed_by)`
	inputColumns = `id, version, lists_seq, rules_seq, inputs, conflicts_with, status = 'degraded'`
)

// duplicatedRows finds facts that count twice, and rows of one version that differ. ClickHouse keeps the last of equal
// keys when it merges: what differed before tells only the topic. Counting comes first; the rest is for what it finds.
func (v *verifier) duplicatedRows(ctx context.Context) error {
	for _, table := range []string{"transfers", "flagged_events", "flagged_history"} {
		var rows, ids, counting int64
		err := v.eachSlice(ctx, func(cut func(string) string) error {
			var r, i int64
			err := v.ch.one(ctx, fmt.Sprintf("SELECT count(), uniqExact(id) FROM %s.%s WHERE %s AND %s", db, table, v.judged(table), cut("id")), &r, &i)
			rows, ids = rows+r, ids+i
			return err
		})
		if err != nil {
			return err
		}
		if rows == ids {
			continue
		}
		if err := v.ch.one(ctx, fmt.Sprintf("SELECT count() FROM %s.%s FINAL WHERE %s", db, table, v.judged(table)), &counting); err != nil {
			return err
		}
		if counting != ids && table != "flagged_history" { // which keeps every version
			if err := v.twice(ctx, table); err != nil {
				return err
			}
		}
		if err := v.differing(ctx, table); err != nil {
			return err
		}
	}
	return nil
}

// twice finds the facts of a table that have several rows under FINAL.
func (v *verifier) twice(ctx context.Context, table string) error {
	return v.eachSlice(ctx, func(cut func(string) string) error {
		sql := fmt.Sprintf("SELECT id, any(tenant), any(transfer_id), count() AS n FROM %s.%s FINAL WHERE %s AND %s GROUP BY id HAVING n > 1 ORDER BY id",
			db, table, v.judged(table), cut("id"))
		return v.ch.query(ctx, sql, nil, func(row []byte) error {
			f := Finding{Class: Duplicated, Kind: "rows"}
			var n int64
			if err := scan(row, &f.ID, &f.Tenant, &f.TransferID, &n); err != nil {
				return err
			}
			f.Detail = fmt.Sprintf("%d rows of %s count", n, table)
			return v.find(f)
		})
	})
}

// differing finds the versions of facts of which a table has two verdicts.
func (v *verifier) differing(ctx context.Context, table string) error {
	return v.eachSlice(ctx, func(cut func(string) string) error {
		sql := fmt.Sprintf(`SELECT id, any(tenant), any(transfer_id), version FROM %[1]s.%[2]s
WHERE id IN (SELECT id FROM %[1]s.%[2]s WHERE %[3]s AND %[4]s GROUP BY id HAVING count() > 1) AND %[3]s
GROUP BY %[5]s HAVING count() > 1 AND uniqExact(cityHash64(%[6]s)) > 1 AND uniqExactIf(rules_version, rules_version != '') <= 1 ORDER BY id`,
			db, table, v.judged(table), cut("id"), inputColumns, verdictColumns)
		return v.ch.query(ctx, sql, nil, func(row []byte) error {
			f := Finding{Class: Duplicated, Kind: "differing"}
			var version uint64
			if err := scan(row, &f.ID, &f.Tenant, &f.TransferID, &version); err != nil {
				return err
			}
			return v.differs(f, version, table)
		})
	})
}

// judged is the condition that a row of a table belongs to the time that is looked at; only transfers has when it was
// accepted.
func (v *verifier) judged(table string) string {
	if table == "transfers" {
		return v.between("ingested_at")
	}
	return v.between("raised_at")
}

// differs reports one (id, version) with two verdicts, once wherever it shows.
func (v *verifier) differs(f Finding, version uint64, where string) error {
	k := keyOf('d', f.ID, fmt.Sprint(version))
	if v.told[k] {
		return nil
	}
	if v.told == nil {
		v.told = map[key]bool{}
	}
	if len(v.told) < maxSuspects {
		v.told[k] = true
	}
	f.Detail = fmt.Sprintf("version %d has two verdicts in %s, by the same lists, rules and inputs", version, where)
	return v.find(f)
}

// verdict is what of a record of verdicts.v1 is compared: members that a judgement determines, and what it judged by.
type verdict struct {
	head
	ConflictsWith string          `json:"conflicts_with"`
	Status        string          `json:"status"`
	Coverage      json.RawMessage `json:"coverage"`
	Hits          json.RawMessage `json:"hits"`
	Inputs        json.RawMessage `json:"inputs"`
	ListsSeq      uint64          `json:"lists_seq"`
	Verdict       string          `json:"verdict"`
	Severity      string          `json:"severity"`
	Score         json.RawMessage `json:"score"`
	HoldReasons   json.RawMessage `json:"hold_reasons"`
	Categories    json.RawMessage `json:"categories"`
	Alerts        json.RawMessage `json:"alerts"`
	RulesSeq      uint64          `json:"rules_seq"`
	RulesVersion  string          `json:"rules_version"`
	Version       uint64          `json:"version"`
}

// judgement is a verdict in 48 bytes: which fact, by what, what came out.
type judgement struct {
	id      [16]byte
	by      uint64 // hash of what it was judged by
	out     uint64 // hash of the members that must be equal then
	rules   uint64 // hash of the rules' version; 0: the record does not tell
	version uint64
}

// judgements is how many are compared at a time, 192 MB of them. A fact stays in its partition, so that each partition is
// compared by itself; a larger one is read several times, for a part of the ids each time.
const judgements = 4_000_000

// duplicatedVerdicts reads the verdicts as consumers do, and finds (id, version) that was judged in two ways by the same.
func (v *verifier) duplicatedVerdicts(ctx context.Context) error {
	t, ok := v.at.topics[schemas.Verdicts]
	if !ok {
		return nil
	}
	spans, err := v.window(ctx, schemas.Verdicts, t)
	if err != nil {
		return err
	}
	seed := maphash.MakeSeed()
	for _, s := range spans {
		passes := uint64(s.len()/judgements) + 1
		for pass := range passes {
			var all []judgement
			unreadable := int64(0)
			err := v.kafka.scan(ctx, []span{s}, func(r *kgo.Record) error {
				j, ok := judge(seed, r)
				switch {
				case !ok:
					unreadable++
				case maphash.Bytes(seed, j.id[:])%passes == pass:
					all = append(all, j)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if unreadable > 0 && pass == 0 {
				v.uncheck("%d records of %s/%d cannot be read", unreadable, s.topic, s.partition)
			}
			v.report.Verdicts += int64(len(all))
			if err := v.compare(ctx, all); err != nil {
				return err
			}
		}
	}
	return nil
}

func judge(seed maphash.Seed, r *kgo.Record) (j judgement, ok bool) {
	var d verdict
	if json.Unmarshal(r.Value, &d) != nil {
		return j, false
	}
	if n, err := hex.Decode(j.id[:], []byte(d.ID)[:min(len(d.ID), 32)]); err != nil || n != len(j.id) {
		return j, false
	}
	var by, out maphash.Hash
	by.SetSeed(seed)
	out.SetSeed(seed)
	part := func(h *maphash.Hash, b []byte) {
		_, _ = h.Write(b)
		_ = h.WriteByte(0) // never part of JSON
	}
	part(&by, fmt.Appendf(nil, "%d %d %d %t", d.Version, d.ListsSeq, d.RulesSeq, d.Status == "degraded"))
	part(&by, d.Inputs)
	part(&by, []byte(d.ConflictsWith))
	for _, member := range [][]byte{[]byte(d.Status), d.Coverage, d.Hits, []byte(d.Verdict), []byte(d.Severity), d.Score, d.HoldReasons, d.Categories, d.Alerts} {
		part(&out, member)
	}
	j.by, j.out, j.version = by.Sum64(), out.Sum64(), d.Version
	if d.RulesVersion != "" {
		j.rules = maphash.String(seed, d.RulesVersion) | 1
	}
	return j, true
}

// compare reports the judgements of one fact by the same that came out differently.
func (v *verifier) compare(ctx context.Context, all []judgement) error {
	same := func(a, b judgement) int {
		if c := bytes.Compare(a.id[:], b.id[:]); c != 0 {
			return c
		}
		switch {
		case a.by < b.by:
			return -1
		case a.by > b.by:
			return 1
		}
		return 0
	}
	slices.SortFunc(all, same)
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && same(all[from], all[to]) == 0 {
			to++
		}
		if differ(all[from:to]) {
			f := Finding{Class: Duplicated, Kind: "differing", ID: hex.EncodeToString(all[from].id[:])}
			if err := v.name(ctx, &f); err != nil {
				return err
			}
			if err := v.differs(f, all[from].version, schemas.Verdicts); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// name fills in what the exchange calls the transfer of a finding, where it is recorded.
func (v *verifier) name(ctx context.Context, f *Finding) error {
	sql := fmt.Sprintf("SELECT tenant, transfer_id FROM %s.transfers WHERE id = %s LIMIT 1", db, quoted(f.ID))
	return v.ch.query(ctx, sql, nil, func(row []byte) error { return scan(row, &f.Tenant, &f.TransferID) })
}

// differ says whether two of the judgements came out differently although nothing says that their rules did.
func differ(some []judgement) bool {
	type result struct{ out, rules uint64 }
	results := map[result]bool{}
	for _, j := range some {
		results[result{j.out, j.rules}] = true
	}
	for a := range results {
		for b := range results {
			if a.out != b.out && (a.rules == b.rules || a.rules == 0 || b.rules == 0) {
				return true
			}
		}
	}
	return false
}
