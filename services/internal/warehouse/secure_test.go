package warehouse

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"sluice/services/internal/embedded/clickhouse/clickhousetest"
	"sluice/services/internal/tlsfile"
	"sluice/services/internal/tlsfile/tlstest"
)

// The engine behind a TLS end, reached with the user and password of the settings.
func TestTLSAndAUser(t *testing.T) {
	dsn, err := url.Parse(clickhousetest.DSN(t))
	must(t, err)
	password, _ := dsn.User.Password()
	ca := tlstest.NewCA(t)
	settings := func(f tlsfile.Files, make func(tlsfile.Files) (*tls.Config, error)) *tls.Config {
		c, err := make(f)
		must(t, err)
		return c
	}
	proof := settings(ca.Issue(t, "clickhouse"), tlsfile.Server)
	proof.ClientAuth = tls.RequireAndVerifyClientCert
	listener, err := tls.Listen("tcp", "127.0.0.1:0", proof)
	must(t, err)
	front := &http.Server{Handler: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: dsn.Host}), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = front.Serve(listener) }()
	t.Cleanup(func() { _ = front.Close() })
	at := "https://" + listener.Addr().String()
	mine := ca.Issue(t, "recorder")
	for name, c := range map[string]struct {
		cfg  Config
		good bool
	}{
		"settings":                 {Config{DSN: at, User: dsn.User.Username(), Password: password, TLS: settings(mine, tlsfile.Client)}, true},
		"a wrong password":         {Config{DSN: at, User: dsn.User.Username(), Password: "wrong", TLS: settings(mine, tlsfile.Client)}, false},
		"no client certificate":    {Config{DSN: at, User: dsn.User.Username(), Password: password, TLS: settings(tlsfile.Files{CA: ca.File}, tlsfile.Client)}, false},
		"the system's authorities": {Config{DSN: at, User: dsn.User.Username(), Password: password}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := Open(c.cfg)
			must(t, err)
			t.Cleanup(func() { _ = w.Close() })
			var out strings.Builder
			for what, err := range map[string]error{"ping": w.conn.Exec(t.Context(), "SELECT 1"), "sql": w.SQL(t.Context(), "SELECT 2", "TabSeparated", &out)} {
				if (err == nil) != c.good {
					t.Errorf("%s: %v", what, err)
				} else if err != nil && password != "" && strings.Contains(err.Error(), password) {
					t.Errorf("the password is in %v", err)
				}
			}
		})
	}
	if _, err := Open(Config{DSN: "http://c:1", TLS: &tls.Config{MinVersion: tls.VersionTLS12}}); err == nil {
		t.Error("http:// with TLS was taken")
	}
}
