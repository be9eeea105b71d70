package recordbatch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"
)

// plain is a record without aliases.
type plain struct {
	Offset, Timestamp int64
	Key, Value        []byte
	Headers           []Header
}

func readAll(t interface{ Fatal(...any) }, b *Batch, expanded []byte) []plain {
	var all []plain
	var rec Record
	for records := b.Records(expanded); ; {
		more, err := records.Next(&rec)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return all
		}
		p := plain{Offset: rec.Offset, Timestamp: rec.Timestamp, Key: bytes.Clone(rec.Key), Value: bytes.Clone(rec.Value)}
		for name, value := range rec.Headers.All() {
			p.Headers = append(p.Headers, Header{Name: string(name), Value: bytes.Clone(value)})
		}
		all = append(all, p)
	}
}

func genRecord(t *rapid.T) plain {
	optional := rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOfN(rapid.Byte(), 0, 40))
	p := plain{Timestamp: rapid.Int64Range(0, 1<<45).Draw(t, "timestamp"), Key: optional.Draw(t, "key"), Value: optional.Draw(t, "value")}
	for range rapid.IntRange(0, 3).Draw(t, "headers") {
		p.Headers = append(p.Headers, Header{Name: rapid.StringN(0, 8, 20).Draw(t, "name"), Value: rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "header")})
	}
	return p
}

// What the builder writes, franz-go reads as what it was.
func TestFranzReadsWhatIsBuilt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.Custom(genRecord), 1, 20).Draw(t, "records")
		producer := Producer{ID: rapid.Int64Range(-1, 1<<40).Draw(t, "id"), Epoch: 3, Sequence: 99}
		var b Builder
		for _, r := range in {
			cut := rapid.IntRange(0, len(r.Value)).Draw(t, "cut") // value and tail
			inherited := rapid.IntRange(0, len(r.Headers)).Draw(t, "inherited")
			value, tail := r.Value[:cut], r.Value[cut:]
			if r.Value == nil {
				value, tail = nil, nil
			}
			b.Append(r.Timestamp, r.Key, value, tail, NewHeaders(r.Headers[:inherited]...), r.Headers[inherited:]...)
		}
		raw := b.Seal(producer)
		var k kmsg.RecordBatch
		if err := k.ReadFrom(raw); err != nil {
			t.Fatal(err)
		}
		if uint32(k.CRC) != crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)) || int(k.NumRecords) != len(in) ||
			k.ProducerID != producer.ID || k.ProducerEpoch != 3 || k.FirstSequence != 99 || int(k.Length) != len(raw)-12 || len(raw) != b.Size() {
			t.Fatalf("header %+v", k)
		}
		largest := in[0].Timestamp
		rest := k.Records
		for i, r := range in {
			size, n := binary.Varint(rest)
			var rec kmsg.Record
			if err := rec.ReadFrom(rest[:n+int(size)]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n+int(size):]
			largest = max(largest, r.Timestamp)
			if int(rec.OffsetDelta) != i || k.FirstTimestamp+rec.TimestampDelta64 != r.Timestamp ||
				!bytes.Equal(rec.Key, r.Key) || (rec.Key == nil) != (r.Key == nil) || !bytes.Equal(rec.Value, r.Value) || (rec.Value == nil) != (r.Value == nil) || len(rec.Headers) != len(r.Headers) {
				t.Fatalf("record %d: %+v, want %+v", i, rec, r)
			}
			for j, h := range r.Headers {
				if rec.Headers[j].Key != h.Name || !bytes.Equal(rec.Headers[j].Value, h.Value) {
					t.Fatalf("record %d, header %d: %+v, want %+v", i, j, rec.Headers[j], h)
				}
			}
		}
		if len(rest) != 0 || k.MaxTimestamp != largest {
			t.Fatalf("%d bytes more, largest time %d, want %d", len(rest), k.MaxTimestamp, largest)
		}
	})
}

// franz builds a batch with franz-go's types, compressed with a codec.
func franz(t interface{ Fatal(...any) }, in []plain, codec Codec, xerialFraming bool) []byte {
	var records []byte
	for i, p := range in {
		r := kmsg.Record{TimestampDelta64: p.Timestamp - in[0].Timestamp, OffsetDelta: int32(i), Key: p.Key, Value: p.Value}
		for _, h := range p.Headers {
			r.Headers = append(r.Headers, kmsg.Header{Key: h.Name, Value: h.Value})
		}
		body := r.AppendTo(nil)
		r.Length = int32(len(body) - 1) // the length's own byte was counted
		records = r.AppendTo(records)
	}
	largest := int64(0)
	for _, p := range in {
		largest = max(largest, p.Timestamp)
	}
	packed := compress(t, records, codec, xerialFraming)
	b := kmsg.RecordBatch{PartitionLeaderEpoch: -1, Magic: 2, Attributes: int16(codec), LastOffsetDelta: int32(len(in) - 1), FirstTimestamp: in[0].Timestamp, MaxTimestamp: largest,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: int32(len(in)), Records: packed}
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], checksum(raw[21:]))
	return raw
}

func compress(t interface{ Fatal(...any) }, src []byte, codec Codec, xerialFraming bool) []byte {
	var buf bytes.Buffer
	var err error
	switch codec {
	case CodecNone:
		return src
	case CodecGzip:
		w := gzip.NewWriter(&buf)
		_, err = w.Write(src)
		w.Close()
	case CodecSnappy:
		if !xerialFraming {
			return s2.EncodeSnappy(nil, src)
		}
		buf.Write(xerial)
		buf.Write([]byte{0, 0, 0, 1, 0, 0, 0, 1})
		for len(src) > 0 {
			n := min(len(src), 50)
			block := s2.EncodeSnappy(nil, src[:n])
			buf.Write(binary.BigEndian.AppendUint32(nil, uint32(len(block))))
			buf.Write(block)
			src = src[n:]
		}
	case CodecLZ4:
		w := lz4.NewWriter(&buf)
		_, err = w.Write(src)
		w.Close()
	case CodecZstd:
		w, _ := zstd.NewWriter(nil)
		return w.EncodeAll(src, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// What others write, in any codec, is read as what it was.
func TestReadsWhatOthersWrite(t *testing.T) {
	e := NewExpander(1 << 20)
	var buf []byte
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.Custom(genRecord), 1, 20).Draw(t, "records")
		codec := Codec(rapid.IntRange(0, 4).Draw(t, "codec"))
		raw := franz(t, in, codec, rapid.Bool().Draw(t, "xerial"))
		base := rapid.Int64Range(0, 1<<40).Draw(t, "base")
		binary.BigEndian.PutUint64(raw, uint64(base)) // the checksum begins behind it
		b, rest, err := Next(append(bytes.Clone(raw), 1, 2, 3))
		if err != nil || len(rest) != 3 || b.BaseOffset != base || b.LastOffset != base+int64(len(in))-1 || b.Count != len(in) {
			t.Fatalf("%+v, %v", b, err)
		}
		if buf, err = e.Expand(buf, &b); err != nil {
			t.Fatal(err)
		}
		got := readAll(t, &b, buf)
		for i, g := range got {
			w := in[i]
			if g.Offset != base+int64(i) || g.Timestamp != w.Timestamp || !bytes.Equal(g.Key, w.Key) || (g.Key == nil) != (w.Key == nil) ||
				!bytes.Equal(g.Value, w.Value) || (g.Value == nil) != (w.Value == nil) || len(g.Headers) != len(w.Headers) {
				t.Fatalf("record %d: %+v, want %+v", i, g, w)
			}
		}
		if len(got) != len(in) {
			t.Fatalf("%d records, want %d", len(got), len(in))
		}
	})
}

func TestExpandedSizeIsBounded(t *testing.T) {
	in := []plain{{Value: make([]byte, 100_000)}}
	for codec := CodecGzip; codec <= CodecZstd; codec++ {
		for _, framing := range []bool{false, true} {
			raw := franz(t, in, codec, framing)
			b, _, err := Next(raw)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := NewExpander(1<<20).Expand(nil, &b)
			if err != nil {
				t.Fatal(err)
			}
			if codec != CodecZstd { // whose decoder bounds its window too, never below 1 KiB steps
				if _, err := NewExpander(len(whole)).Expand(nil, &b); err != nil {
					t.Errorf("codec %d at the bound: %v", codec, err)
				}
			}
			if _, err := NewExpander(len(whole)-1).Expand(nil, &b); !errors.Is(err, ErrExpanded) {
				t.Errorf("codec %d over the bound: %v", codec, err)
			}
		}
	}
}

func TestDamageIsNoticed(t *testing.T) {
	var b Builder
	b.Append(1, []byte("k"), []byte("value"), nil, Headers{})
	raw := b.Seal(NoProducer)
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 0x10
		got, _, err := Next(bad)
		behindOffsets := i >= 16 // base offset, length and leader epoch are the broker's, outside the checksum
		if behindOffsets && err == nil {
			t.Errorf("byte %d: not noticed: %+v", i, got)
		}
	}
	for n := range raw {
		if _, _, err := Next(raw[:n]); !errors.Is(err, ErrShort) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestControlAndAppendTime(t *testing.T) {
	raw := franz(t, []plain{{Timestamp: 5, Value: []byte("x")}, {Timestamp: 7, Value: []byte("y")}}, CodecNone, false)
	raw[22] |= 0x20 | 0x10 | 0x08
	binary.BigEndian.PutUint64(raw[35:], 1000)
	binary.BigEndian.PutUint32(raw[17:], checksum(raw[21:]))
	b, _, err := Next(raw)
	if err != nil || !b.Control || !b.Transactional || !b.AppendTime {
		t.Fatalf("%+v, %v", b, err)
	}
	for _, r := range readAll(t, &b, nil) {
		if r.Timestamp != 1000 {
			t.Errorf("time %d, want the append time", r.Timestamp)
		}
	}
}

func TestDropAndSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.Custom(genRecord), 2, 20).Draw(t, "records")
		var b, c Builder
		for _, r := range in {
			b.Append(r.Timestamp, r.Key, r.Value, nil, NewHeaders(r.Headers...))
			c.Append(r.Timestamp, r.Key, r.Value, nil, NewHeaders(r.Headers...))
			c.Append(1<<50, []byte("gone"), nil, nil, Headers{})
			c.Drop()
		}
		whole := bytes.Clone(b.Seal(NoProducer))
		if !bytes.Equal(whole, c.Seal(NoProducer)) {
			t.Fatal("a dropped record leaves traces")
		}
		halves, err := b.Split()
		if err != nil {
			t.Fatal(err)
		}
		w, _, _ := Next(whole)
		want := readAll(t, &w, nil)
		var got []plain
		for _, h := range halves {
			x, _, err := Next(h.Seal(NoProducer))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, readAll(t, &x, nil)...)
		}
		if len(got) != len(want) || halves[0].Count() != len(in)/2 {
			t.Fatalf("%d records, want %d", len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i].Value, want[i].Value) || got[i].Timestamp != want[i].Timestamp || len(got[i].Headers) != len(want[i].Headers) {
				t.Fatalf("record %d: %+v, want %+v", i, got[i], want[i])
			}
		}
	})
}

func TestHeadersGet(t *testing.T) {
	h := NewHeaders(Header{"a", []byte("1")}, Header{"b", nil}, Header{"a", []byte("2")})
	if v, ok := h.Get("a"); !ok || string(v) != "2" {
		t.Errorf("a: %q %v, want the last one", v, ok)
	}
	if v, ok := h.Get("b"); !ok || len(v) != 0 {
		t.Errorf("b: %q %v", v, ok)
	}
	if _, ok := h.Get("c"); ok || h.Len() != 3 {
		t.Error("c is not there")
	}
}

// FuzzNext: whatever comes, reading ends, and never past what is there.
func FuzzNext(f *testing.F) {
	for codec := CodecNone; codec <= CodecZstd; codec++ {
		f.Add(franz(f, []plain{{Timestamp: 1, Key: []byte("k"), Value: []byte("v"), Headers: []Header{{"h", []byte("x")}}}, {Timestamp: 2}}, codec, codec == CodecSnappy), true)
	}
	f.Add([]byte{}, false)
	e := NewExpander(1 << 16)
	f.Fuzz(func(t *testing.T, raw []byte, mend bool) {
		if mend && len(raw) >= HeaderSize { // get past the checksum
			raw = bytes.Clone(raw)
			binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
			raw[16] = 2
			binary.BigEndian.PutUint32(raw[17:], checksum(raw[21:]))
		}
		for len(raw) > 0 {
			b, rest, err := Next(raw)
			if err != nil {
				return
			}
			if len(rest) >= len(raw) {
				t.Fatal("no progress")
			}
			raw = rest
			expanded, err := e.Expand(nil, &b)
			if err != nil {
				continue
			}
			if len(expanded) > 1<<16 {
				t.Fatal("over the bound")
			}
			var rec Record
			n := 0
			for records := b.Records(expanded); ; n++ {
				more, err := records.Next(&rec)
				if err != nil || !more {
					break
				}
				if rec.Offset < b.BaseOffset || rec.Offset > b.LastOffset {
					t.Fatalf("offset %d outside %d to %d", rec.Offset, b.BaseOffset, b.LastOffset)
				}
				headers := 0
				for range rec.Headers.All() {
					headers++
				}
				if headers != rec.Headers.Len() {
					t.Fatalf("%d headers, want %d", headers, rec.Headers.Len())
				}
			}
			if n > b.Count {
				t.Fatal("more records than the header says")
			}
		}
	})
}

func BenchmarkCopy(b *testing.B) {
	var in, out Builder
	value := make([]byte, 570)
	for range 1000 {
		in.Append(1, []byte("default/customer-1"), value, nil, NewHeaders(Header{"fp", value[:26]}, Header{"at", value[:8]}))
	}
	raw := in.Seal(NoProducer)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		x, _, err := Next(raw)
		if err != nil {
			b.Fatal(err)
		}
		var rec Record
		for records := x.Records(nil); ; {
			more, err := records.Next(&rec)
			if err != nil {
				b.Fatal(err)
			}
			if !more {
				break
			}
			out.Append(2, rec.Key, rec.Value, nil, rec.Headers)
		}
		out.Seal(NoProducer)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
}

func TestNumbersAreWrittenAsTheLibraryWritesThem(t *testing.T) {
	check := func(v int64) {
		got, want := appendVarint([]byte("x"), v), binary.AppendVarint([]byte("x"), v)
		if !bytes.Equal(got, want) || varintSize(v) != len(want)-1 {
			t.Errorf("%d: % x of %d bytes, want % x", v, got, varintSize(v), want)
		}
	}
	for bit := range 64 {
		for _, off := range []int64{-1, 0, 1} {
			check(1<<bit + off)
			check(-(1 << bit) + off)
		}
	}
}
