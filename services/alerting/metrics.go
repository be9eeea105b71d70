package alerting

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/flag"
)

// Metrics counts what alerting does.
type Metrics struct {
	verdicts [3]atomic.Uint64 // by decision
	poison   atomic.Uint64
}

// NewMetrics registers the metrics of alerting.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{}
	for _, d := range []flag.Decision{flag.Held, flag.Flagged, flag.Cleared} {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "sluice_verdicts_total", Help: "Verdicts published.",
			ConstLabels: prometheus.Labels{"verdict": d.String()}}, func() float64 { return float64(m.verdicts[d].Load()) }))
	}
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "sluice_alerting_quarantined_total",
		Help: "Records that could not be judged: kept in the dead letter topic, and held."},
		func() float64 { return float64(m.poison.Load()) }))
	return m
}

// Verdicts is how many verdicts of each kind were published since the start.
func (m *Metrics) Verdicts(d flag.Decision) uint64 { return m.verdicts[d].Load() }

func (m *Metrics) decided(counts [3]uint64) {
	for d, n := range counts {
		m.verdicts[d].Add(n)
	}
}

func (m *Metrics) quarantined() { m.poison.Add(1) }
