package app

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"sluice/services/internal/audit"
	"sluice/services/internal/broker"
	"sluice/services/internal/config"
	"sluice/services/internal/deadletter"
	"sluice/services/internal/stream"
)

// Letters are the dead letters of the configured broker, of the running instance, or of the folder.
type Letters struct {
	*deadletter.Box
	servers *Servers
	kafka   *broker.Client
	phase   *phase
	audit   audit.Writer
}

// OpenLetters connects.
func OpenLetters(ctx context.Context, cfg *config.Config, log zerolog.Logger) (_ *Letters, err error) {
	l := &Letters{audit: AuditLog(cfg, log)}
	if l.servers, err = Attach(ctx, cfg, Needs{Kafka: true}, log); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if l.kafka, err = l.servers.kafkaClient(cfg); err != nil {
		return nil, err
	}
	producer, err := stream.NewProducer(stream.ProducerConfig{Logger: log}, l.kafka)
	if err != nil {
		return nil, err
	}
	l.phase = start(ctx, runner{"producer", producer.Run})
	l.Box = deadletter.Open(l.kafka, producer, time.Now)
	return l, nil
}

// Replay sends dead letters again, and writes down who did.
func (l *Letters) Replay(ctx context.Context, f deadletter.Filter, o deadletter.Options, report func(deadletter.Result) error) error {
	if o.DryRun {
		return l.Box.Replay(ctx, f, o, report)
	}
	topic := f.Topic
	if topic == "" {
		topic = "any"
	}
	r := audit.Record{Actor: Actor(), Action: audit.DeadLetterReplay, Object: topic, Detail: map[string]string{"filter": f.String()}}
	return audit.Do(ctx, l.audit, r, func(ctx context.Context) error { return l.Box.Replay(ctx, f, o, report) })
}

// Close gives everything back.
func (l *Letters) Close() error {
	var errs []error
	if l.phase != nil {
		errs = append(errs, l.phase.stop())
	}
	if l.kafka != nil {
		errs = append(errs, l.kafka.Close())
	}
	return errors.Join(append(errs, l.servers.Close())...)
}
