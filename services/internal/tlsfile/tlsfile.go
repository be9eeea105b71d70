// Package tlsfile makes TLS settings from files: certificates of authorities, and a certificate with its key. A
// certificate that is renewed on disk is taken up by the next handshake, without a restart; one that cannot be read then
// keeps the one before it. Nothing below TLS 1.2 is spoken, and no server's certificate goes unchecked.
package tlsfile

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Files name what a TLS end needs. Empty ones are left out.
type Files struct {
	CA         string // PEM certificates of the authorities to trust; none: the system's
	Cert, Key  string // PEM certificate chain and its key
	ServerName string // name in the server's certificate; none: the host that is dialled
}

// ErrPair is returned when of a certificate and its key only one is named.
var ErrPair = errors.New("a certificate and its key go together: name both files, or none")

// Client are the settings of who dials. Cert and Key, where given, say who it is.
func Client(f Files) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	var err error
	if c.RootCAs, err = pool(f.CA); err != nil {
		return nil, err
	}
	if f.Cert == "" && f.Key == "" {
		return c, nil
	}
	p, err := newPair(f.Cert, f.Key)
	if err != nil {
		return nil, err
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return p.current(), nil }
	return c, nil
}

// Server are the settings of who listens; Cert and Key are needed. With CA, a client's certificate is asked for and, when
// it gives one, must be signed by one of the authorities: whether it must give one is for each route.
func Server(f Files) (*tls.Config, error) {
	p, err := newPair(f.Cert, f.Key)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.current(), nil }
	if f.CA != "" {
		if c.ClientCAs, err = pool(f.CA); err != nil {
			return nil, err
		}
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return c, nil
}

// Self are the settings of who dials a listener of this machine whose certificate file it can read: it trusts that
// certificate, under the first name in it.
func Self(cert string) (*tls.Config, error) {
	text, err := os.ReadFile(cert)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: there is no PEM certificate in it", cert)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cert, err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	c.RootCAs.AddCert(leaf)
	switch {
	case len(leaf.DNSNames) > 0:
		c.ServerName = leaf.DNSNames[0]
	case len(leaf.IPAddresses) > 0:
		c.ServerName = leaf.IPAddresses[0].String()
	default:
		return nil, fmt.Errorf("%s: the certificate has no name", cert)
	}
	return c, nil
}

func pool(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: there is no PEM certificate in it", path)
	}
	return p, nil
}

// pair is a certificate with its key, read again when the files change.
type pair struct {
	cert, key string

	mu   sync.Mutex
	from [2]stamp
	now  *tls.Certificate
}

// stamp tells one state of a file from another.
type stamp struct {
	at   time.Time
	size int64
}

func newPair(cert, key string) (*pair, error) {
	if cert == "" || key == "" {
		return nil, ErrPair
	}
	p := &pair{cert: cert, key: key}
	return p, p.read()
}

func (p *pair) stamps() (s [2]stamp, err error) {
	for i, path := range []string{p.cert, p.key} {
		info, err := os.Stat(path)
		if err != nil {
			return s, err
		}
		s[i] = stamp{info.ModTime(), info.Size()}
	}
	return s, nil
}

func (p *pair) read() error {
	from, err := p.stamps()
	if err != nil {
		return err
	}
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", p.cert, p.key, err)
	}
	p.from, p.now = from, &c
	return nil
}

// current is the certificate as the files have it, or the last one that could be read.
func (p *pair) current() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if from, err := p.stamps(); err == nil && from != p.from {
		_ = p.read() // half a renewal: the next handshake tries again
	}
	return p.now
}
