package httpx

import (
	"net/http"
	"strings"
	"time"
)

// Guard stands before every route: it asks who calls and whether the key allows it, and bounds how often and how much.
// The zero value with a tenant is that of a loopback listener without keys.
type Guard struct {
	Keys       KeySource        // nil: no key is asked for, and everybody is LocalKey of Tenant
	Tenant     string           // of requests without keys
	ClientCert bool             // routes that are not open want a verified client certificate too
	Rate       float64          // requests a second of a key whose line says none; 0: unbounded
	Now        func() time.Time // nil: time.Now
	Metrics    *Metrics         // nil: not counted

	buckets buckets
	bodies  budget
}

// KeySource gives the keys that are good now; a file that is read anew changes them.
type KeySource interface{ Current() *Keys }

// The reasons for which a request is refused, as the metric has them.
const (
	refusedKey         = "key"
	refusedScope       = "scope"
	refusedCertificate = "certificate"
	refusedRate        = "rate"
)

// authenticate finds out who calls; false: it has answered.
func (g *Guard) authenticate(w http.ResponseWriter, r *http.Request) (Key, bool) {
	if g.ClientCert && (r.TLS == nil || len(r.TLS.VerifiedChains) == 0) {
		g.Metrics.refused(refusedCertificate)
		Problem{Status: http.StatusForbidden, Detail: "this listener wants a client certificate of its authority, beside the key"}.Write(w)
		return Key{}, false
	}
	key, ok := g.key(r)
	if !ok {
		g.Metrics.refused(refusedKey)
		w.Header().Set("WWW-Authenticate", `Bearer realm="sluice"`)
		Problem{Status: http.StatusUnauthorized, Detail: "send a valid API key as Authorization: Bearer KEY"}.Write(w)
		return Key{}, false
	}
	return key, true
}

// key is the caller's; false: there is none that is good.
func (g *Guard) key(r *http.Request) (Key, bool) {
	if g.Keys == nil {
		return Key{ID: LocalKey, Tenant: g.Tenant, Scopes: AllScopes}, true
	}
	scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Key{}, false
	}
	return g.Keys.Current().find(bearer, g.now())
}

func (g *Guard) now() time.Time {
	if g.Now == nil {
		return time.Now()
	}
	return g.Now()
}

// authenticated lets only those through who have a key.
func (g *Guard) authenticated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, ok := g.authenticate(w, r); ok && g.inRate(w, key) {
			h.ServeHTTP(w, r.WithContext(WithPrincipal(r.Context(), key.principal())))
		}
	})
}

// protect puts everything before a route that must stand there.
func (g *Guard) protect(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := &counted{ResponseWriter: w, status: http.StatusOK}
		defer func() { g.Metrics.answered(route.Pattern, counted.status) }()
		g.serve(counted, r, route)
	})
}

func (g *Guard) serve(w http.ResponseWriter, r *http.Request, route Route) {
	var key Key
	if route.Scope == ScopeOpen {
		if r.Header.Get("Authorization") != "" || g.Keys == nil {
			key, _ = g.key(r) // who says so sees more
		}
	} else {
		var ok bool
		if key, ok = g.authenticate(w, r); !ok {
			return
		}
		if !key.Scopes.Has(route.Scope) {
			g.Metrics.refused(refusedScope)
			Problem{Status: http.StatusForbidden, Detail: "the key does not have the scope " + route.Scope.String()}.Write(w)
			return
		}
		if !g.inRate(w, key) {
			return
		}
	}
	limit := route.MaxBody
	if key.MaxBody > 0 {
		limit = min(limit, key.MaxBody)
	}
	done, ok := g.bodies.open(w, r, limit)
	if !ok {
		return
	}
	defer done()
	route.Handler.ServeHTTP(w, r.WithContext(WithPrincipal(r.Context(), key.principal())))
}

// inRate takes one request from the key's bucket; false: it was empty, and that was answered.
func (g *Guard) inRate(w http.ResponseWriter, key Key) bool {
	rate := key.Rate
	if rate == 0 {
		rate = g.Rate
	}
	if rate == 0 || key.ID == LocalKey {
		return true
	}
	wait := g.buckets.take(key.ID, rate, g.now())
	if wait == 0 {
		return true
	}
	g.Metrics.refused(refusedRate)
	retryAfter(w, wait)
	Problem{Status: http.StatusTooManyRequests, Detail: "the key sends more requests a second than it may; send many transfers in one request"}.Write(w)
	return false
}

// counted remembers the status of an answer. Unwrap lets http.ResponseController through.
type counted struct {
	http.ResponseWriter
	status int
	wrote  bool
}

// WriteHeader keeps the first status that is final.
func (c *counted) WriteHeader(status int) {
	if !c.wrote && status >= 200 {
		c.status, c.wrote = status, true
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *counted) Write(b []byte) (int, error) {
	c.wrote = true
	return c.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
