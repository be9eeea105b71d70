// Package lookback screens recorded transfers again when what is known has changed. It runs inside the watchlist
// service.
//
// An activation of lists changes what is said of some addresses: every recorded transfer with one of them is sent to
// rescreen.v1, whole, and judged by the same services as any other. So is what was held because there were no usable
// lists, once there are. It promises
//   - that no transfer slips between: a run's last pass begins when nobody screens with older lists any more, and all
//     that was screened with them is recorded;
//   - that a transfer is never sent wrong: what is recorded must give the id of its fact again, else it is counted,
//     reported and left alone;
//   - that a run may break off anywhere and begin again: what it has to do is asked of the warehouse, and a transfer
//     that was judged by the newer lists is not found again;
//   - that live transfers do not wait: it sends at a bounded rate, and no more than is being screened.
//
// It never judges by itself, and it never talks to the services that do.
package lookback

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"sluice/services/internal/activation"
	"sluice/services/internal/stream"
)

// leaseName is the lease under which one instance looks back.
const leaseName = "lookback"

// Hop is a consumer group of the pipeline and what it reads.
type Hop struct{ Group, Topic string }

// Chain is the way of a transfer to the warehouse: what each hop reads is written by those of the step before.
type Chain [][]Hop

// Config is how the service works. The zero value of a field is its default.
type Config struct {
	Rate     int           // transfers sent in a second, at most; default 10,000
	Pending  int           // transfers sent and not screened yet, at most; default 10,000
	MaxAge   time.Duration // how long an instance relies on lists without the pointer, at most; default 30 s
	Every    time.Duration // how often held transfers are looked for; default 10 s
	Poll     time.Duration // how often others are looked at that are waited for; default 100 ms
	Rescreen Hop           // who screens what is sent
	Chain    Chain
	Now      func() time.Time
	Logger   zerolog.Logger
}

// Deps is what the service works on.
type Deps struct {
	Warehouse   Warehouse
	Snapshots   Snapshots
	Activations Activations
	Lists       Lists
	Topics      Topics
	Leases      Leases
	Publisher   stream.Publisher
}

// Service looks back.
type Service struct {
	cfg Config
	Deps
	m *Metrics

	news  chan activation.Activation
	acts  []activation.Activation // of lists and runs, in order
	done  map[uint64]bool         // runs that are through, by the seq of what caused them
	upTo  uint64                  // the highest activation of lists that a run is through with
	held  leftover
	open  bool   // what was sent may not be recorded yet
	begun uint64 // the last run that was logged
	said  string // last trouble that was logged
}

// leftover is what a run over held transfers could not help.
type leftover struct{ lists, count uint64 }

// New makes the service. It dials nothing and starts nothing.
func New(cfg Config, deps Deps, m *Metrics) (*Service, error) {
	number := func(v *int, fallback int) {
		if *v == 0 {
			*v = fallback
		}
	}
	span := func(v *time.Duration, fallback time.Duration) {
		if *v == 0 {
			*v = fallback
		}
	}
	number(&cfg.Rate, 10_000)
	number(&cfg.Pending, 10_000)
	span(&cfg.MaxAge, 30*time.Second)
	span(&cfg.Every, 10*time.Second)
	span(&cfg.Poll, 100*time.Millisecond)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case cfg.Rate < 1:
		return nil, fmt.Errorf("lookback.rate: %d, want at least 1", cfg.Rate)
	case cfg.Pending < 1:
		return nil, fmt.Errorf("lookback.pending: %d, want at least 1", cfg.Pending)
	case cfg.MaxAge < 0 || cfg.Every < 0 || cfg.Poll < 0:
		return nil, fmt.Errorf("lookback: max age %s, every %s, poll %s: want more than 0", cfg.MaxAge, cfg.Every, cfg.Poll)
	case len(cfg.Chain) == 0 || cfg.Rescreen == Hop{}:
		return nil, errors.New("lookback: the way of a transfer to the warehouse is not known")
	}
	return &Service{cfg: cfg, Deps: deps, m: m}, nil
}

// Run works until ctx ends, whenever no other instance does. It returns an error when the topic of activations is not
// what it must be; all other trouble it waits out.
func (s *Service) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		var fatal error
		alone := false
		err := s.Leases.Hold(ctx, leaseName, func(ctx context.Context) error {
			alone = true
			err := s.Work(ctx)
			if errors.Is(err, activation.ErrNoLog) {
				fatal = err
			}
			return err
		})
		if fatal != nil && ctx.Err() == nil {
			return fatal
		}
		if ctx.Err() == nil {
			if alone { // another instance that looks back is no trouble
				s.trouble(err)
			} else {
				s.cfg.Logger.Debug().Err(err).Msg("another looks back, or nobody can")
			}
			pause(ctx, time.Second)
		}
	}
	return nil
}

// trouble logs what stands in the way, once.
func (s *Service) trouble(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != s.said && text != "" {
		s.cfg.Logger.Warn().Err(err).Msg("looking back waits, and tries again")
	}
	s.said = text
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
