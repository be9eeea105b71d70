package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"sluice/services/internal/audit"
)

// Route is one row of the route table. Each service gives its rows as a slice, and what stands in no table is not
// served: so the tests that try a wrong key, scope or tenant on every row leave none out.
type Route struct {
	Pattern string // as http.ServeMux has it, with the method: "POST /v1/transfers"
	Scope   Scope  // what the caller's key must allow
	Handler http.Handler
	MaxBody int64        // bytes of the body after decompression; 0: the route reads none
	Audit   audit.Action // what the handler writes into the audit log; needed where the scope is one that is audited
	Summary string       // what it answers, for the reference page
}

// Method is the method of the pattern.
func (r Route) Method() string {
	m, _, _ := strings.Cut(r.Pattern, " ")
	return m
}

// Path is the path of the pattern.
func (r Route) Path() string {
	_, p, _ := strings.Cut(r.Pattern, " ")
	return p
}

func (r Route) check() error {
	method, path, ok := strings.Cut(r.Pattern, " ")
	switch {
	case !ok || method == "" || !strings.HasPrefix(path, "/"):
		return fmt.Errorf("route %q: want METHOD /path", r.Pattern)
	case !r.Scope.Valid():
		return fmt.Errorf("route %s: it has no scope", r.Pattern)
	case r.Handler == nil:
		return fmt.Errorf("route %s: it has no handler", r.Pattern)
	case r.MaxBody < 0:
		return fmt.Errorf("route %s: a body of at most %d bytes", r.Pattern, r.MaxBody)
	case r.Summary == "":
		return fmt.Errorf("route %s: it has no summary", r.Pattern)
	case r.Scope.Audited() && !r.Audit.Valid():
		return fmt.Errorf("route %s: scope %s changes what is audited, and the route names no action of the audit log", r.Pattern, r.Scope)
	}
	return nil
}

// Mux serves the routes, each behind the guard: who calls, whether the key allows it, how large the body may be. What
// no route matches goes to missing, behind the authentication too, or is answered 404 or 405 when missing is nil.
func Mux(g *Guard, routes []Route, missing http.Handler) (_ http.Handler, err error) {
	var errs []error
	for _, r := range routes {
		errs = append(errs, r.check())
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil { // http.ServeMux panics for patterns that are wrong or contradict each other
			err = fmt.Errorf("routes: %v", p)
		}
	}()
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.Pattern, g.protect(r))
	}
	if missing == nil {
		missing = none(mux)
	}
	missing = g.authenticated(missing)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w)
		if _, pattern := mux.Handler(r); pattern == "" {
			missing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

// none answers that there is no such route, or none with the method.
func none(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &statusOnly{header: http.Header{}, status: http.StatusNotFound}
		mux.ServeHTTP(answer, r)
		p := Problem{Status: answer.status, Detail: "there is no such route; docs/reference/http.md lists them"}
		if allow := answer.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			p.Detail = "the route has only " + allow
		}
		p.Write(w)
	})
}

// statusOnly keeps an answer's status and headers.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }

// secure sets the headers that an API without pages needs.
func secure(w http.ResponseWriter) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
}
