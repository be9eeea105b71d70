package httpx

import (
	"net/http"
	"strings"
	"time"
)

// Guard stands before every route. The zero value with a tenant is that of a loopback listener without keys.
type Guard struct {
	Keys   KeySource        // nil: no key is asked for, and everybody is Local(Tenant)
	Tenant string           // of requests without keys
	Now    func() time.Time // nil: time.Now
}

// KeySource gives the keys that are good now; a file that is read anew changes them.
type KeySource interface{ Current() *Keys }

// authenticate finds out who calls; false: it has answered.
func (g *Guard) authenticate(w http.ResponseWriter, r *http.Request) (Principal, bool) {
	if g.Keys == nil {
		return Local(g.Tenant), true
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	key, ok := g.Keys.Current().find(bearer, g.now())
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sluice"`)
		Problem{Status: http.StatusUnauthorized, Detail: "send a valid API key as Authorization: Bearer KEY"}.Write(w)
		return Principal{}, false
	}
	return key.principal(), true
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
		if p, ok := g.authenticate(w, r); ok {
			h.ServeHTTP(w, r.WithContext(WithPrincipal(r.Context(), p)))
		}
	})
}

// protect puts everything before a route that must stand there.
func (g *Guard) protect(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route.Scope != ScopeOpen {
			p, ok := g.authenticate(w, r)
			if !ok {
				return
			}
			if !p.Scopes.Has(route.Scope) {
				Problem{Status: http.StatusForbidden, Detail: "the key does not have the scope " + route.Scope.String()}.Write(w)
				return
			}
			r = r.WithContext(WithPrincipal(r.Context(), p))
		}
		r.Body = http.MaxBytesReader(w, r.Body, route.MaxBody)
		route.Handler.ServeHTTP(w, r)
	})
}
