package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// ServeConfig says what engine to serve, and where.
type ServeConfig struct {
	Dir      string // the engine's folder, made when it is not there; one process at a time
	Lib      string // path of the library
	User     string
	Password string
	Memory   int64         // bytes that the engine may use; 0: DefaultMemoryBytes
	Grace    time.Duration // how long statements may run on after ctx has ended; 0: 5 s
}

// Serve runs the engine in this process and its HTTP interface on the listener until ctx ends. It returns nil when it
// was ended by ctx, with the engine closed. ready, when it is not nil, is called once it answers. A process can do this
// once: the engine cannot be loaded again.
func Serve(ctx context.Context, ln net.Listener, cfg ServeConfig, ready func()) error {
	args, err := writeSettings(cfg.Dir, cfg.Memory)
	if err != nil {
		return err
	}
	if err := load(cfg.Lib); err != nil {
		return err
	}
	f, err := newFront(args, cfg.User, cfg.Password)
	if err != nil {
		return fmt.Errorf("engine folder %s: %w", cfg.Dir, err)
	}
	if cfg.Grace <= 0 {
		cfg.Grace = 5 * time.Second
	}

	// The requests' own context outlives ctx by the grace time; its end kills what still runs.
	requests, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	srv := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		MaxHeaderBytes:    4 << 20, // a statement may stand in the URL
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	if ready != nil {
		ready()
	}
	select {
	case err := <-failed:
		return fmt.Errorf("engine front: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(requests, cfg.Grace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		kill()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Grace)
		defer cancel()
		if err := srv.Shutdown(last); err != nil {
			// A statement that does not even end when killed still uses the engine: it must not be closed under it.
			return fmt.Errorf("engine front: statements still run: %w", err)
		}
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("engine front: %w", err)
	}
	f.close()
	return nil
}
