package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// The bounds of rule files.
const (
	MaxFileSize = 1 << 20 // bytes of one file
	MaxRules    = 1000    // of all files together
	MaxWhen     = 4096    // bytes of one expression
	MaxReason   = 300     // bytes of one reason
)

// File is one rule file.
type File struct {
	Name string // for messages
	Data []byte
}

// source is a rule as the file has it, each value with its place.
type source struct {
	file *fileSource
	id   value

	eachHit    bool
	when       value
	unless     []value
	verdict    value // "flagged", "held", "" for a rule that only sets the posture
	holdReason value
	severity   value // "hit" or a severity
	posture    value
	reason     value
}

// value is a scalar of the file and where it stands.
type value struct {
	text string
	node *yaml.Node // nil where the file has none
}

// fileSource reads one file and gathers its problems.
type fileSource struct {
	name     string
	data     []byte
	problems *Problems
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// readFile reads the rules of a file; what is wrong goes to problems.
func readFile(f File, problems *Problems) []*source {
	s := &fileSource{name: f.Name, data: f.Data, problems: problems}
	if len(f.Data) > MaxFileSize {
		s.report(1, 1, "the file has %d bytes; at most %d are read", len(f.Data), MaxFileSize)
		return nil
	}
	root := s.document()
	if root == nil {
		return nil
	}
	var rules []*source
	s.mapping(root, "a rule file", map[string]func(*yaml.Node){
		"rules": func(n *yaml.Node) {
			for _, item := range s.sequence(n, "rules") {
				if r := s.rule(item); r != nil {
					rules = append(rules, r)
				}
			}
		},
	}, "rules")
	return rules
}

// document is the root node of the only document of the file.
func (s *fileSource) document() *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(s.data))
	if err != nil {
		s.report(1, 1, "%v", err)
		return nil
	}
	var doc, more yaml.Node
	switch err := loader.Load(&doc); {
	case errors.Is(err, io.EOF):
		s.report(1, 1, "the file is empty: want `rules:` and a list")
		return nil
	case err != nil:
		line, column, message := yamlError(err)
		s.report(line, column, "%s", message)
		return nil
	}
	switch err := loader.Load(&more); {
	case err == nil:
		s.report(max(more.Line, 1), max(more.Column, 1), "a second document: a rule file has one")
		return nil
	case !errors.Is(err, io.EOF):
		line, column, message := yamlError(err)
		s.report(line, column, "%s", message)
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		s.report(1, 1, "the file is empty: want `rules:` and a list")
		return nil
	}
	return doc.Content[0]
}

var yamlPlace = regexp.MustCompile(`\bL(\d+)\.C(\d+)`)

// yamlError takes the place out of the parser's message; it gives it in no other way.
func yamlError(err error) (line, column int, message string) {
	line, column, message = 1, 1, err.Error()
	if m := yamlPlace.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits, as many as a file of MaxFileSize has
		column, _ = strconv.Atoi(m[2])
	}
	return line, column, message
}

// rule reads one rule; nil when it is none.
func (s *fileSource) rule(n *yaml.Node) *source {
	r := &source{file: s}
	ok := s.mapping(n, "a rule", map[string]func(*yaml.Node){
		"id":          func(n *yaml.Node) { r.id = s.scalar(n, "id") },
		"each":        func(n *yaml.Node) { r.eachHit = s.oneOf(n, "each", "transfer", "hit").text == "hit" },
		"when":        func(n *yaml.Node) { r.when = s.scalar(n, "when") },
		"verdict":     func(n *yaml.Node) { r.verdict = s.oneOf(n, "verdict", "flagged", "held") },
		"hold_reason": func(n *yaml.Node) { r.holdReason = s.oneOf(n, "hold_reason", holdReasons...) },
		"severity": func(n *yaml.Node) {
			r.severity = s.oneOf(n, "severity", "none", "low", "medium", "high", "severe", "hit")
		},
		"posture": func(n *yaml.Node) { r.posture = s.oneOf(n, "posture", "victim", "beneficiary") },
		"reason":  func(n *yaml.Node) { r.reason = s.scalar(n, "reason") },
		"unless": func(n *yaml.Node) {
			for _, item := range s.sequence(n, "unless") {
				r.unless = append(r.unless, s.scalar(item, "unless"))
			}
		},
	}, "id", "when")
	if !ok {
		return nil
	}
	s.checkRule(n, r)
	return r
}

// checkRule holds the members of a rule against each other.
func (s *fileSource) checkRule(n *yaml.Node, r *source) {
	if r.id.node != nil && !idPattern.MatchString(r.id.text) {
		s.at(r.id.node, "id %q: want lower-case letters, digits and _, a letter first, at most 64", r.id.text)
	}
	if len(r.when.text) > MaxWhen {
		s.at(r.when.node, "when has %d bytes, at most %d are allowed", len(r.when.text), MaxWhen)
	}
	if len(r.reason.text) > MaxReason {
		s.at(r.reason.node, "reason has %d bytes, at most %d are allowed", len(r.reason.text), MaxReason)
	}
	held := r.verdict.text == "held"
	switch {
	case r.verdict.node != nil && r.verdict.text == "": // reported by its word
	case r.verdict.node == nil && r.posture.node == nil:
		s.at(n, "the rule says nothing: want `verdict`, or `posture` alone")
	case held && r.holdReason.node == nil:
		s.at(r.verdict.node, "a held verdict needs a `hold_reason`")
	case !held && r.holdReason.node != nil:
		s.at(r.holdReason.node, "`hold_reason` without `verdict: held`")
	}
	if r.verdict.node == nil {
		if r.severity.node != nil {
			s.at(r.severity.node, "`severity` without a `verdict`: a rule that only sets the posture raises no alert")
		}
		return
	}
	if r.reason.node == nil {
		s.at(n, "an alert needs a `reason`, one sentence for a person")
	}
	switch {
	case r.severity.node == nil && !r.eachHit:
		s.at(n, "a rule about the transfer needs a `severity`")
	case r.severity.text == "hit" && !r.eachHit:
		s.at(r.severity.node, "`severity: hit` needs `each: hit`")
	}
}

// mapping calls the function of each key of n and reports every key that is unknown, doubled or missing. It reports
// false when n is no mapping at all.
func (s *fileSource) mapping(n *yaml.Node, what string, fields map[string]func(*yaml.Node), required ...string) bool {
	if n.Kind != yaml.MappingNode {
		s.at(n, "want %s: a mapping of keys to values", what)
		return false
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		read, known := fields[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !known:
			s.at(key, "unknown key %q in %s%s", key.Value, what, didYouMean(key.Value, sortedKeys(fields)))
		case seen[key.Value]:
			s.at(key, "key %q stands twice", key.Value)
		default:
			read(val)
		}
		seen[key.Value] = true
	}
	for _, key := range required {
		if !seen[key] {
			s.at(n, "%s needs the key %q", what, key)
		}
	}
	return true
}

// sequence is the items of a list.
func (s *fileSource) sequence(n *yaml.Node, key string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		s.at(n, "%s: want a list", key)
		return nil
	}
	return n.Content
}

// scalar is a text that is not empty. Numbers, truths and aliases are refused: a rule file has only texts.
func (s *fileSource) scalar(n *yaml.Node, key string) value {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" || strings.TrimSpace(n.Value) == "" {
		s.at(n, "%s: want a text", key)
		return value{node: n}
	}
	return value{text: n.Value, node: n}
}

// oneOf is a text of a closed set.
func (s *fileSource) oneOf(n *yaml.Node, key string, words ...string) value {
	v := s.scalar(n, key)
	for _, w := range words {
		if v.text == w {
			return v
		}
	}
	if v.text != "" {
		s.at(n, "%s: %q is none of %s%s", key, v.text, strings.Join(words, ", "), didYouMean(v.text, words))
	}
	return value{node: n}
}

func (s *fileSource) at(n *yaml.Node, format string, args ...any) {
	s.report(n.Line, n.Column, format, args...)
}

func (s *fileSource) report(line, column int, format string, args ...any) {
	*s.problems = append(*s.problems, Problem{
		File: s.name, Line: max(line, 1), Column: max(column, 1), Message: fmt.Sprintf(format, args...),
	})
}

// place is where in the file the character at offset of a scalar's text stands. The text and the file differ only in
// white space (and in escapes, after which the place is a few columns off), so the place is found by counting what is
// not white space.
func (s *fileSource) place(n *yaml.Node, offset int) (line, column int) {
	line, column = n.Line, n.Column
	rest := s.fromLine(line)
	for range column - 1 {
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		_, rest, _ = strings.Cut(rest, "\n")
		line, column = line+1, 1
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && rest != "":
		rest, column = rest[1:], column+1
	}
	text := []rune(n.Value)
	before := 0
	for _, c := range text[:min(offset, len(text))] {
		if !isSpace(c) {
			before++
		}
	}
	atEnd := strings.TrimSpace(string(text[min(offset, len(text)):])) == ""
	for _, c := range rest {
		switch {
		case before == 0 && (atEnd || !isSpace(c)):
			return line, column
		case c == '\n':
			line, column = line+1, 1
			continue
		case !isSpace(c):
			before--
		}
		column++
	}
	return line, column
}

func isSpace(c rune) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// fromLine is the file from the start of a line on, counted from 1.
func (s *fileSource) fromLine(line int) string {
	rest := string(s.data)
	for range line - 1 {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	return rest
}
