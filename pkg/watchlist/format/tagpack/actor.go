package tagpack

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist/format/intake"
)

// actor is who a tag's actor is.
type actor struct {
	label      string
	categories []taxonomy.Category
}

// actorPack reads the actors of an ActorPack. One that stands in two packs is an error: which of them is meant cannot be
// told.
func (p *parser) actorPack(input string, nodes *yaml.Node) error {
	for _, node := range nodes.Content {
		f, err := read(node)
		if err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		id := f.text["id"]
		if id == "" {
			return fmt.Errorf("line %d: an actor without an id", node.Line)
		}
		categories, unknown := categories(append(f.list("categories"), f.list("concepts")...))
		if len(unknown) > 0 {
			p.Note(intake.Place{Input: input, Line: node.Line}, id, intake.CodeSkipped, fmt.Sprintf("categories of the actor that no mapping knows: %q", unknown))
		}
		for _, name := range append(f.list("aliases"), id) {
			if _, twice := p.actors[name]; twice {
				return fmt.Errorf("line %d: the actor %q stands twice", node.Line, name)
			}
			p.actors[name] = actor{f.text["label"], categories}
		}
	}
	return nil
}
