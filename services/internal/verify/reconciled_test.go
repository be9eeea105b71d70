package verify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluice/schemas"
)

// members are all topics, consumer groups and tables that there are.
func members(t *testing.T) (all []string) {
	t.Helper()
	for _, topic := range schemas.Topics {
		all = append(all, topic.Name)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../../../schemas/groups.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if c, ok := n.(*ast.ValueSpec); ok {
			text := c.Values[0].(*ast.BinaryExpr).Y.(*ast.BasicLit).Value
			all = append(all, schemas.Prefix+strings.Trim(text, `"`))
		}
		return true
	})
	files, err := schemas.ClickHouse("")
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		for _, m := range regexp.MustCompile(`CREATE TABLE (?:IF NOT EXISTS )?sluice\.(\w+)`).FindAllSubmatch(text, -1) {
			all = append(all, string(m[1]))
		}
		return err
	})
	if err != nil || len(all) < 25 {
		t.Fatalf("%d members: %q, %v", len(all), all, err)
	}
	return all
}

// TestEveryMemberIsReconciled fails for a topic, a consumer group or a table about which verify says nothing.
func TestEveryMemberIsReconciled(t *testing.T) {
	left := map[string]bool{}
	for name := range reconciled {
		left[name] = true
	}
	for _, name := range members(t) {
		r, ok := reconciled[name]
		if !ok {
			t.Errorf("%s is not in the table reconciled: name the steps that look at it, or say why none does", name)
		}
		if (len(r.steps) == 0) == (r.why == "") {
			t.Errorf("%s: want either steps, or why there are none", name)
		}
		delete(left, name)
	}
	for name := range left {
		t.Errorf("%s is no topic, consumer group or table", name)
	}
	var names []string
	for _, s := range steps {
		names = append(names, s.name)
	}
	named := map[string]bool{}
	for name, r := range reconciled {
		for _, s := range r.steps {
			named[s] = true
			if !slices.Contains(names, s) {
				t.Errorf("%s: there is no step %s", name, s)
			}
		}
	}
	for _, s := range steps {
		if !named[s.name] && s.name != "sent" { // which looks at a client's word
			t.Errorf("the step %s looks at nothing", s.name)
		}
	}
	// A group that is reconciled by its offsets must have them taken before all else.
	for name, r := range reconciled {
		group := slices.ContainsFunc(watched, func(w struct{ group, topic string }) bool { return w.group == name })
		if strings.HasPrefix(name, schemas.Prefix) && !strings.HasSuffix(name, ".v1") && r.why == "" && !group {
			t.Errorf("%s: nobody takes its offsets", name)
		}
	}
}
