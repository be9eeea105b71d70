package chaos

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

// TestEveryKindIsInTheSchedule fails for a kind of fault that is declared and that no plan can choose, and for a server
// that no fault befalls.
func TestEveryKindIsInTheSchedule(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "plan.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, f := range Faults {
		targets = append(targets, f.Targets...)
	}
	kinds := 0
	ast.Inspect(file, func(n ast.Node) bool {
		c, ok := n.(*ast.GenDecl)
		if !ok || c.Tok != token.CONST {
			return true
		}
		for _, spec := range c.Specs {
			v := spec.(*ast.ValueSpec)
			lit, ok := v.Values[0].(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				continue
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if of, ok := v.Type.(*ast.Ident); ok && of.Name == "Kind" {
				if kinds++; !slices.Contains(Kinds(), Kind(text)) {
					t.Errorf("the fault %s is in no plan: add it to Faults", text)
				}
			} else if !slices.Contains(targets, text) {
				t.Errorf("no fault befalls %s: add it to Faults", text)
			}
		}
		return true
	})
	if kinds != len(Kinds()) || kinds < 13 {
		t.Errorf("%d kinds were found, and %d are in plans", kinds, len(Kinds()))
	}
}
