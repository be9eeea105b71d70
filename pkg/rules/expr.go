package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"

	"sluice/pkg/flag"
)

// MaxCost is the most that one evaluation of an expression may cost by CEL's own count: about one unit a step, and one
// for each ten bytes of text that are looked at. It is checked when a rule is compiled, for the longest texts and lists
// that can occur, so that nothing needs to be counted while transfers flow.
const MaxCost = 10_000

var holdReasons = flag.ReasonNames()

// language compiles expressions: one environment for rules about transfers, one for rules about hits.
type language struct{ ofTransfer, ofHit *cel.Env }

func newLanguage() (*language, error) {
	common := []cel.EnvOption{
		ext.Sets(),
		cel.ParserExpressionSizeLimit(MaxWhen),
		cel.ParserRecursionLimit(50),
	}
	for _, s := range severityNames {
		common = append(common, cel.Constant("severity."+s.String(), cel.IntType, types.Int(s)))
	}
	var ofHit []cel.EnvOption
	for _, v := range variables {
		if v.ofHit {
			ofHit = append(ofHit, cel.Variable(v.name, v.celType()))
		} else {
			common = append(common, cel.Variable(v.name, v.celType()))
		}
	}
	base, err := cel.NewEnv(common...)
	if err != nil {
		return nil, fmt.Errorf("rule language: %w", err)
	}
	extended, err := base.Extend(ofHit...)
	if err != nil {
		return nil, fmt.Errorf("rule language of hits: %w", err)
	}
	return &language{ofTransfer: base, ofHit: extended}, nil
}

// condition is a compiled `when`. It holds when the program says so; the guard is what native code could take over of
// it, and is asked first: when it does not hold, neither does the program.
type condition struct {
	guard   node
	native  bool        // the guard is the whole expression, and the program need not be asked
	program cel.Program // the whole expression
}

// compile compiles a rule's expression; nil when it has problems, which it reports.
func (l *language) compile(r *source) *condition {
	env := l.ofTransfer
	if r.eachHit {
		env = l.ofHit
	}
	parsed, issues := env.Parse(r.when.text)
	if issues.Err() != nil {
		r.reportIssues(issues)
		return nil
	}
	before := len(*r.file.problems)
	r.checkNames(parsed.NativeRep())
	if len(*r.file.problems) > before {
		return nil
	}
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		r.reportIssues(issues)
		return nil
	}
	if checked.OutputType() != cel.BoolType {
		r.file.at(r.when.node, "when: want a question with the answer true or false, not %v", checked.OutputType())
		return nil
	}
	tree := checked.NativeRep()
	r.checkValues(tree)
	if estimate, err := env.EstimateCost(checked, estimator{}); err != nil {
		r.file.at(r.when.node, "when: its cost cannot be bounded: %v", err)
	} else if estimate.Max > MaxCost {
		r.file.at(r.when.node, "when: may cost %d, at most %d are allowed", estimate.Max, MaxCost)
	}
	program, err := env.Program(checked)
	if err != nil {
		r.file.at(r.when.node, "when: %v", err)
	}
	if len(*r.file.problems) > before {
		return nil
	}
	guard, all := lift(tree, tree.Expr())
	return &condition{guard: guard, native: all, program: program}
}

// reportIssues reports the compiler's errors at their places in the file.
func (r *source) reportIssues(issues *cel.Issues) {
	for _, e := range issues.Errors() {
		r.reportAt(e.Location, "when: %s", strings.TrimPrefix(e.Message, "Syntax error: "))
	}
}

// reportAt reports a problem at a place of the expression.
func (r *source) reportAt(at common.Location, format string, args ...any) {
	offset := 0
	if at != nil && at.Line() > 0 {
		lines := strings.SplitAfter(r.when.text, "\n")
		for _, l := range lines[:min(at.Line()-1, len(lines))] {
			offset += len([]rune(l))
		}
		offset += at.Column()
	}
	line, column := r.file.place(r.when.node, offset)
	r.file.report(line, column, format, args...)
}

// checkNames reports names that no variable has, with the nearest.
func (r *source) checkNames(tree *ast.AST) {
	known := r.names()
	bound := map[string]bool{}
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind {
			c := e.AsComprehension()
			bound[c.IterVar()], bound[c.IterVar2()], bound[c.AccuVar()] = true, true, true
		}
	}))
	var walk func(e ast.Expr)
	walk = func(e ast.Expr) {
		if name, ok := qualified(e); ok {
			root, _, _ := strings.Cut(name, ".")
			v := variableByName(name)
			switch {
			case bound[root], slices.Contains(known, name):
			case v != nil && v.ofHit:
				r.reportAt(tree.SourceInfo().GetStartLocation(leftmost(e)), "when: %s needs `each: hit`", name)
			default:
				r.reportAt(tree.SourceInfo().GetStartLocation(leftmost(e)),
					"when: unknown name %s%s", name, didYouMean(name, known))
			}
			return
		}
		for _, child := range children(e) {
			walk(child)
		}
	}
	walk(tree.Expr())
}

// names are all names that the rule's expression may use.
func (r *source) names() []string {
	var known []string
	for _, v := range variables {
		if !v.ofHit || r.eachHit {
			known = append(known, v.name)
		}
	}
	for _, s := range severityNames {
		known = append(known, "severity."+s.String())
	}
	return known
}

// checkValues reports texts that a variable is compared with and can never have.
func (r *source) checkValues(tree *ast.AST) {
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		c := e.AsCall()
		switch c.FunctionName() {
		case operators.Equals, operators.NotEquals, operators.In, setsIntersects:
		default:
			return
		}
		args := c.Args()
		for i, arg := range args {
			v := variableOf(arg)
			if v == nil || v.values == nil {
				continue
			}
			for _, literal := range literals(args[1-i]) {
				text, ok := literal.AsLiteral().(types.String)
				if ok && !slices.Contains(v.values, string(text)) {
					r.reportAt(tree.SourceInfo().GetStartLocation(literal.ID()), "when: %s is never %q%s",
						v.name, string(text), didYouMean(string(text), v.values))
				}
			}
		}
	}))
}

// qualified is the dotted name that e spells, before names are resolved.
func qualified(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent(), true
	case ast.SelectKind:
		s := e.AsSelect()
		if operand, ok := qualified(s.Operand()); ok && !s.IsTestOnly() {
			return operand + "." + s.FieldName(), true
		}
	default: // no name
	}
	return "", false
}

// leftmost is the id of the identifier that a dotted name starts with.
func leftmost(e ast.Expr) int64 {
	for e.Kind() == ast.SelectKind {
		e = e.AsSelect().Operand()
	}
	return e.ID()
}

// children are the sub-expressions of e, without the namespace of a function's name.
func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		list := slices.Clone(c.Args())
		if c.IsMemberFunction() {
			if name, ok := qualified(c.Target()); !ok || name != "sets" {
				list = append(list, c.Target())
			}
		}
		return list
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()}
	case ast.MapKind:
		var list []ast.Expr
		for _, entry := range e.AsMap().Entries() {
			list = append(list, entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
		return list
	default:
		return nil
	}
}

// estimator tells CEL how long texts and lists can be.
type estimator struct{}

func (estimator) EstimateSize(element cost.AstNode) *cost.SizeEstimate {
	path := element.Path()
	if len(path) == 0 {
		return nil
	}
	if v := variableByName(strings.TrimSuffix(strings.Join(path, "."), ".@items")); v != nil {
		longest := v.max
		if v.list != nil && path[len(path)-1] == "@items" {
			longest = maxText
		}
		for _, text := range v.values {
			longest = max(longest, uint64(len(text)))
		}
		return &cost.SizeEstimate{Min: 0, Max: longest}
	}
	return nil
}

func (estimator) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
