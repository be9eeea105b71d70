package ingest

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what ingest does. Labels are the way in: raw or http.
type Metrics struct {
	acceptedTotal, rejectedTotal, repeatedTotal, conflictTotal *prometheus.CounterVec
	refusedTotal                                               *prometheus.CounterVec
	cacheMisses                                                prometheus.Counter
}

// NewMetrics registers the metrics of ingest.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		reg.MustRegister(c)
		return c
	}
	m := &Metrics{
		acceptedTotal: vec("sluice_ingest_accepted_total", "Transfers accepted.", "way"),
		rejectedTotal: vec("sluice_ingest_rejected_total", "Bodies that are no transfer.", "way"),
		repeatedTotal: vec("sluice_ingest_duplicate_total", "Transfers known to be acknowledged before.", "way"),
		conflictTotal: vec("sluice_ingest_conflict_total", "Transfers whose id was used for other content.", "way"),
		refusedTotal:  vec("sluice_ingest_unavailable_total", "Requests answered 503.", "cause"),
		cacheMisses: prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_ingest_seen_unavailable_total",
			Help: "Requests that could not ask the cache for known transfers, and went on without."}),
	}
	reg.MustRegister(m.cacheMisses)
	return m
}

func (m *Metrics) accepted(way string, n int) { m.acceptedTotal.WithLabelValues(way).Add(float64(n)) }
func (m *Metrics) rejected(way string, n int) { m.rejectedTotal.WithLabelValues(way).Add(float64(n)) }
func (m *Metrics) duplicate()                 { m.repeatedTotal.WithLabelValues("http").Inc() }
func (m *Metrics) conflict()                  { m.conflictTotal.WithLabelValues("http").Inc() }
func (m *Metrics) unavailable(cause string)   { m.refusedTotal.WithLabelValues(cause).Inc() }
func (m *Metrics) withoutCache()              { m.cacheMisses.Inc() }
