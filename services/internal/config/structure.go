package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// structures are the keys whose value is a list of mappings. They stand in the file alone: no flag and no variable could
// hold them. In a File their value is the JSON of what was read, strictly.
var structures = map[string]reflect.Type{"sources": reflect.TypeFor[[]Source]()}

// BeforeApply takes the structures over from the file. The command-line parser calls it before Validate.
func (c *Config) BeforeApply(f File) error {
	c.Sources = nil
	text, ok := f["sources"]
	if !ok {
		return nil
	}
	return json.Unmarshal([]byte(text), &c.Sources)
}

// structure reads the value of a structured key.
func structure(path string, t reflect.Type, n *yaml.Node) (string, error) {
	v := reflect.New(t).Elem()
	if err := decode(n, path, v); err != nil {
		return "", err
	}
	text, err := json.Marshal(v.Interface())
	return string(text), err
}

// decode reads a node into a value of one of the kinds that structures are made of: text, truth, numbers, durations,
// lists, mappings with fixed keys (structs) and with any (maps). Fields have their key in the tag yaml and, unless they
// are left out, the default in the tag default; those with the tag required must be there.
func decode(n *yaml.Node, path string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Struct:
		return decodeStruct(n, path, v)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return wrong(n, path, "a list")
		}
		for i, c := range n.Content {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := decode(c, fmt.Sprintf("%s[%d]", path, i), item); err != nil {
				return err
			}
			v.Set(reflect.Append(v, item))
		}
		return nil
	case reflect.Map:
		if n.Kind != yaml.MappingNode {
			return wrong(n, path, "a mapping of keys to values")
		}
		v.Set(reflect.MakeMap(v.Type()))
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, item := n.Content[i], reflect.New(v.Type().Elem()).Elem()
			if v.MapIndex(reflect.ValueOf(key.Value)).IsValid() {
				return &FileError{key.Line, key.Column, fmt.Sprintf("key %q is given twice", path+"."+key.Value)}
			}
			if err := decode(n.Content[i+1], path+"."+key.Value, item); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(key.Value), item)
		}
		return nil
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decode(n, path, v.Elem())
	default:
		if n.Kind != yaml.ScalarNode {
			return wrong(n, path, "a plain value")
		}
		if want := decodeText(n.Value, v); want != "" {
			return wrong(n, path, want)
		}
		return nil
	}
}

// decodeText reads a plain value; want says what would be right, "" when it is.
func decodeText(text string, v reflect.Value) (want string) {
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(text)
		if err != nil {
			return "a duration such as 90s, 15m, 24h"
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			return "true or false"
		}
		v.SetBool(text == "true")
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return "a whole number"
		}
		v.SetInt(n)
	}
	return ""
}

func decodeStruct(n *yaml.Node, path string, v reflect.Value) error {
	if n.Kind != yaml.MappingNode {
		return wrong(n, path, "a mapping of keys to values")
	}
	fields, names := map[string]int{}, []string(nil)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("yaml")
		fields[name], names = i, append(names, name)
		if text, ok := f.Tag.Lookup("default"); ok {
			decodeText(text, v.Field(i))
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at, known := fields[key.Value]
		if !known {
			problem := fmt.Sprintf("unknown key %q", path+"."+key.Value)
			if near := Nearest(key.Value, names); near != "" {
				problem += fmt.Sprintf("; did you mean %q?", near)
			}
			return &FileError{key.Line, key.Column, problem}
		}
		if seen[key.Value] {
			return &FileError{key.Line, key.Column, fmt.Sprintf("key %q is given twice", path+"."+key.Value)}
		}
		seen[key.Value] = true
		if err := decode(value, path+"."+key.Value, v.Field(at)); err != nil {
			return err
		}
	}
	for _, name := range names {
		if _, must := v.Type().Field(fields[name]).Tag.Lookup("required"); must && !seen[name] {
			return &FileError{n.Line, n.Column, fmt.Sprintf("%s needs the key %q", path, name)}
		}
	}
	return nil
}

func wrong(n *yaml.Node, path, want string) error {
	return &FileError{n.Line, n.Column, fmt.Sprintf("%q must be %s", path, want)}
}

// Field is one key of a structure, for the reference page.
type Field struct {
	Path    string // such as "sources[].list"
	Default string
	Help    string
}

// Fields lists the keys of all structures.
func Fields() []Field { return fieldsOf(reflect.TypeFor[Source](), "sources[]") }

func fieldsOf(t reflect.Type, prefix string) []Field {
	var all []Field
	for i := range t.NumField() {
		f := t.Field(i)
		path := prefix + "." + f.Tag.Get("yaml")
		all = append(all, Field{Path: path, Default: f.Tag.Get("default"), Help: f.Tag.Get("help")})
		if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
			all = append(all, fieldsOf(f.Type.Elem(), path+"[]")...)
		}
	}
	return all
}

// isStructure reports whether a field of Config holds a structure and not a scalar setting.
func isStructure(f reflect.StructField) bool { return strings.HasPrefix(f.Tag.Get("kong"), "-") }
