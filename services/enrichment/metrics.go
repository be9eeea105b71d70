package enrichment

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what enrichment does.
type Metrics struct {
	total       *prometheus.CounterVec
	clean, read prometheus.Counter
	degraded    prometheus.Counter
	poison      prometheus.Counter
}

// NewMetrics registers the metrics of enrichment.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_enrichment_screened_total",
		Help: "Transfers screened: clean, other (hits, a gap in coverage, a conflict), degraded (without usable lists), quarantined (cannot be read)."}, []string{"outcome"})
	reg.MustRegister(total)
	return &Metrics{
		total: total, clean: total.WithLabelValues("clean"), read: total.WithLabelValues("other"),
		degraded: total.WithLabelValues("degraded"), poison: total.WithLabelValues("quarantined"),
	}
}

func (m *Metrics) screened(clean, other int, degraded bool) {
	if degraded {
		m.degraded.Add(float64(clean + other))
		return
	}
	m.clean.Add(float64(clean))
	m.read.Add(float64(other))
}

func (m *Metrics) quarantined() { m.poison.Inc() }
