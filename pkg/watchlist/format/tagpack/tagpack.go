// Package tagpack reads GraphSense TagPacks: YAML files whose header fields hold for every tag that does not say
// otherwise.
//
// What an address is listed for comes from the tag's abuse, category and concepts, by the mapping of pkg/taxonomy, and
// from overrides.tsv where a pack means something else than it writes: the OFAC pack's "user" is a sanctioned party, and
// "service" is said of crime forums. What cannot be mapped is reported and stays unnamed_service.
package tagpack

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// Format is the name of the format.
const Format = "tagpack"

// MaxBytes is the largest pack after decompression, in bytes: a pack is read whole.
const MaxBytes = 64 << 20

// confidences are GraphSense's levels of confidence in percent.
var confidences = map[string]uint8{
	"override": 100, "ownership": 100, "ledger_immanent": 100, "manual_transaction": 90, "service_api": 70,
	"authority_data": 60, "trusted_provider": 50, "service_data": 50, "forensic": 50, "untrusted_transaction": 40,
	"web_crawl": 20, "heuristic": 10, "unknown": 5,
}

// tagTypes are GraphSense's types of a tag: of who controls the address, of an event that it had a part in, or of a place
// that merely mentions it. Mentions say little about the address itself: their confidence is no higher than a web
// crawl's.
var tagTypes = map[string]bool{"actor": true, "event": true, "mention": true}

// Fits says whether a file that begins so may be one of the format.
func Fits(head []byte) bool {
	for line := range bytes.Lines(head) {
		for _, key := range []string{"tags:", "actors:", "title:"} {
			if bytes.HasPrefix(line, []byte(key)) {
				return true
			}
		}
	}
	return false
}

// Parse reads packs as one list. ActorPacks among them say who the actors are that tags name; they hold no addresses.
// entry_id is the canonical address: tags have no ids of their own.
func Parse(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	list, err := opts.ListName("", inputs)
	if err != nil {
		return nil, intake.Report{}, err
	}
	if _, _, err := opts.CheckNetwork(); err != nil {
		return nil, intake.Report{}, err
	}
	c := intake.NewCollector(Format, list, opts)
	p := &parser{Collector: c, opts: opts, actors: map[string]actor{}}
	for _, in := range inputs {
		if err := p.read(in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	for _, pack := range p.packs {
		p.tags(pack)
	}
	entries, report := c.Result()
	return entries, report, nil
}

// tagPack is a TagPack.
type tagPack struct {
	input  string
	header fields
	tags   *yaml.Node
}

type parser struct {
	*intake.Collector
	opts   intake.Options
	packs  []tagPack
	actors map[string]actor // by id
}

func (p *parser) read(in intake.Input) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return err
	}
	if len(data) > MaxBytes {
		return fmt.Errorf("%w: more than %d bytes", intake.ErrTooLarge, MaxBytes)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("not valid YAML: %w", err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return errors.New("a TagPack is a mapping with the keys title, creator and tags; an ActorPack has actors")
	}
	header, err := read(doc.Content[0])
	if err != nil {
		return err
	}
	if actors := header.nodes["actors"]; actors != nil && actors.Kind == yaml.SequenceNode {
		return p.actorPack(in.Name, actors)
	}
	tags := header.nodes["tags"]
	if tags == nil || tags.Kind != yaml.SequenceNode {
		return errors.New("the key tags is missing or no list")
	}
	p.packs = append(p.packs, tagPack{in.Name, header, tags})
	return nil
}

// tags enters the tags of a pack.
func (p *parser) tags(pack tagPack) {
	title := pack.header.text["title"]
	for _, node := range pack.tags.Content {
		at := intake.Place{Input: pack.input, Line: node.Line}
		tag, err := read(node)
		if err != nil {
			p.Reject(at, node.Value, intake.CodeMalformed, err.Error())
			continue
		}
		tag.inherit(pack.header)
		if tag.text["address"] == "" && tag.text["tx_hash"] != "" {
			p.Reject(at, tag.text["tx_hash"], intake.CodeNoAddress, "the tag is of a transaction, and lists hold addresses")
			continue
		}
		p.Add(p.row(at, title, tag))
	}
}

// fields are the values of one mapping.
type fields struct {
	text  map[string]string
	nodes map[string]*yaml.Node // of what is no scalar
}

// read reads a mapping; a key that stands twice is an error, and so is an alias, which no pack has.
func read(node *yaml.Node) (fields, error) {
	f := fields{text: map[string]string{}, nodes: map[string]*yaml.Node{}}
	if node.Kind != yaml.MappingNode {
		return f, errors.New("a tag is a mapping")
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		_, text := f.text[key.Value]
		if text || f.nodes[key.Value] != nil {
			return f, fmt.Errorf("line %d: the key %q stands twice", key.Line, key.Value)
		}
		switch {
		case value.Kind == yaml.AliasNode || key.Kind != yaml.ScalarNode:
			return f, fmt.Errorf("line %d: the key %q is an alias or no text", key.Line, key.Value)
		case value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null":
		case value.Kind == yaml.ScalarNode:
			f.text[key.Value] = value.Value
		default:
			f.nodes[key.Value] = value
		}
	}
	return f, nil
}

// inherited are the fields that a tag takes from the header when it has none.
var inherited = []string{"label", "source", "currency", "network", "confidence", "category", "abuse", "actor", "concepts", "tag_type"}

func (f fields) inherit(header fields) {
	for _, key := range inherited {
		if _, ok := f.text[key]; ok || f.nodes[key] != nil {
			continue
		}
		if v, ok := header.text[key]; ok {
			f.text[key] = v
		} else if n := header.nodes[key]; n != nil {
			f.nodes[key] = n
		}
	}
}

// row is what a tag says.
func (p *parser) row(at intake.Place, title string, tag fields) intake.Row {
	r := intake.Row{
		Place: at, Text: tag.text["address"],
		Entry: watchlist.Entry{Entity: tag.text["label"], Confidence: confidences[tag.text["confidence"]]},
	}
	actor, known := p.actors[tag.text["actor"]]
	if r.Entry.Entity == "" {
		r.Entry.Entity = tag.text["actor"]
		if known && actor.label != "" {
			r.Entry.Entity = actor.label
		}
	}
	// Newer packs name the chain apart from the asset that was seen on it.
	r.Ticker = tag.text["network"]
	if r.Ticker == "" {
		r.Ticker = tag.text["currency"]
	}
	if c, ok := tag.text["confidence"]; ok {
		if _, known := confidences[c]; !known {
			r.Terms = append(r.Terms, "confidence: "+c)
		}
	}
	if t := tag.text["tag_type"]; t == "mention" {
		r.Entry.Confidence = min(max(r.Entry.Confidence, confidences["unknown"]), confidences["web_crawl"])
	} else if t != "" && !tagTypes[t] {
		r.Terms = append(r.Terms, "tag_type: "+t)
	}
	if o, ok := override(title, tag); ok {
		r.Entry.Categories, r.Entry.Authority, r.Entry.Measure = slices.Clone(o.categories), o.authority, o.measure
		return r
	}
	var unknown []string
	r.Entry.Categories, unknown = categories(terms(tag))
	r.Terms = append(r.Terms, unknown...)
	if len(r.Entry.Categories) == 0 { // what the actor is known for
		r.Entry.Categories = slices.Clone(actor.categories)
	}
	if len(r.Entry.Categories) == 0 && p.opts.Category == "" {
		r.Terms = append(r.Terms, "no category: "+strings.Join(terms(tag), ", "))
	}
	return r
}

// categories are what words stand for, and the words that GraphSense's taxonomy does not have.
func categories(words []string) (out []taxonomy.Category, unknown []string) {
	for _, w := range words {
		c, known := taxonomy.GraphSense.Category(w)
		if !known {
			unknown = append(unknown, w)
		}
		if c != "" {
			out = append(out, c)
		}
	}
	return out, unknown
}

// terms are the words that say what a tag's address does.
func terms(tag fields) []string {
	var out []string
	for _, key := range []string{"abuse", "category"} {
		if v := tag.text[key]; v != "" {
			out = append(out, v)
		}
	}
	return append(out, tag.list("concepts")...)
}

// list are the texts of a key that holds several, or one.
func (f fields) list(key string) []string {
	var out []string
	if n := f.nodes[key]; n != nil {
		for _, item := range n.Content {
			if item.Kind == yaml.ScalarNode && item.Value != "" {
				out = append(out, item.Value)
			}
		}
	} else if v := f.text[key]; v != "" {
		out = append(out, v)
	}
	return out
}
