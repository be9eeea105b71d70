package chain

import (
	"bytes"
	"os"
	"testing"

	"sluice/pkg/internal/testdata"
	"sluice/pkg/transfer"
)

// Blocks and rows to the bytes of transfers.
func BenchmarkConvert(b *testing.B) {
	for _, c := range []struct {
		format string
		path   []string
	}{
		{"bitcoin-block", []string{"btc-block-413567", "block413567.raw"}},
		{"ethereum-block", []string{"eth-blocks-pevm", "ethereum-17034870.json"}},
		{"ethereum-etl", []string{"eth-etl", ethStream + "logs.json"}},
	} {
		b.Run(c.format, func(b *testing.B) {
			data, err := os.ReadFile(testdata.Dir(b, c.path...))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			var line []byte
			made := 0
			for b.Loop() {
				stats, err := Convert(c.format, Options{}, bytes.NewReader(data), func(t *transfer.Transfer) error {
					line = transfer.AppendCanonical(line[:0], t)
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
				made += stats.Transfers
			}
			b.ReportMetric(float64(made)/b.Elapsed().Seconds(), "transfers/s")
		})
	}
}
