// Package pkg holds no code of its own: it is where the purity of the packages below it is proved.
package pkg

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirements is everything that the domain and its tests may depend on directly. A new line here is a decision.
var requirements = []string{
	"cel.dev/cel-go",                           // rule expressions
	"github.com/FastFilter/xorfilter",          // filter before map
	"github.com/btcsuite/btcd",                 // tests: oracle of address codecs
	"github.com/btcsuite/btcd/btcutil",         // tests: oracle of address codecs
	"github.com/cespare/xxhash/v2",             // fingerprints
	"github.com/go-json-experiment/json",       // strict reference decoder
	"github.com/google/go-cmp",                 // tests
	"github.com/holiman/uint256",               // exact amounts
	"github.com/klauspost/compress",            // publishers' compressed files
	"github.com/mr-tron/base58",                // tests: oracle of address codecs
	"github.com/santhosh-tekuri/jsonschema/v6", // tests: records against their schemas
	"go.yaml.in/yaml/v4",                       // rule files, tag packs
	"golang.org/x/crypto",                      // Keccak, RIPEMD-160, BLAKE2b
	"pgregory.net/rapid",                       // tests: properties
}

func TestRequirementsAreTheShortList(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(string(text), "\n") {
		m := regexp.MustCompile(`^\s*(?:require )?([a-z0-9.]+\.[a-z]+/\S+) v\S+$`).FindStringSubmatch(line)
		if m != nil {
			got = append(got, m[1])
		}
	}
	want := slices.Clone(requirements)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("go.mod requires\n%q\nand the list allows\n%q", got, want)
	}
}

// forbidden are imports that do I/O, read a clock, log, or are somebody else's room.
var forbidden = regexp.MustCompile(`^(net(/.*)?|os/exec|os/signal|log(/.*)?|sync|syscall|sluice/(schemas|services).*)$`)

func TestNoPackageReachesOutside(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "internal/testdata/") {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			if name := strings.Trim(i.Path.Value, `"`); forbidden.MatchString(name) && !allowed[name] {
				t.Errorf("%s imports %s", fset.Position(i.Pos()), name)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", fset.Position(n.Pos()))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker"}, n.Sel.Name) {
					t.Errorf("%s reads the clock: time.%s", fset.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// allowed are exceptions, each with its reason.
var allowed = map[string]bool{
	"net/url": true, // parses text
	"sync":    true, // sync.OnceValue for tables that are built once, sync.Pool for scratch memory
}
