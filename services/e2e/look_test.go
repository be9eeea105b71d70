package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/schemas"
	"sluice/services/internal/broker"
	"sluice/services/internal/stream"
)

// onTopic is a record as it was read.
type onTopic struct {
	key, value []byte
	headers    map[string]string
}

// readTopic reads a topic from its start to the end that it has now.
func readTopic(t *testing.T, s stack, topic string) (records []onTopic) {
	t.Helper()
	err := withBroker(s, func(c *broker.Client) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		whole := false
		tail, err := stream.NewTail(stream.TailConfig{Topic: topic, CaughtUp: func() { whole = true; cancel() }}, c)
		if err != nil {
			return err
		}
		err = tail.Run(ctx, func(_ context.Context, in *stream.Batch) error {
			for _, r := range in.Records {
				o := onTopic{key: bytes.Clone(r.Key), value: bytes.Clone(r.Value), headers: map[string]string{}}
				for name, value := range r.Headers.All() {
					o.headers[string(name)] = string(value)
				}
				records = append(records, o)
			}
			return nil
		})
		if err == nil && !whole {
			err = fmt.Errorf("%s was not read to its end", topic)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// latest is the record of each fact that counts: the highest version, at equal version the later one.
func latest(t *testing.T, records []onTopic) map[string]verdict {
	t.Helper()
	by := map[string]verdict{}
	for _, r := range records {
		v := decode(t, r.value)
		if old, ok := by[v.ID]; !ok || v.Version >= old.Version {
			by[v.ID] = v
		}
	}
	return by
}

// ends are the ends of all partitions of the pipeline's topics.
func ends(s stack) (string, error) {
	var text strings.Builder
	err := withBroker(s, func(c *broker.Client) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		for _, topic := range []string{schemas.Raw, schemas.Transfers, schemas.Screened, schemas.Verdicts, schemas.Flagged, schemas.DeadLetters} {
			n, err := c.Partitions(ctx, topic)
			if err != nil {
				return err
			}
			var at []stream.Position
			for p := range n {
				at = append(at, stream.Position{Topic: topic, Partition: p})
			}
			bounds, err := c.Bounds(ctx, at)
			if err != nil {
				return err
			}
			fmt.Fprintln(&text, topic, bounds)
		}
		return nil
	})
	return text.String(), err
}

// settle waits until everything that was sent has gone through: the topics grow no more, every group has all its
// partitions, and nobody lags.
func settle(t *testing.T, s stack) {
	t.Helper()
	before, calm := "", 0
	eventually(t, "the pipeline comes to rest", func() error {
		if err := atRest(s); err != nil {
			calm = 0
			return err
		}
		now, err := ends(s)
		if err != nil {
			return err
		}
		if now != before {
			before, calm = now, 0
			return errors.New("the topics grow")
		}
		// A member knows of what was written a fetch ago.
		if calm++; calm < 8 {
			return errors.New("not at rest for long enough")
		}
		return nil
	})
}

// groups are how many partitions each group has in all, with six for a customer-keyed topic.
var groups = map[string]float64{
	"sluice.ingest": 6, "sluice.enrichment": 6, "sluice.enrichment.rescreen": 6, "sluice.alerting": 6,
}

func atRest(s stack) error {
	assigned := map[string]float64{}
	for _, p := range s.common().processes {
		if p.args[0] == engineWord || p.args[0] == "watchlist" || !p.alive() {
			continue
		}
		m, err := metrics(p)
		if err != nil {
			return err
		}
		for name, v := range m {
			group, ok := strings.CutPrefix(name, `sluice_stream_assigned_partitions{group="`)
			if ok {
				assigned[strings.TrimSuffix(group, `"}`)] += v
			}
			if strings.HasPrefix(name, "sluice_stream_lag{") && v != 0 {
				return fmt.Errorf("%s: %s is %g", p.name, name, v)
			}
		}
	}
	for group, n := range assigned {
		if want := groups[group]; n == 0 || want != 0 && n != want {
			return fmt.Errorf("%s has %g partitions", group, n)
		}
	}
	if len(assigned) < len(groups)+1 {
		return fmt.Errorf("only %v consume", slices.Sorted(maps.Keys(assigned)))
	}
	return nil
}

// row is what ClickHouse has of a fact.
type row struct {
	ID          string   `json:"id"`
	TransferID  string   `json:"transfer_id"`
	Verdict     string   `json:"verdict"`
	HoldReasons []string `json:"hold_reasons"`
	Status      string   `json:"status"`
	Conflicts   string   `json:"conflicts_with"`
}

// rows reads a table under FINAL, as far as where says; a fact that is there twice fails the test.
func rows(t *testing.T, s stack, table, where string) map[string]row {
	t.Helper()
	text := s.common().ask(t, fmt.Sprintf("SELECT id, transfer_id, verdict, hold_reasons, status, conflicts_with FROM sluice.%s FINAL WHERE %s FORMAT JSONEachRow", table, where))
	by := map[string]row{}
	for line := range strings.Lines(text) {
		var r row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if _, twice := by[r.ID]; twice {
			t.Errorf("%s: %s is there twice under FINAL", table, r.ID)
		}
		by[r.ID] = r
	}
	return by
}

// some shortens what a failure lists.
type some struct {
	n     int
	first []string
}

func (s *some) add(format string, args ...any) {
	if s.n++; len(s.first) < 5 {
		s.first = append(s.first, fmt.Sprintf(format, args...))
	}
}

func (s *some) report(t *testing.T, what string) {
	t.Helper()
	if s.n > 0 {
		t.Errorf("%s: %d, such as %s", what, s.n, strings.Join(s.first, "; "))
	}
}

// checkWhole holds everything that was ever sent to a stack against its topics and tables: every acknowledged fact once,
// with the verdict that it must have, and topic and table of one mind.
func checkWhole(t *testing.T, s stack) {
	t.Helper()
	settle(t, s)
	verdicts, flagged := latest(t, readTopic(t, s, schemas.Verdicts)), latest(t, readTopic(t, s, schemas.Flagged))
	transfers, events := rows(t, s, "transfers", "1"), rows(t, s, "flagged_events", "1")

	// What was quarantined has no transfer that a row could be made of: it is among the dead letters.
	var missing, wrong, unlike, unflagged, lost some
	quarantined := map[string]bool{}
	for line := range strings.Lines(s.common().ask(t, "SELECT DISTINCT transfer_fact FROM sluice.dead_letters FINAL")) {
		quarantined[strings.TrimSpace(line)] = true
	}
	for id, v := range verdicts {
		if v.TransferID != "" || v.Verdict != "held" || !slices.Contains(v.HoldReasons, "quarantined") {
			continue
		}
		if flagged[id].Verdict != "held" || strings.Trim(id, "0") != "" && !quarantined[id] {
			lost.add("%s", id)
		}
		delete(verdicts, id)
		delete(flagged, id)
	}
	lost.report(t, "quarantined, and not among the dead letters")
	b := s.common()
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, f := range b.facts {
		r, ok := transfers[id]
		if !ok {
			missing.add("%s (%s)", id, f.transferID)
			continue
		}
		allowed := f.want == "" || r.Verdict == f.want || f.degraded && r.Verdict == "held"
		if !allowed {
			wrong.add("%s (%s) is %s %v, want %s", id, f.transferID, r.Verdict, r.HoldReasons, f.want)
		}
	}
	missing.report(t, "acknowledged, and not in sluice.transfers")
	wrong.report(t, "with another verdict than they must have")
	for id, v := range verdicts {
		if r, ok := transfers[id]; !ok || r.Verdict != v.Verdict {
			unlike.add("%s: topic %s, table %q", v, v.Verdict, r.Verdict)
		}
		f, onTopic := flagged[id]
		e, inTable := events[id]
		bad := v.Verdict != "cleared"
		if bad && (!onTopic || !inTable) || onTopic && f.Verdict != v.Verdict || inTable && e.Verdict != v.Verdict {
			unflagged.add("%s: flagged.v1 %q, flagged_events %q", v, f.Verdict, e.Verdict)
		}
	}
	unlike.report(t, "verdicts.v1 and sluice.transfers differ")
	unflagged.report(t, "verdicts.v1, flagged.v1 and flagged_events differ")
	if len(verdicts) != len(transfers) || len(flagged) != len(events) {
		t.Errorf("%d facts on verdicts.v1, %d in transfers; %d on flagged.v1, %d in flagged_events", len(verdicts), len(transfers), len(flagged), len(events))
	}
	t.Logf("%d facts, %d of them flagged or held; %d were acknowledged over HTTP", len(verdicts), len(flagged), len(b.facts))
}
