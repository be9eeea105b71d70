package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sluice/pkg/transfer"
	"sluice/services/api"
	"sluice/services/ingest"
	"sluice/services/internal/httpx"
	"sluice/services/internal/stream"
)

// The tests below are made from the route table: a route that is added is tried by them without another line, and one for
// which nothing is said about tenants fails.

// issue makes a key and the source that knows it.
func issue(t *testing.T, keys ...httpx.Key) (texts []string, source *httpx.Keys) {
	t.Helper()
	var file strings.Builder
	for _, k := range keys {
		text, line := httpx.NewKey(k)
		texts = append(texts, text)
		fmt.Fprintln(&file, line)
	}
	source, err := httpx.ReadKeys(strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	return texts, source
}

// request is one that the route's pattern matches.
func request(t *testing.T, r httpx.Route, key string) *http.Request {
	t.Helper()
	path := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(r.Path(), "0123456789abcdef0123456789abcdef")
	req := httptest.NewRequestWithContext(t.Context(), r.Method(), path, strings.NewReader("{}"))
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	return req
}

// trapped is the route table with handlers that note that they were reached.
func trapped(reached *atomic.Int32) []httpx.Route {
	routes := Routes()
	for i := range routes {
		routes[i].Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reached.Add(1); w.WriteHeader(http.StatusTeapot) })
	}
	return routes
}

func TestEveryRouteRefusesWhoMayNotUseIt(t *testing.T) {
	var reached atomic.Int32
	routes := trapped(&reached)
	for _, route := range routes {
		t.Run(route.Pattern, func(t *testing.T) {
			others := httpx.AllScopes &^ httpx.ScopesOf(route.Scope)
			own := httpx.ScopesOf(route.Scope)
			if route.Scope == httpx.ScopeOpen {
				own = httpx.ScopesOf(httpx.ScopeOps)
			}
			keys, source := issue(t, httpx.Key{Tenant: "acme", Scopes: own}, httpx.Key{Tenant: "acme", Scopes: others},
				httpx.Key{Tenant: "acme", Scopes: httpx.AllScopes, Expires: time.Now().Add(-time.Hour)}, httpx.Key{Tenant: "acme", Scopes: httpx.AllScopes, Rate: 0.001})
			if route.Scope == httpx.ScopeOpen {
				keys[0] = ""
			}
			stranger, _ := issue(t, httpx.Key{Tenant: "acme", Scopes: httpx.AllScopes})
			for _, withCert := range []bool{false, true} {
				mux, err := httpx.Mux(&httpx.Guard{Keys: source, ClientCert: withCert, Tenant: "default"}, routes, nil)
				if err != nil {
					t.Fatal(err)
				}
				try := func(what, key string, certificate bool, want int) {
					t.Helper()
					reached.Store(0)
					req := request(t, route, key)
					if certificate {
						req.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{}}}}
					} else if withCert {
						req.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}} // not verified
					}
					w := httptest.NewRecorder()
					mux.ServeHTTP(w, req)
					if route.Scope == httpx.ScopeOpen {
						want = http.StatusTeapot
					}
					if w.Code != want || (reached.Load() > 0) != (want == http.StatusTeapot) {
						t.Errorf("%s: %d, handler reached %d times; want %d", what, w.Code, reached.Load(), want)
					}
					for _, header := range []string{"X-Content-Type-Options", "Cache-Control", "Content-Security-Policy", "Referrer-Policy"} {
						if w.Header().Get(header) == "" {
							t.Errorf("%s: no header %s", what, header)
						}
					}
				}
				try("the right key", keys[0], withCert, http.StatusTeapot)
				try("no key", "", withCert, http.StatusUnauthorized)
				try("a key of another installation", stranger[0], withCert, http.StatusUnauthorized)
				try("a key with its last letter changed", tamper(keys[1]), withCert, http.StatusUnauthorized)
				try("an expired key", keys[2], withCert, http.StatusUnauthorized)
				try("a key with every other scope", keys[1], withCert, http.StatusForbidden)
				try("a key's one request", keys[3], withCert, http.StatusTeapot)
				try("a key that sent too much", keys[3], withCert, http.StatusTooManyRequests)
				if withCert {
					try("the right key without a verified certificate", keys[0], false, http.StatusForbidden)
				}
			}
		})
	}
}

func tamper(key string) string {
	other := byte('A')
	if key[len(key)-1] == other {
		other = 'B'
	}
	return key[:len(key)-1] + string(other)
}

// asked notes for which tenants the stores behind the routes are asked.
type asked struct{ tenants []string }

func (a *asked) Transfer(_ context.Context, tenant, _ string) (api.Verdict, error) {
	a.tenants = append(a.tenants, tenant)
	return api.Verdict{}, api.ErrNotFound
}

func (a *asked) TransfersWithID(_ context.Context, tenant, _ string) ([]api.Verdict, error) {
	a.tenants = append(a.tenants, tenant)
	return nil, nil
}

func (a *asked) Flagged(_ context.Context, f api.Filter) (api.Page, error) {
	a.tenants = append(a.tenants, f.Tenant)
	return api.Page{}, nil
}

func (a *asked) Produce(_ context.Context, messages ...stream.Message) error {
	for _, m := range messages {
		tenant, _, _ := strings.Cut(string(m.Key), "/")
		a.tenants = append(a.tenants, tenant)
	}
	return nil
}

func (a *asked) ProduceOne(ctx context.Context, m stream.Message) (stream.Ack, error) {
	return stream.Ack{}, a.Produce(ctx, m)
}

func (a *asked) Known(_ context.Context, keys []ingest.SeenKey) ([]transfer.ID, error) {
	for _, k := range keys {
		a.tenants = append(a.tenants, k.Tenant)
	}
	return make([]transfer.ID, len(keys)), nil
}

func (a *asked) Remember(_ context.Context, keys []ingest.SeenKey, _ []transfer.ID) error {
	for _, k := range keys {
		a.tenants = append(a.tenants, k.Tenant)
	}
	return nil
}

func (a *asked) Pin(ctx context.Context, keys []ingest.SeenKey, facts []transfer.ID) error {
	return a.Remember(ctx, keys, facts)
}

const sample = `{"id":"t1","direction":"withdrawal","customer_id":"victim/c1","network":"ethereum","asset":"ETH","amount":"1.5",` +
	`"from":["0x00000000000000000000000000000000000000aa"],"to":["0x00000000000000000000000000000000000000bb"],"occurred_at":"2026-11-01T00:00:00Z"}`

// notTenants are the routes that hold nothing of a tenant; each says why.
var notTenants = map[string]string{
	"GET /healthz": "the process",
	"GET /readyz":  "the process",
	"GET /metrics": "the process: its labels hold nothing of a tenant",

	"GET /v1/lists":                                 "lists are of the whole installation; the scopes of a key say who sees and changes them",
	"GET /v1/lists/versions":                        "lists",
	"GET /v1/lists/diff":                            "lists",
	"GET /v1/lists/lookup":                          "lists",
	"POST /v1/lists/rollback":                       "lists",
	"PUT /v1/lists/{list}":                          "lists",
	"POST /v1/lists/{list}/refresh":                 "lists",
	"GET /v1/lists/{list}/entries":                  "lists",
	"POST /v1/lists/{list}/entries":                 "lists",
	"POST /v1/lists/{list}/entries/{id}/end":        "lists",
	"DELETE /v1/lists/{list}/entries/{id}":          "lists",
	"GET /v1/lists/{list}/proposals":                "lists",
	"POST /v1/lists/{list}/proposals/{id}/approval": "lists",
	"DELETE /v1/lists/{list}/proposals/{id}":        "lists",
}

// tenantQueries are what a caller sends to the routes of tenants. A route that is in neither table fails the test.
var tenantQueries = map[string]func(*http.Request){
	"POST /v1/transfers":     func(*http.Request) {},
	"GET /v1/transfers/{id}": func(*http.Request) {},
	"GET /v1/transfers":      func(r *http.Request) { r.URL.RawQuery = "transfer_id=t1" },
	"GET /v1/flagged":        func(*http.Request) {},
}

// Whatever a caller says, a route answers from its key's tenant alone, and writes for it alone.
func TestEveryRouteKeepsToTheTenantOfTheKey(t *testing.T) {
	store := &asked{}
	at := surface{api: &api.API{Warehouse: store},
		ingest: &ingest.API{Publisher: store, Seen: store, Now: func() time.Time { return time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC) }, Metrics: ingest.NewMetrics(prometheus.NewRegistry())}}
	keys, source := issue(t, httpx.Key{Tenant: "acme", Scopes: httpx.AllScopes})
	routes := append(httpx.Operations(prometheus.NewRegistry(), func() httpx.Readiness { return httpx.Readiness{} }, true), at.routes()...)
	mux, err := httpx.Mux(&httpx.Guard{Keys: source, Tenant: "victim"}, routes, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range Routes() {
		prepare, ofTenants := tenantQueries[route.Pattern]
		if _, other := notTenants[route.Pattern]; other == ofTenants {
			t.Errorf("%s: say in tenantQueries what is sent to it, or in notTenants why it holds nothing of a tenant", route.Pattern)
			continue
		}
		if !ofTenants {
			continue
		}
		for name, spoof := range map[string]func(*http.Request){
			"as it is":        func(*http.Request) {},
			"a header":        func(r *http.Request) { r.Header.Set("X-Tenant", "victim"); r.Header.Set("X-Sluice-Tenant", "victim") },
			"a parameter":     func(r *http.Request) { r.URL.RawQuery += "&tenant=victim" },
			"two keys":        func(r *http.Request) { r.Header.Add("Authorization", "Bearer victim") },
			"a cookie":        func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "tenant", Value: "victim"}) },
			"in the userinfo": func(r *http.Request) { r.Host = "victim@example.org" },
		} {
			store.tenants = nil
			req := request(t, route, keys[0])
			req.Body = http.NoBody
			if route.Method() == http.MethodPost {
				req = httptest.NewRequestWithContext(t.Context(), route.Method(), req.URL.String(), strings.NewReader(sample))
				req.Header.Set("Authorization", "Bearer "+keys[0])
				req.Header.Set("Content-Type", "application/json")
			}
			prepare(req)
			spoof(req)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, req)
			if slices.ContainsFunc(store.tenants, func(tenant string) bool { return tenant != "acme" }) {
				t.Errorf("%s, %s: asked for %q", route.Pattern, name, store.tenants)
			}
			if name == "as it is" && len(store.tenants) == 0 {
				t.Errorf("%s: %d %s, and no store was asked: the test tries nothing", route.Pattern, w.Code, w.Body)
			}
		}
	}
	for _, spoofed := range []string{strings.Replace(sample, `"id"`, `"tenant":"victim","id"`, 1)} {
		store.tenants = nil
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/transfers", strings.NewReader(spoofed))
		req.Header.Set("Authorization", "Bearer "+keys[0])
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if mux.ServeHTTP(w, req); w.Code != http.StatusUnprocessableEntity || len(store.tenants) > 0 {
			t.Errorf("a tenant in the transfer: %d %s, asked for %q", w.Code, w.Body, store.tenants)
		}
	}
}

// assembled is a process with every service, wired to servers that are not there.
func assembled(t *testing.T) *Pipeline {
	t.Helper()
	cfg := settings(t)
	cfg.Kafka.Brokers, cfg.Redis.URL, cfg.ClickHouse.DSN = []string{"127.0.0.1:1"}, "redis://127.0.0.1:1", "http://127.0.0.1:1"
	p := &Pipeline{cfg: cfg, opts: Options{Parts: All}, log: zerolog.Nop(), reg: prometheus.NewRegistry()}
	p.reg.MustRegister(loopCollector{func() []*stream.Loop { return nil }})
	var err error
	if p.guard, _, err = p.newGuard(); err != nil {
		t.Fatal(err)
	}
	if p.Servers, err = p.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	if err := p.assemble(); err != nil {
		t.Fatal(err)
	}
	return p
}

// The labels that metrics may have. Each has a bounded number of values that the code or the operator chooses; what comes
// out of a transfer, such as a customer, an address, a transaction or a tenant, is in none.
var labels = map[string]string{
	"group": "consumer groups", "outcome": "words of the code", "reason": "words of the code", "route": "the route table",
	"status": "HTTP statuses, statuses of a transfer", "way": "http or raw", "verdict": "cleared, flagged, held",
	"cause": "words of the code", "list": "the operator's names of lists",
	"scope": "lists, since, held", "raised_by": "lookback, rescreen",
}

func TestMetricsHoldNothingOfACustomer(t *testing.T) {
	p := assembled(t)
	descriptions := make(chan *prometheus.Desc, 1024)
	p.reg.Describe(descriptions)
	close(descriptions)
	variable, constant := regexp.MustCompile(`variableLabels: \{([^}]*)\}`), regexp.MustCompile(`constLabels: \{([^}]*)\}`)
	n := 0
	for d := range descriptions {
		n++
		names := strings.Split(variable.FindStringSubmatch(d.String())[1], ",")
		for _, pair := range strings.Split(constant.FindStringSubmatch(d.String())[1], ",") {
			name, _, _ := strings.Cut(pair, "=")
			names = append(names, name)
		}
		for _, name := range names {
			if name != "" && labels[name] == "" {
				t.Errorf("label %q is not one that metrics may have: %s", name, d)
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d metrics were seen", n)
	}
}

func TestTheAssembledTableIsTheOneThatIsTried(t *testing.T) {
	p := assembled(t)
	whole := Routes()
	for _, route := range whole {
		w := httptest.NewRecorder()
		req := request(t, route, "")
		req.Header.Del("Content-Type")
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // there are no servers to wait for
		p.ServeHTTP(w, req.WithContext(ctx))
		cancel()
		if w.Code == http.StatusNotFound && strings.Contains(w.Body.String(), "no such route") || w.Code == http.StatusMethodNotAllowed {
			t.Errorf("%s: a process with every service does not serve it: %d", route.Pattern, w.Code)
		}
	}
}
