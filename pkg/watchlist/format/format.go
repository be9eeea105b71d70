// Package format turns publishers' files into watchlist entries, one package for each family of formats. It is the list
// of what there is; it opens no files and decides nothing about what is live.
package format

import (
	"fmt"
	"strings"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
	"sluice/pkg/watchlist/format/ofac"
	"sluice/pkg/watchlist/format/table"
	"sluice/pkg/watchlist/format/tagpack"
)

type (
	// Options is what a caller says about files.
	Options = intake.Options
	// Columns says which column of a table holds what.
	Columns = intake.Columns
	// Input is one file.
	Input = intake.Input
	// Report is what became of the rows.
	Report = intake.Report
	// Remark is a rejected row, or a note about one.
	Remark = intake.Remark
)

// Format is one kind of file.
type Format struct {
	Name  string
	About string // for people, one line
	parse func(Options, ...Input) ([]watchlist.Entry, Report, error)
}

// Formats are the formats, in the order in which they are told to people.
var Formats = []Format{
	{ofac.FormatXML, "OFAC's advanced XML: sdn_advanced.xml, cons_advanced.xml", ofac.ParseXML},
	{ofac.FormatCSV, "OFAC's SDN.CSV together with SDN_COMMENTS.CSV", ofac.ParseCSV},
	{tagpack.Format, "GraphSense TagPacks (YAML)", tagpack.Parse},
	{table.FormatCSV, "a table with a header line, or with columns named by #N", table.ParseCSV},
	{table.FormatJSON, "a JSON array of addresses, or of objects", table.ParseJSON},
	{table.FormatText, "one address a line; # begins a comment", table.ParseText},
}

// Names are the names of the formats.
func Names() []string {
	out := make([]string, len(Formats))
	for i, f := range Formats {
		out[i] = f.Name
	}
	return out
}

// Parse reads the inputs as one list in the format with the name. The entries are valid, distinct and in canonical
// order. The error is about a file as a whole: it is not of the format, or it was cut; what is wrong with single rows is
// in the report, and no row is dropped without being in it.
func Parse(name string, opts Options, inputs ...Input) ([]watchlist.Entry, Report, error) {
	for _, f := range Formats {
		if f.Name != name {
			continue
		}
		if len(inputs) == 0 {
			return nil, Report{}, fmt.Errorf("format %s: no file to read", name)
		}
		return f.parse(opts, inputs...)
	}
	return nil, Report{}, fmt.Errorf("format %q is none of %s", name, strings.Join(Names(), ", "))
}
