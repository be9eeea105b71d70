package app

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/services/api"
	"sluice/services/ingest"
	"sluice/services/internal/httpx"
	"sluice/services/watchlist"
)

// surface is what the services of a process offer over HTTP; nil: not here. Together with the operational routes it is
// the whole route table.
type surface struct {
	ingest *ingest.API
	api    *api.API
	lists  *watchlist.API
}

func (s surface) routes() []httpx.Route {
	var all []httpx.Route
	if s.ingest != nil {
		all = append(all, s.ingest.Routes()...)
	}
	if s.api != nil {
		all = append(all, s.api.Routes()...)
	}
	if s.lists != nil {
		all = append(all, s.lists.Routes()...)
	}
	return all
}

// Routes is the route table of a process that runs every service: for the reference page, and for the tests that try each
// row. Its handlers work on nothing.
func Routes() []httpx.Route {
	whole := surface{ingest: &ingest.API{}, api: &api.API{}, lists: &watchlist.API{}}
	return append(httpx.Operations(prometheus.NewRegistry(), nil, true), whole.routes()...)
}

// serve puts the services' routes behind the listener, in the place of what it served before.
func (p *Pipeline) serve(s surface) error {
	mux, err := httpx.Mux(p.guard, append(httpx.Operations(p.reg, p.readiness, p.cfg.HTTP.OpsKey), s.routes()...), nil)
	if err == nil {
		p.api.Store(&mux)
	}
	return err
}

// serveStarting answers while the services are not there yet.
func (p *Pipeline) serveStarting() error {
	mux, err := httpx.Mux(p.guard, httpx.Operations(p.reg, p.readiness, p.cfg.HTTP.OpsKey), http.HandlerFunc(p.starting))
	if err == nil {
		p.api.Store(&mux)
	}
	return err
}

func (p *Pipeline) starting(w http.ResponseWriter, _ *http.Request) {
	detail := "the service is starting"
	if what := p.state.Load(); what != nil {
		detail += ", it waits for " + *what
	}
	httpx.Problem{Status: http.StatusServiceUnavailable, Detail: detail}.Write(w)
}

// ServeHTTP hands a request to what is served now.
func (p *Pipeline) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*p.api.Load()).ServeHTTP(w, r) }
