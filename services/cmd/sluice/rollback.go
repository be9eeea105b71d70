package main

import (
	"context"
	"errors"
	"fmt"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/watchlist"
)

// watchlistRollbackCmd puts an earlier version in force again.
type watchlistRollbackCmd struct {
	config.Config
	Version string `arg:"" help:"The version, such as previous." placeholder:"VERSION"`
	Author  string `help:"Who decided it." placeholder:"NAME"`
	Reason  string `help:"Why." placeholder:"TEXT"`
}

// Help is the rest of the command's help.
func (watchlistRollbackCmd) Help() string {
	return "It is a new activation with a number of its own: nothing that was judged meanwhile changes its number. The guards of imports do not " +
		"apply. " + versionHelp
}

func (c *watchlistRollbackCmd) Run(ctx context.Context, s streams) (err error) {
	if c.Author == "" || c.Reason == "" {
		return errors.New("rollback wants --author and --reason, which are kept with the activation")
	}
	desk, err := app.OpenDesk(ctx, &c.Config, app.DeskWhole, app.Logger(s.Err, config.Log{Level: "warn", Format: c.Log.Format}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	r, err := desk.Rollback(ctx, watchlist.RollbackRequest{Version: c.Version, Author: c.Author, Reason: c.Reason})
	if err != nil {
		return err
	}
	if r.Repaired {
		fmt.Fprintf(s.Err, "version %s was in force already (seq %d)\n", r.Version, r.Seq)
		return nil
	}
	fmt.Fprintf(s.Err, "version %s of seq %d is in force again as seq %d: %d entries; %d added, %d removed, %d changed\n",
		r.Version, r.To.Seq, r.Seq, r.Count, r.Added, r.Removed, r.Changed)
	return nil
}
