package config

import (
	"reflect"
	"strings"

	"sluice/pkg/nearest"
)

// Key is one setting under its three names.
type Key struct {
	Path    string // in the file, such as "kafka.allow_unsafe"
	Flag    string // on the command line, without the dashes
	Env     string // in the environment
	Default string
	Help    string
	Group   string
	Secret  bool // no flag: the environment, the file, or a file of its own
}

// Keys lists every scalar setting in the order of the struct.
func Keys() []Key { return keysOf(reflect.TypeFor[Config](), "", "", "General") }

func keysOf(t reflect.Type, prefix, section, group string) []Key {
	var keys []Key
	for i := range t.NumField() {
		f := t.Field(i)
		if isStructure(f) {
			continue
		}
		if _, ok := f.Tag.Lookup("embed"); ok {
			p, inside, name := f.Tag.Get("prefix"), section, f.Tag.Get("group")
			if p != "" {
				inside += strings.TrimSuffix(p, "-") + "."
			}
			if name == "" {
				name = group
			}
			keys = append(keys, keysOf(f.Type, prefix+p, inside, name)...)
			continue
		}
		_, secret := f.Tag.Lookup("secret")
		name := f.Tag.Get("name")
		flag := prefix + name
		keys = append(keys, Key{
			Path:    section + strings.ReplaceAll(name, "-", "_"),
			Flag:    flag,
			Env:     "SLUICE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_")),
			Default: f.Tag.Get("default"),
			Help:    f.Tag.Get("help"),
			Group:   group,
			Secret:  secret,
		})
	}
	return keys
}

// Nearest returns the known word closest to word, for a message that helps; "" when none is near.
func Nearest(word string, known []string) string {
	return nearest.Word(word, known, len(word)/2+1)
}
