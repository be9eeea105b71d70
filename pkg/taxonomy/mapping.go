package taxonomy

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Mapping is how one publisher's words map to categories and back. It is made from a data file of this package.
type Mapping struct {
	to      map[string]Category
	from    map[Category]string
	remarks map[string]string
}

//go:embed mappings/*.tsv
var files embed.FS

// The published mappings. Each file in mappings/ has lines TERM<TAB>CATEGORY, where the category "-" says that the word
// is known and tells nothing about what an address is listed for; a third column is a remark. The first term of a
// category is the one to write.
var (
	// GraphSense are the concepts, categories and abuses of GraphSense TagPacks, a superset of INTERPOL's.
	GraphSense = mustLoad("graphsense")
	// Interpol are the entities and abuses of the INTERPOL dark web and virtual assets taxonomy.
	Interpol = mustLoad("interpol")
	// FollowTheMoney are the topics of FollowTheMoney entities, as OpenSanctions publishes them.
	FollowTheMoney = mustLoad("followthemoney")
	// Etherscan are the labels of the block explorers of the Etherscan family.
	Etherscan = mustLoad("etherscan")
	// Chainalysis are the category numbers of Chainalysis KYT, as one of its integrators publishes them.
	Chainalysis = mustLoad("chainalysis")
	// STIX are the words of the open vocabularies of STIX 2.1.
	STIX = mustLoad("stix")
	// MISP are tags of MISP's taxonomies and types of its galaxies.
	MISP = mustLoad("misp")
)

// Read returns what a word stands for that its publisher does not name the vocabulary of: a category by its own name,
// else the first of the mappings that knows it. known is false where none does.
func Read(term string, mappings ...Mapping) (c Category, known bool) {
	term = strings.ToLower(strings.TrimSpace(term))
	if c := Category(term); c.Valid() {
		return c, true
	}
	for _, m := range mappings {
		if c, known := m.to[term]; known {
			return c, true
		}
	}
	return "", false
}

// Category returns what the publisher's term stands for. The category is "" where the term is known and says nothing of
// the kind; known is false for a term that the mapping does not have.
func (m Mapping) Category(term string) (c Category, known bool) {
	c, known = m.to[strings.ToLower(strings.TrimSpace(term))]
	return c, known
}

// Term returns the publisher's word for c, and whether it has one.
func (m Mapping) Term(c Category) (string, bool) {
	t, ok := m.from[c]
	return t, ok
}

// Remark is what the data file says beside a term, such as the name of what a number stands for; "" for nothing.
func (m Mapping) Remark(term string) string { return m.remarks[term] }

// Terms returns the publisher's words, sorted; numbers by their value.
func (m Mapping) Terms() []string {
	out := make([]string, 0, len(m.to))
	for t := range m.to {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b string) int {
		x, errX := strconv.Atoi(a)
		y, errY := strconv.Atoi(b)
		if errX == nil && errY == nil && x != y {
			return x - y
		}
		return strings.Compare(a, b)
	})
	return out
}

// mustLoad reads a data file of this package; a broken one is a broken build, found by any test.
func mustLoad(name string) Mapping {
	b, err := files.ReadFile("mappings/" + name + ".tsv")
	if err != nil {
		panic(err)
	}
	m, err := parseMapping(string(b))
	if err != nil {
		panic(fmt.Errorf("mapping %s: %w", name, err))
	}
	return m
}

func parseMapping(text string) (Mapping, error) {
	m := Mapping{to: map[string]Category{}, from: map[Category]string{}, remarks: map[string]string{}}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		term, name, ok := strings.Cut(line, "\t")
		name, remark, _ := strings.Cut(name, "\t")
		if remark != "" {
			m.remarks[term] = strings.TrimSpace(strings.TrimPrefix(remark, "#"))
		}
		if !ok || term == "" || term != strings.ToLower(term) {
			return Mapping{}, fmt.Errorf("line %d: want TERM<TAB>CATEGORY with the term in lower case, have %q", n, line)
		}
		if _, twice := m.to[term]; twice {
			return Mapping{}, fmt.Errorf("line %d: the term %q stands twice", n, term)
		}
		if name == "-" {
			m.to[term] = ""
			continue
		}
		c, err := ParseCategory(name)
		if err != nil {
			return Mapping{}, fmt.Errorf("line %d: %w", n, err)
		}
		m.to[term] = c
		if _, ok := m.from[c]; !ok {
			m.from[c] = term
		}
	}
	return m, nil
}
