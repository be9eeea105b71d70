package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
)

// rewindCmd sets the recorder back.
type rewindCmd struct {
	config.Config
	To     string `help:"Record again from here on: a time (RFC 3339), or how long ago, such as 24h." placeholder:"TIME"`
	DryRun bool   `help:"Say what would be recorded again, and change nothing."`
}

func (c *rewindCmd) Run(ctx context.Context, s streams) error {
	to, err := moment("to", c.To, time.Now())
	if err != nil {
		return err
	}
	if to.IsZero() {
		return errors.New("--to: since when? Name the time of the backup, less an hour, such as 2026-11-22T00:00:00Z")
	}
	back, err := app.Rewind(ctx, &c.Config, to, c.DryRun, app.Logger(s.Err, c.Log))
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	records := int64(0)
	for i, r := range back {
		if i == 0 {
			fmt.Fprintln(out, "group\ttopic\tpartition\tfrom\tto\trecords")
		}
		fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t%d\n", r.Group, r.Topic, r.Partition, r.From, r.To, r.From-r.To)
		records += r.From - r.To
	}
	if err := out.Flush(); err != nil {
		return err
	}
	what := "are recorded again when the recorder starts"
	if c.DryRun {
		what = "would be recorded again"
	}
	fmt.Fprintf(s.Err, "%d records since %s %s\n", records, to.UTC().Format(time.RFC3339), what)
	return nil
}
