package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"sluice/pkg/nearest"
	"sluice/pkg/taxonomy"
)

// Field is a member of an entry that a table can fill.
type Field string

// The fields, under the names of the entry's members.
const (
	FieldAddress         Field = "address"
	FieldNetwork         Field = "network"
	FieldTag             Field = "tag"
	FieldCategory        Field = "category"
	FieldEntity          Field = "entity"
	FieldEntryID         Field = "entry_id"
	FieldAuthority       Field = "authority"
	FieldProgram         Field = "program"
	FieldMeasure         Field = "measure"
	FieldConfidence      Field = "confidence"
	FieldPartyListedAt   Field = "party_listed_at"
	FieldAddressListedAt Field = "address_listed_at"
	FieldDelistedAt      Field = "delisted_at"
)

// Fields are the fields, in the order in which people are told of them.
var Fields = []Field{
	FieldAddress, FieldNetwork, FieldTag, FieldCategory, FieldEntity, FieldEntryID, FieldAuthority, FieldProgram,
	FieldMeasure, FieldConfidence, FieldPartyListedAt, FieldAddressListedAt, FieldDelistedAt,
}

// FieldNames are the names of the fields for people.
func FieldNames() string {
	names := make([]string, len(Fields))
	for i, f := range Fields {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

// Columns reads pairs of field and column.
func Columns(pairs map[string]string) (map[Field]string, error) {
	out := map[Field]string{}
	for field, column := range pairs {
		if !slices.Contains(Fields, Field(field)) {
			return nil, unknown("field", field, 0, strings.Split(FieldNames(), ", "))
		}
		if column == "" {
			return nil, fmt.Errorf("%s: the column is empty", field)
		}
		out[Field(field)] = column
	}
	return out, nil
}

// Mapping says what the columns of a table, or the members of JSON objects, are, and what its labels mean.
type Mapping struct {
	Root      string           // of a JSON document: the members, separated by dots, under which the rows stand
	Fields    map[Field]string // which column or member holds what: a header's name, or #N for the Nth column, from 1
	Fixed     map[Field]string // what holds for every row
	Only      bool             // fields that are not named are not looked for under their usual names
	Separator string           // between the labels of one cell; "": any of , ; |
	Labels    map[string]Label // by label in lower case; one that ends in * stands for all that begin so
	Default   *Label           // of labels that are not among them, and of rows without one; nil: none
}

// Label is what a label means: a category, or that its rows are left out.
type Label struct {
	Category taxonomy.Category
	Ignore   bool
}

// ignoreWord is written in a mapping for labels whose rows are left out.
const ignoreWord = "ignore"

// Label returns what a label means by the mapping, and whether the mapping has it.
func (m *Mapping) Label(text string) (Label, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if l, ok := m.Labels[text]; ok {
		return l, true
	}
	best, found := "", false
	for pattern := range m.Labels {
		stem, ok := strings.CutSuffix(pattern, "*")
		if ok && strings.HasPrefix(text, stem) && (!found || len(pattern) > len(best)) {
			best, found = pattern, true
		}
	}
	return m.Labels[best], found
}

// maxMapping is the largest mapping file, in bytes.
const maxMapping = 1 << 20

var mappingKeys = []string{"root", "fields", "fixed", "separator", "categories", "default_category"}

// ParseMapping reads a mapping file (YAML). Unknown keys, fields and categories are errors that name the line and the
// nearest known word.
func ParseMapping(data []byte) (Mapping, error) {
	if len(data) > maxMapping {
		return Mapping{}, fmt.Errorf("a mapping file has at most %d bytes", maxMapping)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return Mapping{}, fmt.Errorf("not valid YAML: %w", err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return Mapping{}, fmt.Errorf("a mapping file has keys of %s", strings.Join(mappingKeys, ", "))
	}
	m := Mapping{Labels: map[string]Label{}}
	err := each(doc.Content[0], func(key, value *yaml.Node) error {
		var err error
		switch key.Value {
		case "root":
			m.Root, err = scalar(key, value)
		case "separator":
			if m.Separator, err = scalar(key, value); err == nil && m.Separator == "" {
				err = fmt.Errorf("line %d: separator is empty", key.Line)
			}
		case "fields":
			m.Only = true
			m.Fields, err = fieldMap(key, value)
		case "fixed":
			m.Fixed, err = fieldMap(key, value)
		case "categories":
			err = labels(key, value, m.Labels)
		case "default_category":
			var text string
			var l Label
			if text, err = scalar(key, value); err == nil {
				l, err = label(text, key.Line)
				m.Default = &l
			}
		default:
			err = unknown("key", key.Value, key.Line, mappingKeys)
		}
		return err
	})
	if err != nil {
		return Mapping{}, err
	}
	return m, m.check()
}

// check says what is wrong with the mapping as a whole.
func (m *Mapping) check() error {
	for _, f := range Fields {
		_, fixed := m.Fixed[f]
		_, named := m.Fields[f]
		if fixed && named {
			return fmt.Errorf("%s is both a field and fixed: one of them", f)
		}
		if fixed && f == FieldAddress {
			return errors.New("address cannot be fixed: it is what tells the rows apart")
		}
	}
	if c, ok := m.Fixed[FieldCategory]; ok {
		if _, err := label(c, 0); err != nil {
			return fmt.Errorf("fixed: %w", err)
		}
	}
	return nil
}

// each goes through a mapping node; a key that stands twice is an error, and so are aliases.
func each(node *yaml.Node, fn func(key, value *yaml.Node) error) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || value.Kind == yaml.AliasNode {
			return fmt.Errorf("line %d: a key is text, and no value is an alias", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %q stands twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if err := fn(key, value); err != nil {
			return err
		}
	}
	return nil
}

func scalar(key, value *yaml.Node) (string, error) {
	if value.Kind != yaml.ScalarNode {
		return "", fmt.Errorf("line %d: %s is text", key.Line, key.Value)
	}
	return value.Value, nil
}

func fieldMap(key, node *yaml.Node) (map[Field]string, error) {
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: %s has lines FIELD: VALUE", key.Line, key.Value)
	}
	out := map[Field]string{}
	return out, each(node, func(key, value *yaml.Node) error {
		if !slices.Contains(Fields, Field(key.Value)) {
			return unknown("field", key.Value, key.Line, strings.Split(FieldNames(), ", "))
		}
		text, err := scalar(key, value)
		if err == nil && text == "" {
			err = fmt.Errorf("line %d: %s is empty", key.Line, key.Value)
		}
		out[Field(key.Value)] = text
		return err
	})
}

func labels(key, node *yaml.Node, out map[string]Label) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s has lines LABEL: CATEGORY", key.Line, key.Value)
	}
	return each(node, func(key, value *yaml.Node) error {
		text, err := scalar(key, value)
		if err != nil {
			return err
		}
		l, err := label(text, key.Line)
		if err != nil {
			return err
		}
		low := strings.ToLower(strings.TrimSpace(key.Value))
		if _, twice := out[low]; twice {
			return fmt.Errorf("line %d: the label %q stands twice: capitals do not count", key.Line, key.Value)
		}
		out[low] = l
		return nil
	})
}

// label reads a category or the word ignore.
func label(text string, line int) (Label, error) {
	if text == ignoreWord {
		return Label{Ignore: true}, nil
	}
	c := taxonomy.Category(text)
	if c.Valid() {
		return Label{Category: c}, nil
	}
	known := []string{ignoreWord}
	for _, c := range taxonomy.All() {
		known = append(known, string(c))
	}
	return Label{}, unknown("category", text, line, known)
}

// maxWord is the longest word that a nearest one is looked for, in bytes.
const maxWord = 64

func unknown(what, word string, line int, known []string) error {
	place := ""
	if line > 0 {
		place = fmt.Sprintf("line %d: ", line)
	}
	if len(word) <= maxWord {
		if near := nearest.Word(word, known, 1+len(word)/4); near != "" {
			return fmt.Errorf("%s%s %q is unknown; the nearest is %q", place, what, word, near)
		}
	}
	return fmt.Errorf("%s%s %q is none of %s", place, what, word, strings.Join(known, ", "))
}
