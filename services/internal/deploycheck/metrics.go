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
// and the ones that a function adds to its first argument, as in "sluice_x_"+name+"_total", for each call of that
// function with a literal. What a histogram makes of its name is left out.
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
	frames := map[string][2]string{} // what a function puts around its argument
	frame := func(function string, body ast.Node) {
		ast.Inspect(body, func(n ast.Node) bool {
			around, ok := concatenation(n)
			if ok {
				frames[function] = around
			}
			return !ok
		})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				frame(n.Name.Name, n.Body)
			}
		case *ast.AssignStmt:
			name, isIdent := n.Lhs[0].(*ast.Ident)
			if f, isFunc := n.Rhs[0].(*ast.FuncLit); isFunc && isIdent {
				frame(name.Name, f.Body)
			}
		case *ast.BasicLit:
			if text, ok := literal(n); ok && text != "" && metricName.FindString(text) == text {
				names[text] = true
			}
		}
		return true
	})
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		fn, isIdent := call.Fun.(*ast.Ident)
		if text, ok := literal(call.Args[0]); ok && isIdent && frames[fn.Name][0] != "" {
			names[frames[fn.Name][0]+text+frames[fn.Name][1]] = true
		}
		return true
	})
}

// concatenation returns the texts around x in "sluice_…"+x or "sluice_…"+x+"…".
func concatenation(n ast.Node) (around [2]string, ok bool) {
	sum, ok := n.(*ast.BinaryExpr)
	if !ok || sum.Op != token.ADD {
		return around, false
	}
	if inner, isSum := sum.X.(*ast.BinaryExpr); isSum {
		around[1], _ = literal(sum.Y)
		sum = inner
	}
	around[0], ok = literal(sum.X)
	return around, ok && strings.HasPrefix(around[0], "sluice_")
}

func literal(n ast.Node) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
