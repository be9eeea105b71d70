package mutants

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// root is the repository: the folder with go.work.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.work above the package")
		}
	}
}

// mutated returns the files of a mutant as it changes them, by their path in the repository.
func mutated(t *testing.T, repo string, m Mutant) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, e := range m.Edits {
		text, ok := files[e.File]
		if !ok {
			read, err := os.ReadFile(filepath.Join(repo, e.File))
			if err != nil {
				t.Fatal(err)
			}
			text = string(read)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			t.Fatalf("%s: %s has the text %d times, want once: %s", m.Break, e.File, n, e.Old)
		}
		files[e.File] = strings.Replace(text, e.Old, e.New, 1)
	}
	return files
}

// TestEveryMutantFits fails when the source has moved away from a mutant, so that none is forgotten.
func TestEveryMutantFits(t *testing.T) {
	repo := root(t)
	for _, m := range All {
		mutated(t, repo, m)
		if len(m.Tests) == 0 || m.Promise == "" {
			t.Errorf("%s: names no promise, or no tests", m.Break)
		}
		for _, pkg := range m.Tests {
			if found, _ := filepath.Glob(filepath.Join(repo, pkg, "*_test.go")); len(found) == 0 {
				t.Errorf("%s: %s has no tests", m.Break, pkg)
			}
		}
	}
}

// proved finds what verify found.
var proved = regexp.MustCompile(`sluice verify finds (\w+): (\w+)`)

// failed finds the tests that failed, whose names stand farthest in.
var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// TestMutants makes every mutant and fails for each that no test notices. SLUICE_MUTANTS names the file for the table. With
// SLUICE_MUTANTS_ONLY, a regular expression, it makes those whose text matches, and takes the rows of the others from there.
func TestMutants(t *testing.T) {
	report := os.Getenv("SLUICE_MUTANTS")
	if report == "" {
		t.Skip("SLUICE_MUTANTS is not set: it names the file for the table (make mutants)")
	}
	repo := root(t)
	table := "# Mutants\n\nEach promise, broken on purpose in one place, and what notices it then: tests that fail, or `sluice verify` behind the whole pipeline. Made by `make mutants`.\n\n| Promise | Broken on purpose | Caught by |\n| --- | --- | --- |\n"
	only, err := regexp.Compile(os.Getenv("SLUICE_MUTANTS_ONLY"))
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(report)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, m := range All {
		t.Run(m.Break, func(t *testing.T) {
			if !only.MatchString(m.Break) {
				row := row(before, m)
				if row == "" {
					t.Errorf("%s has no row for it: make it", report)
				}
				table += row
				return
			}
			caught := attempt(t, repo, m)
			if len(caught) == 0 {
				t.Errorf("nobody noticed: %s", m.Break)
				caught = []string{"**nothing**"}
			}
			table += fmt.Sprintf("| %s | %s | %s |\n", m.Promise, m.Break, strings.Join(caught, ", "))
		})
	}
	if err := os.WriteFile(report, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
}

// row is a mutant's row of the table as it was.
func row(table []byte, m Mutant) string {
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, fmt.Sprintf("| %s | %s | ", m.Promise, m.Break)) {
			return line
		}
	}
	return ""
}

// TestThePageHasEveryMutant fails when the page was made of other mutants than there are.
func TestThePageHasEveryMutant(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root(t), "docs/reference/mutants.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range All {
		if r := row(page, m); r == "" || strings.Contains(r, "**nothing**") {
			t.Errorf("%s: %q: run make mutants (MUTANTS=REGEXP for some of them)", m.Break, r)
		}
	}
	if n := strings.Count(string(page), "\n| ") - 2; n != len(All) {
		t.Errorf("the page has %d rows, and there are %d mutants", n, len(All))
	}
}

// attempt runs the tests of a mutant, and returns which of them failed, at most three. A mutant that does not compile
// proves nothing, and fails.
func attempt(t *testing.T, repo string, m Mutant) []string {
	t.Helper()
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for file, text := range mutated(t, repo, m) {
		to := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(repo, file)] = to
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	args := []string{"test", "-count=1", "-failfast", "-timeout", "4m", "-overlay", file}
	if m.Run != "" {
		args = append(args, "-run", m.Run)
	}
	for _, pkg := range m.Tests {
		args = append(args, "./"+pkg)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = repo
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if strings.Contains(string(out), "[build failed]") {
		t.Fatalf("it does not compile:\n%s", out)
	}
	var names []string
	for _, found := range proved.FindAllStringSubmatch(string(out), -1) {
		names = append(names, "`sluice verify`: "+found[1]+" `"+found[2]+"`")
	}
	if len(names) > 0 {
		slices.Sort(names)
		return slices.Compact(names)
	}
	for _, found := range failed.FindAllStringSubmatch(string(out), -1) {
		names = append(names, "`"+found[1]+"`")
	}
	if len(names) == 0 && strings.Contains(string(out), "panic: test timed out") {
		names = []string{"a test that does not end"}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), 3)]
}
