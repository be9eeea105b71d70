package tlsfile_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sluice/services/internal/tlsfile"
	"sluice/services/internal/tlsfile/tlstest"
)

// handshake returns who the server was, and how the two ends fared.
func handshake(t *testing.T, server, client *tls.Config) (name string, serverErr, clientErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		defer func() { _ = c.Close() }()
		s := tls.Server(c, server)
		err = s.Handshake()
		if err == nil {
			_, err = s.Write([]byte("x"))
		}
		done <- err
	}()
	c, clientErr := tls.Dial("tcp", l.Addr().String(), client)
	if clientErr == nil {
		defer func() { _ = c.Close() }()
		name = c.ConnectionState().PeerCertificates[0].Subject.CommonName
		_, clientErr = c.Read(make([]byte, 1)) // with TLS 1.3 a refused client learns of it here
	}
	return name, <-done, clientErr
}

func must(t *testing.T) func(c *tls.Config, err error) *tls.Config {
	return func(c *tls.Config, err error) *tls.Config {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func TestWhoTrustsWhom(t *testing.T) {
	ca, other := tlstest.NewCA(t), tlstest.NewCA(t)
	server := ca.Issue(t, "server")
	for name, c := range map[string]struct {
		client tlsfile.Files
		good   bool
	}{
		"no certificate":                 {tlsfile.Files{CA: ca.File}, true}, // the routes ask for one
		"one of the authority":           {ca.Issue(t, "alice"), true},
		"one of another":                 {func() tlsfile.Files { f := other.Issue(t, "mallory"); f.CA = ca.File; return f }(), false},
		"the server is of another":       {tlsfile.Files{CA: other.File}, false},
		"the server is not the system's": {tlsfile.Files{}, false},
		"the server has another name":    {tlsfile.Files{CA: ca.File, ServerName: "elsewhere"}, false},
		"the server has the name":        {tlsfile.Files{CA: ca.File, ServerName: "server"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, serverErr, clientErr := handshake(t, must(t)(tlsfile.Server(server)), must(t)(tlsfile.Client(c.client)))
			if good := serverErr == nil && clientErr == nil; good != c.good {
				t.Errorf("server: %v, client: %v", serverErr, clientErr)
			}
		})
	}
}

func TestARenewedCertificateIsTakenUp(t *testing.T) {
	ca := tlstest.NewCA(t)
	files := ca.Issue(t, "before")
	server, client := must(t)(tlsfile.Server(files)), must(t)(tlsfile.Client(tlsfile.Files{CA: ca.File}))
	see := func(want string) {
		t.Helper()
		if name, _, err := handshake(t, server, client); name != want || err != nil {
			t.Errorf("%q, %v; want %q", name, err, want)
		}
	}
	see("before")
	if err := os.WriteFile(files.Cert, []byte("half a renewal"), 0o600); err != nil {
		t.Fatal(err)
	}
	see("before")
	ca.IssueTo(t, "after", files)
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(files.Cert, later, later); err != nil {
		t.Fatal(err)
	}
	see("after")
}

func TestFilesThatAreNotThere(t *testing.T) {
	f := tlstest.NewCA(t).Issue(t, "x")
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]tlsfile.Files{
		"no CA file": {CA: "none"}, "an empty CA": {CA: empty}, "a key missing": {Cert: f.Cert}, "a certificate missing": {Key: f.Key},
		"not a key": {Cert: f.Cert, Key: f.Cert},
	} {
		if _, err := tlsfile.Client(bad); err == nil {
			t.Errorf("%s: a client took it", name)
		}
	}
	if _, err := tlsfile.Server(tlsfile.Files{}); !errors.Is(err, tlsfile.ErrPair) {
		t.Errorf("a server without a certificate: %v", err)
	}
	if _, err := tlsfile.Server(tlsfile.Files{CA: empty, Cert: f.Cert, Key: f.Key}); err == nil {
		t.Error("an empty CA was taken")
	}
}
