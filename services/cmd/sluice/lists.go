package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	list "sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/internal/lists"
	"sluice/services/watchlist"
)

// watchlistImportCmd replaces a list.
type watchlistImportCmd struct {
	config.Config
	Source       sourceFlags `embed:""`
	Use          string      `default:"listed" enum:"listed,own" help:"What the entries are: listed addresses, or the exchange's own (own)."`
	Author       string      `help:"Who imports." placeholder:"NAME"`
	Reason       string      `help:"Why." placeholder:"TEXT"`
	AcceptShrink bool        `help:"Take a list that the guards refuse, such as one that lost a fifth of its entries; wants --author and --reason."`
}

func (c *watchlistImportCmd) Run(ctx context.Context, s streams) (err error) {
	opts, err := c.Source.options()
	if err != nil {
		return err
	}
	if opts.List == "" {
		return errors.New("--list: name the list that is replaced")
	}
	if c.AcceptShrink && (c.Author == "" || c.Reason == "") {
		return errors.New("--accept-shrink: wants --author and --reason, which are kept with the list")
	}
	desk, err := app.OpenDesk(ctx, &c.Config, app.DeskChange, app.Logger(s.Err, config.Log{Level: "warn", Format: c.Log.Format}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	req := watchlist.ImportRequest{Format: c.Source.Format, Options: opts, Author: c.Author, Reason: c.Reason, AcceptShrink: c.AcceptShrink}
	if c.Use == string(list.UseOwn) {
		req.Use = list.UseOwn
	}
	result, err := importFiles(ctx, desk, req, c.Source.Files, s.In)
	tell(s.Err, result.Report)
	if err != nil {
		return err
	}
	if result.Repaired {
		fmt.Fprintf(s.Err, "%s: the content was in force already (seq %d, version %s)\n", result.List, result.Seq, result.Version)
		return nil
	}
	fmt.Fprintf(s.Err, "%s: %d entries, was %d: %d added, %d removed, %d changed; in force as seq %d, version %s\n",
		result.List, result.After, result.Before, result.Added, result.Removed, result.Changed, result.Seq, result.Version)
	return nil
}

// importFiles opens the files one inside the other, for a list is read as a whole, and imports them.
func importFiles(ctx context.Context, desk *app.Desk, req watchlist.ImportRequest, files []string, stdin io.Reader) (result watchlist.ImportResult, err error) {
	err = withFiles(files, stdin, func(inputs []format.Input) error {
		req.Files = inputs
		result, err = desk.Import(ctx, req)
		return err
	})
	return result, err
}

// readOnly is what the commands that look at the lists have in common.
type readOnly struct{ config.Config }

func (c *readOnly) live(ctx context.Context, fn func(watchlist.Live) error) (err error) {
	desk, err := app.OpenDesk(ctx, &c.Config, app.DeskLive, zerolog.Nop())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	live, err := desk.Live(ctx)
	if err != nil {
		return err
	}
	if live.Snapshot == nil {
		return errNeverActivated
	}
	return fn(live)
}

// watchlistListCmd shows the live lists.
type watchlistListCmd struct{ config.Config }

func (c *watchlistListCmd) Run(ctx context.Context, s streams) (err error) {
	var states map[string]lists.State
	if err := known(ctx, &c.Config, s, func(r lists.Register) error { states = r.Lists; return nil }); err != nil {
		return err
	}
	refused := func() {
		for _, name := range slices.Sorted(maps.Keys(states)) {
			if r := states[name].Refused; r != nil {
				fmt.Fprintf(s.Err, "%s: the load of %s by %s was refused: %s\n", name, r.At.Format(time.RFC3339), r.Actor, r.Text)
			}
		}
	}
	defer refused()
	desk, err := app.OpenDesk(ctx, &c.Config, app.DeskLive, zerolog.Nop())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	now, err := desk.Describe(ctx)
	if err != nil {
		return err
	}
	if now.Version == "" {
		return errNeverActivated
	}
	infos, err := now.Manifest.Infos()
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "list\tentries\tformat\timported\tversion\n")
	for _, x := range infos {
		fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%s\n", x.Name, x.Entries, x.Origin.Format, x.Origin.ImportedAt.UTC().Format(time.RFC3339), x.Hash[:16])
	}
	fmt.Fprintf(out, "all\t%d\t\tseq %d\t%s\n", now.Count, now.Seq, now.Version[:16])
	return out.Flush()
}
