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
	"sluice/services/internal/app"
	"sluice/services/internal/cache/cachetest"
	"sluice/services/internal/verify"
)

// One pipeline, with honest transfers, which verify finds nothing wrong with; then it is broken in one way after the
// other, and each shows as one finding more, of one class.
func TestVerify(t *testing.T) {
	p := startPipeline(t, app.All)
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
			if all := report.Cleared + report.Flagged + report.Held; report.OK() && (all < n+6 || report.DeadLettered < 2) {
				return fmt.Errorf("%d verdicts, %d dead letters", all, report.DeadLettered)
			}
			return nil
		})
		for _, f := range report.Findings {
			t.Errorf("sluice verify finds %s", f)
		}
		if !report.OK() || !report.Proved() {
			t.Fatalf("%+v", report)
		}
		for _, c := range []struct {
			name      string
			got, want int64
		}{
			{"accepted", report.Accepted, n + 3 + 2 + 1 + 1}, {"conflicts", report.Conflicts, 1}, {"redelivered", report.Redelivered, 2},
			{"rescreened", report.Screened["clickhouse"], n + 3 + 2 + 1}, {"rejected", report.DeadReasons["rejected"], 1},
			{"records compared with the ledger", report.Compared, report.Accepted + report.Redelivered},
			{"verdicts", report.Verdicts, n + 3 + 3 + 1 + 1 + 1},
		} {
			if c.got != c.want {
				t.Errorf("%s: %d, want %d: %+v", c.name, c.got, c.want, report)
			}
		}
	})

	t.Run("identical repeats", func(t *testing.T) {
		p.republish(t, p.idOf("c-tx-16"), "verdict", "verdict")
		p.ask("INSERT INTO sluice.transfers SELECT * FROM sluice.transfers FINAL WHERE transfer_id = 'c-tx-16'")
		p.ask("INSERT INTO sluice.ledger SELECT * FROM sluice.ledger FINAL WHERE transfer_id = 'c-tx-16'")
		p.ask("INSERT INTO sluice.flagged_history SELECT * FROM sluice.flagged_history FINAL WHERE transfer_id = 'z-listed'")
		r := p.settle()
		if !r.OK() || !r.Proved() || r.Verdicts != report.Verdicts+1 || r.Cleared != report.Cleared {
			t.Errorf("%+v", r)
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
				if r.OK() || !r.Proved() || r.Pending > 0 {
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
	broken("a row of the ledger with another hash", verify.Lost, "ledger_bytes", "b-tx-15", func(*testing.T) {
		p.change("ALTER TABLE sluice.ledger UPDATE hash = toFixedString('0123456789abcdef', 16) WHERE transfer_id = 'b-tx-15'")
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
	broken("an acknowledged transfer that another tenant has", verify.Lost, "sent", "a-tx-14", func(t *testing.T) {}, func(c *verify.Config) {
		c.Sent, c.SentBy = filepath.Join(t.TempDir(), "sent"), "acme"
		must(t, os.WriteFile(c.Sent, []byte("a-tx-14\n"), 0o600))
	})
	broken("a row without a verdict", verify.Lost, "no_verdict", "e-tx-4", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfers UPDATE verdict = '' WHERE transfer_id = 'e-tx-4'")
	})
	broken("a fact in a log that was cut off", verify.Lost, "unrecorded", "cut-off", func(*testing.T) {
		p.ask("INSERT INTO sluice.ledger SELECT * REPLACE (offset + 1000 AS offset, 'cut-off' AS transfer_id, '0123456789abcdef0123456789abcdef' AS id) FROM (SELECT * FROM sluice.ledger WHERE transfer_id = 'a-tx-14')")
	})
	broken("a held transfer without its event", verify.Lost, "flagged_event", "z-nobody", func(*testing.T) {
		p.change("ALTER TABLE sluice.flagged_history DELETE WHERE transfer_id = 'z-nobody'")
	})
	broken("a held transfer that is not among the flagged", verify.Lost, "flagged_event", "z-other", func(*testing.T) {
		p.change("ALTER TABLE sluice.flagged_events DELETE WHERE transfer_id = 'z-other'")
	})
	broken("a transfer that no look-up by address finds", verify.Lost, "addresses", "d-tx-17", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfer_addresses DELETE WHERE id = '" + p.idOf("d-tx-17") + "'")
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
	broken("cleared and quarantined", verify.Unscreened, "degraded_cleared", "f-tx-19", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfers UPDATE inputs = '{\"quarantined\":true}' WHERE transfer_id = 'f-tx-19'")
	})
	broken("cleared by what is known, and without lists", verify.Unscreened, "no_lists", "g-tx-20", func(*testing.T) {
		p.change("ALTER TABLE sluice.transfers UPDATE status = 'partial', lists_seq = 0 WHERE transfer_id = 'g-tx-20'")
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
	// b-tx-8 was reported by what the topic had of it.
	broken("an offset without a row that the topic has forgotten", verify.Lost, "ledger_gap", "", func(t *testing.T) {
		at := slices.IndexFunc(before, func(f verify.Finding) bool { return f.Kind == "ledger_gap" })
		p.forget(schemas.Transfers, before[at].Partition, before[at].Offset+1)
	})
	t.Run("an earlier time has none of it", func(t *testing.T) {
		r := p.verify(func(c *verify.Config) { c.To = report.From.AddDate(2020, 0, 0) })
		if !r.OK() || r.Accepted != 0 || r.Cleared != 0 || r.Verdicts != 0 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("the history of the lists is gone", func(t *testing.T) {
		missed := func(r verify.Report) bool {
			return slices.ContainsFunc(r.Findings, func(f verify.Finding) bool { return f.Kind == "miss" && f.TransferID == "c-tx-23" })
		}
		p.change("ALTER TABLE sluice.watchlist_history DELETE WHERE 1")
		r := p.verify(func(c *verify.Config) { c.Redis.URL = p.at.Redis })
		if !missed(r) || !r.Proved() || r.Screened["redis"] == 0 || r.Screened["clickhouse"] != 0 || r.Unprovable != 0 {
			t.Errorf("with Redis: %+v", r)
		}
		for name, url := range map[string]string{"none is named": "", "connection refused": "redis://127.0.0.1:1", "not kept any more": p.at.Redis} {
			if url == p.at.Redis {
				cachetest.Do(t, url, "FLUSHALL")
			}
			r := p.verify(func(c *verify.Config) { c.Redis.URL = url })
			if missed(r) || r.Proved() || r.Unprovable < n || !strings.Contains(strings.Join(r.Unchecked, "\n"), name) {
				t.Errorf("%s: %+v", name, r)
			}
		}
	})
}

// What is under way fails nothing; what enrichment says it is through with, and nobody has, is lost, whether or not the
// ledger has come to it.
func TestALedgerThatStandsStillHidesNothing(t *testing.T) {
	p := startPipeline(t, app.Parts{Ingest: true, Watchlist: true})
	for i := range 10 {
		p.post(transfer(fmt.Sprintf("%c-tx-%d", 'a'+i, i), sender(i)))
	}
	if r := p.verify(); !r.OK() || !r.Proved() || r.Pending != 10 || r.Unledgered != 10 || r.Accepted != 0 {
		t.Errorf("under way: %+v", r)
	}
	p.passed(schemas.GroupEnrichment, schemas.Transfers)
	sent := filepath.Join(t.TempDir(), "sent")
	must(t, os.WriteFile(sent, []byte(strings.Join(p.sent, "\n")), 0o600))
	r := p.verify(func(c *verify.Config) { c.Sent = sent })
	if r.Lost != 10 || r.Pending != 0 || r.Findings[0].Kind != "unrecorded" || len(r.Findings[0].ID) != 32 {
		t.Errorf("passed by enrichment: %+v", r)
	}
	p.passed(schemas.GroupRecorderLedger, schemas.Transfers)
	if r := p.verify(); r.Lost != 10 || r.Unledgered != 0 || r.Findings[0].Kind != "ledger_gap" {
		t.Errorf("passed by the ledger: %+v", r)
	}
}
