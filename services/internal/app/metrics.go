package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/services/internal/stream"
)

// loopCollector turns the state of the loops into metrics when it is asked.
type loopCollector struct {
	loops func() []*stream.Loop
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sluice_stream_"+name, help, append([]string{"group"}, labels...), nil)
}

var (
	descJoined   = desc("joined", "1: the member is in a generation of its group.")
	descAssigned = desc("assigned_partitions", "Partitions that this member owns.")
	descLag      = desc("lag", "Records of the owned partitions that are not handled yet.")
	descRetrying = desc("retrying", "1: a batch waits for something to come back.")
	descStalled  = desc("stalled", "1: partitions have records, make no progress, and nothing says why.")
	descRebuilds = desc("rebuilds_total", "Generations that were ended because a reader stood still.")
	descIdle     = desc("last_progress_seconds", "Unix time at which a batch was last acknowledged.")
	descConsumed = desc("consumed_total", "Records handled and acknowledged.")
	descProduced = desc("produced_total", "Records written, dead letters included.")
	descDead     = desc("dead_letters_total", "Records written to the dead letter topic.")
	descPoisoned = desc("poisoned_total", "Records that failed alone.")
	descRetries  = desc("retries_total", "Batches tried again.")
	descPanics   = desc("panics_total", "Panics of a handler.")
	descLost     = desc("lost_total", "Offsets that the log did not have any more.")
	descCommits  = desc("commits_total", "Offset commits.", "outcome")
	descGens     = desc("generations_total", "Generations joined.")
)

var allDescs = []*prometheus.Desc{descJoined, descAssigned, descLag, descRetrying, descStalled, descRebuilds, descIdle, descConsumed, descProduced,
	descDead, descPoisoned, descRetries, descPanics, descLost, descCommits, descGens}

func (c loopCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range allDescs {
		ch <- d
	}
}

func (c loopCollector) Collect(ch chan<- prometheus.Metric) {
	for _, l := range c.loops() {
		s := l.State()
		gauge := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, s.Group)
		}
		counter := func(d *prometheus.Desc, v uint64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), append([]string{s.Group}, labels...)...)
		}
		gauge(descJoined, b2f(s.Joined))
		gauge(descAssigned, float64(len(s.Partitions)))
		gauge(descLag, float64(s.Lag()))
		gauge(descRetrying, b2f(!s.RetryingSince.IsZero()))
		gauge(descStalled, b2f(!s.StalledSince.IsZero()))
		gauge(descIdle, unix(s.LastProgress))
		counter(descConsumed, s.Consumed)
		counter(descProduced, s.Produced)
		counter(descDead, s.DeadLettered)
		counter(descPoisoned, s.Poisoned)
		counter(descRetries, s.Retries)
		counter(descPanics, s.Panics)
		counter(descLost, s.Lost)
		counter(descCommits, s.Commits, "done")
		counter(descCommits, s.CommitErrors, "failed")
		counter(descGens, s.Generations)
		counter(descRebuilds, s.Rebuilds)
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
