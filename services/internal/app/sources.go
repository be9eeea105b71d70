package app

import (
	"errors"
	"fmt"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/config"
	"sluice/services/watchlist"
	"sluice/services/watchlist/source"

	list "sluice/pkg/watchlist"
)

// Sources are the lists that the config says come by themselves; dir is where their files are kept while they are read.
// The error names each key that cannot be.
func Sources(cfg *config.Config, dir string) ([]watchlist.Source, error) {
	all := make([]watchlist.Source, len(cfg.Sources))
	var errs []error
	for i := range cfg.Sources {
		s, err := sourceOf(&cfg.Sources[i], dir)
		if err == nil {
			err = s.Check()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("sources[%d].%w", i, err))
		}
		all[i] = s
	}
	return all, errors.Join(errs...)
}

func sourceOf(c *config.Source, dir string) (watchlist.Source, error) {
	rows, percent, err := c.Rejects()
	if err != nil {
		return watchlist.Source{}, fmt.Errorf("max_rejected: %w", err)
	}
	if c.Mapping != "" {
		return watchlist.Source{}, fmt.Errorf("mapping: %s: no format of this release reads a mapping file", c.Mapping)
	}
	s := watchlist.Source{
		Fetch: source.Config{URL: c.URL, File: c.File, Timeout: c.Timeout, MaxBytes: c.MaxBytes, SHA256: c.SHA256, ChecksumURL: c.ChecksumURL,
			AllowRedirects: c.AllowRedirects, AllowPrivate: c.AllowPrivate, Dir: dir},
		Format:   c.Format,
		Options:  format.Options{List: c.List, Category: taxonomy.Category(c.Category), Network: c.Network},
		Limits:   list.Limits{MinEntries: c.MinEntries, MaxRejected: rows, MaxRejectedPart: percent},
		Adjust:   watchlist.Adjust{Severity: c.Severity, Confidence: uint8(c.Confidence), Categories: map[taxonomy.Category]taxonomy.Category{}},
		Interval: c.Interval, MaxAge: c.Age(),
	}
	for _, h := range c.Headers {
		s.Fetch.Headers = append(s.Fetch.Headers, source.Header(h))
	}
	for from, to := range c.Categories {
		s.Adjust.Categories[taxonomy.Category(from)] = taxonomy.Category(to)
	}
	columns := map[string]*string{"address": &s.Options.Columns.Address, "network": &s.Options.Columns.Network,
		"category": &s.Options.Columns.Category, "entity": &s.Options.Columns.Entity, "entry_id": &s.Options.Columns.EntryID,
		"listed_at": &s.Options.Columns.ListedAt}
	for field, column := range c.Columns {
		if columns[field] == nil {
			return s, fmt.Errorf("columns: %q is none of address, network, category, entity, entry_id, listed_at", field)
		}
		*columns[field] = column
	}
	return s, nil
}
