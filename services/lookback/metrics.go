package lookback

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what looking back does.
type Metrics struct {
	active, pending, heldNow, upTo, stuck prometheus.Gauge
	sentBy                                *prometheus.CounterVec
	left                                  prometheus.Counter
	runs                                  *prometheus.CounterVec
	toLastFlag, toEnd                     *prometheus.HistogramVec
}

// NewMetrics registers the metrics of looking back.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_lookback_" + name, Help: help})
	}
	buckets := []float64{1, 2, 5, 10, 20, 60, 300, 1800, 7200, 86400}
	m := &Metrics{
		active:  gauge("running", "1: a run is under way."),
		pending: gauge("pending", "Transfers that were sent and wait for enrichment."),
		heldNow: gauge("held", "Transfers that are held because there were no usable lists, and wait to be screened again."),
		upTo:    gauge("done_seq", "The last activation of lists that was looked back for."),
		stuck:   gauge("missing", "Transfers that the last run with any sent again, and that are still judged by older lists."),
		sentBy: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_lookback_sent_total",
			Help: "Recorded transfers sent to be judged again, by why."}, []string{"raised_by"}),
		left: prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_lookback_unverified_total",
			Help: "Recorded transfers that were left alone, because what is recorded does not give their id."}),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_lookback_runs_total", Help: "Runs that are through."}, []string{"scope"}),
		toLastFlag: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sluice_lookback_last_flag_seconds", Buckets: buckets,
			Help: "Time from an activation to the last verdict, flagged or held, that its run led to."}, []string{"scope"}),
		toEnd: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sluice_lookback_run_seconds", Buckets: buckets,
			Help: "Time from an activation to the end of its run."}, []string{"scope"}),
	}
	reg.MustRegister(m.active, m.pending, m.heldNow, m.upTo, m.stuck, m.sentBy, m.left, m.runs, m.toLastFlag, m.toEnd)
	return m
}

func (m *Metrics) running(n int)               { m.active.Set(float64(n)) }
func (m *Metrics) waiting(n int64)             { m.pending.Set(float64(n)) }
func (m *Metrics) held(n uint64)               { m.heldNow.Set(float64(n)) }
func (m *Metrics) doneUpTo(seq uint64)         { m.upTo.Set(float64(seq)) }
func (m *Metrics) sent(raisedBy string, n int) { m.sentBy.WithLabelValues(raisedBy).Add(float64(n)) }
func (m *Metrics) unverified()                 { m.left.Inc() }

// finished tells of a run that is through.
func (m *Metrics) finished(r *Run) {
	m.runs.WithLabelValues(r.Scope).Inc()
	m.stuck.Set(float64(r.Missing))
	m.toEnd.WithLabelValues(r.Scope).Observe(since(r.ActivatedAt, r.UpdatedAt))
	if !r.LastFlagAt.IsZero() {
		m.toLastFlag.WithLabelValues(r.Scope).Observe(since(r.ActivatedAt, r.LastFlagAt))
	}
}

// since is a span in seconds, between the clocks of two machines.
func since(from, to time.Time) float64 { return max(0, to.Sub(from).Seconds()) }
