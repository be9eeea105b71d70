package source

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const body = "0x00000000000000000000000000000000000000bb\n"

func sumOf(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

func sha1Of(text string) string {
	s := sha1.Sum([]byte(text))
	return hex.EncodeToString(s[:])
}

// publisher serves with TLS on loopback.
func publisher(t *testing.T, h http.HandlerFunc) (*httptest.Server, Config) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, Config{URL: s.URL + "/lists/list.txt", Timeout: 20 * time.Second, MaxBytes: 1 << 20, AllowPrivate: true, Dir: t.TempDir(), Roots: roots}
}

// fetched fetches and reads.
func fetched(t *testing.T, cfg Config, seen Mark) (string, Mark, error) {
	t.Helper()
	f, err := Fetch(t.Context(), cfg, seen)
	if err != nil {
		return "", Mark{}, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(cfg.Dir); cfg.Dir != "" && len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return string(text), f.Mark, nil
}

func TestOnlyWhatChangedIsFetched(t *testing.T) {
	served := 0
	modified := time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)
	_, cfg := publisher(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Type", "text/plain")
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		served++
		http.ServeContent(w, r, "", modified, strings.NewReader(body))
	})
	text, mark, err := fetched(t, cfg, Mark{})
	if err != nil || text != body || mark.ETag != `"v1"` || mark.Modified != modified.Format(http.TimeFormat) || mark.SHA256 != sumOf(body) {
		t.Fatalf("%q, %+v, %v", text, mark, err)
	}
	f, err := Fetch(t.Context(), cfg, Mark{})
	if err != nil || !f.At.Equal(modified) || f.Name != "list.txt" || f.MediaType != "text/plain" {
		t.Errorf("%+v, %v", f, err)
	}
	_ = f.Close()
	for name, seen := range map[string]Mark{"ETag": {ETag: `"v1"`}, "time": {Modified: mark.Modified}, "content": {SHA256: mark.SHA256}} {
		if _, _, err := fetched(t, cfg, seen); !errors.Is(err, ErrUnchanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if served != 4 { // the answer to If-Modified-Since is made by ServeContent
		t.Errorf("served %d times", served)
	}
}

func TestChecksums(t *testing.T) {
	sums := ""
	_, cfg := publisher(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			_, _ = io.WriteString(w, sums)
			return
		}
		_, _ = io.WriteString(w, body)
	})
	fixed := cfg
	for sha, ok := range map[string]bool{sumOf(body): true, strings.ToUpper(sumOf(body)): true, sumOf("other"): false} {
		fixed.SHA256 = sha
		if _, _, err := fetched(t, fixed, Mark{}); (err == nil) != ok || !ok && !errors.Is(err, ErrChecksum) {
			t.Errorf("%s: %v", sha, err)
		}
	}
	cfg.ChecksumURL = cfg.URL + ".sha256"
	for text, ok := range map[string]bool{
		sumOf(body) + "\n":                                  true,
		sumOf(body) + "  list.txt\n":                        true,
		sumOf("x") + "  a\n" + sumOf(body) + " *list.txt\n": true,
		sumOf("x") + "  list.txt\n":                         false,
		sumOf("x") + "  a\n" + sumOf("y") + "  b\n":         false,
		`{"name":"d","resources":[{"name":"a","checksum":"` + sha1Of("x") + `"},{"name":"list.txt","checksum":"` + sha1Of(body) + `"}]}`: true,
		`{"name":"d","resources":[{"name":"list.txt","checksum":"` + sha1Of("x") + `"}]}`:                                                false,
		`{"name":"d","resources":[{"name":"a","checksum":"` + sha1Of(body) + `"}]}`:                                                      false,
		`{"name":"d","resources":[{"name":"list.txt","checksum":""}]}`:                                                                   false,
		`{"resources":`:     false,
		"":                  false,
		"<html>not found\n": false,
	} {
		sums = text
		if _, _, err := fetched(t, cfg, Mark{}); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	sums = sumOf(body)
	if _, _, err := fetched(t, cfg, Mark{SHA256: sumOf(body)}); !errors.Is(err, ErrUnchanged) {
		t.Errorf("the checksum alone does not tell that nothing changed: %v", err)
	}
}

func TestSizeIsBounded(t *testing.T) {
	for name, chunked := range map[string]bool{"announced": false, "not announced": true} {
		_, cfg := publisher(t, func(w http.ResponseWriter, _ *http.Request) {
			if chunked {
				w.(http.Flusher).Flush()
			}
			_, _ = io.WriteString(w, body)
		})
		cfg.MaxBytes = int64(len(body))
		if _, _, err := fetched(t, cfg, Mark{}); err != nil {
			t.Errorf("%s, at the bound: %v", name, err)
		}
		cfg.MaxBytes--
		if _, _, err := fetched(t, cfg, Mark{}); err == nil || !strings.Contains(err.Error(), "max_bytes") {
			t.Errorf("%s, over it: %v", name, err)
		}
	}
}

func TestRedirectsStayWithThePublisher(t *testing.T) {
	other, _ := publisher(t, func(w http.ResponseWriter, r *http.Request) {
		if v := r.Header.Get("X-Token"); v != "" {
			t.Errorf("the secret %q went to another host", v)
		}
		_, _ = io.WriteString(w, body)
	})
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	defer plain.Close()
	var to string
	asked := 0
	_, cfg := publisher(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case r.Header.Get("X-Token") != "token: s3cret":
			t.Errorf("%q", r.Header.Get("X-Token"))
		case r.URL.Path == "/here":
			_, _ = io.WriteString(w, body)
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	})
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Headers = []Header{{Name: "X-Token", Prefix: "token: ", File: file}}
	for name, c := range map[string]struct {
		to    string
		allow []string
		want  string
	}{
		"same host":            {"/here", nil, ""},
		"another host":         {other.URL, nil, "allow_redirects"},
		"a host that is named": {other.URL, []string{"127.0.0.1"}, ""},
		"no HTTPS":             {plain.URL, []string{"127.0.0.1"}, "not HTTPS"},
		"another scheme":       {"file:///etc/passwd", []string{""}, "not HTTPS"},
		"for ever":             {"/again", nil, "redirects"},
	} {
		to, cfg.AllowRedirects, asked = c.to, c.allow, 0
		cfg.Roots = nil
		cfg.Roots = pool(other)
		text, _, err := fetched(t, cfg, Mark{})
		if c.want == "" && (err != nil || text != body) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if asked > maxRedirects+1 {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
}

func pool(s *httptest.Server) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(s.Certificate())
	return p
}

func TestTheInsideOfTheNetworkIsOutOfReach(t *testing.T) {
	asked := false
	s, cfg := publisher(t, func(http.ResponseWriter, *http.Request) { asked = true })
	cfg.AllowPrivate = false
	if _, err := Fetch(t.Context(), cfg, Mark{}); !errors.Is(err, errPrivate) || asked {
		t.Errorf("loopback: %v", err)
	}
	cfg.URL = strings.Replace(s.URL, "127.0.0.1", "localhost", 1) // a name is looked at when it is dialled
	if _, err := Fetch(t.Context(), cfg, Mark{}); !errors.Is(err, errPrivate) || asked {
		t.Errorf("a name of loopback: %v", err)
	}
	for _, inside := range []string{"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
		"255.255.255.255", "198.18.0.1", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "[2002:a00:1::1]"} {
		if err := public(inside + ":443"); !errors.Is(err, errPrivate) {
			t.Errorf("%s: %v", inside, err)
		}
	}
	for _, outside := range []string{"8.8.8.8", "[2606:4700::1111]"} {
		if err := public(outside + ":443"); err != nil {
			t.Errorf("%s: %v", outside, err)
		}
	}
}

func TestFailuresThatGoByAreTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		asked  int32
		ok     bool
	}{
		"unavailable once": {http.StatusServiceUnavailable, 2, true},
		"not found":        {http.StatusNotFound, 1, false},
		"forbidden":        {http.StatusForbidden, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			_, cfg := publisher(t, func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) == 1 {
					w.WriteHeader(c.status)
					return
				}
				_, _ = io.WriteString(w, body)
			})
			_, _, err := fetched(t, cfg, Mark{})
			if (err == nil) != c.ok || asked.Load() != c.asked || !c.ok && !strings.Contains(err.Error(), fmt.Sprint(c.status)) {
				t.Errorf("asked %d times: %v", asked.Load(), err)
			}
		})
	}
}

func TestAServerThatHangsIsLeft(t *testing.T) {
	release := make(chan struct{})
	_, cfg := publisher(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	cfg.Timeout = 50 * time.Millisecond
	if _, err := Fetch(t.Context(), cfg, Mark{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestFilesOnADisk(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{File: filepath.Join(dir, "l.txt"), MaxBytes: int64(len(body)), Timeout: time.Second}
	if _, err := Fetch(t.Context(), cfg, Mark{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(cfg.File, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	text, mark, err := fetched(t, cfg, Mark{})
	if err != nil || text != body || mark.SHA256 != sumOf(body) {
		t.Errorf("%q, %+v, %v", text, mark, err)
	}
	if _, err := os.Stat(cfg.File); err != nil {
		t.Error("the file was removed")
	}
	if _, _, err := fetched(t, cfg, mark); !errors.Is(err, ErrUnchanged) {
		t.Error(err)
	}
	cfg.MaxBytes--
	if _, _, err := fetched(t, cfg, Mark{}); err == nil || !strings.Contains(err.Error(), "max_bytes") {
		t.Error(err)
	}
	cfg.File = dir
	if _, _, err := fetched(t, cfg, Mark{}); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Error(err)
	}
}

func TestASecretThatIsNoneIsAnError(t *testing.T) {
	_, cfg := publisher(t, func(http.ResponseWriter, *http.Request) { t.Error("asked without the header") })
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, empty + "-not"} {
		cfg.Headers = []Header{{Name: "Authorization", File: file}}
		if _, err := Fetch(t.Context(), cfg, Mark{}); err == nil || !strings.Contains(err.Error(), "header Authorization") {
			t.Error(err)
		}
	}
}

func FuzzFindChecksum(f *testing.F) {
	f.Add(sumOf(body)+"  list.txt\n", "list.txt")
	f.Add("\x00", "")
	f.Fuzz(func(t *testing.T, text, name string) {
		if sum, err := findChecksum([]byte(text), name); err == nil && (!isHex(sum, 32) && !isHex(sum, 20) || !strings.Contains(strings.ToLower(text), sum)) {
			t.Errorf("%q of %q", sum, text)
		}
	})
}
