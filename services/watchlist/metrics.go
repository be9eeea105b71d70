package watchlist

import (
	"github.com/prometheus/client_golang/prometheus"

	"sluice/services/internal/activation"
)

// Metrics counts what the service does.
type Metrics struct {
	seq     prometheus.Gauge
	inLine  prometheus.Gauge
	repairs prometheus.Counter
	failed  prometheus.Counter
	entries *prometheus.GaugeVec
}

// NewMetrics registers the metrics of the service.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		seq:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_watchlist_activation_seq", Help: "Number of the last activation of lists."}),
		inLine:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_watchlist_redis_in_line", Help: "1: Redis holds what was activated last, whole."}),
		repairs: prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_watchlist_repairs_total", Help: "Times that the pointer or content in Redis had to be written again."}),
		failed:  prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_watchlist_check_failures_total", Help: "Times that Redis could not be compared with the last activation, or not be repaired."}),
		entries: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sluice_watchlist_entries", Help: "Entries of each list that is in force."}, []string{"list"}),
	}
	reg.MustRegister(m.seq, m.inLine, m.repairs, m.failed, m.entries)
	return m
}

// checked tells of one comparison: done is what was repaired, "" nothing.
func (m *Metrics) checked(last activation.Activation, done string, err error) {
	m.seq.Set(float64(last.Seq))
	m.entries.Reset()
	for _, l := range last.Lists {
		m.entries.WithLabelValues(l.List).Set(float64(l.Entries))
	}
	if err != nil {
		m.inLine.Set(0)
		m.failed.Inc()
		return
	}
	m.inLine.Set(1)
	if done != "" {
		m.repairs.Inc()
	}
}
