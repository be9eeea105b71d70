package watchlist

import (
	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// Metrics counts what the service does.
type Metrics struct {
	seq     prometheus.Gauge
	inLine  prometheus.Gauge
	repairs prometheus.Counter
	failed  prometheus.Counter
	entries *prometheus.GaugeVec

	looks    *prometheus.CounterVec
	refusals *prometheus.CounterVec
	refusing *prometheus.GaugeVec
	good     *prometheus.GaugeVec
	maxAge   *prometheus.GaugeVec
	pending  prometheus.Gauge
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
	m.looks = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_watchlist_source_checks_total", Help: "Looks at a list's source: loaded, unchanged, refused by a guard, failed."}, []string{"list", "outcome"})
	m.refusals = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_watchlist_refusals_total", Help: "Loads of a list that a guard refused in this process."}, []string{"list", "cause"})
	m.refusing = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sluice_watchlist_load_refused", Help: "1: the last load of the list was refused, by whatever process, and the version before it is in force."}, []string{"list", "cause"})
	m.good = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sluice_watchlist_source_good_seconds", Help: "Unix time at which the list's source was last found good; 0: never."}, []string{"list"})
	m.maxAge = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sluice_watchlist_source_max_age_seconds", Help: "How old the last good check of the list's source may get before the lists are unusable; 0: for ever."}, []string{"list"})
	m.pending = prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_watchlist_proposals", Help: "Changes of own lists that wait for a second person."})
	reg.MustRegister(m.seq, m.inLine, m.repairs, m.failed, m.entries, m.looks, m.refusals, m.refusing, m.good, m.maxAge, m.pending)
	return m
}

// looked counts a look at a source.
func (m *Metrics) looked(list string, out Outcome) {
	if m != nil {
		m.looks.WithLabelValues(list, string(out)).Inc()
	}
}

// refused counts a refused load.
func (m *Metrics) refused(list string, cause watchlist.Cause) {
	if m != nil {
		m.refusals.WithLabelValues(list, string(cause)).Inc()
	}
}

// known shows what is known of the lists.
func (m *Metrics) known(r lists.Register) {
	m.refusing.Reset()
	m.good.Reset()
	m.maxAge.Reset()
	for name, s := range r.Lists {
		if s.Refused != nil {
			m.refusing.WithLabelValues(name, s.Refused.Cause).Set(1)
		}
		if s.Source == "" {
			continue
		}
		m.maxAge.WithLabelValues(name).Set(s.MaxAge.Seconds())
		good := 0.0
		if !s.Good.IsZero() {
			good = float64(s.Good.Unix())
		}
		m.good.WithLabelValues(name).Set(good)
	}
	m.pending.Set(float64(len(r.Proposals)))
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
