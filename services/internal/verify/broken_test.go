package verify_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
	"sluice/services/internal/verify"
)

// One pipeline, with honest transfers, which verify finds nothing wrong with; then it is broken in one way after the
// other, and each shows as one finding more, of one class.
func TestVerify(t *testing.T) {
	p := startPipeline(t)
	listed := sender(999)
	p.list("bad", listed, sender(998))
	const n = 40
	var lines []string
	for i := range n {
		lines = append(lines, transfer(fmt.Sprintf("%c-tx-%d", 'a'+i%7, i), sender(i)))
	}
	lines = append(lines, transfer("z-listed", listed), transfer("z-other", sender(998)), strings.Replace(transfer("z-nobody", "x"), `["x"]`, `[]`, 1))
	p.post(lines...)
	for i := range 3 { // the raw topic: two transfers, one of them twice; and one that is none
		p.produce(&kgo.Record{Topic: schemas.Raw, Key: []byte("c-r"), Value: []byte(transfer(fmt.Sprintf("r-raw-%d", i%2), sender(100+i%2)))})
	}
	p.produce(&kgo.Record{Topic: schemas.Raw, Key: []byte("c-r"), Value: []byte(`{"id":"half`)})
	// The same again, and with other content: redelivered, and in conflict.
	p.post(transfer("a-tx-0", sender(777)))
	p.produce(&kgo.Record{Topic: schemas.Raw, Key: []byte("c-a"), Value: []byte(lines[0])})
	// A record of transfers.v1 that is none is quarantined.
	p.produce(&kgo.Record{Topic: schemas.Transfers, Partition: 0, Key: []byte("default/c-g"), Value: []byte("garbage")})

	var report verify.Report
	t.Run("honest", func(t *testing.T) {
		p.eventually("all is recorded", func() error {
			report = p.settle()
			if all := report.Cleared + report.Flagged + report.Held; all < n+6 || report.DeadLettered < 2 {
				return fmt.Errorf("%d verdicts, %d dead letters", all, report.DeadLettered)
			}
			return nil
		})
		if !report.OK() || report.Unprovable > 0 {
			t.Errorf("%+v", report)
		}
		for _, c := range []struct {
			name      string
			got, want int64
		}{
			{"accepted", report.Accepted, n + 3 + 2 + 1 + 1}, {"conflicts", report.Conflicts, 1}, {"redelivered", report.Redelivered, 2},
			{"rescreened", report.Rescreened, n + 3 + 2 + 1}, {"rejected", report.DeadReasons["rejected"], 1},
			{"verdicts", report.Verdicts, n + 3 + 3 + 1 + 1 + 1},
		} {
			if c.got != c.want {
				t.Errorf("%s: %d, want %d: %+v", c.name, c.got, c.want, report)
			}
		}
	})

	t.Run("a conflict that nobody marked", func(t *testing.T) {
		if report.Unmarked != 0 {
			t.Errorf("%d before", report.Unmarked)
		}
		p.produce(&kgo.Record{Topic: schemas.Raw, Key: []byte("c-r"), Value: []byte(transfer("r-raw-1", sender(500)))}) // what came by the raw topic is not remembered
		p.eventually("it is counted, and breaks nothing", func() error {
			if r := p.settle(); r.Conflicts != 2 || r.Unmarked != 1 || !r.OK() {
				return fmt.Errorf("%+v", r)
			}
			return nil
		})
	})

	var before []verify.Finding
	broken := func(name string, class verify.Class, kind, transferID string, spoil func(t *testing.T), change ...func(*verify.Config)) {
		t.Run(name, func(t *testing.T) {
			spoil(t)
			var new []verify.Finding
			p.eventually("it is found", func() error {
				var all []verify.Finding
				r := p.verify(append(change, func(c *verify.Config) {
					c.Each = func(f verify.Finding) error { all = append(all, f); return nil }
				})...)
				if r.OK() || r.Pending > 0 {
					return fmt.Errorf("%+v", r)
				}
				new = slices.DeleteFunc(slices.Clone(all), func(f verify.Finding) bool {
					return slices.ContainsFunc(before, func(b verify.Finding) bool {
						return b.Class == f.Class && b.Kind == f.Kind && b.ID == f.ID && b.TransferID == f.TransferID && b.Offset == f.Offset
					})
				})
				if len(new) == 0 {
					return fmt.Errorf("nothing new in %v", all)
				}
				return nil
			})
			if len(new) != 1 || new[0].Class != class || new[0].Kind != kind || new[0].TransferID != transferID {
				t.Errorf("found %v, want %s: %s of %s", new, class, kind, transferID)
			}
			before = append(before, new...)
		})
	}

	broken("a fact without a row", verify.Lost, "unrecorded", "a-tx-7", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfers DELETE WHERE transfer_id = 'a-tx-7'")
	})
	broken("an offset without a row in the ledger", verify.Lost, "ledger_gap", "b-tx-8", func(*testing.T) {
		p.change("ALTER TABLE sluice.ledger DELETE WHERE transfer_id = 'b-tx-8'")
	})
	broken("a raw record that came to nothing", verify.Lost, "raw_offset", "r-raw-0", func(*testing.T) {
		id := p.idOf("r-raw-0")
		p.change("ALTER TABLE sluice.transfers DELETE WHERE id = '" + id + "'")
		p.change("ALTER TABLE sluice.ledger UPDATE transfer_id = 'x', id = '" + p.idOf("a-tx-14") + "' WHERE id = '" + id + "'")
	})
	broken("an acknowledged transfer that nobody knows", verify.Lost, "sent", "never-seen", func(t *testing.T) {}, func(c *verify.Config) {
		c.Sent = filepath.Join(t.TempDir(), "sent")
		must(t, os.WriteFile(c.Sent, []byte(strings.Join(p.sent, "\n")+"\r\n\nnever-seen\n"), 0o600))
	})
	broken("a held transfer without its event", verify.Lost, "flagged_event", "z-nobody", func(*testing.T) {
		p.change("ALTER TABLE sluice.flagged_history DELETE WHERE transfer_id = 'z-nobody'")
	})
	broken("a fact that counts twice", verify.Duplicated, "rows", "c-tx-9", func(*testing.T) {
		p.ask("INSERT INTO sluice.transfers SELECT * REPLACE (occurred_at + INTERVAL 1 SECOND AS occurred_at) FROM sluice.transfers FINAL WHERE transfer_id = 'c-tx-9'")
	})
	broken("a verdict that differs in the topic", verify.Duplicated, "differing", "d-tx-10", func(t *testing.T) {
		p.republish(t, p.idOf("d-tx-10"), `"verdict":"cleared"`, `"verdict":"cleared","score":3`)
	})
	broken("a row that differs", verify.Duplicated, "differing", "e-tx-11", func(t *testing.T) {
		p.ask("SYSTEM STOP MERGES sluice.transfers") // which would leave one of the two
		t.Cleanup(func() { p.ask("SYSTEM START MERGES sluice.transfers") })
		p.ask("INSERT INTO sluice.transfers SELECT * REPLACE (7 AS score) FROM sluice.transfers FINAL WHERE transfer_id = 'e-tx-11'")
	})
	broken("cleared and degraded", verify.Unscreened, "degraded_cleared", "f-tx-12", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfers UPDATE status = 'degraded' WHERE transfer_id = 'f-tx-12'")
	})
	broken("complete without lists", verify.Unscreened, "no_lists", "g-tx-13", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfers UPDATE lists_seq = 0 WHERE transfer_id = 'g-tx-13'")
	})
	broken("complete by lists that never were", verify.Unscreened, "unknown_lists", "a-tx-21", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfers UPDATE lists_seq = 77 WHERE transfer_id = 'a-tx-21'")
	})
	broken("complete, and nobody knows by whom", verify.Unscreened, "coverage", "b-tx-22", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfers UPDATE from_addresses = [] WHERE transfer_id = 'b-tx-22'")
	})
	broken("a listed sender, cleared without a hit", verify.Unscreened, "miss", "c-tx-23", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfers UPDATE from_addresses = ['" + listed + "'] WHERE transfer_id = 'c-tx-23'")
	})
	broken("complete by lists of yesterday", verify.Unscreened, "superseded_lists", "d-tx-24", func(t *testing.T) {
		p.list("bad", listed, sender(997))
		p.change("ALTER TABLE sluice.transfers UPDATE screened_at = screened_at + INTERVAL 1 HOUR WHERE transfer_id = 'd-tx-24'")
	})
	t.Run("an earlier time has none of it", func(t *testing.T) {
		r := p.verify(func(c *verify.Config) { c.To = report.From.AddDate(2020, 0, 0) })
		if !r.OK() || r.Accepted != 0 || r.Cleared != 0 || r.Verdicts != 0 {
			t.Errorf("%+v", r)
		}
	})
}
