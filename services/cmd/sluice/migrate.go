package main

import (
	"context"
	"fmt"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
)

// migrateCmd brings the schema up to date.
type migrateCmd struct{ config.Config }

func (c *migrateCmd) Run(ctx context.Context, s streams) error {
	if err := c.Require(config.NeedClickHouse, config.NeedRedis); err != nil {
		return err
	}
	applied, err := app.Migrate(ctx, &c.Config, app.Logger(s.Err, c.Log))
	for _, m := range applied {
		fmt.Fprintf(s.Err, "applied %d %s\n", m.Version, m.Name)
	}
	if err == nil && len(applied) == 0 {
		fmt.Fprintln(s.Err, "the schema is up to date")
	}
	return err
}
