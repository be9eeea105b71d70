package recorder

import "github.com/prometheus/client_golang/prometheus"

// HistoryMetrics tells how far the history of the lists is. Nil counts nothing.
type HistoryMetrics struct {
	known, done     prometheus.Gauge
	failures, skips prometheus.Counter
}

// NewHistoryMetrics registers the metrics of the history.
func NewHistoryMetrics(reg prometheus.Registerer) *HistoryMetrics {
	m := &HistoryMetrics{
		known:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_watchlist_history_known_seq", Help: "Number of the last activation of lists that the history has heard of."}),
		done:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_watchlist_history_recorded_seq", Help: "Number of the last activation of lists that ClickHouse has whole."}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_watchlist_history_failures_total", Help: "Times that the history of the lists could not be recorded; it is tried again."}),
		skips:    prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_watchlist_history_merged_total", Help: "Activations whose lists were gone before they were recorded: what they changed stands under the next one's number."}),
	}
	reg.MustRegister(m.known, m.done, m.failures, m.skips)
	return m
}

func (m *HistoryMetrics) activated(seq uint64) {
	if m != nil {
		m.known.Set(float64(seq))
	}
}

func (m *HistoryMetrics) recorded(seq uint64) {
	if m != nil {
		m.done.Set(float64(seq))
	}
}

func (m *HistoryMetrics) failed() {
	if m != nil {
		m.failures.Inc()
	}
}

func (m *HistoryMetrics) skipped() {
	if m != nil {
		m.skips.Inc()
	}
}
