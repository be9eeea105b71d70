package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
)

// activation is an activation of lists.
type activation struct {
	seq     uint64
	version string
	at      time.Time        // when it was appended, at the latest
	entries map[string]int64 // of each list; nil: not known
}

// knowledge is the order of knowledge: as the topic has it, and, of what was before a topic that was made anew, as
// watchlist_versions has it.
type knowledge struct {
	base, last uint64 // seqs above base, up to last, are in the topic
	lists      []activation
	index      map[uint64]int // of lists, by seq
}

func (k *knowledge) add(a activation) {
	k.index[a.seq] = len(k.lists)
	k.lists = append(k.lists, a)
}

// activations reads the order of knowledge.
func (v *verifier) activations(ctx context.Context) (k knowledge, err error) {
	k.index = map[uint64]int{}
	t, err := v.kafka.topic(ctx, schemas.Activations)
	if errors.Is(err, errNoTopic) || err == nil && len(t.bounds) == 0 {
		return k, nil
	}
	if err != nil {
		return k, err
	}
	b := t.bounds[0]
	if b.start > 0 {
		return k, fmt.Errorf("%s begins at offset %d: its first records are gone", schemas.Activations, b.start)
	}
	err = v.kafka.scan(ctx, []span{{schemas.Activations, 0, b.start, b.end}}, func(r *kgo.Record) error {
		var a struct {
			Kind    string
			Base    uint64
			Version string
			At      time.Time
			Lists   []struct {
				List    string
				Entries int64
			}
		}
		if err := json.Unmarshal(r.Value, &a); err != nil && r.Offset == 0 {
			return fmt.Errorf("the first record of %s cannot be read: %w", schemas.Activations, err)
		}
		if r.Offset == 0 {
			k.base = a.Base
			if err := v.earlier(ctx, &k); err != nil {
				return err
			}
		}
		k.last = k.base + uint64(r.Offset) + 1
		if a.Kind != "lists" {
			return nil
		}
		l := activation{seq: k.last, version: a.Version, at: a.At, entries: map[string]int64{}}
		if r.Timestamp.After(l.at) {
			l.at = r.Timestamp
		}
		for _, x := range a.Lists {
			l.entries[x.List] = x.Entries
		}
		k.add(l)
		return nil
	})
	return k, err
}

// earlier adds the activations of before the topic, as far as they are recorded.
func (v *verifier) earlier(ctx context.Context, k *knowledge) error {
	if k.base == 0 {
		return nil
	}
	sql := fmt.Sprintf(`SELECT seq, any(version), toUnixTimestamp64Milli(max(at)), groupArrayIf(list, list != ''), groupArrayIf(toInt64(entries), list != ''), countIf(list != '' AND list_version = '')
FROM %s.watchlist_versions FINAL WHERE seq <= %d GROUP BY seq ORDER BY seq`, db, k.base)
	return v.ch.query(ctx, sql, nil, func(row []byte) error {
		var a activation
		var at, unknown int64
		var names []string
		var entries []int64
		if err := scan(row, &a.seq, &a.version, &at, &names, &entries, &unknown); err != nil {
			return err
		}
		if a.at = time.UnixMilli(at); unknown == 0 {
			a.entries = map[string]int64{}
			for i, name := range names {
				a.entries[name] = entries[i]
			}
		}
		k.add(a)
		return nil
	})
}

// clockSlack is how far the clocks of two machines may be apart, and how long a batch may take between its look at the
// lists and its stamp.
const clockSlack = time.Minute

// claimed is the condition that somebody relies on a row's having been screened: it says so, or nothing holds it back.
const claimed = "(status = 'complete' OR verdict NOT IN ('flagged', 'held'))"

// complete finds transfers that were cleared or called complete although nothing can have screened them: status degraded
// and cleared, a counterparty that is not wholly known, lists that never were in force, or no longer were.
func (v *verifier) complete(ctx context.Context) error {
	// Whatever is not known to be held back counts as cleared, and whatever is not known to be screened as not.
	err := v.recorded(ctx, Lost, "no_verdict", "verdict NOT IN ('cleared', 'flagged', 'held')", "recorded, and with no verdict")
	if err != nil {
		return err
	}
	err = v.unscreened(ctx, "degraded_cleared", "verdict NOT IN ('flagged', 'held') AND (status NOT IN ('complete', 'partial') OR JSONExtractBool(inputs, 'quarantined'))",
		"cleared, and its own status says that it was not screened")
	if err != nil {
		return err
	}
	err = v.unscreened(ctx, "coverage", "status = 'complete' AND coverage != 'full'", "called complete, and its counterparty is not wholly known")
	if err != nil {
		return err
	}
	err = v.unscreened(ctx, "no_lists", claimed+" AND lists_seq = 0", "cleared or called complete, and no lists were in force")
	if err != nil {
		return err
	}
	// The rows first: what is activated while they are read is known then.
	type group struct {
		seq      uint64
		screened int64 // Unix milliseconds, the latest
	}
	var groups []group
	sql := fmt.Sprintf("SELECT lists_seq, max(toUnixTimestamp64Milli(screened_at)) FROM %s.transfers WHERE %s AND lists_seq > 0 AND %s GROUP BY lists_seq ORDER BY lists_seq",
		db, claimed, v.between("ingested_at"))
	if err := v.ch.query(ctx, sql, nil, func(row []byte) error {
		var g group
		defer func() { groups = append(groups, g) }()
		return scan(row, &g.seq, &g.screened)
	}); err != nil {
		return err
	}
	if v.known, err = v.activations(ctx); err != nil {
		return err
	}
	var unknown []string
	for _, g := range groups {
		i, ok := v.known.index[g.seq]
		if !ok && g.seq <= v.known.base {
			v.uncheck("transfers were screened by lists %d, of a topic that is no more, and watchlist_versions does not have them", g.seq)
			continue
		}
		if !ok {
			unknown = append(unknown, fmt.Sprint(g.seq))
			continue
		}
		if i+1 == len(v.known.lists) {
			continue
		}
		end := v.known.lists[i+1].at.Add(v.cfg.PointerMaxAge + clockSlack)
		if time.UnixMilli(g.screened).After(end) {
			err := v.unscreened(ctx, "superseded_lists", fmt.Sprintf("%s AND lists_seq = %d AND toUnixTimestamp64Milli(screened_at) > %d", claimed, g.seq, end.UnixMilli()),
				fmt.Sprintf("cleared or called complete by lists %d, which were not in force any more since %s", g.seq, v.known.lists[i+1].at.UTC().Format(time.RFC3339)))
			if err != nil {
				return err
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return v.unscreened(ctx, "unknown_lists", claimed+" AND lists_seq IN ("+strings.Join(unknown, ", ")+")",
		"cleared or called complete by lists that no activation ever put in force")
}

// unscreened reports the rows of transfers with a condition, of every version: what was wrong once was wrong.
func (v *verifier) unscreened(ctx context.Context, kind, condition, detail string) error {
	return v.recorded(ctx, Unscreened, kind, condition, detail)
}

func (v *verifier) recorded(ctx context.Context, class Class, kind, condition, detail string) error {
	sql := fmt.Sprintf("SELECT DISTINCT id, tenant, transfer_id, lists_seq FROM %s.transfers WHERE %s AND %s ORDER BY id", db, condition, v.between("ingested_at"))
	return v.ch.query(ctx, sql, nil, func(row []byte) error {
		f := Finding{Class: class, Kind: kind, Detail: detail}
		var seq uint64
		if err := scan(row, &f.ID, &f.Tenant, &f.TransferID, &seq); err != nil {
			return err
		}
		f.Detail += fmt.Sprintf("; lists_seq %d", seq)
		return v.findOnce(f)
	})
}

// findOnce reports one finding of a class for a fact: the first that shows.
func (v *verifier) findOnce(f Finding) error {
	k := keyOf('u', string(f.Class), f.ID)
	if v.unseen[k] {
		return nil
	}
	if v.unseen == nil {
		v.unseen = map[key]bool{}
	}
	if len(v.unseen) < maxSuspects {
		v.unseen[k] = true
	}
	return v.find(f)
}
