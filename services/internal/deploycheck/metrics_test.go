package deploycheck

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func registered(t *testing.T) map[string]bool {
	t.Helper()
	names, err := MetricsOf(filepath.Join(root, "services"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// known says whether the code registers the metric, or the histogram that it is a part of.
func known(names map[string]bool, metric string) bool {
	for _, part := range []string{"", "_bucket", "_sum", "_count"} {
		if whole, ok := strings.CutSuffix(metric, part); ok && names[whole] {
			return true
		}
	}
	return false
}

func TestMetricsOfAlertsAndDashboardExist(t *testing.T) {
	names := registered(t)
	for _, path := range []string{"deployments/prometheus/alerts.yml", "deployments/grafana/sluice.json", "docs/operations.md"} {
		used := MetricsIn(read(t, path))
		if len(used) == 0 {
			t.Errorf("%s speaks of no metric", path)
		}
		for _, metric := range used {
			if !known(names, metric) {
				t.Errorf("%s: no code registers %s; registered are %v", path, metric, slices.Sorted(maps.Keys(names)))
			}
		}
	}
}

func TestMetricsAreFoundInSource(t *testing.T) {
	dir := t.TempDir()
	source := `package x
func desc(name string) string { return "sluice_a_" + name }
var one = desc("one")
func all() {
	counter := func(name, help string) string { return opts{Name: "sluice_b_" + name + "_total", Help: help}.Name }
	counter("two", "sluice_ is no metric")
	vec("sluice_three_total", "help")
	other("four")
}`
	for name, text := range map[string]string{"x.go": source, "x_test.go": `package x; var test = "sluice_test"`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names, err := MetricsOf(dir)
	want := []string{"sluice_a_one", "sluice_b_two_total", "sluice_three_total"}
	if got := slices.Sorted(maps.Keys(names)); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if used := MetricsIn("rate(sluice_b_two_total[5m]) / sluice_a_one > sluice_b_two_total"); !slices.Equal(used, want[:2]) {
		t.Errorf("used: %v", used)
	}
}

func TestAlertsSayWhatToDo(t *testing.T) {
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "deployments/prometheus/alerts.yml")), &file); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if seen[r.Alert] || r.Expr == "" {
				t.Errorf("alert %q is there twice, or has no expression", r.Alert)
			}
			seen[r.Alert] = true
			if s := r.Labels["severity"]; s != "critical" && s != "warning" {
				t.Errorf("%s: severity %q is neither critical nor warning", r.Alert, s)
			}
			if r.Annotations["summary"] == "" || r.Annotations["action"] == "" {
				t.Errorf("%s: it does not say what is wrong and what to do", r.Alert)
			}
		}
	}
	if len(seen) == 0 {
		t.Error("there is no alert")
	}
}

func TestDashboardPanels(t *testing.T) {
	var board struct {
		UID    string
		Panels []struct {
			ID          int
			Title, Type string
			GridPos     struct{ X, Y, W, H int }
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "deployments/grafana/sluice.json")), &board); err != nil {
		t.Fatal(err)
	}
	ids, cells := map[int]bool{}, map[[2]int]string{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d %q: its id is taken, or it is empty", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := cells[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q, or outside", p.Title, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
	}
	if board.UID == "" || len(ids) == 0 {
		t.Error("the dashboard has no uid, or no panel")
	}
}
