package watchlist

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/lists"
)

// Deps is what a change of the lists works on.
type Deps struct {
	Store       Store
	Leases      Leases
	Activations Activations
	// Known returns the highest activation number that is known besides Redis, such as ClickHouse's, for the first
	// record of a new topic. Nil: none.
	Known func(context.Context) (uint64, error)
	// Copy is a file with a verified copy of the lists, from which an update goes on when Redis has lost them; "": none.
	Copy   string
	Memory *lists.Memory    // what the process loaded; nil: everything is read anew
	Now    func() time.Time // nil: time.Now
	Logger zerolog.Logger
}

func (d Deps) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

// ImportRequest is one list to be replaced by the content of files.
type ImportRequest struct {
	Format  string
	Options format.Options
	Files   []format.Input
	Source  string        // where the files are from, for people; "": their names
	Use     watchlist.Use // what the entries are for: listed ones, or the exchange's own addresses
	Limits  watchlist.Limits

	Author       string // who imports; "": "unattended"
	Reason       string
	AcceptShrink bool // take a load that the guards refuse; wants Author and Reason
}

// ImportResult is what an import did.
type ImportResult struct {
	Report format.Report
	ListChange

	Version  string // of the snapshot with all lists
	Seq      uint64 // activation that put it in force
	Count    int    // entries of all lists
	Repaired bool   // the content was in force already; what was missing in Redis was restored
}

// Import replaces a list and activates the new snapshot. Identical content makes no new activation: it restores what is
// missing in Redis. Nothing is changed when it returns an error of the files or of the guards (watchlist.ErrGuard); after
// any other error it can be run again.
func Import(ctx context.Context, d Deps, req ImportRequest) (ImportResult, error) {
	load, err := d.look(&req)
	if err != nil {
		return ImportResult{}, err
	}
	entries, report, err := format.Parse(req.Format, req.Options, req.Files...)
	if err != nil {
		return ImportResult{}, err
	}
	res := ImportResult{Report: report, ListChange: ListChange{List: report.List}}
	if err := give(entries, req.Use); err != nil {
		return res, err
	}
	if req.Author == "" && !req.AcceptShrink {
		req.Author = "unattended"
	}
	origin := watchlist.Origin{Format: req.Format, Source: req.Source, ImportedAt: d.now().UTC().Truncate(time.Second), Author: req.Author, Reason: req.Reason}
	if load.Published.IsZero() && report.Published != "" {
		if load.Published, err = time.Parse(time.DateOnly, report.Published); err != nil {
			return res, fmt.Errorf("the date of the file: %w", err)
		}
	}
	load.Rows, load.Rejected, load.Limits = report.Rows, report.RejectedRows, req.Limits
	origin.PublishedAt = load.Published
	u := Update{Edits: []Edit{{List: report.List, Origin: origin, Whole: entries, Load: &load}}, Author: req.Author, Reason: req.Reason}
	if req.AcceptShrink {
		u.Accept = watchlist.Acceptance{Author: req.Author, Reason: req.Reason}
		if u.Accept == (watchlist.Acceptance{}) {
			u.Accept.Author = "-" // so that the guard asks for both
		}
	}
	a, err := Apply(ctx, d, u)
	if len(a.Lists) == 1 {
		res.ListChange = a.Lists[0]
	}
	res.Version, res.Seq, res.Count, res.Repaired = a.Version, a.Seq, a.Count, a.Repaired
	return res, err
}

// headBytes is how much of a file the guards see.
const headBytes = 512

// look names the source, and looks at how the first file begins before it is read.
func (d Deps) look(req *ImportRequest) (watchlist.Load, error) {
	if req.Source == "" {
		names := make([]string, len(req.Files))
		for i, f := range req.Files {
			names[i] = f.Name
		}
		req.Source = strings.Join(names, ", ")
	}
	load := watchlist.Load{List: req.Options.List}
	if len(req.Files) > 0 {
		r := bufio.NewReader(req.Files[0].R)
		head, err := r.Peek(headBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return load, fmt.Errorf("%s: %w", req.Files[0].Name, err)
		}
		load.Head = bytes.Clone(head)
		if refusal := load.CheckType(); refusal != nil {
			return load, refusal
		}
		req.Files[0].R = r
	}
	return load, nil
}

// give makes entries of what a file lists.
func give(entries []watchlist.Entry, use watchlist.Use) error {
	switch use {
	case watchlist.UseListed:
		return nil
	case watchlist.UseOwn:
		for i := range entries {
			e := &entries[i]
			e.Use, e.Category, e.Categories = use, taxonomy.Exchange, []taxonomy.Category{taxonomy.Exchange}
		}
		return nil
	default:
		return fmt.Errorf("use %q is not for files: entries that allow are made one by one, each with author, reason and end", use)
	}
}
