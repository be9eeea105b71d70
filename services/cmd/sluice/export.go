package main

import (
	"context"
	"fmt"

	list "sluice/pkg/watchlist"
	"sluice/services/internal/app"
	"sluice/services/watchlist"
)

// watchlistExportCmd writes the entries of a version.
type watchlistExportCmd struct {
	readOnly
	List string `help:"Only this list." placeholder:"NAME"`
	At   string `help:"Of this version; none: of the one in force." placeholder:"VERSION"`
}

// Help is the rest of the command's help.
func (watchlistExportCmd) Help() string { return versionHelp }

func (c *watchlistExportCmd) Run(ctx context.Context, s streams) error {
	if c.At == "" {
		return c.live(ctx, func(l watchlist.Live) error { return c.write(s, l.Snapshot) })
	}
	w := whole{c.Config}
	return w.desk(ctx, func(d *app.Desk) error {
		snapshot, at, err := d.Snapshot(ctx, c.At)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Err, "version %s (seq %d)\n", at.Version, at.Seq)
		return c.write(s, snapshot)
	})
}

func (c *watchlistExportCmd) write(s streams, snapshot *list.Snapshot) error {
	found := c.List == ""
	for _, x := range snapshot.Lists() {
		if c.List != "" && c.List != x.Name {
			continue
		}
		found = true
		if err := writeEntries(s.Out, snapshot.List(x.Name)); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("--list: there is no list %q", c.List)
	}
	return nil
}
