package warehouse

import (
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"sluice/schemas"
	"sluice/services/recorder"
)

func TestMigrateTwiceAndAtOnceUnderTheLock(t *testing.T) {
	w := open(t)
	must(t, w.conn.Exec(t.Context(), "DROP DATABASE IF EXISTS "+schemas.Database+" SYNC"))
	if err := w.CheckVersion(t.Context()); !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "sluice migrate") {
		t.Errorf("without a schema: %v", err)
	}
	lock := &mutex{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	total := 0
	for range 3 {
		wg.Go(func() {
			applied, err := w.Migrate(t.Context(), lock)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			total += len(applied)
		})
	}
	wg.Wait()
	files, err := schemas.ClickHouse("")
	must(t, err)
	names, err := fs.Glob(files, "*.sql")
	must(t, err)
	if total != len(names) || lock.held != 3 {
		t.Errorf("%d migrations applied for %d files, lock held %d times", total, len(names), lock.held)
	}
	must(t, w.CheckVersion(t.Context()))
	again, err := w.Migrate(t.Context(), lock)
	if err != nil || len(again) != 0 {
		t.Errorf("again: %v, %v", again, err)
	}
	must(t, w.conn.Exec(t.Context(), "INSERT INTO "+schemaTable+" (version_id, is_applied) VALUES (99999, 1)"))
	if err := w.CheckVersion(t.Context()); !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "newer release") {
		t.Errorf("with a newer schema: %v", err)
	}
}

func TestEveryStatementOfTheMigrationsMayBeRepeated(t *testing.T) {
	w := fresh(t)
	// As after a crash between the last statement and the note that it was applied.
	must(t, w.conn.Exec(t.Context(), "TRUNCATE TABLE "+schemaTable))
	must(t, w.conn.Exec(t.Context(), "INSERT INTO "+schemaTable+" (version_id, is_applied) VALUES (0, 1)"))
	applied, err := w.Migrate(t.Context(), nil)
	if err != nil || len(applied) == 0 {
		t.Errorf("%v, %v", applied, err)
	}
}

// Rows that are older than a member of the nested hits have as many of it as of the others.
func TestHitsOfAnOlderSchemaAreRead(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	row(t, &b, nil, 1, full)
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	must(t, w.conn.Exec(t.Context(), "ALTER TABLE sluice.transfers DROP COLUMN `hits.names`, DROP COLUMN `hits.severity` SETTINGS mutations_sync = 2"))
	must(t, w.conn.Exec(t.Context(), "TRUNCATE TABLE "+schemaTable))
	must(t, w.conn.Exec(t.Context(), "INSERT INTO "+schemaTable+" (version_id, is_applied) VALUES (0, 1)"))
	_, err := w.Migrate(t.Context(), nil)
	must(t, err)
	v, err := w.Transfer(t.Context(), "default", b.ID[0])
	must(t, err)
	if len(v.Hits) != 2 || v.Hits[0].Measure != "block" || v.Hits[0].Names != "" || v.Hits[0].Severity != "" {
		t.Errorf("%+v", v.Hits)
	}
}

func TestMigrationsOfAClusterAreReplicated(t *testing.T) {
	files, err := schemas.ClickHouse("main")
	must(t, err)
	names, err := fs.Glob(files, "*.sql")
	must(t, err)
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		must(t, err)
		for _, line := range strings.Split(string(b), "\n") {
			if strings.HasPrefix(line, "CREATE ") && !strings.Contains(line, "ON CLUSTER 'main'") || strings.HasPrefix(line, "ENGINE = ") && !strings.HasPrefix(line, "ENGINE = Replicated") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
	if _, err := schemas.ClickHouse("x' y"); err == nil {
		t.Error("a quote in a cluster's name is taken")
	}
}

func TestOpenRefusesWhatIsNoDSN(t *testing.T) {
	for _, dsn := range []string{"", "127.0.0.1:9000", "mysql://u:hunter2@h/d", "http://", "clickhouse://u:hunter2@h:9000?dial_timeout=soon", "http://u:hunter2@h:x/"} {
		if _, err := Open(Config{DSN: dsn}); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "clickhouse.dsn") {
			t.Errorf("%q: %v", dsn, err)
		}
	}
	for _, dsn := range []string{"clickhouse://u:p@h:9000/sluice", "https://u:p@h:8443/sluice", "http://h:8123"} {
		w, err := Open(Config{DSN: dsn})
		if err != nil {
			t.Errorf("%q: %v", dsn, err)
			continue
		}
		must(t, w.Close())
	}
}
