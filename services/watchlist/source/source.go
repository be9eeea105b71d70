// Package source fetches publishers' files: by HTTPS with conditional requests, or from a disk. It tells what it fetched
// and verified, and never what is in it.
//
// A publisher's address is configured, and still not trusted with the inside of the network: names that resolve to
// loopback, private and other special addresses are refused when they are dialled, so that neither a redirect nor a name
// that changes its address gets through; redirects go only to the same host or to those that are named, by HTTPS; no
// proxy is used; size, time and tries are bounded; a secret header goes to the configured host alone.
package source

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Config says where a file is, and what it must be.
type Config struct {
	URL  string // https://, or http:// with AllowPrivate; "": File
	File string // path

	Timeout  time.Duration // of a Fetch, with all tries
	MaxBytes int64         // of the file as it comes

	SHA256      string // that the file must have, in hex; "": any
	ChecksumURL string // where the publisher's checksum is; "": nowhere

	Headers        []Header
	AllowRedirects []string // hosts besides the one of the URL
	AllowPrivate   bool

	Dir   string         // where files are kept while they are read; "": the system's
	Roots *x509.CertPool // nil: the system's
}

// Header is a header of the requests; its value is Prefix and what the file holds, read for each request.
type Header struct{ Name, Prefix, File string }

// Mark is what a file is recognised by later.
type Mark struct {
	ETag     string
	Modified string // as the server wrote it: Last-Modified
	SHA256   string
}

// File is a fetched file. Whoever fetched it closes it.
type File struct {
	Mark
	Name      string    // for people, and for formats that look at it
	MediaType string    // that the server names
	At        time.Time // when the server says that it was changed; zero: it does not say

	*os.File
	temporary bool
}

// Close closes the file and removes what was downloaded.
func (f *File) Close() error {
	err := f.File.Close()
	if f.temporary {
		err = errors.Join(err, os.Remove(f.File.Name()))
	}
	return err
}

// ErrUnchanged says that the publisher has what was seen before.
var ErrUnchanged = errors.New("unchanged")

// ErrChecksum is wrapped by the error of a file that is not what its checksum says.
var ErrChecksum = errors.New("the checksum does not fit")

// Fetch returns the file, or ErrUnchanged when it is still the one with the mark seen. Failures that go by are tried
// again, with a growing pause, as long as the timeout allows and at most tries times.
func Fetch(ctx context.Context, cfg Config, seen Mark) (*File, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	if cfg.URL == "" {
		return open(cfg, seen)
	}
	c, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	defer c.http.CloseIdleConnections()
	want := strings.ToLower(cfg.SHA256)
	if cfg.ChecksumURL != "" {
		if want, err = c.checksum(ctx, path.Base(c.url.Path)); err != nil {
			return nil, fmt.Errorf("checksum: %w", err)
		}
		if want == seen.SHA256 {
			return nil, ErrUnchanged
		}
	}
	f, err := again(ctx, func() (*File, error) { return c.download(ctx, seen) })
	if err != nil {
		return nil, err
	}
	return verified(f, want, seen)
}

// verified closes f and returns an error when it is not what it must be, or nothing new.
func verified(f *File, want string, seen Mark) (*File, error) {
	have := f.SHA256
	if len(want) == hex.EncodedLen(sha1.Size) {
		h := sha1.New() // the only one that this publisher gives: it tells damage, and TLS who it is from
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if _, err := io.Copy(h, f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		have = sum(h)
	}
	switch {
	case want != "" && have != want:
		return nil, errors.Join(fmt.Errorf("%w: the file has %s, the publisher says %s", ErrChecksum, have, want), f.Close())
	case f.SHA256 == seen.SHA256:
		return nil, errors.Join(ErrUnchanged, f.Close())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// open is Fetch for a file on a disk.
func open(cfg Config, seen Mark) (*File, error) {
	in, err := os.Open(cfg.File)
	if err != nil {
		return nil, err
	}
	f := &File{Name: filepath.Base(cfg.File), File: in}
	info, err := in.Stat()
	switch {
	case err != nil:
		return nil, errors.Join(err, f.Close())
	case info.IsDir():
		return nil, errors.Join(fmt.Errorf("%s is a folder; a source is one file", cfg.File), f.Close())
	case info.Size() > cfg.MaxBytes:
		return nil, errors.Join(tooLarge(cfg), f.Close())
	}
	f.At = info.ModTime().UTC()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	f.SHA256 = sum(h)
	return verified(f, strings.ToLower(cfg.SHA256), seen)
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

func tooLarge(cfg Config) error {
	return fmt.Errorf("the file has more than %d bytes, which is max_bytes", cfg.MaxBytes)
}

// tries is how often a request is made before a fetch fails.
const tries = 4

// The pauses between tries.
const (
	firstPause = time.Second
	mostPause  = 30 * time.Second
)

// passing is an error that goes by; after says what pause the server wants, 0 any.
type passing struct {
	error
	after time.Duration
}

func (p passing) Unwrap() error { return p.error }

// again tries fn until it works, or fails for good.
func again(ctx context.Context, fn func() (*File, error)) (*File, error) {
	for n, pause := 1, firstPause; ; n, pause = n+1, min(2*pause, mostPause) {
		f, err := fn()
		var p passing
		if err == nil || !errors.As(err, &p) || n == tries || ctx.Err() != nil {
			return f, err
		}
		timer := time.NewTimer(max(pause, min(p.after, mostPause)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, err
		case <-timer.C:
		}
	}
}

// download gets the file once.
func (c *client) download(ctx context.Context, seen Mark) (_ *File, err error) {
	res, err := c.get(ctx, c.cfg.URL, func(h http.Header) {
		if seen.ETag != "" {
			h.Set("If-None-Match", seen.ETag)
		}
		if seen.Modified != "" {
			h.Set("If-Modified-Since", seen.Modified)
		}
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusNotModified {
		return nil, ErrUnchanged
	}
	if res.ContentLength > c.cfg.MaxBytes {
		return nil, tooLarge(c.cfg)
	}
	out, err := os.CreateTemp(c.cfg.Dir, "source-*")
	if err != nil {
		return nil, err
	}
	f := &File{Name: path.Base(res.Request.URL.Path), MediaType: res.Header.Get("Content-Type"), File: out, temporary: true}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	f.ETag, f.Modified = res.Header.Get("ETag"), res.Header.Get("Last-Modified")
	if f.At, err = http.ParseTime(f.Modified); err != nil {
		f.At = time.Time{}
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), io.LimitReader(res.Body, c.cfg.MaxBytes+1))
	switch {
	case err != nil:
		return nil, passing{error: fmt.Errorf("after %d bytes: %w", n, err)}
	case n > c.cfg.MaxBytes:
		return nil, tooLarge(c.cfg)
	}
	f.SHA256 = sum(h)
	return f, nil
}
