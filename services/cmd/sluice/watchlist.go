package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
)

// watchlistCmd is the watchlist service, and what looks after the lists.
type watchlistCmd struct {
	Serve  watchlistServeCmd  `cmd:"" default:"withargs" hidden:"" help:"Run the watchlist service against external servers."`
	Parse  watchlistParseCmd  `cmd:"" help:"Turn a publisher's files into entries (NDJSON), without any server."`
	Import watchlistImportCmd `cmd:"" help:"Replace a list by the content of files, and activate it."`
	List   watchlistListCmd   `cmd:"" help:"Show the live lists."`
	Lookup watchlistLookupCmd `cmd:"" help:"Show what is listed about an address."`
	Export watchlistExportCmd `cmd:"" help:"Write the live entries (NDJSON)."`

	Versions watchlistVersionsCmd `cmd:"" help:"Show every version of the lists that was ever in force."`
	Diff     watchlistDiffCmd     `cmd:"" help:"Show how one version differs from another."`
	Lookback lookbackCmd          `cmd:"" help:"Look at, or order, the screening of recorded transfers by newer lists."`
}

// sourceFlags say how a publisher's files are read.
type sourceFlags struct {
	Format   string   `required:"" help:"What the files are: ofac-xml, ofac-csv, tagpack, csv, json-array, txt." placeholder:"FORMAT"`
	List     string   `help:"Name of the list." placeholder:"NAME"`
	Category string   `help:"Category of entries whose publisher says none." placeholder:"CATEGORY"`
	Network  string   `help:"Network of addresses for which the file names none; none: told by their form." placeholder:"ALIAS"`
	Columns  []string `help:"For csv: which column holds what, FIELD=COLUMN with the fields address, network, category, entity, entry_id, listed_at; a column is a header or #N." placeholder:"FIELD=COLUMN"`
	Files    []string `arg:"" help:"Files, .gz and .bz2 as they are." placeholder:"FILE"`
}

func (f *sourceFlags) options() (format.Options, error) {
	o := format.Options{List: f.List, Category: taxonomy.Category(f.Category), Network: f.Network}
	if f.Category != "" && !o.Category.Valid() {
		return o, fmt.Errorf("--category: %q is not a category; docs/watchlists.md lists them", f.Category)
	}
	fields := map[string]*string{"address": &o.Columns.Address, "network": &o.Columns.Network, "category": &o.Columns.Category,
		"entity": &o.Columns.Entity, "entry_id": &o.Columns.EntryID, "listed_at": &o.Columns.ListedAt}
	for _, pair := range f.Columns {
		field, column, ok := strings.Cut(pair, "=")
		target := fields[field]
		if !ok || target == nil || column == "" {
			return o, fmt.Errorf("--columns: %q is not FIELD=COLUMN with a field address, network, category, entity, entry_id or listed_at", pair)
		}
		*target = column
	}
	return o, nil
}

// read parses the files as one list.
func (f *sourceFlags) read(s streams) ([]watchlist.Entry, format.Report, error) {
	opts, err := f.options()
	if err != nil {
		return nil, format.Report{}, err
	}
	return readFiles(f.Format, opts, f.Files, s.In)
}

func readFiles(name string, opts format.Options, files []string, stdin io.Reader) (entries []watchlist.Entry, report format.Report, err error) {
	err = withFiles(files, stdin, func(inputs []format.Input) error {
		entries, report, err = format.Parse(name, opts, inputs...)
		return err
	})
	return entries, report, err
}

// withFiles opens all files and gives them to fn: a list is read as a whole.
func withFiles(files []string, stdin io.Reader, fn func([]format.Input) error) error {
	var inputs []format.Input
	var next func() error
	next = func() error {
		if len(inputs) == len(files) {
			return fn(inputs)
		}
		name := files[len(inputs)]
		return open(name, stdin, func(_ string, r io.Reader) error {
			inputs = append(inputs, format.Input{Name: name, R: r})
			return next()
		})
	}
	return next()
}

// tell writes what became of the rows to standard error.
func tell(w io.Writer, r format.Report) {
	for _, x := range r.Rejected {
		fmt.Fprintln(w, "rejected", x)
	}
	for _, x := range r.Notes {
		fmt.Fprintln(w, "note", x)
	}
	fmt.Fprintln(w, r.Summary())
}

// watchlistParseCmd turns files into entries.
type watchlistParseCmd struct {
	Source sourceFlags `embed:""`
}

func (c *watchlistParseCmd) Run(s streams) error {
	entries, report, err := c.Source.read(s)
	if err != nil {
		return err
	}
	tell(s.Err, report)
	if err := writeEntries(s.Out, entries); err != nil {
		return err
	}
	if report.RejectedRows > 0 {
		return errLines
	}
	return nil
}

func writeEntries(w io.Writer, entries []watchlist.Entry) error {
	out := bufio.NewWriterSize(w, 256<<10)
	var line []byte
	for i := range entries {
		line = append(entries[i].AppendJSON(line[:0]), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}
