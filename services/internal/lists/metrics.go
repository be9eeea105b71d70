package lists

import "github.com/prometheus/client_golang/prometheus"

var (
	descUsable    = prometheus.NewDesc("sluice_lists_usable", "1: the snapshot of the watchlists may be relied on now.", nil, nil)
	descSeq       = prometheus.NewDesc("sluice_lists_seq", "Activation of the snapshot in memory.", nil, nil)
	descEntries   = prometheus.NewDesc("sluice_lists_entries", "Entries of the snapshot in memory.", nil, nil)
	descConfirmed = prometheus.NewDesc("sluice_lists_confirmed_seconds", "Unix time at which Redis last named the snapshot as the one in force.", nil, nil)
	descPolls     = prometheus.NewDesc("sluice_lists_polls_total", "Times that the pointer was asked for.", nil, nil)
	descFailures  = prometheus.NewDesc("sluice_lists_poll_failures_total", "Pointers that could not be read, or were refused.", nil, nil)
	descLoads     = prometheus.NewDesc("sluice_lists_loads_total", "Snapshots loaded.", []string{"outcome"}, nil)
	descCopies    = prometheus.NewDesc("sluice_lists_copy_failures_total", "Copies of the snapshot that could not be written to disk.", nil, nil)
)

// Describe implements prometheus.Collector.
func (f *Follower) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descUsable, descSeq, descEntries, descConfirmed, descPolls, descFailures, descLoads, descCopies} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (f *Follower) Collect(ch chan<- prometheus.Metric) {
	c, s, h := f.Current(), f.Stats(), f.held.Load()
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	usable, confirmed := 0.0, 0.0
	if c.Usable {
		usable = 1
	}
	if !h.confirmed.IsZero() {
		confirmed = float64(h.confirmed.Unix())
	}
	gauge(descUsable, usable)
	gauge(descSeq, float64(c.Seq))
	gauge(descEntries, float64(c.Snapshot.Len()))
	gauge(descConfirmed, confirmed)
	counter(descPolls, s.Polls)
	counter(descFailures, s.Failures)
	counter(descLoads, s.Loads, "taken")
	counter(descLoads, s.BadLoads, "refused")
	counter(descCopies, s.CopyFails)
}
