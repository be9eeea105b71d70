package clickhouse

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sluice/services/internal/fetch"
)

// Config says what engine to keep running, and where.
type Config struct {
	Dir    string // the engine's folder, made when it is not there; one engine at a time
	Lib    string // path of the library; "": where fetch.Locate finds it
	Listen string // host:port; "": a free port on loopback
	Memory int64  // bytes that the engine may use; 0: DefaultMemoryBytes
	Log    zerolog.Logger

	// StartTimeout bounds how long Start waits for the engine to answer, restarts included; 0: 20 s.
	StartTimeout time.Duration
	// StopTimeout bounds how long Stop waits for running statements; then the child is killed. 0: 15 s.
	StopTimeout time.Duration
}

const user = "default"

// Pauses before a child is started again. The first restart is at once.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 5 * time.Second
	steady     = 10 * time.Second // a child that lived this long starts the pauses over
)

// startAttempts is how many children may end before the first one answered until Start gives up: a folder whose last
// owner is just ending is waited for, a library that does not load is not.
const startAttempts = 5

// Engine keeps one child process running.
type Engine struct {
	cfg      Config
	password string
	listener *os.File // lent to every child; open as long as the engine is to be reached
	addr     string

	stop     context.CancelFunc
	done     chan struct{}
	first    chan struct{} // closed when the first child answers
	firstly  sync.Once
	stopping sync.Once
	up       atomic.Bool
	pid      atomic.Int64
	restarts atomic.Uint64
	last     atomic.Pointer[error] // why the last child ended
}

// New checks the configuration; nothing is started.
func New(cfg Config) (*Engine, error) {
	if cfg.Dir == "" {
		return nil, errors.New("clickhouse engine: Dir is empty: name the folder that holds its data")
	}
	lib, err := fetch.LocateAs(cfg.Lib)
	if err != nil {
		return nil, err
	}
	cfg.Lib = lib
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.StartTimeout <= 0 {
		cfg.StartTimeout = 20 * time.Second
	}
	if cfg.StopTimeout <= 0 {
		cfg.StopTimeout = 15 * time.Second
	}
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	return &Engine{cfg: cfg, password: hex.EncodeToString(secret[:]), done: make(chan struct{}), first: make(chan struct{})}, nil
}

// Start binds the address, starts the child and returns when it answers. From then on the child is kept running until
// Stop; ctx bounds the wait only. After an error nothing runs.
func (e *Engine) Start(ctx context.Context) error {
	if err := os.MkdirAll(e.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("clickhouse engine folder: %w", err)
	}
	if err := e.bind(ctx); err != nil {
		return err
	}
	run, stop := context.WithCancel(context.Background())
	e.stop = stop
	go e.supervise(run)

	timeout := time.NewTimer(e.cfg.StartTimeout)
	defer timeout.Stop()
	var err error
	select {
	case <-e.first:
	case <-ctx.Done():
		err = ctx.Err()
	case <-timeout.C:
		err = e.because(fmt.Errorf("no answer within %v", e.cfg.StartTimeout))
	case <-e.done:
		err = e.because(fmt.Errorf("it ended %d times", startAttempts))
	}
	if err != nil {
		_ = e.Stop()
		return fmt.Errorf("clickhouse engine on %s: %w", e.cfg.Dir, err)
	}
	return nil
}

func (e *Engine) because(err error) error {
	if last := e.last.Load(); last != nil {
		return fmt.Errorf("%w: %w", err, *last)
	}
	return err
}

// Stop ends the child, gracefully while StopTimeout lasts. It may be called more than once.
func (e *Engine) Stop() error {
	if e.stop == nil {
		return nil
	}
	e.stopping.Do(func() {
		e.stop()
		<-e.done
		_ = e.listener.Close()
	})
	return nil
}

// bind opens the listener and keeps only its file: the children accept, the parent never does.
func (e *Engine) bind(ctx context.Context) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", e.cfg.Listen)
	if err != nil {
		return fmt.Errorf("clickhouse engine: %w", err)
	}
	defer func() { _ = ln.Close() }()
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return fmt.Errorf("clickhouse engine: listener is a %T, not TCP", ln)
	}
	e.addr = ln.Addr().String()
	if e.listener, err = tcp.File(); err != nil {
		return fmt.Errorf("clickhouse engine: %w", err)
	}
	return nil
}

// DSN is where the engine is reached, with its password. It is the same for every child; "" before Start.
func (e *Engine) DSN() string {
	if e.addr == "" {
		return ""
	}
	return (&url.URL{Scheme: "http", User: url.UserPassword(user, e.password), Host: e.addr}).String()
}

// Ready says whether a child is there and answers. While it is not, requests wait at the listener.
func (e *Engine) Ready() bool { return e.up.Load() }

// PID is the child's process id, 0 while there is none.
func (e *Engine) PID() int { return int(e.pid.Load()) }

// Restarts is how many times a child had to be started again.
func (e *Engine) Restarts() uint64 { return e.restarts.Load() }

// Collectors are the engine's metrics.
func (e *Engine) Collectors() []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "sluice_clickhouse_engine_restarts_total",
			Help: "How many times the embedded ClickHouse engine had to be started again."},
			func() float64 { return float64(e.Restarts()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sluice_clickhouse_engine_up",
			Help: "Whether the embedded ClickHouse engine answers."},
			func() float64 {
				if e.Ready() {
					return 1
				}
				return 0
			}),
	}
}
