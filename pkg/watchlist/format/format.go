// Package format turns publishers' files into watchlist entries, one package for each family of formats. It is the list
// of what there is; it opens no files and decides nothing about what is live.
package format

import (
	"fmt"
	"slices"
	"strings"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
	"sluice/pkg/watchlist/format/misp"
	"sluice/pkg/watchlist/format/ndjson"
	"sluice/pkg/watchlist/format/ofac"
	"sluice/pkg/watchlist/format/opensanctions"
	"sluice/pkg/watchlist/format/stix"
	"sluice/pkg/watchlist/format/table"
	"sluice/pkg/watchlist/format/tagpack"
)

type (
	// Options is what a caller says about files.
	Options = intake.Options
	// Mapping says what the columns and labels of a table mean.
	Mapping = intake.Mapping
	// Field is a member of an entry that a table can fill.
	Field = intake.Field
	// Input is one file.
	Input = intake.Input
	// Report is what became of the rows.
	Report = intake.Report
	// Count is how many rows there were of something.
	Count = intake.Count
	// Remark is a rejected row, or a note about one.
	Remark = intake.Remark
	// Code is the reason of a remark for machines.
	Code = intake.Code
)

// Columns reads pairs of a field and the column that holds it: a mapping in short.
func Columns(pairs map[string]string) (map[Field]string, error) { return intake.Columns(pairs) }

// ParseMapping reads a mapping file (YAML), strictly.
func ParseMapping(data []byte) (Mapping, error) { return intake.ParseMapping(data) }

// Format is one kind of file.
type Format struct {
	Name    string
	Aliases []string // other names under which it is known
	About   string   // for people, one line
	Page    string   // of the documentation, under docs/formats
	Set     bool     // several files of an archive are one list

	fits  func(head []byte) bool // whether a file that begins so may be one of the format
	parse func(Options, ...Input) ([]watchlist.Entry, Report, error)
}

// Formats are the formats, in the order in which they are told to people.
var Formats = []Format{
	{ofac.FormatXML, nil, "OFAC's XML, advanced or older: sdn_advanced.xml, sdn.xml, cons_advanced.xml, consolidated.xml", "ofac.md", false, ofac.FitsXML, ofac.ParseXML},
	{ofac.FormatCSV, nil, "OFAC's SDN.CSV or CONS_PRIM.CSV together with its comments file", "ofac.md", true, ofac.FitsCSV, ofac.ParseCSV},
	{opensanctions.Format, []string{"ftm"}, "OpenSanctions: FollowTheMoney entities, one a line", "opensanctions.md", false, opensanctions.Fits, opensanctions.Parse},
	{tagpack.Format, nil, "GraphSense TagPacks and ActorPacks (YAML)", "tagpack.md", true, tagpack.Fits, tagpack.Parse},
	{stix.Format, nil, "STIX 2.1 bundles: indicators and wallet observables", "stix.md", true, stix.Fits, stix.Parse},
	{misp.Format, nil, "MISP events: btc, xmr, dash attributes and coin-address objects", "misp.md", true, misp.Fits, misp.Parse},
	{ndjson.Format, nil, "Sluice's own entries, one a line, as parse and export write them", "ndjson.md", false, ndjson.Fits, ndjson.Parse},
	{table.FormatCSV, nil, "a table with a header line, or with columns named by #N", "table.md", false, table.FitsCSV, table.ParseCSV},
	{table.FormatJSON, []string{"json"}, "a JSON array of addresses or objects, or an object with a member for each address", "table.md", false, table.FitsJSON, table.ParseJSON},
	{table.FormatText, nil, "one address a line; # begins a comment", "table.md", false, table.FitsText, table.ParseText},
}

// Names are the names of the formats.
func Names() []string {
	out := make([]string, len(Formats))
	for i, f := range Formats {
		out[i] = f.Name
	}
	return out
}

// Find returns the format with the name, or with it among its other names.
func Find(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name || slices.Contains(f.Aliases, name) {
			return f, true
		}
	}
	return Format{}, false
}

// Parse reads the inputs as one list in the format with the name. The entries are valid, distinct and in canonical
// order. The error is about a file as a whole: it is not of the format, or it was cut; what is wrong with single rows is
// in the report, and no row is dropped without being in it. With opts.Into there are no entries in the result, and what
// it was given before an error counts for nothing.
func Parse(name string, opts Options, inputs ...Input) ([]watchlist.Entry, Report, error) {
	f, ok := Find(name)
	if !ok {
		return nil, Report{}, fmt.Errorf("format %q is none of %s", name, strings.Join(Names(), ", "))
	}
	if len(inputs) == 0 {
		return nil, Report{}, fmt.Errorf("format %s: no file to read", f.Name)
	}
	inputs, err := intake.Expand(inputs, f.fits, f.Set)
	if err != nil {
		return nil, Report{}, err
	}
	return f.parse(opts, inputs...)
}
