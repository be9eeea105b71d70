package format_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"sluice/pkg/internal/testdata"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist/format"
)

// parseFile reads one file of the data folder.
func parseFile(t *testing.T, name string, opts format.Options, path string) format.Report {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, report, err := format.Parse(name, opts, format.Input{Name: filepath.Base(path), R: f})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if report.Rows != report.Accepted+report.Repeated+report.LeftOut+report.RejectedRows {
		t.Errorf("%s: rows do not add up: %s", path, report.Summary())
	}
	return report
}

// told says whether the report names the word.
func told(r format.Report, word string) bool {
	for _, u := range r.Unmapped {
		if u.Term == word || strings.Contains(u.Term, ": "+word) || strings.Contains(u.Term, word+",") {
			return true
		}
	}
	return false
}

func TestEveryWordOfThePacksMapsOrIsReported(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata.Dir(t, "graphsense-tagpacks", "packs"), "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	type words struct {
		Abuse, Category string
		Concepts        []string
	}
	seen := map[string]bool{}
	for _, path := range files {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var pack struct {
			words `yaml:",inline"`
			Tags  []words
		}
		if err := yaml.Unmarshal(body, &pack); err != nil {
			t.Fatal(path, err)
		}
		report := parseFile(t, "tagpack", format.Options{}, path)
		for _, tag := range append(pack.Tags, pack.words) {
			for _, word := range append(slices.Clone(tag.Concepts), tag.Abuse, tag.Category) {
				if word == "" || seen[word] {
					continue
				}
				if _, known := taxonomy.GraphSense.Category(word); !known && !told(report, word) {
					t.Errorf("%s: %q neither maps nor is reported", filepath.Base(path), word)
				} else {
					seen[word] = true
				}
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d words were seen: %v", len(seen), seen)
	}
}

func TestEveryLabelOfTheTablesMapsOrIsReported(t *testing.T) {
	seen := map[string]bool{}
	for file, column := range map[string]string{"1_phishing_scams.csv": "etherscan_labels", "1_malicious_smart_contracts.csv": "contract_creator_etherscan_label"} {
		path := testdata.Dir(t, "forta-labels", file)
		report := parseFile(t, "csv", format.Options{}, path)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		at := slices.Index(rows[0], column)
		for _, row := range rows[1:] {
			for word := range strings.FieldsFuncSeq(strings.ToLower(row[at]), func(r rune) bool { return strings.ContainsRune(`,;|[]'"`, r) }) {
				word = strings.TrimSpace(word)
				if word == "" || seen[word] {
					continue
				}
				seen[word] = true
				if _, known := taxonomy.Read(word, taxonomy.GraphSense, taxonomy.Etherscan, taxonomy.FollowTheMoney); !known && !told(report, word) {
					t.Errorf("%s: %q neither maps nor is reported", file, word)
				}
			}
		}
	}
	if len(seen) < 3 {
		t.Errorf("only %d labels were seen: %v", len(seen), seen)
	}
}

// pairs are the symbols and addresses of the plain lists of one day.
func pairs(t *testing.T, day string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata.Dir(t, "ofac-brave-history", "lists-"+day), "sanctioned_addresses_*.txt"))
	if err != nil || len(files) != 17 {
		t.Fatal(files, err)
	}
	out := map[string]bool{}
	for _, path := range files {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		symbol := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "sanctioned_addresses_"), ".txt")
		for line := range strings.Lines(string(body)) {
			out[symbol+" "+strings.TrimSpace(line)] = true
		}
	}
	return out
}

func TestOFACFromDecemberToApril(t *testing.T) {
	december, april := pairs(t, "2024-12-19"), pairs(t, "2025-04-02")
	count := func(a, b map[string]bool) (n int) {
		for k := range a {
			if !b[k] {
				n++
			}
		}
		return n
	}
	distinct := map[string]bool{}
	for p := range december {
		_, address, _ := strings.Cut(p, " ")
		distinct[address] = true
	}
	if len(december) != 661 || len(distinct) != 648 {
		t.Errorf("%d pairs of %d addresses in December, want 661 of 648", len(december), len(distinct))
	}
	if added, removed := count(april, december), count(december, april); added != 61 || removed != 90 {
		t.Errorf("%d added and %d removed until April, want 61 and 90", added, removed)
	}
}
