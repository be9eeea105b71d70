package main

import (
	"reflect"
	"strings"
)

// narrow is the type of the grammar t, a struct of commands, without the commands that args do not name. Every command takes
// every setting as a flag; to describe them all to the parser takes a tenth of a second, of which a script that calls many
// commands would wait for each. Where args begin with anything but a command's exact name, all commands stay, so that help
// and the hints to what was misspelt know them.
func narrow(t reflect.Type, args []string) reflect.Type {
	if len(args) == 0 || t.NumMethod() > 0 || reflect.PointerTo(t).NumMethod() > 0 {
		return t
	}
	var kept []reflect.StructField
	named := false
	for i := range t.NumField() {
		f := t.Field(i)
		_, command := f.Tag.Lookup("cmd")
		if command && commandName(f) == args[0] {
			named = true
			if f.Type.Kind() == reflect.Struct {
				f.Type = narrow(f.Type, args[1:])
			}
		} else if command {
			continue
		}
		if f.Anonymous || !f.IsExported() {
			return t
		}
		kept = append(kept, reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag})
	}
	if !named {
		return t
	}
	return reflect.StructOf(kept)
}

// commandName is the name that the parser gives to a field: its tag's, or the field's in lower case.
func commandName(f reflect.StructField) string {
	if name := f.Tag.Get("name"); name != "" {
		return name
	}
	return strings.ToLower(f.Name)
}
