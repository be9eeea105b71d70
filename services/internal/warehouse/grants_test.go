package warehouse

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/services/internal/embedded/clickhouse"
	"sluice/services/internal/embedded/clickhouse/clickhousetest"
	"sluice/services/internal/grants"
	"sluice/services/recorder"
)

// usersFile is what the users' file says of each user.
type usersFile struct {
	Users struct {
		All []struct {
			XMLName xml.Name
			Grants  struct {
				Query []string `xml:"query"`
			} `xml:"grants"`
			Databases struct {
				Inner string `xml:",innerxml"`
			} `xml:"databases"`
		} `xml:",any"`
	} `xml:"users"`
}

// engineAs starts the engine on dir, and its one user has the rights that the users' file gives to the named one; "": all.
func engineAs(t *testing.T, dir, user string) *Warehouse {
	t.Helper()
	over := filepath.Join(dir, "users.d")
	must(t, os.RemoveAll(over))
	if user != "" {
		text, err := grants.ClickHouseFile("acme")
		must(t, err)
		var f usersFile
		must(t, xml.Unmarshal([]byte(text), &f))
		at := slices.IndexFunc(f.Users.All, func(u struct {
			XMLName xml.Name
			Grants  struct {
				Query []string `xml:"query"`
			} `xml:"grants"`
			Databases struct {
				Inner string `xml:",innerxml"`
			} `xml:"databases"`
		}) bool {
			return u.XMLName.Local == user
		})
		if at < 0 {
			t.Fatalf("the file has no user %s", user)
		}
		u := f.Users.All[at]
		must(t, os.MkdirAll(over, 0o700))
		must(t, os.WriteFile(filepath.Join(over, "as.xml"), fmt.Appendf(nil,
			`<clickhouse><users><default><grants replace="replace"><query>%s</query></grants><databases>%s</databases></default></users></clickhouse>`,
			strings.Join(u.Grants.Query, "</query><query>"), u.Databases.Inner), 0o600))
	}
	clickhousetest.Engine(t) // skips where there is none
	e, err := clickhouse.New(clickhouse.Config{Dir: dir})
	must(t, err)
	must(t, e.Start(t.Context()))
	w, err := Open(Config{DSN: e.DSN()})
	must(t, err)
	t.Cleanup(func() { _ = w.Close(); must(t, e.Stop()) })
	return w
}

// Each user of the file does its service's work with its rights, and nothing of another's: on the embedded engine, which
// has ClickHouse's own access control.
func TestTheUsersFileSufficesAndIsTheLeast(t *testing.T) {
	dir := t.TempDir()
	var b recorder.Transfers
	var a recorder.Addresses
	row(t, &b, &a, 1, nil)
	row(t, &b, &a, 2, func(_ *transfer.Transfer, r *event.Record) { r.Tenant = "acme" })
	row(t, &b, &a, 3, func(_ *transfer.Transfer, r *event.Record) { r.Tenant = "acme" })

	run := func(user string, fn func(t *testing.T, w *Warehouse)) {
		t.Run(user, func(t *testing.T) { fn(t, engineAs(t, dir, user)) })
	}
	can := func(t *testing.T, w *Warehouse, statement string) string {
		t.Helper()
		var out strings.Builder
		if err := w.SQL(t.Context(), statement, "TabSeparated", &out); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
		return strings.TrimSpace(out.String())
	}
	cannot := func(t *testing.T, w *Warehouse, statements ...string) {
		t.Helper()
		for _, s := range statements {
			var out strings.Builder
			if err := w.SQL(t.Context(), s, "TabSeparated", &out); err == nil || !strings.Contains(err.Error(), "ACCESS_DENIED") {
				t.Errorf("%s: %v %s", s, err, out.String())
			}
		}
	}
	elsewhere := []string{"SELECT * FROM system.users", "SELECT * FROM url('http://127.0.0.1:1', 'LineAsString', 'l String')",
		"SELECT * FROM file('/etc/passwd', 'LineAsString', 'l String')", "CREATE USER x", "SYSTEM SHUTDOWN", "CREATE TABLE default.x (a Int8) ENGINE = MergeTree ORDER BY a"}

	run("sluice_migrator", func(t *testing.T, w *Warehouse) {
		_, err := w.Migrate(t.Context(), nil)
		must(t, err)
		must(t, w.CheckVersion(t.Context()))
		if again, err := w.Migrate(t.Context(), nil); err != nil || len(again) > 0 {
			t.Errorf("again: %v, %v", again, err)
		}
		cannot(t, w, elsewhere...)
	})
	run("sluice_recorder", func(t *testing.T, w *Warehouse) {
		must(t, w.CheckVersion(t.Context()))
		must(t, w.InsertTransfers(t.Context(), &b, "t"))
		must(t, w.InsertFlagged(t.Context(), &b, "t"))
		must(t, w.InsertAddresses(t.Context(), &a, "t"))
		must(t, w.InsertDeadLetters(t.Context(), &recorder.DeadLetters{}, "t"))
		must(t, w.InsertLedger(t.Context(), &recorder.Ledger{}, "t"))
		can(t, w, "INSERT INTO sluice.dead_letters (reason) VALUES ('x')") // the calls above with nothing in them send nothing
		can(t, w, "INSERT INTO sluice.ledger (topic) VALUES ('t')")
		cannot(t, w, "SELECT count() FROM sluice.transfers", "SELECT * FROM sluice.watchlist_history", "ALTER TABLE sluice.transfers DELETE WHERE 1",
			"DROP TABLE sluice.transfers", "TRUNCATE TABLE sluice.transfers", "INSERT INTO sluice.watchlist_history SELECT * FROM sluice.watchlist_history", "OPTIMIZE TABLE sluice.transfers FINAL")
		cannot(t, w, elsewhere...)
	})
	run("sluice_watchlist", func(t *testing.T, w *Warehouse) {
		must(t, w.CheckVersion(t.Context()))
		must(t, w.InsertHistory(t.Context(), &recorder.History{}))
		must(t, w.InsertVersions(t.Context(), &recorder.ListVersions{}))
		if _, err := w.Recorded(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := w.Activations(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := w.HighestSeq(t.Context()); err != nil {
			t.Error(err)
		}
		if n := can(t, w, "SELECT count() FROM sluice.transfers FINAL"); n != "3" {
			t.Errorf("%s transfers", n)
		}
		cannot(t, w, "INSERT INTO sluice.transfers SELECT * FROM sluice.transfers", "ALTER TABLE sluice.watchlist_history DELETE WHERE 1", "DROP TABLE sluice.ledger")
		cannot(t, w, elsewhere...)
	})
	run("sluice_auditor", func(t *testing.T, w *Warehouse) {
		if n := can(t, w, "SELECT count() FROM sluice.transfers FINAL"); n != "3" {
			t.Errorf("%s transfers", n)
		}
		cannot(t, w, "INSERT INTO sluice.ledger SELECT * FROM sluice.ledger")
		cannot(t, w, elsewhere...)
	})
	run("analyst_acme", func(t *testing.T, w *Warehouse) {
		for _, table := range grants.TenantTables {
			if got := can(t, w, "SELECT arrayStringConcat(groupUniqArray(tenant), ',') FROM sluice."+table); got != "acme" {
				t.Errorf("%s: the tenants %q are seen", table, got)
			}
			if got := can(t, w, "SELECT count() FROM sluice."+table+" WHERE tenant = 'default'"); got != "0" {
				t.Errorf("%s: %s rows of another tenant", table, got)
			}
		}
		if got := can(t, w, "SELECT arrayStringConcat(groupUniqArray(tenant), ','), sum(transfers) FROM sluice.daily_by_flow"); got != "acme\t2" {
			t.Errorf("a view shows %q", got)
		}
		for _, view := range strings.Fields(can(t, w, "SELECT table FROM system.columns WHERE database = 'sluice' AND name = 'tenant'")) {
			if slices.Contains(notForAnalysts, view) {
				continue
			}
			if got := can(t, w, "SELECT count() FROM sluice."+view+" WHERE tenant != 'acme'"); got != "0" {
				t.Errorf("%s: %s rows of other tenants", view, got)
			}
		}
		can(t, w, "SELECT count() FROM sluice.watchlist_entries")
		cannot(t, w, "SELECT * FROM sluice.dead_letters", "SELECT * FROM sluice.ledger", "INSERT INTO sluice.transfers SELECT * FROM sluice.transfers",
			"ALTER TABLE sluice.transfers DELETE WHERE 1")
		cannot(t, w, elsewhere...)
	})
	// What the schema has and the tables of rights do not know.
	t.Run("nothing is forgotten", func(t *testing.T) {
		w := engineAs(t, dir, "")
		tenants := strings.Fields(can(t, w, "SELECT table FROM system.columns WHERE database = 'sluice' AND name = 'tenant' AND table IN (SELECT name FROM system.tables WHERE database = 'sluice' AND engine LIKE '%MergeTree') ORDER BY table"))
		for _, table := range tenants {
			if !slices.Contains(grants.TenantTables, table) && !slices.Contains(notForAnalysts, table) {
				t.Errorf("%s has a tenant: put it in grants.TenantTables, or say that no analyst of a tenant sees it", table)
			}
		}
		for _, table := range strings.Fields(can(t, w, "SELECT name FROM system.tables WHERE database = 'sluice' AND engine LIKE '%MergeTree' ORDER BY name")) {
			written := slices.Contains(recorderTables(t), table) || strings.HasPrefix(table, "watchlist_") || strings.HasPrefix(table, "lookback") || table == "schema_migrations"
			if !written {
				t.Errorf("%s: no user but the migrator may write it; see package grants", table)
			}
		}
	})
}

// notForAnalysts are tables that analysts of a tenant do not see, although they have a column tenant.
var notForAnalysts = []string{"ledger"}

// recorderTables are those that the file lets the recorder write.
func recorderTables(t *testing.T) []string {
	t.Helper()
	var tables []string
	for _, a := range grants.ClickHouse {
		if a.Name != "sluice_recorder" {
			continue
		}
		for _, g := range a.Grants {
			if table, ok := strings.CutPrefix(g, "INSERT ON sluice."); ok {
				tables = append(tables, table)
			}
		}
	}
	return tables
}
