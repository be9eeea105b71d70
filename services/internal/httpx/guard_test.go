package httpx

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"sluice/services/internal/audit"
	"sluice/services/internal/tlsfile"
	"sluice/services/internal/tlsfile/tlstest"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func TestAKeyMaySendSoManyRequestsASecond(t *testing.T) {
	slow, slowLine := NewKey(Key{Tenant: "a", Scopes: AllScopes, Rate: 2})
	fast, fastLine := NewKey(Key{Tenant: "a", Scopes: AllScopes})
	now := noon
	metrics := NewMetrics(prometheus.NewRegistry())
	g := &Guard{Keys: readKeys(t, slowLine, fastLine), Rate: 3, Now: func() time.Time { return now }, Metrics: metrics}
	h := mux(t, g, Route{Pattern: "GET /", Scope: ScopeOps, Handler: whoami}, Route{Pattern: "GET /open", Scope: ScopeOpen, Handler: whoami})
	send := func(key string, n int) (good int, last *httptest.ResponseRecorder) {
		for range n {
			if last = get(t, h, "/", key); last.Code == 200 {
				good++
			}
		}
		return good, last
	}
	good, last := send(slow, 4)
	if good != 2 || last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") != "1" {
		t.Errorf("%d were taken, then %d, Retry-After %q", good, last.Code, last.Header().Get("Retry-After"))
	}
	if good, _ := send(fast, 5); good != 3 {
		t.Errorf("another key: %d were taken", good)
	}
	if w := get(t, h, "/open", slow); w.Code != 200 {
		t.Errorf("an open route: %d", w.Code)
	}
	now = now.Add(500 * time.Millisecond)
	if good, _ := send(slow, 2); good != 1 {
		t.Errorf("after half a second %d were taken", good)
	}
	now = now.Add(-time.Hour) // the clock is set back
	if good, _ := send(slow, 1); good != 0 {
		t.Error("a clock that was set back gave one")
	}
	if got := testutil.ToFloat64(metrics.refusals.WithLabelValues("rate")); got != 6 {
		t.Errorf("%v are counted", got)
	}
	if got := testutil.ToFloat64(metrics.requests.WithLabelValues("GET /", "429")); got != 6 {
		t.Errorf("%v are counted by status", got)
	}
}

// In no second are more taken than the bucket holds and the second brings.
func TestABucketNeverGivesMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b buckets
		rate := rapid.Float64Range(0.1, 50).Draw(t, "rate")
		now, taken := noon, 0.0
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(200*time.Millisecond)).Draw(t, "pause")))
			wait := b.take("k", rate, now)
			if wait == 0 {
				taken++
			} else if b.take("k", rate, now.Add(wait+time.Microsecond)) == 0 {
				now, taken = now.Add(wait+time.Microsecond), taken+1
			} else {
				t.Fatalf("none after the %s that were asked for", wait)
			}
			if most := max(1, rate) + now.Sub(noon).Seconds()*rate + 1e-6; taken > most {
				t.Fatalf("%v taken, at most %v", taken, most)
			}
		}
	})
}

func packed(t testing.TB, encoding string, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	default:
		return text
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestABodyIsBoundedAfterDecompression(t *testing.T) {
	const most = 100_000
	small, line := NewKey(Key{Tenant: "a", Scopes: AllScopes, MaxBody: 1000})
	large, line2 := NewKey(Key{Tenant: "a", Scopes: AllScopes})
	g := &Guard{Keys: readKeys(t, line, line2)}
	length := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, ok := ReadBody(w, r, most); ok {
			fmt.Fprint(w, len(text), r.Header.Get("Content-Encoding"))
		}
	})
	h := mux(t, g, Route{Pattern: "POST /", Scope: ScopeOps, Handler: length, MaxBody: most}, Route{Pattern: "GET /none", Scope: ScopeOps, Handler: length})
	for _, encoding := range []string{"", "identity", "gzip", "zstd"} {
		for name, c := range map[string]struct {
			key    string
			body   []byte
			status int
		}{
			"at the bound":             {large, packed(t, encoding, make([]byte, most)), 200},
			"over it":                  {large, packed(t, encoding, make([]byte, most+1)), 413},
			"a bomb":                   {large, packed(t, encoding, make([]byte, 300*most)), 413},
			"at the key's bound":       {small, packed(t, encoding, make([]byte, 1000)), 200},
			"over the key's":           {small, packed(t, encoding, make([]byte, 1001)), 413},
			"nothing":                  {large, packed(t, encoding, nil), 200},
			"two streams":              {large, append(packed(t, encoding, make([]byte, 10)), packed(t, encoding, make([]byte, most))...), 413},
			"a body for a GET of none": {large, packed(t, encoding, make([]byte, 10)), 0},
		} {
			method, path := http.MethodPost, "/"
			if c.status == 0 {
				method, path, c.status = http.MethodGet, "/none", 413
			}
			r := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(c.body))
			r.Header.Set("Authorization", "bearer "+c.key)
			r.Header.Set("Content-Encoding", encoding)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("%s %s: %d %.200s, want %d", encoding, name, w.Code, w.Body, c.status)
			}
		}
	}
	for encoding, status := range map[string]int{"br": 415, "gzip, gzip": 415, "deflate": 415, "gzip": 400, "zstd": 400} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("not packed at all"))
		r.Header.Set("Authorization", "Bearer "+large)
		r.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s: %d %s", encoding, w.Code, w.Body)
		}
	}
	if held := g.bodies.held.Load(); held != 0 {
		t.Errorf("%d bytes are held when all is answered", held)
	}
}

func TestAZstdFrameMayNotAskForAllMemory(t *testing.T) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(512<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zeros{}, 20<<20); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var g Guard
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", &b)
	r.Header.Set("Content-Encoding", "zstd")
	answer := httptest.NewRecorder()
	done, ok := g.bodies.open(answer, r, 64<<20)
	if !ok {
		t.Fatal(answer.Body)
	}
	defer done()
	if _, ok := ReadBody(answer, r, 64<<20); ok || answer.Code != http.StatusBadRequest {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestBodiesTogetherAreBounded(t *testing.T) {
	var g Guard
	g.bodies.held.Store(maxBodies - 10)
	read := func(n int) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(make([]byte, n)))
		w := httptest.NewRecorder()
		done, _ := g.bodies.open(w, r, 1<<20)
		defer done()
		if _, ok := ReadBody(w, r, 1<<20); ok {
			return http.StatusOK
		}
		return w.Code
	}
	if code := read(10); code != http.StatusOK {
		t.Errorf("at the bound: %d", code)
	}
	if code := read(11); code != http.StatusServiceUnavailable {
		t.Errorf("over it: %d", code)
	}
	if code := read(10); code != http.StatusOK {
		t.Errorf("after it was given back: %d", code)
	}
}

func FuzzBody(f *testing.F) {
	f.Add("gzip", packed(f, "gzip", []byte("x")))
	f.Add("zstd", packed(f, "zstd", []byte("x")))
	f.Add("", []byte("x"))
	f.Fuzz(func(t *testing.T, encoding string, text []byte) {
		const most = 1000
		var g Guard
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(text))
		r.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		done, ok := g.bodies.open(w, r, most)
		if ok {
			if got, ok := ReadBody(w, r, most); ok && len(got) > most {
				t.Errorf("%d bytes", len(got))
			}
			done()
		}
		if held := g.bodies.held.Load(); held != 0 {
			t.Errorf("%d bytes are held", held)
		}
	})
}

// log keeps the records of an audit log.
type log struct {
	got  []audit.Record
	fail error
}

func (l *log) Append(_ context.Context, r audit.Record) error {
	if l.fail == nil {
		l.got = append(l.got, r)
	}
	return l.fail
}

func TestAKeyFileIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	write := func(lines ...string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one, oneLine := NewKey(Key{Tenant: "a", Scopes: AllScopes})
	two, twoLine := NewKey(Key{Tenant: "b", Scopes: AllScopes})
	write(oneLine)
	synctest.Test(t, func(t *testing.T) {
		records, metrics := &log{}, NewMetrics(prometheus.NewRegistry())
		f, err := OpenKeyFile(path, records, metrics, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		hup := make(chan os.Signal)
		go func() { _ = f.Run(ctx, hup) }()
		good := func(key string) bool { _, ok := f.Current().find(key, noon); return ok }
		wait := func() { time.Sleep(keyPoll + time.Millisecond); synctest.Wait() }
		see := func(when string, first, second bool, audited int) {
			t.Helper()
			if good(one) != first || good(two) != second || len(records.got) != audited {
				t.Errorf("%s: %v %v, %d records", when, good(one), good(two), len(records.got))
			}
		}
		wait()
		see("at first", true, false, 0)
		write(twoLine)
		wait()
		see("after a change", false, true, 1)
		if d := records.got[0].Detail; d["added"] == "" || d["removed"] == "" || strings.Contains(fmt.Sprint(d), two) {
			t.Errorf("the record says %v", d)
		}
		write("nonsense")
		wait()
		wait()
		see("with a bad file", false, true, 1)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		wait()
		see("without a file", false, true, 1)
		if n := testutil.ToFloat64(metrics.reloads.WithLabelValues("refused")); n != 2 {
			t.Errorf("%v refusals are counted, each is told once", n)
		}
		records.fail = errors.New("disk full")
		write(oneLine, twoLine)
		wait()
		see("when the audit log takes nothing", false, true, 1)
		records.fail = nil
		hup <- os.Interrupt
		synctest.Wait()
		see("at a signal", true, true, 2)
		cancel()
		synctest.Wait()
	})
	if _, err := OpenKeyFile(path+".none", &log{}, nil, zerolog.Nop()); err == nil {
		t.Error("a file that is not there was taken")
	}
}

func TestReadinessShowsItsPartsToOperatorsOnly(t *testing.T) {
	ops, opsLine := NewKey(Key{Tenant: "a", Scopes: ScopesOf(ScopeOps)})
	other, otherLine := NewKey(Key{Tenant: "a", Scopes: ExchangeScopes})
	ready := func() Readiness {
		return Readiness{Ready: true, Parts: map[string]Part{"broker": {Detail: "10.0.0.7"}}}
	}
	h := mux(t, &Guard{Keys: readKeys(t, opsLine, otherLine)}, Operations(prometheus.NewRegistry(), ready, true)...)
	for key, want := range map[string]bool{"": false, other: false, ops: true, "slk_x_y": false} {
		w := get(t, h, "/readyz", key)
		if w.Code != 200 || strings.Contains(w.Body.String(), "10.0.0.7") != want {
			t.Errorf("%.8s: %d %s", key, w.Code, w.Body)
		}
		status := map[bool]int{true: 200, false: 401}[want]
		if key == other {
			status = 403
		}
		if w := get(t, h, "/metrics", key); w.Code != status {
			t.Errorf("metrics, %.8s: %d", key, w.Code)
		}
	}
}

func TestAListenerThatWantsACertificateBesideTheKey(t *testing.T) {
	ca, other := tlstest.NewCA(t), tlstest.NewCA(t)
	proof, err := tlsfile.Server(ca.Issue(t, "sluice"))
	if err != nil {
		t.Fatal(err)
	}
	key, line := NewKey(Key{Tenant: "a", Scopes: AllScopes})
	g := &Guard{Keys: readKeys(t, line), ClientCert: true}
	s, err := Listen(t.Context(), "127.0.0.1:0", proof, mux(t, g, Route{Pattern: "GET /v1/x", Scope: ScopeOps, Handler: whoami},
		Route{Pattern: "GET /healthz", Scope: ScopeOpen, Handler: whoami}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, time.Second) }()
	t.Cleanup(func() { cancel(); <-ended })
	ask := func(files tlsfile.Files, key, path string) int {
		t.Helper()
		trust, err := tlsfile.Client(files)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.Addr()+path, nil)
		req.Header.Set("Authorization", "Bearer "+key)
		res, err := client.Do(req)
		if err != nil {
			return 0
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	mine, none := ca.Issue(t, "exchange"), tlsfile.Files{CA: ca.File}
	foreign := other.Issue(t, "exchange")
	foreign.CA = ca.File
	for name, c := range map[string]struct {
		files     tlsfile.Files
		key, path string
		want      int
	}{
		"certificate and key": {mine, key, "/v1/x", 200}, "no certificate": {none, key, "/v1/x", 403}, "another authority's": {foreign, key, "/v1/x", 0},
		"no key": {mine, "", "/v1/x", 401}, "alive": {none, "", "/healthz", 200}, "nowhere, no certificate": {none, key, "/nowhere", 403},
	} {
		if got := ask(c.files, c.key, c.path); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if res, err := http.Get("http://" + s.Addr() + "/healthz"); err == nil {
		_ = res.Body.Close()
		if res.StatusCode == 200 {
			t.Error("plain HTTP was answered")
		}
	}
	trust, err := tlsfile.Self(mine.Cert)
	if err != nil || trust.ServerName != "exchange" {
		t.Errorf("%v, %v", trust, err)
	}
	if _, err := tlsfile.Self(mine.Key); err == nil {
		t.Error("a key was taken for a certificate")
	}
}

func TestWhoSendsTooSlowlyIsDisconnected(t *testing.T) {
	s, err := Listen(t.Context(), "127.0.0.1:0", nil, whoami)
	if err != nil {
		t.Fatal(err)
	}
	if s.srv.ReadHeaderTimeout == 0 || s.srv.ReadTimeout == 0 || s.srv.WriteTimeout == 0 || s.srv.IdleTimeout == 0 || s.srv.MaxHeaderBytes == 0 {
		t.Error("a client may take for ever")
	}
	s.srv.ReadHeaderTimeout = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, time.Second) }()
	t.Cleanup(func() { cancel(); <-ended })
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.ReadAll(c); err != nil {
		t.Errorf("still connected: %v", err)
	}
}
