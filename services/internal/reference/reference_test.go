package reference

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/schemas"
	"sluice/services/internal/config"
)

const folder = "../../../docs/reference"

var update = flag.Bool("update", false, "write docs/reference anew")

func TestPagesAreWhatTheCodeSays(t *testing.T) {
	for name, want := range Pages() {
		path := filepath.Join(folder, name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(got), want); diff != "" {
			t.Errorf("%s is out of date: go test ./services/internal/reference -update\n%s", name, diff)
		}
	}
}

func TestNothingIsLeftOut(t *testing.T) {
	pages := Pages()
	for _, k := range config.Keys() {
		if strings.Count(pages["config.md"], "| `"+k.Path+"` | `"+k.Env+"` |") != 1 {
			t.Errorf("%s is not in config.md once", k.Path)
		}
	}
	for _, topic := range schemas.Topics {
		if strings.Count(pages["topics.md"], "| `"+topic.Name+"` |") != 1 {
			t.Errorf("%s is not in topics.md once", topic.Name)
		}
		if topic.Format == "" {
			continue
		}
		if _, err := schemas.Event(topic.Format); err != nil {
			t.Errorf("%s links to nothing: %v", topic.Name, err)
		}
	}
}

func TestCellsThatWouldBreakTheTable(t *testing.T) {
	page := Config([]config.Key{{Path: "a.b", Flag: "a-b", Env: "SLUICE_A_B", Help: "hold|flag", Group: "A"}}, nil)
	if want := "| `a.b` | `SLUICE_A_B` | `--a-b` |  | hold\\|flag |\n"; !strings.HasSuffix(page, want) {
		t.Errorf("got %q", page)
	}
}
