package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"sluice/services/internal/audit"
)

// TestEveryCommandSaysWhatItWritesDown fails for a command that is not in the table: whoever adds one decides.
func TestEveryCommandSaysWhatItWritesDown(t *testing.T) {
	parser, err := kong.New(&cli{}, vars())
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for name := range audited {
		left[name] = true
	}
	for _, leaf := range parser.Model.Leaves(false) {
		name := strings.Join(strings.Fields(strings.TrimPrefix(leaf.Path(), "sluice ")), " ")
		action, ok := audited[name]
		delete(left, name)
		switch {
		case !ok:
			t.Errorf("%q is not in the table audited: name the action it writes into the audit log, or nothing", name)
		case action != nothing && !action.Valid():
			t.Errorf("%q: %q is not in the table of actions", name, action)
		}
	}
	for name := range left {
		t.Errorf("%q is no command", name)
	}
}

// Every word that changes something is one by which a new command may not be called harmless.
func TestCommandsThatChangeSomethingAreAudited(t *testing.T) {
	for name, action := range audited {
		words := strings.Fields(name)
		switch words[len(words)-1] {
		case "import", "add", "change", "set", "expire", "remove", "delete", "approve", "reject", "rollback", "replay", "activate",
			"decide", "release", "rescreen", "refresh", "propose", "migrate":
			if action == nothing {
				t.Errorf("%q sounds as if it changed something, and writes nothing into the audit log", name)
			}
		}
	}
	if audited["watchlist import"] != audit.ListImport {
		t.Error("an import is not audited")
	}
}
