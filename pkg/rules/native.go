package rules

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"sluice/pkg/taxonomy"
)

const setsIntersects = "sets.intersects"

// answer is true, false, or depends on what is not known yet.
type answer uint8

const (
	depends answer = iota
	no
	yes
)

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

// node is a question in native code. ask answers it for a subject; known answers it from what is known of some
// variables alone.
type node interface {
	ask(s *subject) bool
	known(value func(*variable) any) answer
}

type (
	constant bool
	allOf    []node
	anyOf    []node
	negation struct{ of node }
	truth    struct{ v *variable }
	textIn   struct {
		v   *variable
		set []string
	}
	compare struct {
		v  *variable
		op string
		n  int64
	}
	intersects struct {
		v   *variable
		set []taxonomy.Category
	}
)

func (n constant) ask(*subject) bool                   { return bool(n) }
func (n constant) known(func(*variable) any) answer    { return answerOf(bool(n)) }
func (n negation) ask(s *subject) bool                 { return !n.of.ask(s) }
func (n truth) ask(s *subject) bool                    { return n.v.truth(s) }
func (n textIn) ask(s *subject) bool                   { return slices.Contains(n.set, n.v.text(s)) }
func (n compare) ask(s *subject) bool                  { return n.holds(n.v.number(s)) }
func (n intersects) known(func(*variable) any) answer  { return depends }
func (n allOf) known(value func(*variable) any) answer { return combine(n, value, no) }
func (n anyOf) known(value func(*variable) any) answer { return combine(n, value, yes) }

func (n allOf) ask(s *subject) bool {
	for _, q := range n {
		if !q.ask(s) {
			return false
		}
	}
	return true
}

func (n anyOf) ask(s *subject) bool {
	for _, q := range n {
		if q.ask(s) {
			return true
		}
	}
	return false
}

func (n intersects) ask(s *subject) bool {
	for _, c := range n.v.list(s) {
		if slices.Contains(n.set, c) {
			return true
		}
	}
	return false
}

// combine is the answer of a list of questions of which one answer settles all.
func combine(list []node, value func(*variable) any, settles answer) answer {
	open := false
	for _, q := range list {
		switch q.known(value) {
		case settles:
			return settles
		case depends:
			open = true
		case yes, no:
		}
	}
	switch {
	case open:
		return depends
	case settles == yes:
		return no
	}
	return yes
}

func (n negation) known(value func(*variable) any) answer {
	switch n.of.known(value) {
	case yes:
		return no
	case no:
		return yes
	case depends:
	}
	return depends
}

func (n truth) known(value func(*variable) any) answer {
	if b, ok := value(n.v).(bool); ok {
		return answerOf(b)
	}
	return depends
}

func (n textIn) known(value func(*variable) any) answer {
	if text, ok := value(n.v).(string); ok {
		return answerOf(slices.Contains(n.set, text))
	}
	return depends
}

func (n compare) known(value func(*variable) any) answer {
	if x, ok := value(n.v).(int64); ok {
		return answerOf(n.holds(x))
	}
	return depends
}

func (n compare) holds(x int64) bool {
	switch n.op {
	case operators.Equals:
		return x == n.n
	case operators.NotEquals:
		return x != n.n
	case operators.Less:
		return x < n.n
	case operators.LessEquals:
		return x <= n.n
	case operators.Greater:
		return x > n.n
	default:
		return x >= n.n
	}
}

// lift turns an expression into native code. all tells whether the native code is the whole of it; otherwise it is what
// could be taken out of the conjunction: necessary, not sufficient. CEL's && ignores the order of its sides, and an
// error beside a false one, so asking the native part first changes no answer.
func lift(tree *ast.AST, e ast.Expr) (n node, all bool) {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		both := allOf{}
		all = true
		for _, arg := range e.AsCall().Args() {
			part, whole := lift(tree, arg)
			both = append(both, part)
			all = all && whole
		}
		return both, all
	}
	if n := native(tree, e); n != nil {
		return n, true
	}
	return constant(true), false
}

// native is the native form of an expression, nil when it has none.
func native(tree *ast.AST, e ast.Expr) node {
	switch e.Kind() {
	case ast.LiteralKind:
		if b, ok := e.AsLiteral().(types.Bool); ok {
			return constant(b)
		}
	case ast.IdentKind:
		if v := variableOf(e); v != nil && v.truth != nil {
			return truth{v}
		}
	case ast.CallKind:
		return nativeCall(tree, e.AsCall())
	default: // the interpreter's
	}
	return nil
}

func nativeCall(tree *ast.AST, c ast.CallExpr) node {
	args := c.Args()
	switch name := c.FunctionName(); name {
	case operators.LogicalAnd, operators.LogicalOr:
		parts := make([]node, len(args))
		for i, arg := range args {
			if parts[i] = native(tree, arg); parts[i] == nil {
				return nil
			}
		}
		if name == operators.LogicalAnd {
			return allOf(parts)
		}
		return anyOf(parts)
	case operators.LogicalNot:
		if of := native(tree, args[0]); of != nil {
			return negation{of}
		}
	case operators.In, setsIntersects:
		return nativeMembership(args[0], args[1])
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater,
		operators.GreaterEquals:
		if n := nativeCompare(tree, name, args[0], args[1]); n != nil {
			return n
		}
		return nativeCompare(tree, mirrored[name], args[1], args[0])
	}
	return nil
}

// mirrored is the operator that says the same with its sides exchanged.
var mirrored = map[string]string{
	operators.Equals: operators.Equals, operators.NotEquals: operators.NotEquals,
	operators.Less: operators.Greater, operators.LessEquals: operators.GreaterEquals,
	operators.Greater: operators.Less, operators.GreaterEquals: operators.LessEquals,
}

// nativeCompare is `variable op literal`.
func nativeCompare(tree *ast.AST, op string, left, right ast.Expr) node {
	v := variableOf(left)
	if v == nil {
		return nil
	}
	equality := op == operators.Equals || op == operators.NotEquals
	var n node
	switch x := literalOf(tree, right).(type) {
	case types.Int:
		if v.number != nil {
			return compare{v, op, int64(x)}
		}
	case types.String:
		if v.text != nil && equality {
			n = textIn{v, []string{string(x)}}
		}
	case types.Bool:
		if v.truth != nil && equality {
			n = truth{v}
			if !x {
				n = negation{n}
			}
		}
	}
	if n != nil && op == operators.NotEquals {
		return negation{n}
	}
	return n
}

// nativeMembership is `text in [literals]`, `literal in list` and `sets.intersects(list, [literals])`, whose sides may
// be exchanged.
func nativeMembership(left, right ast.Expr) node {
	v, set := variableOf(left), right
	if v == nil {
		v, set = variableOf(right), left
	}
	if v == nil {
		return nil
	}
	var texts []string
	for _, e := range literals(set) {
		if text, ok := e.AsLiteral().(types.String); ok {
			texts = append(texts, string(text))
		}
	}
	isList := set.Kind() == ast.ListKind
	if isList && len(texts) != len(set.AsList().Elements()) || !isList && len(texts) == 0 {
		return nil
	}
	switch {
	case v.text != nil && isList:
		return textIn{v, texts}
	case v.list != nil:
		n := intersects{v: v}
		for _, text := range texts {
			n.set = append(n.set, taxonomy.Category(text))
		}
		return n
	}
	return nil
}

// variableOf is the variable that e names, nil when it names none.
func variableOf(e ast.Expr) *variable {
	if e.Kind() != ast.IdentKind {
		return nil
	}
	return variableByName(e.AsIdent())
}

// literalOf is the value of a literal or of a named constant, nil when e is neither.
func literalOf(tree *ast.AST, e ast.Expr) any {
	if e.Kind() == ast.LiteralKind {
		return e.AsLiteral()
	}
	if ref, ok := tree.ReferenceMap()[e.ID()]; ok && ref.Value != nil {
		return ref.Value
	}
	return nil
}

// literals are the literals that e is, or lists.
func literals(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.LiteralKind:
		return []ast.Expr{e}
	case ast.ListKind:
		var list []ast.Expr
		for _, item := range e.AsList().Elements() {
			if item.Kind() == ast.LiteralKind {
				list = append(list, item)
			}
		}
		return list
	default:
		return nil
	}
}
