package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sluice/schemas"
	"sluice/services/internal/app"
	"sluice/services/internal/chaos"
	"sluice/services/internal/deploycheck"
)

const repository = "../.."

func page(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sources joins the Go files of the project, tests or not.
func sources(t *testing.T, tests bool) string {
	t.Helper()
	var all strings.Builder
	for _, module := range []string{"pkg", "services"} {
		err := filepath.WalkDir(filepath.Join(repository, module), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") != tests {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

var (
	quoted    = regexp.MustCompile(`"([^"]+)"`)
	ticked    = regexp.MustCompile("`([^`]+)`")
	alertName = regexp.MustCompile(`(?m)alert: (\w+)`)
	tableName = regexp.MustCompile(`CREATE TABLE IF NOT EXISTS sluice\.(\w+)`)
)

// tableRows are the cells of the rows of a page's table below a heading.
func tableRows(t *testing.T, text, heading string) (rows [][]string) {
	t.Helper()
	_, section, ok := strings.Cut(text, "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("there is no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | "); strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| ---") {
			rows = append(rows, cells)
		}
	}
	if len(rows) < 2 {
		t.Fatalf("%q has no table", heading)
	}
	return rows[1:]
}

// known says whether something of that name is a test, or a scenario of the stacks.
func known(tests, name string) bool {
	if strings.Contains(tests, "func "+name+"(t *testing.T)") {
		return true
	}
	for _, sc := range scenarios {
		if sc.name == name {
			return true
		}
	}
	return false
}

// TestTheTableOfFaultsIsTrue holds docs/faults.md to the code: what it names must exist.
func TestTheTableOfFaultsIsTrue(t *testing.T) {
	text, tests, code, alerts := page(t, "docs/faults.md"), sources(t, true), sources(t, false), page(t, "deployments/prometheus/alerts.yml")
	metrics, err := deploycheck.MetricsOf(filepath.Join(repository, "services"))
	if err != nil {
		t.Fatal(err)
	}
	const columns, metricColumn, alertColumn, logColumn, testColumn = 8, 3, 4, 5, 6
	for _, row := range tableRows(t, text, "Degraded modes") {
		if len(row) != columns {
			t.Errorf("%s: %d columns, want %d", row[0], len(row), columns)
			continue
		}
		for column, look := range map[int]func(string) bool{
			metricColumn: func(name string) bool { return metrics[name] },
			alertColumn:  func(name string) bool { return strings.Contains(alerts, "alert: "+name+"\n") },
			testColumn:   func(name string) bool { return known(tests, name) },
		} {
			found := ticked.FindAllStringSubmatch(row[column], -1)
			if len(found) == 0 {
				t.Errorf("%s: column %d names nothing", row[0], column+1)
			}
			for _, m := range found {
				if !look(m[1]) {
					t.Errorf("%s: %s does not exist", row[0], m[1])
				}
			}
		}
		for _, m := range quoted.FindAllStringSubmatch(row[logColumn], -1) {
			if !strings.Contains(code, `"`+m[1]) {
				t.Errorf("%s: nobody logs %q", row[0], m[1])
			}
		}
	}
	for _, row := range tableRows(t, text, "What holds each clause of delivery") {
		for _, m := range ticked.FindAllStringSubmatch(row[len(row)-1], -1) {
			if !known(tests, m[1]) {
				t.Errorf("%s: there is no test %s", row[0], m[1])
			}
		}
	}
	for _, m := range regexp.MustCompile("Tests?: `(\\w+)`").FindAllStringSubmatch(page(t, "docs/recovery.md"), -1) {
		if !known(tests, m[1]) {
			t.Errorf("docs/recovery.md: there is no test %s", m[1])
		}
	}
}

// TestNoFaultIsLeftOut fails when an alert, a kind of fault, a route, a table or a topic joins and the pages about faults
// and recovery say nothing of it.
func TestNoFaultIsLeftOut(t *testing.T) {
	faults, recovery := page(t, "docs/faults.md"), page(t, "docs/recovery.md")
	missing := func(text, what, name string) {
		t.Helper()
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s %s has no line", what, name)
		}
	}
	for _, m := range alertName.FindAllStringSubmatch(page(t, "deployments/prometheus/alerts.yml"), -1) {
		missing(faults, "docs/faults.md: the alert", m[1])
	}
	for _, kind := range chaos.Kinds() {
		missing(faults, "docs/faults.md: the fault", string(kind))
	}
	for _, r := range app.Routes() {
		missing(faults, "docs/faults.md: the route", r.Pattern)
	}
	for _, topic := range schemas.Topics {
		missing(recovery, "docs/recovery.md: the topic", topic.Name)
	}
	migrations, err := filepath.Glob(filepath.Join(repository, "schemas/clickhouse/*.sql"))
	if err != nil || len(migrations) == 0 {
		t.Fatalf("%d migrations, %v", len(migrations), err)
	}
	for _, path := range migrations {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tableName.FindAllStringSubmatch(string(text), -1) {
			missing(recovery, "docs/recovery.md: the table", m[1])
		}
	}
}
