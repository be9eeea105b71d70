package alerting

import (
	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/flag"
)

// Metrics counts what alerting does.
type Metrics struct {
	verdicts [3]prometheus.Counter // by decision
	poison   prometheus.Counter
}

// NewMetrics registers the metrics of alerting.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_verdicts_total", Help: "Verdicts published."}, []string{"verdict"})
	m := &Metrics{poison: prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_alerting_quarantined_total",
		Help: "Records that could not be judged: kept in the dead letter topic, and held."})}
	reg.MustRegister(total, m.poison)
	for _, d := range []flag.Decision{flag.Held, flag.Flagged, flag.Cleared} {
		m.verdicts[d] = total.WithLabelValues(d.String())
	}
	return m
}

func (m *Metrics) decided(counts [3]int) {
	for d, n := range counts {
		m.verdicts[d].Add(float64(n))
	}
}

func (m *Metrics) quarantined() { m.poison.Inc() }
