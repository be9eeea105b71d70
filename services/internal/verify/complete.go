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

// activation is a record of activations.v1 of the kind lists.
type activation struct {
	seq     uint64
	version string
	at      time.Time // when it was appended, at the latest
	entries map[string]int64
}

// knowledge is the order of knowledge as the topic has it.
type knowledge struct {
	base, last uint64 // seqs above base, up to last, are in the topic
	lists      []activation
	index      map[uint64]int // of lists, by seq
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
		k.index[l.seq] = len(k.lists)
		k.lists = append(k.lists, l)
		return nil
	})
	return k, err
}

// clockSlack is how far the clocks of two machines may be apart, and how long a batch may take between its look at the
// lists and its stamp.
const clockSlack = time.Minute

// complete finds transfers that were cleared or called complete although nothing can have screened them: status degraded
// and cleared, a counterparty that is not wholly known, lists that never were in force, or no longer were.
func (v *verifier) complete(ctx context.Context) error {
	err := v.unscreened(ctx, "degraded_cleared", "verdict = 'cleared' AND status = 'degraded'", "cleared, and its own status says that it was not screened")
	if err != nil {
		return err
	}
	err = v.unscreened(ctx, "coverage", "status = 'complete' AND coverage != 'full'", "called complete, and its counterparty is not wholly known")
	if err != nil {
		return err
	}
	err = v.unscreened(ctx, "no_lists", "status = 'complete' AND lists_seq = 0", "called complete, and no lists were in force")
	if err != nil {
		return err
	}
	// The rows first: what is activated while they are read is known then.
	type group struct {
		seq      uint64
		screened int64 // Unix milliseconds, the latest
	}
	var groups []group
	sql := fmt.Sprintf("SELECT lists_seq, max(toUnixTimestamp64Milli(screened_at)) FROM %s.transfers WHERE status = 'complete' AND lists_seq > 0 AND %s GROUP BY lists_seq ORDER BY lists_seq",
		db, v.between("ingested_at"))
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
		if g.seq <= v.known.base {
			continue // of a topic that is no more
		}
		i, ok := v.known.index[g.seq]
		if !ok {
			unknown = append(unknown, fmt.Sprint(g.seq))
			continue
		}
		if i+1 == len(v.known.lists) {
			continue
		}
		end := v.known.lists[i+1].at.Add(v.cfg.PointerMaxAge + clockSlack)
		if time.UnixMilli(g.screened).After(end) {
			err := v.unscreened(ctx, "superseded_lists", fmt.Sprintf("status = 'complete' AND lists_seq = %d AND toUnixTimestamp64Milli(screened_at) > %d", g.seq, end.UnixMilli()),
				fmt.Sprintf("called complete by lists %d, which were not in force any more since %s", g.seq, v.known.lists[i+1].at.UTC().Format(time.RFC3339)))
			if err != nil {
				return err
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return v.unscreened(ctx, "unknown_lists", "status = 'complete' AND lists_seq IN ("+strings.Join(unknown, ", ")+")",
		"called complete by lists that no activation ever put in force")
}

// unscreened reports the rows of transfers with a condition, of every version: what was wrong once was wrong.
func (v *verifier) unscreened(ctx context.Context, kind, condition, detail string) error {
	sql := fmt.Sprintf("SELECT DISTINCT id, tenant, transfer_id, lists_seq FROM %s.transfers WHERE %s AND %s ORDER BY id", db, condition, v.between("ingested_at"))
	return v.ch.query(ctx, sql, nil, func(row []byte) error {
		f := Finding{Class: Unscreened, Kind: kind, Detail: detail}
		var seq uint64
		if err := scan(row, &f.ID, &f.Tenant, &f.TransferID, &seq); err != nil {
			return err
		}
		f.Detail += fmt.Sprintf("; lists_seq %d", seq)
		return v.findOnce(f)
	})
}

// findOnce reports one finding for a fact of this class: the first that shows.
func (v *verifier) findOnce(f Finding) error {
	k := keyOf('u', f.ID)
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
