package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/internal/embedded/clickhouse"
	"sluice/services/internal/screen"
)

// engineChild runs the embedded ClickHouse engine when this process was started to be it.
func engineChild(args []string) (code int, isChild bool) {
	if len(args) == 0 || args[0] != clickhouse.Arg {
		return 0, false
	}
	return clickhouse.Main(args[1:]), true
}

// runCmd runs all services.
type runCmd struct {
	config.Config
	Simulate float64 `help:"Stream that many simulated transfers a second into the pipeline, against a simulated list." placeholder:"RATE"`
	Check    bool    `help:"Check the settings, start nothing."`
}

func (c *runCmd) Run(ctx context.Context, s streams) error {
	opts := app.Options{Parts: app.All, Embedded: true, Version: version}
	if c.Simulate < 0 {
		return fmt.Errorf("--simulate: %g transfers a second is less than none", c.Simulate)
	}
	if c.Simulate > 0 {
		opts.Simulate = &app.Simulate{Rate: c.Simulate}
	}
	return serve(ctx, s, &c.Config, opts, c.Check)
}

func logFile(cfg *config.Config) string { return filepath.Join(cfg.Data, "sluice.log") }

// serve runs a pipeline: with a live screen on a terminal, with log lines elsewhere.
func serve(ctx context.Context, s streams, cfg *config.Config, opts app.Options, check bool) error {
	if opts.Parts.Ingest {
		if err := cfg.RequireKeys(); err != nil {
			return err
		}
	}
	if err := app.Check(cfg, opts); err != nil {
		return err
	}
	if check {
		fmt.Fprintln(s.Err, "the settings are good")
		return nil
	}
	log := app.Logger(s.Err, cfg.Log)
	// The screen takes the terminal: what is logged goes to a file then.
	if opts.Parts == app.All && app.IsTerminal(s.Out) && app.IsTerminal(s.In) {
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return err
		}
		file, err := os.OpenFile(logFile(cfg), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		fmt.Fprintf(s.Err, "starting; log lines go to %s\n", file.Name())
		log = app.Logger(file, cfg.Log)
		opts.Show = func(ctx context.Context, p *app.Pipeline, stop func()) error {
			return screen.Run(ctx, s.In, s.Out, p.Model, stop)
		}
	}
	err := app.Run(ctx, cfg, opts, log)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// serviceCmd is the part that all services have in common.
type serviceCmd struct {
	config.Config
	Check bool `help:"Check the settings, start nothing."`
}

func (c *serviceCmd) serve(ctx context.Context, s streams, parts app.Parts, needs ...config.Need) error {
	if err := c.Require(needs...); err != nil {
		return err
	}
	return serve(ctx, s, &c.Config, app.Options{Parts: parts, Version: version}, c.Check)
}

type (
	ingestCmd         struct{ serviceCmd }
	enrichmentCmd     struct{ serviceCmd }
	alertingCmd       struct{ serviceCmd }
	recorderCmd       struct{ serviceCmd }
	watchlistServeCmd struct{ serviceCmd }
)

func (c *ingestCmd) Run(ctx context.Context, s streams) error {
	return c.serve(ctx, s, app.Parts{Ingest: true}, config.NeedKafka, config.NeedRedis)
}

func (c *enrichmentCmd) Run(ctx context.Context, s streams) error {
	return c.serve(ctx, s, app.Parts{Enrichment: true}, config.NeedKafka, config.NeedRedis)
}

func (c *alertingCmd) Run(ctx context.Context, s streams) error {
	return c.serve(ctx, s, app.Parts{Alerting: true}, config.NeedKafka)
}

func (c *recorderCmd) Run(ctx context.Context, s streams) error {
	return c.serve(ctx, s, app.Parts{Recorder: true}, config.NeedKafka, config.NeedClickHouse)
}

func (c *watchlistServeCmd) Run(ctx context.Context, s streams) error {
	return c.serve(ctx, s, app.Parts{Watchlist: true}, config.NeedKafka, config.NeedRedis, config.NeedClickHouse)
}
