package format_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/internal/testdata"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
)

func TestParseKnowsItsFormatsByName(t *testing.T) {
	if got, want := strings.Join(format.Names(), " "), "ofac-xml ofac-csv opensanctions tagpack stix misp ndjson csv json-array txt"; got != want {
		t.Errorf("formats %q, want %q", got, want)
	}
	seen := map[string]bool{}
	for _, f := range format.Formats {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if seen[name] {
				t.Errorf("two formats are called %s", name)
			}
			seen[name] = true
			if _, _, err := format.Parse(name, format.Options{}); err == nil || !strings.Contains(err.Error(), f.Name) {
				t.Errorf("%s read nothing: %v", name, err)
			}
		}
	}
	in := format.Input{Name: "f", R: strings.NewReader("12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz\n")}
	entries, report, err := format.Parse("txt", format.Options{List: "mine", Category: "scam"}, in)
	if err != nil || len(entries) != 1 || report.List != "mine" || report.Format != "txt" {
		t.Errorf("%v, %+v, %v", entries, report, err)
	}
	if _, _, err := format.Parse("xlsx", format.Options{}, in); err == nil || !strings.Contains(err.Error(), "ofac-xml, ofac-csv") {
		t.Errorf("an unknown format: %v", err)
	}
}

// docs is the folder of the documentation.
const docs = "../../../docs"

func TestEveryFormatHasItsPageItsFuzzTargetAndAnExample(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(docs, "watchlists.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range format.Formats {
		page, err := os.ReadFile(filepath.Join(docs, "formats", f.Page))
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if !bytes.Contains(page, []byte("`"+name+"`")) {
				t.Errorf("docs/formats/%s does not speak of %s", f.Page, name)
			}
		}
		row := "| [`" + f.Name + "`](formats/" + f.Page + ") | "
		if !bytes.Contains(index, []byte(row)) {
			t.Errorf("docs/watchlists.md has no line that begins with %q", row)
		}
		if f.About == "" || strings.Contains(f.About, "\n") {
			t.Errorf("%s says nothing about itself", f.Name)
		}
		example(t, f, page)
		fuzzed(t, f)
	}
}

// example runs the example of the format's page: a block of code whose info string is the format's name.
func example(t *testing.T, f format.Format, page []byte) {
	t.Helper()
	_, rest, ok := strings.Cut(string(page), " "+f.Name+"\n")
	body, _, end := strings.Cut(rest, "```")
	if !ok || !end {
		t.Errorf("docs/formats/%s has no example of %s: a block of code whose first line ends in the format's name", f.Page, f.Name)
		return
	}
	opts := format.Options{List: "example", Category: "scam"}
	if _, rest, ok := strings.Cut(string(page), "mapping-of-"+f.Name+"\n"); ok {
		text, _, _ := strings.Cut(rest, "```")
		m, err := format.ParseMapping([]byte(text))
		if err != nil {
			t.Errorf("%s: the mapping of the page: %v", f.Name, err)
		}
		opts.Mapping = m
	}
	entries, report, err := format.Parse(f.Name, opts, format.Input{Name: "example", R: strings.NewReader(body)})
	if err != nil || len(entries) == 0 || report.RejectedRows > 0 {
		t.Errorf("the example of %s on its page gives %d entries, %v: %v", f.Name, len(entries), report.Rejected, err)
	}
}

// fuzzed looks for a fuzz target in the format's package that calls its parser.
func fuzzed(t *testing.T, f format.Format) {
	t.Helper()
	parser := map[string]string{
		"ofac-xml": "ofac ParseXML", "ofac-csv": "ofac ParseCSV", "csv": "table ParseCSV", "json-array": "table ParseJSON", "txt": "table ParseText",
	}[f.Name]
	if parser == "" {
		parser = f.Name + " Parse"
	}
	dir, call, _ := strings.Cut(parser, " ")
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(string(source), "\nfunc Fuzz") {
			if strings.HasPrefix(part, call) || strings.Contains(part, call+"(intake.Options") && strings.Contains(part, "f.Fuzz") {
				return
			}
		}
	}
	t.Errorf("%s has no fuzz target for %s", dir, call)
}

func zipped(t *testing.T, files ...string) format.Input {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return format.Input{Name: "lists.zip", R: bytes.NewReader(b.Bytes())}
}

func TestOfAnArchiveWhatFitsIsRead(t *testing.T) {
	const address = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz\n"
	const readme = "<html>read me</html>"
	entries, report, err := format.Parse("txt", format.Options{Category: "scam"}, zipped(t, "README.html", readme, "list.txt", "\xef\xbb\xbf"+address))
	if err != nil || len(entries) != 1 || report.List != "list" {
		t.Errorf("%d entries of list %s, %v", len(entries), report.List, err)
	}
	if _, _, err := format.Parse("txt", format.Options{}, zipped(t, "a.txt", address, "b.txt", address)); err == nil || !strings.Contains(err.Error(), "a.txt, b.txt") {
		t.Errorf("an ambiguous archive: %v", err)
	}
	if _, _, err := format.Parse("ofac-xml", format.Options{}, zipped(t, "a.txt", address, "b.txt", address)); err == nil || !strings.Contains(err.Error(), "no file of the archive") {
		t.Errorf("an archive of something else: %v", err)
	}
	// Packs, and the files of OFAC's set, are one list together.
	pack := func(a string) string {
		return "title: T\ncreator: c\ncurrency: BTC\ncategory: scam\ntags:\n- {address: " + a + ", label: x}\n"
	}
	entries, _, err = format.Parse("tagpack", format.Options{List: "l"}, zipped(t, "README.md", "hello", "a.yaml", pack("12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"), "b.yaml", pack("1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U")))
	if err != nil || len(entries) != 2 {
		t.Errorf("packs: %d entries, %v", len(entries), err)
	}
	dir := testdata.Dir(t, "ofac-watchman-small")
	var set []string
	for _, name := range []string{"sdn.csv", "add.csv", "alt.csv", "sdn_comments.csv"} {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		set = append(set, name, string(body))
	}
	entries, report, err = format.Parse("ofac-csv", format.Options{}, zipped(t, set...))
	if err != nil || len(entries) != 32 || report.RejectedRows != 0 || report.NoteCount < 2 {
		t.Errorf("OFAC's set: %s, %v", report.Summary(), err)
	}
}

func TestEntriesGivenOneByOneAreThoseOfTheResult(t *testing.T) {
	const table = "address,category,label\n" +
		"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz,scam,one\n" +
		"1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U,scam,two\n" +
		"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz,phishing,another\n" + // other words of the same address
		"1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U,phishing,two\n" + // another category alone
		"1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U,scam,two\n" + // said before
		"3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy,scam,three\n"
	parse := func(opts format.Options) ([]watchlist.Entry, format.Report) {
		t.Helper()
		opts.List = "l"
		entries, report, err := format.Parse("csv", opts, format.Input{Name: "t.csv", R: strings.NewReader(table)})
		if err != nil {
			t.Fatal(err)
		}
		return entries, report
	}
	want, wantReport := parse(format.Options{})
	var got []watchlist.Entry
	none, report := parse(format.Options{Into: func(e *watchlist.Entry) { got = append(got, *e) }})
	slices.SortFunc(got, func(a, b watchlist.Entry) int { return watchlist.Compare(&a, &b) })
	if len(none) != 0 || len(want) < 3 || !slices.EqualFunc(got, want, func(a, b watchlist.Entry) bool { return watchlist.Compare(&a, &b) == 0 && a.Key == b.Key }) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if report.Summary() != wantReport.Summary() || report.Entries != wantReport.Entries {
		t.Errorf("%s, want %s", report.Summary(), wantReport.Summary())
	}
}
