package verify

import (
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed is everything outside the standard library that a verification may rest on. A new line is a decision: what the
// services share with it, it cannot prove.
var allowed = []string{
	"github.com/twmb/franz-go/pkg/kerr",
	"github.com/twmb/franz-go/pkg/kgo",
	"github.com/twmb/franz-go/pkg/kmsg",
	"github.com/twmb/franz-go/pkg/sasl/plain",
	"github.com/twmb/franz-go/pkg/sasl/scram",
	"sluice/pkg/address",
	"sluice/pkg/network",
	"sluice/schemas",
}

func TestItSharesNoCodeWithTheServices(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") || first == "sluice" {
				got = append(got, path)
			}
		}
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, allowed) {
		t.Errorf("it imports\n%q\nand may import\n%q", got, allowed)
	}
}
