package benchpages

import (
	"fmt"

	"sluice/services/internal/bench"
	"sluice/services/internal/listbench"
)

// Run tells on what was measured, and with which settings.
func Run(r *bench.Report) string {
	broker := "The embedded broker"
	if r.Broker.Version != "" {
		broker = r.Broker.Version
	} else if r.Broker.Kind == "external" {
		broker = "Apache Kafka"
	}
	s, h := r.Settings, r.Host
	calm := ""
	if h.Load > 0 {
		calm = fmt.Sprintf(", load average %.1f when the run began", h.Load)
	}
	return fmt.Sprintf("%s, %d partitions, on the machine that runs the clients too: %d processors (%s), %s, %s/%s%s. %s transfers of %.0f bytes in each of %d rounds, "+
		"%.3g %% of them listed, %s listed addresses, %d lanes, acknowledged by all in-sync replicas, committed after the acknowledgement.\n",
		broker, s.Partitions, h.CPUs, h.CPU, h.Go, h.OS, h.Arch, calm, whole(float64(s.Transfers)), s.TransferBytes, s.Rounds,
		100*s.HitShare, whole(float64(r.Watchlist.Entries)), s.Lanes)
}

// Hops is a table of the hops and of what they cost, beside their bare loops.
func Hops(r *bench.Report) string {
	var t table
	t.head("stage", "transfers/s", "bare loop/s", "of bare", "lowest to highest round", "CPU s per million", "bare CPU s per million", "allocations per transfer")
	stages := r.Stages
	if r.Chain != nil {
		stages = append(stages[:len(stages):len(stages)], *r.Chain)
	}
	for _, s := range stages {
		least, most := s.OfBare, s.OfBare
		for _, round := range s.Rounds {
			least, most = min(least, round.OfBare), max(most, round.OfBare)
		}
		t.row(s.Stage, whole(s.Rate), whole(s.Bare.Rate), two(s.OfBare), two(least)+" to "+two(most), two(s.CPUSeconds), two(s.Bare.CPUSeconds), two(s.Objects))
	}
	return t.String()
}

// Record is a table of the recorder beside the inserts alone.
func Record(r *bench.Report) string {
	x := r.Record
	if x == nil {
		return "Not measured.\n"
	}
	least, most := x.OfBare, x.OfBare
	for _, round := range x.Rounds {
		least, most = min(least, round.OfBare), max(most, round.OfBare)
	}
	var t table
	t.head("stage", "transfers/s", "inserts alone/s", "of them", "lowest to highest round", "CPU s per million", "the engine's", "allocations per transfer", "bytes on disk per transfer")
	t.row(bench.StageRecord, whole(x.Rate), whole(x.Bare), two(x.OfBare), two(least)+" to "+two(most), two(x.CPUSeconds), two(x.EngineCPU), two(x.Objects), whole(x.DiskBytes))
	return t.String() + fmt.Sprintf("\nEach transfer is %.2f rows: its own, and one for each of its addresses. %s, inserts of %s transfers.\n",
		1+x.AddressRows, x.Engine, whole(float64(x.BatchRows)))
}

// Peers is a table of the programs that did the work of the enrichment hop, or less of it.
func Peers(r *bench.Report) string {
	s := stage(r, bench.StageEnrichment)
	if s == nil {
		return "Not measured.\n"
	}
	var t table
	t.head("program", "transfers/s", "client CPU s per million", "Sluice's hop as a part of it")
	t.row("**Sluice, enrichment: all its work**", whole(s.Rate), two(s.CPUSeconds), "")
	t.row("bare loop, Sluice's record-batch codec", whole(s.Bare.Rate), two(s.Bare.CPUSeconds), two(s.OfBare))
	names := map[string]string{bench.PeerFranz: "bare loop, franz-go", bench.PeerStreams: "Kafka Streams, screening"}
	for _, p := range s.Peers {
		t.row(names[p.Name], whole(p.Rate), two(p.CPUSeconds), two(p.OfPeer))
	}
	return t.String()
}

// Swaps is a table of what an activation costs while transfers are screened.
func Swaps(r *listbench.Report) string {
	var t table
	t.head("entries", "form", "swap", "in force ms", "longest batch ms", "longest without swaps ms", "rate, as a part of that without")
	for _, size := range r.Sizes {
		for _, f := range size.Forms {
			for _, x := range f.Swaps {
				t.row(whole(float64(size.Entries)), f.Form, x.Name, fmt.Sprintf("%.0f", x.InForceMilli), fmt.Sprintf("%.1f", x.LongestMilli),
					fmt.Sprintf("%.1f", f.Calm.LongestMilli), two(x.Rate))
			}
		}
	}
	return t.String()
}

// LargeLists is a table of what a transfer costs with lists of several sizes.
func LargeLists(c *listbench.Costs) string {
	var t table
	t.head("entries", "form", "CPU µs, the hop", "CPU µs, the bare loop", "transfers/s")
	for _, s := range c.Sizes {
		t.row(whole(float64(s.Entries)), s.Form, two(s.Median.CPU), two(s.Median.BareCPU), whole(s.Median.Rate))
	}
	return t.String()
}

// Trade is a table of what stream.linger trades.
func Trade(r *bench.Report) string {
	var t table
	t.head("`stream.linger`", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "CPU s per million")
	for _, l := range r.Load {
		cpu := ""
		if l.CPUSeconds > 0 {
			cpu = whole(l.CPUSeconds)
		}
		t.row(fmt.Sprintf("%g ms", l.LingerMillis), two(l.P50), two(l.P90), two(l.P99), two(l.P999), cpu)
	}
	return t.String()
}

// Growth is a table of the enrichment hop by partitions and instances.
func Growth(s *bench.Scale) string {
	if s == nil {
		return "Not measured.\n"
	}
	var t table
	t.head("partitions", "transfers/s", "bare loop/s", "of bare", "client CPU s per million")
	for _, p := range s.Partitions {
		t.row(fmt.Sprint(p.Partitions), whole(p.Rate), whole(p.Bare), two(p.OfBare), two(p.CPUSeconds))
	}
	t.b.WriteByte('\n')
	t.head("instances", "transfers/s", "client CPU s per million")
	t.row("1", whole(s.Instances.One.Rate), two(s.Instances.One.CPUSeconds))
	t.row("2", whole(s.Instances.Two.Rate), two(s.Instances.Two.CPUSeconds))
	return t.String() + fmt.Sprintf("\nTwo instances take %.2f of the processor time of a transfer that one takes (median of the rounds' pairs).\n", s.Instances.CPURatio)
}
