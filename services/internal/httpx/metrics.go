package httpx

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what the listener answers. Their labels are routes, statuses and reasons: never a key, a tenant or
// anything out of a request. A nil Metrics counts nothing.
type Metrics struct {
	requests *prometheus.CounterVec
	refusals *prometheus.CounterVec
	reloads  *prometheus.CounterVec
}

// NewMetrics registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_http_requests_total",
			Help: "Requests answered, by route and status."}, []string{"route", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_http_refused_total",
			Help: "Requests refused before their handler: key, scope, certificate, rate."}, []string{"reason"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_http_key_reloads_total",
			Help: "Times that the key file changed: taken, or refused and the old keys kept."}, []string{"outcome"}),
	}
	reg.MustRegister(m.requests, m.refusals, m.reloads)
	for _, reason := range []string{refusedKey, refusedScope, refusedCertificate, refusedRate} {
		m.refusals.WithLabelValues(reason)
	}
	for _, outcome := range []string{"taken", "refused"} {
		m.reloads.WithLabelValues(outcome)
	}
	return m
}

func (m *Metrics) answered(route string, status int) {
	if m != nil {
		m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	}
}

func (m *Metrics) refused(reason string) {
	if m != nil {
		m.refusals.WithLabelValues(reason).Inc()
	}
}

func (m *Metrics) reloaded(outcome string) {
	if m != nil {
		m.reloads.WithLabelValues(outcome).Inc()
	}
}
