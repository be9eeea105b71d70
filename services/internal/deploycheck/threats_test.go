package deploycheck

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sluice/services/internal/config"
)

// The threat model names tests and settings that hold its mitigations: each of them is there.
func TestTheThreatModelNamesWhatIsThere(t *testing.T) {
	page := read(t, "docs/threat-model.md")
	tests := map[string]bool{}
	for _, name := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(page, -1) {
		tests[name[1]] = false
	}
	if len(tests) < 20 {
		t.Fatalf("the page names only %d tests", len(tests))
	}
	err := filepath.WalkDir(filepath.Join(root, "services"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, f := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(text, -1) {
			if _, named := tests[string(f[1])]; named {
				tests[string(f[1])] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, found := range tests {
		if !found {
			t.Errorf("there is no test %s", name)
		}
	}
	known := map[string]bool{}
	for _, k := range config.Keys() {
		known[k.Path] = true
	}
	for _, key := range regexp.MustCompile("`((?:kafka|redis|clickhouse|http|ingest|audit)\\.[\\w.]+)`").FindAllStringSubmatch(page, -1) {
		if !known[key[1]] {
			t.Errorf("there is no setting %s", key[1])
		}
	}
	for n, line := range strings.Split(page, "\n") {
		if cells := strings.Split(line, " | "); len(cells) == 5 && strings.HasPrefix(line, "| ") && regexp.MustCompile(`^\| \d+$`).MatchString(cells[0]) && !strings.Contains(cells[3], "`") {
			t.Errorf("line %d: a mitigation that nothing holds", n+1)
		}
	}
}
