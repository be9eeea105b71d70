package tagpack

import (
	_ "embed"
	"fmt"
	"strings"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

// overridden is what a pack means by tags of a title and label.
type overridden struct {
	categories []taxonomy.Category
	authority  string
	measure    watchlist.Measure
}

// overrides.tsv has lines TITLE<TAB>LABEL<TAB>CATEGORY,…<TAB>AUTHORITY<TAB>MEASURE; the label * is every label, a line
// with the label itself goes before it, and "-" is nothing.
//
//go:embed overrides.tsv
var overridesFile string

var overrides = func() map[[2]string]overridden {
	m, err := parseOverrides(overridesFile)
	if err != nil {
		panic(err) // a broken file of this package is a broken build, found by any test
	}
	return m
}()

func parseOverrides(text string) (map[[2]string]overridden, error) {
	m := map[[2]string]overridden{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		col := strings.Split(line, "\t")
		if len(col) != 5 {
			return nil, fmt.Errorf("overrides, line %d: %d columns, want 5", n, len(col))
		}
		var o overridden
		for name := range strings.SplitSeq(col[2], ",") {
			c, err := taxonomy.ParseCategory(name)
			if err != nil {
				return nil, fmt.Errorf("overrides, line %d: %w", n, err)
			}
			o.categories = append(o.categories, c)
		}
		if col[3] != "-" {
			o.authority = col[3]
		}
		if col[4] != "-" {
			o.measure = watchlist.Measure(col[4])
		}
		if !o.measure.Valid() {
			return nil, fmt.Errorf("overrides, line %d: measure %q", n, o.measure)
		}
		key := [2]string{col[0], col[1]}
		if _, twice := m[key]; twice {
			return nil, fmt.Errorf("overrides, line %d: %q stands twice", n, key)
		}
		m[key] = o
	}
	return m, nil
}

// override returns what the pack with the title means by the tag, where that is not what it says.
func override(title string, tag fields) (overridden, bool) {
	if o, ok := overrides[[2]string{title, tag.text["label"]}]; ok {
		return o, true
	}
	o, ok := overrides[[2]string{title, "*"}]
	return o, ok
}
