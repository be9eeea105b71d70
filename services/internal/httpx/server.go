// Package httpx is what every HTTP listener of Sluice shares: a server with bounded patience, problem documents
// (RFC 9457), and one table of routes, each behind a guard that asks for an API key with the route's scope, and bounds
// rate, body and memory. It knows nothing of transfers.
package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Limits on how long a client may take: who sends or reads slower is disconnected, so that connections which do nothing
// do not pile up. The largest body passes within them at 5 Mbit/s.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 2 * time.Minute
	writeTimeout  = 5 * time.Minute
	idleTimeout   = time.Minute
	maxHeader     = 64 << 10
)

// Server is a listener with a handler.
type Server struct {
	srv      *http.Server
	listener net.Listener
}

// Listen binds address, which may have port 0, and serves nothing yet. With proof it speaks TLS.
func Listen(ctx context.Context, address string, proof *tls.Config, h http.Handler) (*Server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("http.listen: %w; is another instance running, or is the port taken?", err)
	}
	if proof != nil {
		l = tls.NewListener(l, proof)
	}
	return &Server{
		listener: l,
		srv: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: headerTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeader,
		},
	}, nil
}

// Addr is where the server listens, with the real port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves until ctx ends, then lets requests under way finish for as long as drain.
func (s *Server) Run(ctx context.Context, drain time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- s.srv.Serve(s.listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := s.srv.Shutdown(stop); err != nil {
		_ = s.srv.Close()
		return fmt.Errorf("requests were still under way after %s: %w", drain, err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
