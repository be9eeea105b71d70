package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"sluice/pkg/judge"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/app"
)

// screenCmd judges transfers offline, by the same code as the pipeline.
type screenCmd struct {
	Watchlist           []string `required:"" sep:"none" help:"Lists to screen against, FORMAT:FILE, may be repeated; several files of one list: FORMAT:FILE,FILE." placeholder:"FORMAT:FILE"`
	Category            string   `help:"Category of entries whose publisher says none." placeholder:"CATEGORY"`
	Rules               string   `help:"Rule file; none: the built-in policy." placeholder:"FILE" type:"existingfile"`
	UnknownCounterparty string   `default:"hold" enum:"hold,flag,clear" help:"A transfer whose counterparty is unknown: ${enum}; sets both directions."`
	Dust                string   `default:"1" help:"Fiat amount below which a direct hit is flagged low only." placeholder:"AMOUNT"`
	All                 bool     `help:"Print cleared verdicts too."`
	Files               []string `arg:"" optional:"" help:"Transfers as NDJSON; none: standard input." placeholder:"FILE"`
}

func (c *screenCmd) Run(s streams) error {
	snapshot, err := c.snapshot(s)
	if err != nil {
		return err
	}
	set, err := app.Rules(c.Rules, c.UnknownCounterparty, c.UnknownCounterparty, c.Dust)
	if err != nil {
		return err
	}
	cfg := judge.FilterConfig{Lists: judge.Lists{Snapshot: snapshot}, Rules: judge.Rules{Set: set}, Now: time.Now(), All: c.All}
	// One stream over all files, so that a conflict between two of them is found.
	var stats judge.FilterStats
	err = chained(c.Files, s.In, func(r io.Reader) error {
		stats, err = judge.Filter(r, s.Out, s.Err, cfg)
		return err
	})
	if err == nil && stats.Failed > 0 {
		err = errLines
	}
	return err
}

// snapshot reads the lists. Two of the same name are told apart by a number, so that none replaces another.
func (c *screenCmd) snapshot(s streams) (*watchlist.Snapshot, error) {
	b := watchlist.NewBuilder()
	var names []string
	for _, source := range c.Watchlist {
		kind, files, ok := strings.Cut(source, ":")
		if _, known := format.Find(kind); !ok || !known || files == "" {
			return nil, fmt.Errorf("--watchlist: %q is not FORMAT:FILE with a format of %s", source, strings.Join(format.Names(), ", "))
		}
		opts, err := (&sourceFlags{Category: c.Category}).options()
		if err != nil {
			return nil, err
		}
		entries, report, err := readFiles(kind, opts, splitFiles(files), s.In)
		if err != nil {
			return nil, fmt.Errorf("--watchlist %s: %w", source, err)
		}
		fmt.Fprintln(s.Err, report.Summary())
		name := unique(report.List, names)
		names = append(names, name)
		for i := range entries {
			entries[i].List = name
		}
		b.Add(name, entries)
	}
	return b.Build()
}

// splitFiles splits at commas, unless a file has that very name.
func splitFiles(files string) []string {
	if _, err := os.Stat(files); err == nil {
		return []string{files}
	}
	return strings.Split(files, ",")
}

func unique(name string, taken []string) string {
	if !slices.Contains(taken, name) {
		return name
	}
	for n := 2; ; n++ {
		if next := fmt.Sprintf("%s-%d", name, n); !slices.Contains(taken, next) {
			return next
		}
	}
}
