package benchpages

import (
	"fmt"
	"math"

	"sluice/services/internal/bench"
	"sluice/services/internal/listbench"
)

// target is something that the pipeline is meant to reach.
type target struct {
	what    string
	want    string
	got     func(m Measured) (measured float64, ok bool)
	reached func(measured float64) bool
	unit    string
	command string
}

func atLeast(x float64) func(float64) bool { return func(got float64) bool { return got >= x } }
func atMost(x float64) func(float64) bool  { return func(got float64) bool { return got <= x } }

const (
	embedded = "`bin/sluice bench --rounds 5`"
	record   = "`bin/sluice bench --stage record --rounds 5`"
	peers    = "`make bench-peers`"
	lists    = "`bin/sluice bench --stage lists`"
	sizes    = "`bin/sluice bench --stage sizes --sizes 100000,1000000,10000000 --rounds 5`"
)

// of takes a figure of a stage from one of the reports.
func of(report func(Measured) *bench.Report, name string, figure func(*bench.Stage) float64) func(Measured) (float64, bool) {
	return func(m Measured) (float64, bool) {
		s := stage(report(m), name)
		if s == nil {
			return 0, false
		}
		x := figure(s)
		return x, x > 0
	}
}

func onEmbedded(m Measured) *bench.Report { return m.Embedded }
func onKafka(m Measured) *bench.Report    { return m.Kafka }

func ofBare(s *bench.Stage) float64 { return s.OfBare }
func ofHops(s *bench.Stage) float64 { return s.OfHops }

func ofPeer(name string) func(*bench.Stage) float64 {
	return func(s *bench.Stage) float64 {
		if p := peer(s, name); p != nil {
			return p.OfPeer
		}
		return 0
	}
}

// loaded takes a figure of the latency under load without linger.
func loaded(report func(Measured) *bench.Report, figure func(bench.Load) float64) func(Measured) (float64, bool) {
	return func(m Measured) (float64, bool) {
		for _, l := range report(m).Load {
			if l.LingerMillis == 0 {
				return figure(l), true
			}
		}
		return 0, false
	}
}

// swapped takes the worst figure of the swaps at a million entries in memory.
func swapped(worst func(a, b float64) float64, figure func(listbench.Stall) float64) func(Measured) (float64, bool) {
	return func(m Measured) (x float64, ok bool) {
		for _, size := range m.Lists.Sizes {
			for _, f := range size.Forms {
				for _, s := range f.Swaps {
					if size.Entries != million || f.Form != "memory" {
						continue
					}
					if v := figure(s); ok {
						x = worst(x, v)
					} else {
						x, ok = v, true
					}
				}
			}
		}
		return x, ok
	}
}

const million = 1_000_000

var targets = []target{
	{"enrichment, of the bare loop, embedded", ">= 0.85", of(onEmbedded, bench.StageEnrichment, ofBare), atLeast(0.85), "", embedded},
	{"enrichment, of the bare loop, Kafka", ">= 0.85", of(onKafka, bench.StageEnrichment, ofBare), atLeast(0.85), "", peers},
	{"enrichment, of franz-go's bare loop, Kafka", ">= 1.0", of(onKafka, bench.StageEnrichment, ofPeer(bench.PeerFranz)), atLeast(1), "", peers},
	{"enrichment, of Kafka Streams, Kafka", ">= 3.0", of(onKafka, bench.StageEnrichment, ofPeer(bench.PeerStreams)), atLeast(3), "", peers},
	{"alerting, of the bare loop, embedded", ">= 0.75", of(onEmbedded, bench.StageAlerting, ofBare), atLeast(0.75), "", embedded},
	{"alerting, of the bare loop, Kafka", ">= 0.75", of(onKafka, bench.StageAlerting, ofBare), atLeast(0.75), "", peers},
	{"ingest, of the bare loop, embedded", ">= 0.50", of(onEmbedded, bench.StageIngest, ofBare), atLeast(0.5), "", embedded},
	{"ingest, of the bare loop, Kafka", ">= 0.50", of(onKafka, bench.StageIngest, ofBare), atLeast(0.5), "", peers},
	{"the chain, of its hops, embedded", ">= 0.9", of(onEmbedded, bench.StageChain, ofHops), atLeast(0.9), "", embedded},
	{"the chain, of its hops, Kafka", ">= 0.9", of(onKafka, bench.StageChain, ofHops), atLeast(0.9), "", peers},
	{"the recorder, of the inserts alone", ">= 0.6", func(m Measured) (float64, bool) {
		if m.Record.Record == nil {
			return 0, false
		}
		return m.Record.Record.OfBare, true
	}, atLeast(0.6), "", record},
	{"client CPU of the enrichment hop, Kafka", "<= 1.5 µs a transfer", of(onKafka, bench.StageEnrichment, func(s *bench.Stage) float64 { return s.CPUSeconds }), atMost(1.5), " µs", peers},
	{"allocations of the enrichment hop, a hundredth of the transfers listed", "<= 1", of(onEmbedded, bench.StageEnrichment, func(s *bench.Stage) float64 { return s.Objects }), atMost(1), "", embedded},
	{"1,000 transfers a second, p50 of each from its due time, embedded", "<= 5 ms", loaded(onEmbedded, func(l bench.Load) float64 { return l.P50 }), atMost(5), " ms", embedded},
	{"the same, p99", "<= 15 ms", loaded(onEmbedded, func(l bench.Load) float64 { return l.P99 }), atMost(15), " ms", embedded},
	{"1,000 transfers a second, p50, Kafka", "<= 5 ms", loaded(onKafka, func(l bench.Load) float64 { return l.P50 }), atMost(5), " ms", peers},
	{"the same, p99", "<= 15 ms", loaded(onKafka, func(l bench.Load) float64 { return l.P99 }), atMost(15), " ms", peers},
	{"two instances instead of one, client CPU of a transfer", "< 1.10", func(m Measured) (float64, bool) {
		if m.Kafka.Scale == nil {
			return 0, false
		}
		return m.Kafka.Scale.Instances.CPURatio, true
	}, func(got float64) bool { return got < 1.1 }, "", peers},
	{"CPU of a transfer at 100,000, a million and ten million entries, dearest beside cheapest", "< 1.20",
		func(m Measured) (float64, bool) { return 1 + m.Costs.Spread, len(m.Costs.Sizes) > 1 },
		func(got float64) bool { return got < 1.2 }, "", sizes},
	{"a swap at a million entries, longest batch", "told", swapped(math.Max, func(s listbench.Stall) float64 { return s.LongestMilli }), nil, " ms", lists},
	{"the same, rate as a part of that without", "told", swapped(math.Min, func(s listbench.Stall) float64 { return s.Rate }), nil, "", lists},
}

// Targets is a table of what is meant to be reached and what was measured.
func Targets(m Measured) string {
	var t table
	t.head("", "wanted", "measured", "reached", "command")
	for _, x := range targets {
		got, ok := x.got(m)
		measured, reached := "not measured", ""
		if ok {
			measured = fmt.Sprintf("%.2f%s", got, x.unit)
			if x.reached != nil {
				reached = map[bool]string{true: "yes", false: "**no**"}[x.reached(got)]
			}
		}
		t.row(x.what, x.want, measured, reached, x.command)
	}
	return t.String()
}
