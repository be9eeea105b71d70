package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/pkg/nearest"
)

// Problem is one thing that is wrong in a rule file, and where.
type Problem struct {
	File    string
	Line    int // from 1
	Column  int // from 1, in characters
	Message string
}

// String is the problem as compilers write it: file:line:column: message.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems are all problems of the files, by place. It is the error of Compile.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// didYouMean is a hint at the known word that is nearest to the given one, "" when none is near.
func didYouMean(word string, known []string) string {
	best := nearest.Word(word, known, len(word)/3+1)
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %s?", best)
}
