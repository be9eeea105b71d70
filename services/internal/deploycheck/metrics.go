package deploycheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// metricName is how every metric of ours is called.
var metricName = regexp.MustCompile(`\bsluice_[a-z0-9_]*[a-z0-9]\b`)

// MetricsIn lists the metrics that a text, such as a dashboard, speaks of.
func MetricsIn(text string) []string {
	names := metricName.FindAllString(text, -1)
	slices.Sort(names)
	return slices.Compact(names)
}

// MetricsOf lists the metrics that the Go source below a folder registers: its string literals that are a whole name,
// and those that begin one, joined with the first argument of each call of the function that they stand in. What a
// histogram makes of its name is left out.
func MetricsOf(folder string) (map[string]bool, error) {
	names := map[string]bool{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			metricsOfFile(file, names)
		}
		return err
	})
	return names, err
}

func metricsOfFile(file *ast.File, names map[string]bool) {
	prefixes := map[string]string{} // by the function that adds it
	for _, decl := range file.Decls {
		ast.Inspect(decl, func(n ast.Node) bool {
			text, ok := literal(n)
			switch fn, isFunc := decl.(*ast.FuncDecl); {
			case !ok || !strings.HasPrefix(text, "sluice_"):
			case strings.HasSuffix(text, "_") && isFunc:
				prefixes[fn.Name.Name] = text
			case metricName.FindString(text) == text:
				names[text] = true
			}
			return true
		})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		fn, isIdent := call.Fun.(*ast.Ident)
		if text, ok := literal(call.Args[0]); ok && isIdent && prefixes[fn.Name] != "" {
			names[prefixes[fn.Name]+text] = true
		}
		return true
	})
}

func literal(n ast.Node) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
