package ingest

import (
	"crypto/sha256"
	"syscall"
	"testing"
	"time"

	"sluice/pkg/simulate"
	"sluice/pkg/transfer"
)

// bodies are transfers as exchanges send them, of every network that the simulator knows, in the canonical layout.
func bodies(b *testing.B, n int) [][]byte {
	b.Helper()
	g, err := simulate.New(simulate.Config{Seed: 1, Customers: 20_000, Counterparties: 20_000,
		Prefix: "4f1d2c3b-9a58-4e0b-8c77-1d2e3f405162.6b7c8d9e-0f1a-4b2c-"})
	if err != nil {
		b.Fatal(err)
	}
	out := make([][]byte, n)
	for i := range out {
		t, _ := g.Next()
		out[i] = transfer.AppendCanonical(nil, &t)
	}
	return out
}

// BenchmarkEncode is what a transfer costs from its body to its record, without the broker: for bodies in the canonical
// spelling, for others, and for what no implementation can save, the hash that is the identity.
func BenchmarkEncode(b *testing.B) {
	all := bodies(b, 20_000)
	spaced := make([][]byte, len(all))
	for i, body := range all {
		spaced[i] = append([]byte{' '}, body...)
	}
	now := time.Now()
	encode := func(bodies [][]byte) func(b *testing.B) {
		return func(b *testing.B) {
			e := newEncoder()
			b.ReportAllocs()
			began := cpu(b)
			for i := 0; b.Loop(); i++ {
				if _, err := e.encode(bodies[i%len(bodies)], "default", transfer.ID{}, now); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
		}
	}
	b.Run("canonical", encode(all))
	b.Run("spaced", encode(spaced))
	b.Run("hash", func(b *testing.B) {
		began := cpu(b)
		for i := 0; b.Loop(); i++ {
			sha256.Sum256(all[i%len(all)])
		}
		b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
	})
}

// cpu is the processor time of the process so far: what others do on the machine is not in it.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
