package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the report for people: lines that stand under each other.
func (r *Report) WriteTable(w io.Writer) error {
	s := r.Settings
	bytes := ""
	if s.TransferBytes > 0 {
		bytes = fmt.Sprintf(" of %.0f bytes", s.TransferBytes)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s transfers%s, %.3g %% of them listed, against %s addresses; %s broker, %d partitions, %d lanes; median of %d\n",
		grouped(float64(s.Transfers)), bytes, 100*s.HitShare, grouped(float64(r.Watchlist.Entries)), r.Broker.Kind, s.Partitions, s.Lanes, s.Rounds)
	fmt.Fprintf(&b, "%d CPUs (%s), %s, %s/%s\n\n", r.Host.MaxProcs, r.Host.CPU, r.Host.Go, r.Host.OS, r.Host.Arch)

	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(cells ...string) { _, _ = fmt.Fprintln(t, strings.Join(cells, "\t")+"\t") }
	all := r.all()
	if len(all) > 0 || r.Record != nil {
		row("stage", "transfers/s", "bare loop/s", "of bare", "CPU s/M", "bare CPU s/M", "bytes/transfer", "allocs/transfer")
	}
	for _, x := range all {
		row(x.Stage, grouped(x.Rate), grouped(x.Bare.Rate), fmt.Sprintf("%.2f", x.OfBare), fmt.Sprintf("%.2f", x.CPUSeconds),
			fmt.Sprintf("%.2f", x.Bare.CPUSeconds), fmt.Sprintf("%.0f", x.Bytes), fmt.Sprintf("%.2f", x.Objects))
	}
	if x := r.Record; x != nil {
		row(StageRecord, grouped(x.Rate), grouped(x.Bare), fmt.Sprintf("%.2f", x.OfBare), fmt.Sprintf("%.2f", x.CPUSeconds), "",
			fmt.Sprintf("%.0f", x.Bytes), fmt.Sprintf("%.2f", x.Objects))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, x := range r.Stages {
		for _, p := range x.Peers {
			fmt.Fprintf(&b, "%s beside %s: %.2f of its %s transfers/s; CPU s/M %.2f\n", x.Stage, p.Name, p.OfPeer, grouped(p.Rate), p.CPUSeconds)
		}
	}
	if r.Chain != nil {
		fmt.Fprintf(&b, "the bare loop of %s is three of them in a row", StageChain)
		if r.Chain.OfHops > 0 {
			fmt.Fprintf(&b, "; the chain runs at %.2f of what its hops make of the same cores one behind the other", r.Chain.OfHops)
		}
		b.WriteByte('\n')
	}
	if r.Record != nil {
		fmt.Fprintf(&b, "the bare loop of %s is the inserts alone, in blocks of %s; the engine's own CPU is in no figure\n", StageRecord, grouped(float64(r.Record.BatchRows)))
	}
	if x := r.Scale; x != nil {
		row("partitions", "transfers/s", "bare loop/s", "of bare", "CPU s/M")
		for _, at := range x.Partitions {
			row(fmt.Sprint(at.Partitions), grouped(at.Rate), grouped(at.Bare), fmt.Sprintf("%.2f", at.OfBare), fmt.Sprintf("%.2f", at.CPUSeconds))
		}
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(&b, "two instances instead of one: %s transfers/s instead of %s, %.2f of the processor time of a transfer\n",
			grouped(x.Instances.Two.Rate), grouped(x.Instances.One.Rate), x.Instances.CPURatio)
	}
	if l := r.Latency; l != nil {
		fmt.Fprintf(&b, "\na lone transfer, from the send to its verdict at a consumer: p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, longest %.2f ms of %d\n", l.P50, l.P90, l.P99, l.Max, l.Samples)
	}
	for _, l := range r.Load {
		fmt.Fprintf(&b, "%s transfers a second, gathered for %g ms in each hop, each from when it was due (%s were sent): p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, longest %.2f ms of %s; CPU s/M %.0f\n",
			grouped(l.Wanted), l.LingerMillis, grouped(l.Reached), l.P50, l.P90, l.P99, l.P999, l.Max, grouped(float64(l.Samples)), l.CPUSeconds)
	}
	fmt.Fprintf(&b, "the list: %.1f MB in memory, built in %.1f s\n", float64(r.Watchlist.MemoryBytes)/1e6, r.Watchlist.BuildSeconds)
	_, err := io.WriteString(w, b.String())
	return err
}

// grouped writes a whole number with commas.
func grouped(x float64) string {
	text := fmt.Sprintf("%.0f", x)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
