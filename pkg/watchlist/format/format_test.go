package format_test

import (
	"strings"
	"testing"

	"sluice/pkg/watchlist/format"
)

func TestParseKnowsItsFormatsByName(t *testing.T) {
	if got, want := strings.Join(format.Names(), " "), "ofac-xml ofac-csv tagpack csv json-array txt"; got != want {
		t.Errorf("formats %q, want %q", got, want)
	}
	for _, f := range format.Formats {
		if f.About == "" {
			t.Errorf("%s says nothing about itself", f.Name)
		}
		if _, _, err := format.Parse(f.Name, format.Options{}); err == nil {
			t.Errorf("%s read nothing and was content", f.Name)
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
