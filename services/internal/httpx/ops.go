package httpx

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Readiness is the answer to "can it do its work now": the parts say which one cannot, and why.
type Readiness struct {
	Ready bool            `json:"ready"`
	Parts map[string]Part `json:"parts,omitempty"`
}

// Part is the state of one thing that readiness depends on, or that is worth seeing beside it.
type Part struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// Operations are the routes that every service has. ready is called for each request. closed: metrics, and what readiness
// consists of, are for keys with the scope ops; anybody still learns whether the process is alive and ready.
func Operations(reg *prometheus.Registry, ready func() Readiness, closed bool) []Route {
	metrics := ScopeOpen
	if closed {
		metrics = ScopeOps
	}
	return []Route{
		{Pattern: "GET /healthz", Scope: ScopeOpen, Summary: "The process is alive.", Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			WriteJSON(w, http.StatusOK, map[string]string{"status": "alive"})
		})},
		{Pattern: "GET /readyz", Scope: ScopeOpen, Summary: "Whether it can do its work now, and which part cannot.", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			state := ready()
			if closed && !PrincipalOf(r.Context()).Scopes.Has(ScopeOps) {
				state.Parts = nil
			}
			status := http.StatusOK
			if !state.Ready {
				status = http.StatusServiceUnavailable
			}
			WriteJSON(w, status, state)
		})},
		{Pattern: "GET /metrics", Scope: metrics, Summary: "Metrics, as Prometheus reads them.", Handler: promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg})},
	}
}
