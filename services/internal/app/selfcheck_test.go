package app

import (
	"context"
	"testing"
	"time"

	"sluice/services/internal/httpx"
	"sluice/services/internal/tlsfile/tlstest"
)

// The health check of a container reaches a listener that speaks TLS and asks others for a client certificate.
func TestTheSelfCheckReachesAListenerWithTLS(t *testing.T) {
	cfg := settings(t)
	ca := tlstest.NewCA(t)
	files := ca.Issue(t, "sluice.example.org")
	cfg.HTTP.TLS.CertFile, cfg.HTTP.TLS.KeyFile, cfg.HTTP.TLS.ClientCAFile = files.Cert, files.Key, files.CA
	proof, err := serverTLS(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := assembled(t)
	p.guard.ClientCert = true
	server, err := httpx.Listen(t.Context(), "127.0.0.1:0", proof, p)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, time.Second) }()
	t.Cleanup(func() { cancel(); <-ended })
	cfg.HTTP.Listen = server.Addr()
	if err := SelfCheck(t.Context(), cfg); err != nil {
		t.Error(err)
	}
	cfg.HTTP.TLS.CertFile = ca.Issue(t, "another").Cert
	if err := SelfCheck(t.Context(), cfg); err == nil {
		t.Error("another listener was taken for this one")
	}
}
