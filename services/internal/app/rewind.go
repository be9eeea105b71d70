package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"sluice/services/internal/audit"
	"sluice/services/internal/broker"
	"sluice/services/internal/config"
	"sluice/services/internal/stream"
	"sluice/services/recorder"
)

// Rewound is a partition of one of the recorder's groups that is, or would be, set back.
type Rewound struct {
	Group, Topic string
	broker.Rewound
}

// Rewind sets every group of the recorder back to the first records of a moment or later; with dryRun it only says what
// would change. It is refused while a recorder runs. Recording something again changes no count.
func Rewind(ctx context.Context, cfg *config.Config, to time.Time, dryRun bool, log zerolog.Logger) (back []Rewound, err error) {
	kafka, done, err := attachKafka(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	hops := append(recorder.Hops(nil), recorder.LedgerHop(nil, nil))
	look := func(ctx context.Context, dryRun bool) error {
		back = back[:0]
		for _, h := range hops {
			found, err := kafka.Rewind(ctx, h.Group, h.Topic, to, dryRun)
			if errors.Is(err, broker.ErrGroupActive) {
				return fmt.Errorf("%w: stop every recorder (of sluice run, the whole process) and try again", err)
			}
			if errors.Is(err, stream.ErrUnknownTopic) {
				continue // there is nothing to record again
			}
			if err != nil {
				return err
			}
			for _, r := range found {
				back = append(back, Rewound{h.Group, h.Topic, r})
			}
		}
		return nil
	}
	// First all are looked at: where one is refused, none is set back.
	if err := look(ctx, true); err != nil || dryRun || len(back) == 0 {
		return back, err
	}
	records := int64(0)
	for _, r := range back {
		records += r.From - r.To
	}
	record := audit.Record{Actor: Actor(), Action: audit.RecorderRewind, Object: to.UTC().Format(time.RFC3339), Detail: map[string]string{"records": fmt.Sprint(records)}}
	err = audit.Do(ctx, AuditLog(cfg, log), record, func(ctx context.Context) error { return look(ctx, false) })
	return back, err
}
