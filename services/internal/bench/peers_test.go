package bench

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"sluice/services/internal/realservers"
)

// BenchmarkPeers measures the pipeline on an Apache Kafka of its own, and beside the enrichment hop what others would put
// in its place; then how it grows: `make bench-peers`. It takes many minutes, so it runs only where SLUICE_BENCH_PEERS
// names the file for the report.
func BenchmarkPeers(b *testing.B) {
	file := os.Getenv("SLUICE_BENCH_PEERS")
	if file == "" {
		b.Skip("SLUICE_BENCH_PEERS is not set: it names the file for the report")
	}
	kafka := realservers.KafkaServer(b)
	cfg := Config{
		Brokers: []string{kafka.Addr}, BrokerPID: kafka.PID(),
		Transfers: 600_000, Entries: 1_000_000, HitShare: 0.01, Partitions: 6, Lanes: 2, Rounds: 5, Samples: 300,
		Rate: 1000, Duration: 20 * time.Second, Lingers: []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond},
		Stage: StageAll, Peers: Peers(),
		Progress: func(done float64, what string) {
			b.Logf("%s %3.0f %% %s", time.Now().Format(time.TimeOnly), 100*done, what)
		},
	}
	for range b.N {
		r, err := Run(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		growing := cfg
		growing.Stage, growing.Transfers, growing.Peers = StageScale, cfg.Transfers/2, nil
		grown, err := Run(b.Context(), growing)
		if err != nil {
			b.Fatal(err)
		}
		r.Broker.Version, r.Scale = "Apache Kafka "+realservers.KafkaVersion, grown.Scale
		if err := r.WriteTable(os.Stderr); err != nil {
			b.Fatal(err)
		}
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}
