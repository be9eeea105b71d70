package config

import (
	"strings"
	"testing"
	"time"
)

// read reads a file and takes its sources over, as the command-line parser does.
func read(t *testing.T, text string) Config {
	t.Helper()
	f, err := ReadFile(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := valid()
	if err := c.BeforeApply(f); err != nil {
		t.Fatal(err)
	}
	return c
}

const twoSources = `
data: /var/lib/sluice
sources:
  - list: ofac-sdn
    format: ofac-xml
    url: https://sanctionslistservice.ofac.treas.gov/api/publicationpreview/exports/sdn_advanced.xml
    interval: 30m
    max_age: 36h
    min_entries: 500
    max_rejected: 2%
    allow_redirects: [wc2h-ssl-sls.s3.amazonaws.com]
  - list: labels
    format: csv
    file: /lists/labels.csv
    columns: {address: "#2", entity: "#3"}
    categories: {scam: illicit_actor}
    severity: low
    headers:
      - {name: Authorization, prefix: "Bearer ", file: /run/secrets/token}
`

func TestSourcesAreReadFromTheFile(t *testing.T) {
	c := read(t, twoSources)
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if len(c.Sources) != 2 {
		t.Fatalf("%+v", c.Sources)
	}
	a, b := c.Sources[0], c.Sources[1]
	if a.List != "ofac-sdn" || a.Interval != 30*time.Minute || a.Age() != 36*time.Hour || a.MinEntries != 500 || a.Timeout != 5*time.Minute || a.MaxBytes != 512<<20 {
		t.Errorf("%+v", a)
	}
	if rows, percent, err := a.Rejects(); rows != 0 || percent != 2 || err != nil {
		t.Errorf("%d, %g, %v", rows, percent, err)
	}
	if b.File != "/lists/labels.csv" || b.Columns["entity"] != "#3" || b.Categories["scam"] != "illicit_actor" || b.Interval != time.Hour || b.Age() != 24*time.Hour ||
		len(b.Headers) != 1 || b.Headers[0].Prefix != "Bearer " {
		t.Errorf("%+v", b)
	}
	if (&Source{Interval: 10 * time.Hour}).Age() != 30*time.Hour {
		t.Error("max_age is not three intervals")
	}
	zero := time.Duration(0)
	if (&Source{Interval: time.Hour, MaxAge: &zero}).Age() != 0 {
		t.Error("a max_age of 0 is not for ever")
	}
	if c := read(t, "data: x\n"); c.Sources != nil {
		t.Errorf("%+v", c.Sources)
	}
}

func TestSourcesAreReadStrictly(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":         {"sources:\n  - list: a\n    fromat: txt\n", `line 3, column 5: unknown key "sources[0].fromat"; did you mean "format"?`},
		"unknown key, deeper": {"sources:\n  - list: a\n    format: txt\n    headers:\n      - nam: A\n", `line 5, column 9: unknown key "sources[0].headers[0].nam"; did you mean "name"?`},
		"missing key":         {"sources:\n  - list: a\n    url: https://h/\n", `line 2, column 5: sources[0] needs the key "format"`},
		"repeated key":        {"sources:\n  - list: a\n    list: b\n", "list"},
		"no list":             {"sources: a\n", `line 1, column 10: "sources" must be a list`},
		"no mapping":          {"sources: [a]\n", `"sources[0]" must be a mapping of keys to values`},
		"a list as text":      {"sources:\n  - list: [a]\n", `"sources[0].list" must be a plain value`},
		"a text as list":      {"sources:\n  - allow_redirects: a\n", `"sources[0].allow_redirects" must be a list`},
		"no duration":         {"sources:\n  - interval: 5\n", `line 2, column 15: "sources[0].interval" must be a duration such as 90s, 15m, 24h`},
		"no number":           {"sources:\n  - min_entries: many\n", `"sources[0].min_entries" must be a whole number`},
		"no truth":            {"sources:\n  - allow_private: yes\n", `"sources[0].allow_private" must be true or false`},
		"misspelt section":    {"source: []\n", `unknown key "source"; did you mean "sources"?`},
	} {
		_, err := ReadFile(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestSourcesThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct{ with, want string }{
		"neither":          {"", "sources[0].url"},
		"both":             {"url: https://h/, file: f", "sources[0].url"},
		"plain HTTP":       {"url: http://h/", "sources[0].url: http://h/ is not an https:// address"},
		"no host":          {"url: https:///x", "sources[0].url"},
		"a password":       {"url: 'https://u:secret@h/'", "an address without a password"},
		"too often":        {"file: f, interval: 9s", "sources[0].interval: 9s is not at least 10s"},
		"stale at once":    {"file: f, max_age: 1h", "sources[0].max_age"},
		"no time":          {"file: f, timeout: 0s", "sources[0].timeout"},
		"no bytes":         {"file: f, max_bytes: 0", "sources[0].max_bytes"},
		"confidence":       {"file: f, confidence: 101", "sources[0].confidence"},
		"rejected nothing": {"file: f, max_rejected: 0", "sources[0].max_rejected"},
		"rejected all":     {"file: f, max_rejected: 101%", "sources[0].max_rejected"},
		"checksum by HTTP": {"file: f, checksum_url: 'http://h/x'", "sources[0].checksum_url"},
		"two of one list":  {"file: f}, {list: a, format: txt, file: g", "sources[1].list"},
	} {
		cfg := read(t, "sources: [{list: a, format: txt, "+c.with+"}]\n")
		err := cfg.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for _, good := range []string{"file: f, interval: 10s", "url: 'http://127.0.0.1:1/', allow_private: true", "file: f, max_age: 61m", "file: f, max_age: 0s", "file: f, confidence: 100", "file: f, max_rejected: 100%"} {
		cfg := read(t, "sources: [{list: a, format: txt, "+good+"}]\n")
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestEveryKeyOfASourceSaysWhatItIs(t *testing.T) {
	for _, f := range Fields() {
		if f.Help == "" || strings.HasSuffix(f.Path, ".") {
			t.Errorf("%+v", f)
		}
	}
}
