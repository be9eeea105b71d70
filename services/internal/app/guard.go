package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"sluice/services/internal/config"
	"sluice/services/internal/httpx"
	"sluice/services/internal/tlsfile"
)

// newGuard is what stands before the routes, and what must run for it.
func (p *Pipeline) newGuard() (*httpx.Guard, []runner, error) {
	cfg := p.cfg.HTTP
	g := &httpx.Guard{Tenant: p.cfg.Ingest.Tenant, ClientCert: cfg.TLS.ClientCAFile != "", Rate: cfg.KeyRate, Metrics: httpx.NewMetrics(p.reg)}
	if cfg.KeysFile == "" {
		return g, nil, nil
	}
	keys, err := httpx.OpenKeyFile(cfg.KeysFile, AuditLog(p.cfg, p.log), g.Metrics, p.log)
	if err != nil {
		return nil, nil, fmt.Errorf("http.keys_file: %w", err)
	}
	g.Keys = keys
	return g, []runner{{"key file", func(ctx context.Context) error {
		now := make(chan os.Signal, 1)
		signal.Notify(now, syscall.SIGHUP)
		defer signal.Stop(now)
		return keys.Run(ctx, now)
	}}}, nil
}

// serverTLS is how the listener proves itself; nil: it does not speak TLS.
func serverTLS(cfg *config.Config) (*tls.Config, error) {
	f := cfg.HTTP.TLS
	if f.CertFile == "" && f.KeyFile == "" {
		return nil, nil
	}
	c, err := tlsfile.Server(tlsfile.Files{CA: f.ClientCAFile, Cert: f.CertFile, Key: f.KeyFile})
	if err != nil {
		return nil, fmt.Errorf("http.tls: %w", err)
	}
	return c, nil
}
