package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sluice/schemas"
)

// moment is where everything stood when the run began. Offsets come first of all that is looked at: what a group had not
// committed then may still be under way, and what it had committed must be found further on.
type moment struct {
	topics    map[string]topic              // the ones that exist
	committed map[string]map[string][]int64 // by group and topic; -1: nothing yet
	slices    int                           // into which comparisons by id are cut
	ends      string                        // see verifier.ends
}

// watched are the groups by the topics that they read.
var watched = []struct{ group, topic string }{
	{schemas.GroupIngest, schemas.Raw},
	{schemas.GroupEnrichment, schemas.Transfers},
	{schemas.GroupAlerting, schemas.Screened},
	{schemas.GroupRecorderVerdicts, schemas.Verdicts},
	{schemas.GroupRecorderFlagged, schemas.Flagged},
	{schemas.GroupRecorderDeadLetter, schemas.DeadLetters},
	{schemas.GroupRecorderLedger, schemas.Transfers},
}

// sliceRows is how many ids a comparison in ClickHouse holds in memory at a time: some hundred megabytes there. Sets are
// of 128-bit hashes: texts of ids take several times as much.
const sliceRows = 2_000_000

func (v *verifier) look(ctx context.Context) error {
	v.at = moment{topics: map[string]topic{}, committed: map[string]map[string][]int64{}}
	for _, w := range watched {
		if _, known := v.at.topics[w.topic]; !known {
			t, err := v.kafka.topic(ctx, w.topic)
			if errors.Is(err, errNoTopic) {
				v.uncheck("%s does not exist: what it had is not compared", w.topic)
				continue
			}
			if err != nil {
				return err
			}
			v.at.topics[w.topic] = t
		}
		offsets, err := v.kafka.committed(ctx, w.group, w.topic, len(v.at.topics[w.topic].bounds))
		if err != nil {
			return err
		}
		if v.at.committed[w.group] == nil {
			v.at.committed[w.group] = map[string][]int64{}
		}
		v.at.committed[w.group][w.topic] = offsets
	}
	var rows int64
	sql := fmt.Sprintf("SELECT greatest((SELECT count() FROM %[1]s.ledger), (SELECT count() FROM %[1]s.transfers))", schemas.Database)
	if err := v.ch.one(ctx, sql, &rows); err != nil {
		return err
	}
	v.at.slices = int(rows/sliceRows) + 1
	return nil
}

// through is how far a group was through a partition: every record below has been handled.
func (m *moment) through(group, topic string, partition int32) int64 {
	offsets := m.committed[group][topic]
	if int(partition) >= len(offsets) || offsets[partition] < 0 {
		return m.start(topic, partition)
	}
	return offsets[partition]
}

func (m *moment) start(topic string, partition int32) int64 {
	if b := m.topics[topic].bounds; int(partition) < len(b) {
		return b[partition].start
	}
	return 0
}

// throughAll is through for every partition, as an array of SQL.
func (m *moment) throughAll(group, topic string) string {
	var parts []string
	for p := range m.topics[topic].bounds {
		parts = append(parts, fmt.Sprintf("toInt64(%d)", m.through(group, topic, int32(p))))
	}
	if len(parts) == 0 {
		parts = []string{"toInt64(0)"}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// between is the condition that a column of time lies in the time that is looked at.
func (v *verifier) between(column string) string {
	text := "1"
	if !v.cfg.From.IsZero() {
		text += fmt.Sprintf(" AND %s >= fromUnixTimestamp64Milli(toInt64(%d), 'UTC')", column, v.cfg.From.UnixMilli())
	}
	if !v.cfg.To.IsZero() {
		text += fmt.Sprintf(" AND %s < fromUnixTimestamp64Milli(toInt64(%d), 'UTC')", column, v.cfg.To.UnixMilli())
	}
	return text
}

// eachSlice runs fn for each slice of the ids; cut is the condition that a column belongs to it.
func (v *verifier) eachSlice(ctx context.Context, fn func(cut func(column string) string) error) error {
	for k := range v.at.slices {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := fn(func(column string) string { return fmt.Sprintf("cityHash64(%s) %% %d = %d", column, v.at.slices, k) })
		if err != nil {
			return err
		}
	}
	return nil
}
