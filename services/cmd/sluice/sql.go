package main

import (
	"context"

	"github.com/rs/zerolog"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
)

// sqlCmd asks ClickHouse.
type sqlCmd struct {
	config.Config
	Query string `arg:"" help:"One statement."`
}

// Help is the rest of the command's help.
func (sqlCmd) Help() string {
	return "Asks the ClickHouse that the config names, else that of the instance that runs on --data, else starts the engine on " +
		"that folder. The answer is TabSeparated without a header, a table on a terminal, or what the statement's FORMAT says."
}

func (c *sqlCmd) Run(ctx context.Context, s streams) error {
	servers, err := app.Attach(ctx, &c.Config, app.Needs{ClickHouse: true}, zerolog.Nop())
	if err != nil {
		return err
	}
	defer func() { _ = servers.Close() }()
	w, err := servers.Warehouse(&c.Config)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	format := "TabSeparated"
	if app.IsTerminal(s.Out) {
		format = "PrettyCompact"
	}
	return w.SQL(ctx, c.Query, format, s.Out)
}
