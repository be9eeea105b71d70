package source

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Bounds of a connection.
const (
	dialTimeout   = 15 * time.Second
	headerTimeout = 60 * time.Second
	maxRedirects  = 5
	maxSecret     = 16 << 10
	maxChecksum   = 4 << 20 // of a file with checksums
)

// client asks one publisher.
type client struct {
	cfg  Config
	url  *url.URL
	http *http.Client
}

func newClient(cfg Config) (*client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	c := &client{cfg: cfg, url: u}
	dialer := &net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		if cfg.AllowPrivate {
			return nil
		}
		return public(address)
	}}
	c.http = &http.Client{
		CheckRedirect: c.redirect,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: headerTimeout,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots}, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: 1 << 20,
		},
	}
	return c, nil
}

// errPrivate is wrapped by the error of an address that is not of the public internet.
var errPrivate = errors.New("not an address of the public internet, and the source does not say allow_private")

// special are the ranges, besides those that net/netip knows, in which no publisher is: shared address space, benchmarks,
// documentation, reserved, and those that embed an IPv4 address which is looked at by another's gateway.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/32"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// public refuses host:port, with the host resolved, unless it is on the public internet.
func public(hostport string) error {
	at, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap().WithZone("")
	inside := !ip.IsGlobalUnicast() || ip.IsPrivate() || slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(ip) })
	if inside {
		return fmt.Errorf("%s: %w", ip, errPrivate)
	}
	return nil
}

// redirect says whether a redirect may be followed.
func (c *client) redirect(req *http.Request, via []*http.Request) error {
	from, to := via[0].URL, req.URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case to.Scheme != "https" && (to.Scheme != "http" || from.Scheme != "http"):
		return fmt.Errorf("it redirects to %s, which is not HTTPS", to.Redacted())
	case to.Host != from.Host && !slices.Contains(c.cfg.AllowRedirects, to.Hostname()):
		return fmt.Errorf("it redirects to another host, %s, which allow_redirects does not name", to.Host)
	}
	if to.Host != from.Host {
		for _, h := range c.cfg.Headers {
			req.Header.Del(h.Name)
		}
	}
	return nil
}

// get asks for an address. The answer is 200 or 304; anything else is an error, one that goes by where the server says so.
func (c *client) get(ctx context.Context, address string, with func(http.Header)) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "sluice-watchlist")
	with(req.Header)
	if req.URL.Host == c.url.Host {
		for _, h := range c.cfg.Headers {
			value, err := secret(h)
			if err != nil {
				return nil, err
			}
			req.Header.Set(h.Name, value)
		}
	}
	res, err := c.http.Do(req)
	if err != nil {
		if refused := (*url.Error)(nil); errors.As(err, &refused) && (errors.Is(err, errPrivate) || isRedirect(res)) {
			return nil, err
		}
		return nil, passing{error: err}
	}
	if res.StatusCode == http.StatusOK || res.StatusCode == http.StatusNotModified {
		return res, nil
	}
	_, _ = io.CopyN(io.Discard, res.Body, maxSecret)
	_ = res.Body.Close()
	err = fmt.Errorf("the server answered %s", res.Status)
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusRequestTimeout {
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return nil, passing{error: err, after: time.Duration(seconds) * time.Second}
	}
	return nil, err
}

// isRedirect reports whether a failed request has the answer that it did not follow.
func isRedirect(res *http.Response) bool {
	return res != nil && res.StatusCode >= 300 && res.StatusCode < 400
}

// secret reads the value of a header.
func secret(h Header) (string, error) {
	f, err := os.Open(h.File)
	if err != nil {
		return "", fmt.Errorf("header %s: %w", h.Name, err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("header %s: %w", h.Name, err)
	}
	value := strings.TrimSpace(string(text))
	if value == "" || len(text) > maxSecret || strings.ContainsAny(value, "\r\n") {
		return "", fmt.Errorf("header %s: %s holds no value of one line", h.Name, h.File)
	}
	return h.Prefix + value, nil
}

// checksum gets the publisher's checksum of the file with the name.
func (c *client) checksum(ctx context.Context, name string) (want string, err error) {
	_, err = again(ctx, func() (*File, error) {
		res, err := c.get(ctx, c.cfg.ChecksumURL, func(http.Header) {})
		if err != nil {
			return nil, err
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(io.LimitReader(res.Body, maxChecksum+1))
		if err != nil {
			return nil, passing{error: err}
		}
		if len(text) > maxChecksum {
			return nil, fmt.Errorf("it has more than %d bytes", maxChecksum)
		}
		want, err = findChecksum(text, name)
		return nil, err
	})
	return want, err
}

// findChecksum reads the checksum of a file. It stands in an index of OpenSanctions (SHA-1), or is a SHA-256: the only
// one there is, or the one on the line that names the file, as sha256sum writes it.
func findChecksum(text []byte, name string) (string, error) {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return findInIndex(text, name)
	}
	var all, named []string
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || !isHex(f[0], sha256.Size) {
			continue
		}
		sum := strings.ToLower(f[0])
		all = append(all, sum)
		if len(f) > 1 && strings.TrimPrefix(strings.TrimPrefix(f[len(f)-1], "*"), "./") == name {
			named = append(named, sum)
		}
	}
	named, all = slices.Compact(named), slices.Compact(all)
	switch {
	case len(named) == 1:
		return named[0], nil
	case len(all) == 1:
		return all[0], nil
	default:
		return "", fmt.Errorf("there is no one SHA-256 for %s in it (%d of the file's name, %d in all)", name, len(named), len(all))
	}
}

// findInIndex reads the checksum of a file in the index.json of a dataset: its resources have names and SHA-1s.
func findInIndex(text []byte, name string) (string, error) {
	var index struct {
		Resources []struct{ Name, Checksum string }
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return "", fmt.Errorf("it is no index of a dataset: %w", err)
	}
	for _, r := range index.Resources {
		if r.Name == name && (isHex(r.Checksum, sha1.Size) || isHex(r.Checksum, sha256.Size)) {
			return strings.ToLower(r.Checksum), nil
		}
	}
	return "", fmt.Errorf("none of the %d resources in it is %s and has a SHA-1", len(index.Resources), name)
}

// isHex says whether a text is that many bytes in hex.
func isHex(text string, size int) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == size
}
