package enrichment

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what enrichment does.
type Metrics struct {
	total       *prometheus.CounterVec
	clean, read prometheus.Counter
	degraded    prometheus.Counter
	poison      prometheus.Counter
	unconfirmed prometheus.Counter
}

// NewMetrics registers the metrics of enrichment.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_enrichment_screened_total",
		Help: "Transfers screened: clean, other (hits, a gap in coverage, a conflict), degraded (without usable lists), quarantined (cannot be read)."}, []string{"outcome"})
	unconfirmed := prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_enrichment_unconfirmed_total",
		Help: "Batches with transfers that may be listed and could not be looked up in Redis: they wait, and are then degraded."})
	reg.MustRegister(total, unconfirmed)
	return &Metrics{
		total: total, clean: total.WithLabelValues("clean"), read: total.WithLabelValues("other"),
		degraded: total.WithLabelValues("degraded"), poison: total.WithLabelValues("quarantined"),
		unconfirmed: unconfirmed,
	}
}

func (m *Metrics) screened(n counts) {
	m.clean.Add(float64(n.clean))
	m.read.Add(float64(n.other))
	m.degraded.Add(float64(n.degraded))
}

func (m *Metrics) quarantined() { m.poison.Inc() }
