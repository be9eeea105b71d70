package app

import (
	"errors"
	"fmt"
	"os"

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
	mapping, err := mappingOf(c)
	if err != nil {
		return watchlist.Source{}, err
	}
	s := watchlist.Source{
		Fetch: source.Config{URL: c.URL, File: c.File, Timeout: c.Timeout, MaxBytes: c.MaxBytes, SHA256: c.SHA256, ChecksumURL: c.ChecksumURL,
			AllowRedirects: c.AllowRedirects, AllowPrivate: c.AllowPrivate, Dir: dir},
		Format:   c.Format,
		Options:  format.Options{List: c.List, Category: taxonomy.Category(c.Category), Network: c.Network, Mapping: mapping},
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
	return s, nil
}

// mappingOf is what a source says of columns and labels, in a file of its own or of the columns alone.
func mappingOf(c *config.Source) (format.Mapping, error) {
	if c.Mapping == "" {
		fields, err := format.Columns(c.Columns)
		if err != nil {
			return format.Mapping{}, fmt.Errorf("columns: %w", err)
		}
		return format.Mapping{Fields: fields}, nil
	}
	if len(c.Columns) > 0 {
		return format.Mapping{}, errors.New("mapping and columns: the file can say what the columns are; give one of them")
	}
	data, err := os.ReadFile(c.Mapping)
	if err != nil {
		return format.Mapping{}, fmt.Errorf("mapping: %w", err)
	}
	m, err := format.ParseMapping(data)
	if err != nil {
		return m, fmt.Errorf("mapping: %s: %w", c.Mapping, err)
	}
	return m, nil
}
