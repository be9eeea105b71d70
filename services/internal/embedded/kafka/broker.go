// Package kafka is the embedded broker: Kafka's protocol in this process, on disk, so that the pipeline runs with
// nothing installed. It is franz-go's kfake, which calls itself a fake for tests, behind a guard and with its own rules of
// retention: a trial and small installations; production names an external cluster.
//
// What it promises: an acknowledged record survives a kill of the process (and, with SyncWrites, of the machine); the
// same folder opens again where it was left; a record that some consumer group has not read yet is not deleted, neither
// for its age nor for space. It listens on the loopback interface only, for it knows no users.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Config is how the broker runs.
type Config struct {
	Dir    string // where it keeps its state; made if need be
	Listen string // host:port on the loopback interface; port 0 picks a free one. Default 127.0.0.1:9092

	SyncWrites   bool          // write each batch through to the disk before it is acknowledged
	SegmentBytes int           // of a log file, default 32 MiB: space is freed by whole files
	DiskBudget   int64         // bytes that the folder may take, default 20 GiB
	Sweep        time.Duration // between looks at retention and space, default 5 s
	Intake       []string      // topics that others than the services write, closed while the budget is used up

	Logger zerolog.Logger
}

// Broker is an embedded broker.
type Broker struct {
	cfg     Config
	host    string
	port    int
	cluster *kfake.Cluster
	full    atomic.Bool
	used    atomic.Int64
}

// New checks the configuration. It opens and starts nothing.
func New(cfg Config) (*Broker, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:9092"
	}
	if cfg.SegmentBytes == 0 {
		cfg.SegmentBytes = 32 << 20
	}
	if cfg.DiskBudget == 0 {
		cfg.DiskBudget = 20 << 30
	}
	if cfg.Sweep == 0 {
		cfg.Sweep = 5 * time.Second
	}
	host, portText, err := net.SplitHostPort(cfg.Listen)
	port, portErr := strconv.Atoi(portText)
	switch {
	case err != nil || portErr != nil || port < 0 || port > 65535:
		return nil, fmt.Errorf("embedded broker: listen: %q, want host:port", cfg.Listen)
	case host != "127.0.0.1" && host != "localhost":
		return nil, fmt.Errorf("embedded broker: listen: %q, want 127.0.0.1: it knows no users", cfg.Listen)
	case cfg.Dir == "":
		return nil, errors.New("embedded broker: dir: empty, want a folder")
	case cfg.SegmentBytes < 64<<10:
		return nil, fmt.Errorf("embedded broker: segment_bytes: %d, want at least %d", cfg.SegmentBytes, 64<<10)
	case cfg.DiskBudget < 8*int64(cfg.SegmentBytes):
		return nil, fmt.Errorf("embedded broker: disk_budget: %d, want at least eight segments, %d", cfg.DiskBudget, 8*int64(cfg.SegmentBytes))
	case cfg.Sweep < time.Millisecond:
		return nil, fmt.Errorf("embedded broker: sweep: %s, want at least 1ms", cfg.Sweep)
	}
	return &Broker{cfg: cfg, host: "127.0.0.1", port: port}, nil
}

// never is a span for kfake's own housekeeping, which knows nothing of the groups: ten years.
const never = 10 * 365 * 24 * time.Hour

// Start opens the folder and listens. The broker serves from then on, until Run or Close ends it.
func (b *Broker) Start() error {
	if err := os.MkdirAll(b.cfg.Dir, 0o750); err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.Ports(b.port),
		kfake.ClusterID("sluice-embedded"),
		kfake.DataDir(b.cfg.Dir),
		kfake.ListenFn(listen),
		kfake.WithLogger(logger{b.cfg.Logger}),
		kfake.BrokerConfigs(map[string]string{
			"log.segment.bytes":         strconv.Itoa(b.cfg.SegmentBytes),
			"log.cleaner.backoff.ms":    strconv.FormatInt(never.Milliseconds(), 10),
			"offsets.retention.minutes": strconv.Itoa(int(never.Minutes())),
			"message.max.bytes":         strconv.Itoa(maxBatchBytes),
		}),
	}
	if b.cfg.SyncWrites {
		opts = append(opts, kfake.SyncWrites())
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "listen" {
			return fmt.Errorf("embedded broker: port %d is taken: stop what listens there, or name the running broker in kafka.brokers (SLUICE_KAFKA_BROKERS): %w", b.port, err)
		}
		return fmt.Errorf("embedded broker: open %s: %w", b.cfg.Dir, err)
	}
	b.cluster = cluster
	return nil
}

// maxBatchBytes is the largest batch of topics that do not say: one record of 4 MiB with all around it.
const maxBatchBytes = 4<<20 + 256<<10

// Addr returns host:port of the listener, once started.
func (b *Broker) Addr() string { return b.cluster.ListenAddrs()[0] }

// Run keeps house (retention, space) until ctx ends, then closes the broker. Start must have succeeded.
func (b *Broker) Run(ctx context.Context) error {
	defer b.Close()
	h, err := newHousekeeper(b)
	if err != nil {
		return err
	}
	defer h.close()
	tick := time.NewTicker(b.cfg.Sweep)
	defer tick.Stop()
	for {
		if err := h.sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			b.cfg.Logger.Warn().Err(err).Msg("embedded broker: housekeeping failed, trying again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Close saves the state and ends the broker. It may be called more than once.
func (b *Broker) Close() {
	if b.cluster != nil {
		b.cluster.Close()
	}
}

// Full says whether the disk budget is used up by records that may not be deleted yet: then nothing more should be
// taken in. It is true from the whole budget on, and false again below nine tenths of it.
func (b *Broker) Full() bool { return b.full.Load() }

// Used returns how many bytes the folder took at the last look.
func (b *Broker) Used() int64 { return b.used.Load() }

// logger writes kfake's messages at their level; its chatter about requests is debug.
type logger struct{ log zerolog.Logger }

// Logf implements kfake.Logger.
func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	at := zerolog.DebugLevel
	switch level {
	case kfake.LogLevelError:
		at = zerolog.ErrorLevel
	case kfake.LogLevelWarn:
		at = zerolog.WarnLevel
	case kfake.LogLevelNone, kfake.LogLevelInfo, kfake.LogLevelDebug:
	}
	if e := l.log.WithLevel(at); l.log.GetLevel() <= at {
		e.Msgf("embedded broker: "+format, args...)
	}
}
