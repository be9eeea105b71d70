package memory_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"sluice/services/internal/stream/memory"
	"sluice/services/internal/stream/streamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	b := memory.New(3)
	streamtest.Run(t, streamtest.Harness{
		Client: func(*testing.T) streamtest.Client { return b },
		Fragile: func(t *testing.T) (streamtest.Client, func(int)) {
			var left atomic.Int64
			b.Inject(func(c memory.Call) memory.Fault {
				if c.Op == "produce" && left.Load() > 0 && left.Add(-1) >= 0 {
					return memory.Fault{After: errors.New("connection lost")}
				}
				return memory.Fault{}
			})
			t.Cleanup(func() { b.Inject(nil) })
			return b, func(n int) { left.Store(int64(n)) }
		},
		Create: func(_ *testing.T, name string, partitions, maxBatch int) { b.Create(name, partitions, maxBatch) },
		DeleteBefore: func(t *testing.T, topic string, partition int32, offset int64) {
			if err := b.DeleteBefore(topic, partition, offset); err != nil {
				t.Fatal(err)
			}
		},
	})
}
