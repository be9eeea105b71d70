package reference

import (
	"fmt"
	"strings"

	"sluice/pkg/taxonomy"
)

// mappings are the published mappings, in the order of the page.
var mappings = []struct {
	name, file, source string
	taxonomy.Mapping
}{
	{"GraphSense", "graphsense", "Concepts 0.1.0 of [graphsense-tagpack-tool](https://github.com/graphsense/graphsense-tagpack-tool), and the categories and abuses of older TagPacks.", taxonomy.GraphSense},
	{"INTERPOL", "interpol", "Entities and abuses of the [INTERPOL dark web and virtual assets taxonomy](https://interpol-innovation-centre.github.io/DW-VA-Taxonomy/) 0.2.1.", taxonomy.Interpol},
	{"FollowTheMoney", "followthemoney", "Topics of [FollowTheMoney](https://followthemoney.tech/explorer/types/topic/), as OpenSanctions publishes them.", taxonomy.FollowTheMoney},
	{"Chainalysis", "chainalysis", "Category numbers of Chainalysis KYT. The vendor's own list wants a login; these are the numbers and names that [Fireblocks publishes](https://support.fireblocks.io/hc/en-us/articles/8593762897436-AML-Post-Screening-Policy) for its integration, as of 2026-05-19. A customer can compare them with `GET /api/kyt/v2/categories`.", taxonomy.Chainalysis},
	{"Etherscan", "etherscan", "Labels of the block explorers of the Etherscan family.", taxonomy.Etherscan},
	{"STIX", "stix", "Words of the open vocabularies of [STIX 2.1](https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html), and types of its objects.", taxonomy.STIX},
	{"MISP", "misp", "Tags of [MISP's taxonomies](https://github.com/MISP/misp-taxonomies) and types of its galaxies.", taxonomy.MISP},
}

// Taxonomy is the page of the categories and their mappings.
func Taxonomy() string {
	var b strings.Builder
	b.WriteString(`# Taxonomy

<!-- Generated: go test ./services/internal/reference -update -->

What listed addresses are listed for. Where an address has several categories, the first in this order is the primary
one. The severity is the default of a hit; rules and sources may say otherwise. The other columns are the word that is
written for a category towards each taxonomy; an empty cell is a category that it has no word for.

| category | severity |`)
	for _, m := range mappings {
		fmt.Fprintf(&b, " %s |", m.name)
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(mappings)) + "\n")
	for _, c := range taxonomy.All() {
		fmt.Fprintf(&b, "| %s | %s |", c, c.Severity())
		for _, m := range mappings {
			term, _ := m.Term(c)
			fmt.Fprintf(&b, " %s |", term)
		}
		b.WriteByte('\n')
	}
	b.WriteString(`
A word that no mapping knows is never guessed at: an import reports it as unmapped, and its address stays unnamed_service
or takes the category that the caller gives. The tables below are the data files of ` + "`pkg/taxonomy/mappings`" + `; a word with an
empty category is known and says nothing of what an address is listed for.
`)
	for _, m := range mappings {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| word | category | which is |\n| --- | --- | --- |\n", m.name, m.source)
		for _, term := range m.Terms() {
			c, _ := m.Category(term)
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", term, c, m.Remark(term))
		}
	}
	return b.String()
}
