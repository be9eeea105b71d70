package stream

import (
	"context"
	"fmt"
)

// Loop runs a Handler over the topics of a consumer group.
type Loop struct {
	cfg     Config
	broker  Broker
	handler Handler
	state   tracker
}

// New checks the configuration and makes a loop. It dials nothing and starts nothing.
func New(cfg Config, broker Broker, handler Handler) (*Loop, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", cfg.Stage, err)
	}
	return &Loop{cfg: cfg, broker: broker, handler: handler}, nil
}

// State tells what the loop is doing. It may be called at any time, from any goroutine.
func (l *Loop) State() State { return l.state.snapshot() }

// Run joins the group and works until ctx ends; then it finishes what is at hand within Config.Drain, commits, leaves
// the group and returns nil. Trouble with the broker or the handler never ends it: it goes on trying, and State tells.
// It returns an error only for what no retry mends. Run may be called once.
func (l *Loop) Run(ctx context.Context) error {
	return l.run(ctx)
}
