package stream_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/pkg/event"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// The hashes are what org.apache.kafka.common.utils.UtilsTest expects of Murmur2.
func TestPartitionsAsJavaClientsDo(t *testing.T) {
	for key, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		for _, n := range []int32{1, 6, 7, 1000} {
			if got, want := stream.PartitionOf([]byte(key), n), hash&0x7fffffff%n; got != want {
				t.Errorf("%q of %d: %d, want %d", key, n, got, want)
			}
		}
	}
	if stream.PartitionOf(nil, 6) != stream.PartitionOf([]byte{}, 6) {
		t.Error("no key and an empty key differ")
	}
}

func newOut(partitions int32, batchBytes int) *stream.Out {
	return stream.NewOut(stream.OutConfig{Stage: "test", Partitions: stream.FixedPartitions(partitions), BatchBytes: batchBytes,
		Now: func() time.Time { return time.UnixMilli(1_700_000_000_000) }})
}

func TestOutKeepsWhatWasAppended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newOut(3, rapid.IntRange(1, 300).Draw(t, "batch bytes"))
		type appended struct{ topic, key, value, headers string }
		var want []appended
		for range rapid.IntRange(1, 40).Draw(t, "records") {
			topic := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "topic")
			key, value, tail := rapid.String().Draw(t, "key"), rapid.String().Draw(t, "value"), rapid.String().Draw(t, "tail")
			buf := []byte(value)
			o.AppendSpliced(topic, stream.ByKey, []byte(key), buf, []byte(tail), stream.NewHeaders(stream.Header{Name: "x", Value: []byte("1")}), stream.Header{Name: "y", Value: []byte("2")})
			clear(buf) // the bytes were copied
			want = append(want, appended{topic, key, value + tail, "x=1 y=2 "})
		}
		var got []appended
		last := map[string]int64{}
		o.Each(func(r *stream.Record) {
			if at := fmt.Sprint(r.Topic, r.Partition); r.Offset != last[at] || r.Partition != stream.PartitionOf(r.Key, 3) || r.Timestamp != 1_700_000_000_000 {
				t.Fatalf("record %+v", r)
			} else {
				last[at]++
			}
			headers := ""
			for name, value := range r.Headers.All() {
				headers += string(name) + "=" + string(value) + " "
			}
			got = append(got, appended{r.Topic, string(r.Key), string(r.Value), headers})
		})
		if len(got) != len(want) || o.Len() != len(want) || o.Err() != nil {
			t.Fatalf("%d records, Len %d, want %d; %v", len(got), o.Len(), len(want), o.Err())
		}
		left := map[appended]int{}
		for i := range want {
			left[want[i]]++
			left[got[i]]--
		}
		for a, n := range left {
			if n != 0 {
				t.Fatalf("%+v: %d too few", a, n)
			}
		}
		o.Reset()
		if o.Len() != 0 {
			t.Fatal("Reset leaves records")
		}
		o.Each(func(r *stream.Record) { t.Fatalf("Reset leaves %+v", r) })
	})
}

func TestOutRefusesWhatItsTopicDoesNotTake(t *testing.T) {
	row, _ := schemas.Lookup(schemas.Raw)
	o := newOut(1, 0)
	o.Append(schemas.Raw, nil, make([]byte, row.MaxValueBytes))
	if o.Err() != nil || o.Len() != 1 {
		t.Fatalf("the largest value: %v", o.Err())
	}
	o.Append(schemas.Raw, nil, make([]byte, row.MaxValueBytes+128<<10))
	if err := o.Err(); !errors.Is(err, stream.ErrTooLarge) || !stream.IsPermanent(err) || stream.ReasonOf(err) != event.DeadTooLarge || o.Len() != 1 {
		t.Errorf("a value over it: %v", err)
	}
	o.Reset()
	if o.Err() != nil {
		t.Error("Reset leaves the error")
	}
	for _, partition := range []int32{-2, 1} {
		o.Reset()
		o.AppendTo(schemas.Raw, partition, nil, nil)
		if !errors.Is(o.Err(), stream.ErrUnknownTopic) || stream.IsPermanent(o.Err()) {
			t.Errorf("partition %d of 1: %v", partition, o.Err())
		}
	}
}

func TestDeadLetterIsWholeOrItsHead(t *testing.T) {
	row, _ := schemas.Lookup(schemas.DeadLetters)
	for _, size := range []int{0, 1, row.MaxValueBytes, row.MaxValueBytes + 1} {
		value := bytes.Repeat([]byte{0xfe}, size)
		o := newOut(1, 0)
		o.DeadLetter(&stream.Record{Topic: "t", Partition: 3, Offset: 77, Key: []byte("k"), Value: value, Headers: stream.NewHeaders(stream.Header{Name: "id", Value: []byte("ab")})}, "why", errors.New("because"))
		if o.Err() != nil || o.DeadLetters() != 1 {
			t.Fatalf("%d bytes: %v", size, o.Err())
		}
		o.Each(func(r *stream.Record) {
			h := map[string]string{}
			for name, v := range r.Headers.All() {
				h[string(name)] = string(v)
			}
			keep, truncated := value, size > row.MaxValueBytes
			if truncated {
				keep = value[:event.MaxDeadKept]
			}
			sum := sha256.Sum256(value)
			if !bytes.Equal(r.Value, keep) || (h[event.HeaderDeadTruncated] != "") != truncated || h[event.HeaderDeadLength] != strconv.Itoa(size) ||
				h[event.HeaderDeadSHA256] != hex.EncodeToString(sum[:]) || h[event.HeaderDeadOffset] != "77" || h[event.HeaderDeadReason] != "why" || h[event.HeaderDeadError] != "because" || h["id"] != "ab" || string(r.Key) != "t/3" {
				t.Errorf("%d bytes: %d kept, %v", size, len(r.Value), h)
			}
		})
	}
}

func TestAppendingAllocatesNothing(t *testing.T) {
	o := newOut(6, 0)
	key, value, tail := []byte("default/customer"), make([]byte, 570), []byte(`,"lists_seq":42}`)
	headers := stream.NewHeaders(stream.Header{Name: "fp", Value: value[:26]})
	batch := func() {
		o.Reset()
		for range 100 {
			o.AppendSpliced(schemas.Screened, stream.ByKey, key, value, tail, headers, stream.Header{Name: "sc", Value: tail[:2]})
			o.Append(schemas.Flagged, key, value)
		}
	}
	batch()
	if n := testing.AllocsPerRun(20, batch); n > 0 {
		t.Errorf("%.1f allocations for 200 records", n)
	}
}
