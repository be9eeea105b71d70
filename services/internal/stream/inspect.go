package stream

import (
	"fmt"

	"sluice/services/internal/recordbatch"
)

// Each calls f for everything that was appended, topic by topic in the order of their first use, partition by partition,
// in order; Offset is the record's place in its partition. It is for tests of handlers: they make an Out with NewOut and
// FixedPartitions, call Handle, and look.
func (o *Out) Each(f func(rec *Record)) {
	for i := range o.topics {
		t := &o.topics[i]
		for p := range t.parts {
			offset := int64(0)
			for _, b := range t.parts[p].batches[:t.parts[p].used] {
				batch, _, err := recordbatch.Next(b.Seal(recordbatch.NoProducer))
				if err != nil {
					panic(fmt.Sprintf("a batch of one's own is ill-formed: %v", err))
				}
				var rec recordbatch.Record
				for records := batch.Records(nil); ; offset++ {
					more, err := records.Next(&rec)
					if err != nil {
						panic(fmt.Sprintf("a batch of one's own is ill-formed: %v", err))
					}
					if !more {
						break
					}
					f(&Record{Topic: t.name, Partition: int32(p), Offset: offset, Timestamp: rec.Timestamp, Key: rec.Key, Value: rec.Value, Headers: rec.Headers})
				}
			}
		}
	}
}
