package main

import (
	"context"
	"errors"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/internal/doctor"
)

// doctorCmd examines an installation.
type doctorCmd struct {
	config.Config
	Self bool `help:"Only ask the service on this machine's http.listen whether it is alive (for container health checks)."`
}

func (c *doctorCmd) Run(ctx context.Context, s streams) error {
	if c.Self {
		return app.SelfCheck(ctx, &c.Config)
	}
	err := doctor.Run(ctx, s.Out, app.Checks(&c.Config))
	if errors.Is(err, doctor.ErrUnwell) {
		return errLines
	}
	return err
}
