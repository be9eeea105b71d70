package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
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
	Lookup watchlistLookupCmd `cmd:"" help:"Show what is, or was, listed about an address or about a transfer's addresses."`
	Export watchlistExportCmd `cmd:"" help:"Write the entries in force, or of any version (NDJSON)."`

	Add       watchlistAddCmd       `cmd:"" help:"Add entries to an own list, or change those with the same id."`
	Expire    watchlistExpireCmd    `cmd:"" help:"Give entries of an own list an end."`
	Remove    watchlistRemoveCmd    `cmd:"" help:"Take entries out of an own list."`
	Proposals watchlistProposalsCmd `cmd:"" help:"Show what waits for a second person."`
	Approve   watchlistApproveCmd   `cmd:"" help:"Approve what another person proposed."`
	Reject    watchlistRejectCmd    `cmd:"" help:"Take a proposal away."`
	Sources   watchlistSourcesCmd   `cmd:"" help:"Show the state of the lists' sources."`
	Fetch     watchlistFetchCmd     `cmd:"" help:"Look at the sources of the config now."`

	Versions watchlistVersionsCmd `cmd:"" help:"Show every version of the lists that was ever in force."`
	Diff     watchlistDiffCmd     `cmd:"" help:"Show how one version differs from another."`
	Lookback lookbackCmd          `cmd:"" help:"Look at, or order, the screening of recorded transfers by newer lists."`
	Rollback watchlistRollbackCmd `cmd:"" help:"Put an earlier version of the lists in force again."`
}

// sourceFlags say how a publisher's files are read.
type sourceFlags struct {
	Format   string   `required:"" help:"What the files are: ${formats}." placeholder:"FORMAT"`
	List     string   `help:"Name of the list." placeholder:"NAME"`
	Category string   `help:"Category of entries whose publisher says none." placeholder:"CATEGORY"`
	Network  string   `help:"Network of addresses for which the file names none; none: told by their form." placeholder:"ALIAS"`
	Mapping  string   `help:"YAML file that says what the columns or members and the labels of a table mean." placeholder:"FILE" type:"existingfile"`
	Columns  []string `help:"A mapping of columns alone, in short: FIELD=COLUMN, where a column is a header, a member or #N." placeholder:"FIELD=COLUMN"`
	Files    []string `arg:"" help:"Files; compressed ones and zip archives as they are." placeholder:"FILE"`
}

func (f *sourceFlags) options() (format.Options, error) {
	o := format.Options{List: f.List, Category: taxonomy.Category(f.Category), Network: f.Network}
	if f.Category != "" && !o.Category.Valid() {
		return o, fmt.Errorf("--category: %q is not a category; docs/reference/taxonomy.md lists them", f.Category)
	}
	if f.Mapping != "" && len(f.Columns) > 0 {
		return o, errors.New("--mapping and --columns: the file can say what the columns are; give one of them")
	}
	var err error
	if f.Mapping != "" {
		o.Mapping, err = readMapping(f.Mapping)
	} else {
		o.Mapping.Fields, err = columns(f.Columns)
	}
	return o, err
}

func readMapping(path string) (format.Mapping, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return format.Mapping{}, fmt.Errorf("--mapping: %w", err)
	}
	m, err := format.ParseMapping(data)
	if err != nil {
		return m, fmt.Errorf("--mapping: %s: %w", path, err)
	}
	return m, nil
}

// columns reads FIELD=COLUMN pairs.
func columns(pairs []string) (map[format.Field]string, error) {
	split := map[string]string{}
	for _, pair := range pairs {
		field, column, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("--columns: %q is not FIELD=COLUMN", pair)
		}
		split[field] = column
	}
	out, err := format.Columns(split)
	if err != nil {
		return nil, fmt.Errorf("--columns: %w", err)
	}
	return out, nil
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
	if r.Format != "" { // else nothing was read
		fmt.Fprintln(w, r.Summary())
	}
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
