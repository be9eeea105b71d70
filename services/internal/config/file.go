package config

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds a config file; a larger one is a mistake.
const maxFile = 1 << 20

// File is a parsed config file: values by key path, as text; of structures their JSON.
type File map[string]string

// FileError says where a config file is wrong, and what would be right.
type FileError struct {
	Line, Column int
	Problem      string
}

func (e *FileError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Problem)
}

// ReadFile parses a YAML config file strictly: a mapping of sections, no unknown or repeated key, no alias.
func ReadFile(r io.Reader) (File, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("the file is larger than %d bytes", maxFile)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	f := File{}
	if len(root.Content) == 0 {
		return f, nil
	}
	known := map[string]bool{}
	var paths []string
	for _, k := range Keys() {
		known[k.Path] = true
		paths = append(paths, k.Path)
	}
	return f, f.walk(root.Content[0], "", known, paths)
}

func (f File) walk(n *yaml.Node, prefix string, known map[string]bool, paths []string) error {
	if n.Kind != yaml.MappingNode {
		return &FileError{n.Line, n.Column, fmt.Sprintf("%q must be a mapping of keys to values", strings.TrimSuffix(prefix, "."))}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		path := prefix + key.Value
		if seen[path] {
			return &FileError{key.Line, key.Column, fmt.Sprintf("key %q is given twice", path)}
		}
		seen[path] = true
		switch {
		case structures[path] != nil:
			text, err := structure(path, structures[path], value)
			if err != nil {
				return err
			}
			f[path] = text
		case known[path]:
			text, err := scalar(path, value)
			if err != nil {
				return err
			}
			f[path] = text
		case isSection(path, paths):
			if err := f.walk(value, path+".", known, paths); err != nil {
				return err
			}
		default:
			problem := fmt.Sprintf("unknown key %q", path)
			if near := Nearest(path, append(paths, slices.Sorted(maps.Keys(structures))...)); near != "" {
				problem += fmt.Sprintf("; did you mean %q?", near)
			}
			return &FileError{key.Line, key.Column, problem}
		}
	}
	return nil
}

func isSection(path string, paths []string) bool {
	for _, p := range paths {
		if strings.HasPrefix(p, path+".") {
			return true
		}
	}
	return false
}

// scalar reads one value as text; a list of scalars becomes a comma-separated one.
func scalar(path string, n *yaml.Node) (string, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value, nil
	case yaml.SequenceNode:
		var parts []string
		for _, c := range n.Content {
			if c.Kind != yaml.ScalarNode {
				return "", &FileError{c.Line, c.Column, fmt.Sprintf("%q must be a list of plain values", path)}
			}
			parts = append(parts, c.Value)
		}
		return strings.Join(parts, ","), nil
	default:
		return "", &FileError{n.Line, n.Column, fmt.Sprintf("%q must be a plain value", path)}
	}
}
