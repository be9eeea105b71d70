package httpx

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/services/internal/audit"
)

func get(t *testing.T, h http.Handler, path, bearer string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// whoami answers with whom the request is made for.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	p := PrincipalOf(r.Context())
	_, _ = io.WriteString(w, p.KeyID+" "+p.Tenant+" "+p.Scopes.String())
})

func mux(t *testing.T, g *Guard, routes ...Route) http.Handler {
	t.Helper()
	for i := range routes {
		routes[i].Summary = "A route."
	}
	h, err := Mux(g, routes, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func readKeys(t *testing.T, lines ...string) *Keys {
	t.Helper()
	keys, err := ReadKeys(strings.NewReader("# keys\n\n" + strings.Join(lines, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestAKeyBelongsToATenantAndAllowsItsScopes(t *testing.T) {
	key, line := NewKey(Key{Tenant: "acme", Scopes: ScopesOf(ScopeFlaggedRead)})
	other, _ := NewKey(Key{Tenant: "acme", Scopes: AllScopes})
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	ending, last := NewKey(Key{Tenant: "acme", Scopes: AllScopes, Expires: noon})
	g := &Guard{Keys: readKeys(t, line, last), Tenant: "default", Now: func() time.Time { return noon.Add(-time.Second) }}
	h := mux(t, g, Route{Pattern: "GET /flagged", Scope: ScopeFlaggedRead, Handler: whoami},
		Route{Pattern: "GET /transfers", Scope: ScopeTransfersRead, Handler: whoami},
		Route{Pattern: "GET /open", Scope: ScopeOpen, Handler: whoami})
	id, _, _ := strings.Cut(line, " ")
	if w := get(t, h, "/flagged", key); w.Code != 200 || w.Body.String() != id+" acme flagged:read" {
		t.Errorf("the right key: %d %s", w.Code, w.Body)
	}
	if w := get(t, h, "/transfers", key); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "transfers:read") {
		t.Errorf("without the scope: %d %s", w.Code, w.Body)
	}
	if w := get(t, h, "/open", ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != "" {
		t.Errorf("an open route: %d %s", w.Code, w.Body)
	}
	if w := get(t, h, "/transfers", ending); w.Code != 200 {
		t.Errorf("before it ends: %d", w.Code)
	}
	g.Now = func() time.Time { return noon }
	for name, bad := range map[string]string{"none": "", "another": other, "cut": key[:len(key)-1], "longer": key + "x", "no id": "slk_",
		"not ours": "secret", "without the prefix": strings.TrimPrefix(key, "slk_"), "at its end": ending} {
		for _, path := range []string{"/flagged", "/transfers", "/nowhere"} {
			if w := get(t, h, path, bad); w.Code != http.StatusUnauthorized || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s on %s: %d", name, path, w.Code)
			}
		}
	}
	open := mux(t, &Guard{Tenant: "default"}, Route{Pattern: "GET /", Scope: ScopeOps, Handler: whoami})
	if w := get(t, open, "/", ""); w.Body.String() != "local default "+AllScopes.String() {
		t.Errorf("without keys: %s", w.Body)
	}
}

func TestWhatNoRouteMatches(t *testing.T) {
	h := mux(t, &Guard{}, Route{Pattern: "POST /v1/x", Scope: ScopeOps, Handler: whoami})
	for path, status := range map[string]int{"/v1/x": http.StatusMethodNotAllowed, "/v1/y": http.StatusNotFound} {
		w := get(t, h, path, "")
		if w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("X-Content-Type-Options") == "" {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
		if status == http.StatusMethodNotAllowed && w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: Allow %q", path, w.Header().Get("Allow"))
		}
	}
}

func TestMuxRefusesARouteThatForgetsSomething(t *testing.T) {
	good := Route{Pattern: "POST /v1/lists", Scope: ScopeListsWrite, Handler: whoami, Audit: audit.ListAdd, Summary: "x"}
	for name, spoil := range map[string]func(*Route){
		"no method":  func(r *Route) { r.Pattern = "/v1/lists" },
		"no scope":   func(r *Route) { r.Scope = 0 },
		"no handler": func(r *Route) { r.Handler = nil },
		"no summary": func(r *Route) { r.Summary = "" },
		"no action":  func(r *Route) { r.Audit = "" },
		"bad action": func(r *Route) { r.Audit = "list.paint" },
		"bad body":   func(r *Route) { r.MaxBody = -1 },
		"bad path":   func(r *Route) { r.Pattern = "POST /v1/{" },
	} {
		bad := good
		spoil(&bad)
		if _, err := Mux(&Guard{}, []Route{bad}, nil); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := Mux(&Guard{}, []Route{good, good}, nil); err == nil {
		t.Error("a route twice: taken")
	}
	if _, err := Mux(&Guard{}, []Route{good}, nil); err != nil {
		t.Error(err)
	}
}

func TestScopes(t *testing.T) {
	for _, s := range Grantable() {
		if got, err := ParseScope(s.String()); err != nil || got != s {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	if got, err := ParseScopes(AllScopes.String()); err != nil || got != AllScopes {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"", "open", "transfers:wirte", "ops,"} {
		if _, err := ParseScopes(bad); err == nil {
			t.Errorf("%q: taken", bad)
		}
	}
	if _, err := ParseScope("transfers:wirte"); !strings.Contains(err.Error(), `"transfers:write"?`) {
		t.Error(err)
	}
	if Scopes(0).Has(ScopeOps) || !Scopes(0).Has(ScopeOpen) || AllScopes.Has(0) || AllScopes.Has(scopeEnd) {
		t.Error("who has which")
	}
}

func TestReadKeysRefuses(t *testing.T) {
	_, line := NewKey(Key{Tenant: "acme", Scopes: ExchangeScopes})
	for name, text := range map[string]string{
		"nothing": "", "two fields": "a b", "no digest": "a b zz", "short digest": "a b 00ff", "twice": line + "\n" + line,
		"unknown scope": line[:len(line)-4], "unknown name": line + " color=red", "a name twice": line + " rate=1 rate=2", "no pair": line + " x",
		"no time": line + " expires=tomorrow", "no rate": line + " rate=0", "a rate that is none": line + " rate=NaN", "too fast": line + " rate=1000001",
		"no size": line + " max_body=0", "the local id": "local a " + strings.Repeat("00", 32),
	} {
		if _, err := ReadKeys(strings.NewReader(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzReadKeys(f *testing.F) {
	_, line := NewKey(Key{Tenant: "acme", Scopes: AllScopes, Rate: 2.5, MaxBody: 7, Expires: time.Unix(1e9, 0)})
	f.Add(line)
	f.Add("# x\n a b c")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := ReadKeys(strings.NewReader(text))
		if err != nil {
			return
		}
		if len(keys.byID) == 0 {
			t.Error("no key and no error")
		}
		for _, k := range keys.byID {
			if again, err := parseKey(k.line()); err != nil || !again.Expires.Equal(k.Expires.Truncate(time.Second)) || again.Scopes != k.Scopes || again.Rate != k.Rate {
				t.Errorf("%q becomes %+v, %v", k.line(), again, err)
			}
		}
	})
}

func TestReadyzTellsWhichPartIsNot(t *testing.T) {
	state := Readiness{Ready: false, Parts: map[string]Part{"broker": {OK: false, Detail: "no leader"}}}
	mux := mux(t, &Guard{}, Operations(prometheus.NewRegistry(), func() Readiness { return state }, false)...)
	w := get(t, mux, "/readyz", "")
	var got Readiness
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 503 || got.Parts["broker"].Detail != "no leader" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	state.Ready = true
	if w := get(t, mux, "/readyz", ""); w.Code != 200 {
		t.Errorf("ready: %d", w.Code)
	}
	if w := get(t, mux, "/healthz", ""); w.Code != 200 {
		t.Errorf("alive: %d", w.Code)
	}
	if w := get(t, mux, "/metrics", ""); w.Code != 200 {
		t.Errorf("metrics: %d", w.Code)
	}
}

func TestServerLetsARequestFinish(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s, err := Listen(t.Context(), "127.0.0.1:0", nil, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		WriteJSON(w, 200, "done")
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, 30*time.Second) }()
	answered := make(chan int, 1)
	go func() {
		resp, err := http.Get("http://" + s.Addr())
		if err != nil {
			answered <- 0
			return
		}
		_ = resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-arrived
	cancel()
	close(release)
	if code := <-answered; code != 200 {
		t.Errorf("the request under way got %d", code)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := Listen(t.Context(), "127.0.0.1:999999", nil, nil); err == nil {
		t.Error("an impossible port was bound")
	}
}
