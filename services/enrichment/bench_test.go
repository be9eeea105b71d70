package enrichment

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/event"
	"sluice/pkg/simulate"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// BenchmarkHandle is what the stage does with a record of a batch, beside what copying it to the next topic costs: the part
// of the bare loop that is not the broker's.
func BenchmarkHandle(b *testing.B) {
	const size, batches = 1000, 20
	in := make([]stream.Batch, batches)
	for i, rec := range facts(b, size*batches) {
		in[i/size].Records = append(in[i/size].Records, rec)
	}
	s := New(Config{HoldAfter: time.Minute, Now: time.Now}, fixed{Snapshot: listOf(b, 1_000_000), Seq: 9, Usable: true}, NewMetrics(prometheus.NewRegistry()))
	run := func(h stream.Handler) func(b *testing.B) {
		return func(b *testing.B) {
			out := stream.NewOut(stream.OutConfig{Partitions: stream.FixedPartitions(6)})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%size != 0 {
					continue // b.N counts records
				}
				out.Reset()
				if err := h.Handle(b.Context(), &in[i/size%batches], out); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("copy", run(stream.HandlerFunc(func(_ context.Context, in *stream.Batch, out *stream.Out) error {
		for i := range in.Records {
			rec := &in.Records[i]
			out.AppendSpliced(schemas.Screened, rec.Partition, rec.Key, rec.Value, nil, rec.Headers)
		}
		return out.Err()
	})))
	b.Run("screen", run(s.ForLane()))
}

// facts are records as ingest writes them, of every network that the simulator knows.
func facts(b *testing.B, n int) []stream.Record {
	b.Helper()
	g, err := simulate.New(simulate.Config{Seed: 1, Customers: 20_000, Counterparties: 20_000})
	if err != nil {
		b.Fatal(err)
	}
	var parser transfer.Parser
	out := make([]stream.Record, n)
	for i := range out {
		t, _ := g.Next()
		p, err := parser.Parse(transfer.AppendCanonical(nil, &t), t.OccurredAt)
		if err != nil {
			b.Fatal(err)
		}
		id := p.FactID("default")
		out[i] = stream.Record{Topic: schemas.Transfers, Partition: int32(i % 6), Key: event.AppendKey(nil, "default", t.CustomerID),
			Value: event.AppendTransfer(nil, id, "default", transfer.ID{}, p),
			Headers: stream.NewHeaders(
				stream.Header{Name: event.HeaderID, Value: id.Append(nil)},
				stream.Header{Name: event.HeaderAt, Value: event.AppendAt(nil, t.OccurredAt)},
				stream.Header{Name: event.HeaderFingerprint, Value: event.AppendFingerprints(nil, p, false)})}
	}
	return out
}

// listOf is a list of n addresses.
func listOf(b *testing.B, n int) *watchlist.Snapshot {
	b.Helper()
	entries := make([]watchlist.Entry, n)
	for i := range entries {
		text := fmt.Sprintf("0x%040x", i+1)
		entries[i] = watchlist.Entry{List: "l", EntryID: text, Network: "ethereum", Address: text, Key: watchlist.TextKey(text),
			Entity: "E", Category: taxonomy.Scam, Categories: []taxonomy.Category{taxonomy.Scam}}
	}
	s, err := watchlist.NewBuilder().Add("l", entries).Build()
	if err != nil {
		b.Fatal(err)
	}
	return s
}
