package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestACommandIsTheSameInTheNarrowedGrammar compares what each command takes with what the whole grammar says.
func TestACommandIsTheSameInTheNarrowedGrammar(t *testing.T) {
	whole := leaves(t, reflect.TypeFor[cli]())
	for path, want := range whole {
		got := leaves(t, narrow(reflect.TypeFor[cli](), strings.Fields(path)))
		if got[path] != want {
			t.Errorf("%s takes\n%s\nand in the whole grammar\n%s", path, got[path], want)
		}
		if len(got) > 2 && strings.Contains(path, " ") || !strings.Contains(path, " ") && len(got) > 20 {
			t.Errorf("%s: %d commands are left", path, len(got))
		}
	}
	for _, odd := range []string{"", "wathclist list", "--config x run", "--help"} {
		if narrow(reflect.TypeFor[cli](), strings.Fields(odd)) != reflect.TypeFor[cli]() {
			t.Errorf("%q leaves fewer than all commands", odd)
		}
	}
	if n := len(leaves(t, narrow(reflect.TypeFor[cli](), []string{"watchlist", "ad"}))); n < 10 {
		t.Errorf("a misspelt subcommand leaves %d to be hinted at", n)
	}
}

// leaves are the commands of a grammar by their path, each with a summary of what it takes.
func leaves(t *testing.T, grammar reflect.Type) map[string]string {
	t.Helper()
	parser, err := kong.New(reflect.New(grammar).Interface(), vars())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, leaf := range parser.Model.Leaves(false) {
		var takes []string
		for _, group := range leaf.AllFlags(false) {
			for _, f := range group {
				takes = append(takes, f.Summary()+" "+f.Default+" "+f.Help)
			}
		}
		for _, p := range leaf.Positional {
			takes = append(takes, p.Summary()+" "+p.Help)
		}
		all[strings.TrimPrefix(leaf.FullPath(), parser.Model.Name+" ")] = leaf.Help + "\n" + strings.Join(takes, "\n")
	}
	return all
}
