package broker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sluice/services/internal/stream"
)

// fetchResponse is what a broker answers, as franz-go writes it.
func fetchResponse() []byte {
	res := kmsg.NewPtrFetchResponse()
	res.SetVersion(fetchVersion)
	t := kmsg.NewFetchResponseTopic()
	t.Topic = "in"
	for p := range int32(3) {
		x := kmsg.NewFetchResponseTopicPartition()
		x.Partition, x.HighWatermark, x.LastStableOffset, x.LogStartOffset = p, 100, 90, 10
		x.RecordBatches = []byte("batches")
		if p == 1 {
			x.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 7, FirstOffset: 80}}
		}
		if p == 2 {
			x.ErrorCode, x.RecordBatches = 1, nil
		}
		t.Partitions = append(t.Partitions, x)
	}
	res.Topics = append(res.Topics, t)
	return res.AppendTo(nil)
}

func TestFetchResponse(t *testing.T) {
	req := &stream.FetchRequest{From: []stream.Position{{Topic: "in"}}, Buffer: fetchResponse()}
	if err := parseFetch(req); err != nil {
		t.Fatal(err)
	}
	r := req.Results
	if len(r) != 3 || r[0].Topic != "in" || string(r[0].Data) != "batches" || r[0].End != 90 || r[0].Err != nil ||
		len(r[1].Aborted) != 1 || r[1].Aborted[0] != (stream.Aborted{Producer: 7, From: 80}) || !errors.Is(r[2].Err, stream.ErrOffsetOutOfRange) {
		t.Errorf("%+v", r)
	}
}

// What is sent is what franz-go reads.
func TestRequests(t *testing.T) {
	fetch := &stream.FetchRequest{MinBytes: 1, MaxWait: 250e6, MaxBytes: 4, PartitionMaxBytes: 5, From: []stream.Position{{Topic: "a", Partition: 1, Offset: 10}, {Topic: "a", Partition: 2, Offset: 20}, {Topic: "b", Partition: 3, Offset: 30}}}
	var f kmsg.FetchRequest
	f.SetVersion(fetchVersion)
	if err := f.ReadFrom(body(t, appendFetch(nil, "me", fetch), 1, fetchVersion)); err != nil {
		t.Fatal(err)
	}
	if f.MaxWaitMillis != 250 || f.MinBytes != 1 || f.MaxBytes != 4 || f.IsolationLevel != 1 || f.SessionEpoch != -1 || len(f.Topics) != 2 ||
		f.Topics[0].Topic != "a" || len(f.Topics[0].Partitions) != 2 || f.Topics[0].Partitions[1].FetchOffset != 20 || f.Topics[1].Partitions[0].Partition != 3 || f.Topics[1].Partitions[0].PartitionMaxBytes != 5 {
		t.Errorf("%+v", f)
	}
	produce := &stream.ProduceRequest{Timeout: 3e9, Batches: []stream.ProduceBatch{{Topic: "a", Partition: 1, Data: []byte("one")}, {Topic: "b", Partition: 2, Data: []byte("two")}}}
	var p kmsg.ProduceRequest
	p.SetVersion(produceVersion)
	if err := p.ReadFrom(body(t, appendProduce(nil, "me", produce), 0, produceVersion)); err != nil {
		t.Fatal(err)
	}
	if p.Acks != -1 || p.TransactionID != nil || p.TimeoutMillis != 3000 || len(p.Topics) != 2 || string(p.Topics[1].Partitions[0].Records) != "two" {
		t.Errorf("%+v", p)
	}
}

// body takes the header off a request frame.
func body(t *testing.T, frame []byte, key, version uint16) []byte {
	t.Helper()
	if binary.BigEndian.Uint16(frame[4:]) != key || binary.BigEndian.Uint16(frame[6:]) != version || string(frame[14:16]) != "me" {
		t.Fatalf("header % x", frame[:16])
	}
	return frame[16:]
}

func produceResponse() []byte {
	res := kmsg.NewPtrProduceResponse()
	res.SetVersion(produceVersion)
	t := kmsg.NewProduceResponseTopic()
	t.Topic = "out"
	for p, code := range []int16{0, 10, 45} {
		x := kmsg.NewProduceResponseTopicPartition()
		x.Partition, x.ErrorCode, x.BaseOffset = int32(p), code, int64(p)*10
		x.ErrorRecords = []kmsg.ProduceResponseTopicPartitionErrorRecord{{RelativeOffset: 1}}
		t.Partitions = append(t.Partitions, x)
	}
	res.Topics = append(res.Topics, t)
	return res.AppendTo(nil)
}

func produceRequest() *stream.ProduceRequest {
	req := &stream.ProduceRequest{}
	for p := range int32(4) {
		req.Batches = append(req.Batches, stream.ProduceBatch{Topic: "out", Partition: p})
	}
	return req
}

func TestProduceResponse(t *testing.T) {
	req := produceRequest()
	if err := parseProduce(req, produceResponse()); err != nil {
		t.Fatal(err)
	}
	b := req.Batches
	if b[0].Err != nil || b[0].Offset != 0 || !errors.Is(b[1].Err, stream.ErrTooLarge) || !errors.Is(b[2].Err, stream.ErrOutOfSequence) || !errors.Is(b[3].Err, stream.ErrUnavailable) {
		t.Errorf("%+v", b)
	}
}

func FuzzParseFetch(f *testing.F) {
	f.Add(fetchResponse())
	f.Fuzz(func(t *testing.T, raw []byte) {
		req := &stream.FetchRequest{From: []stream.Position{{Topic: "in"}}, Buffer: raw}
		_ = parseFetch(req)
		n := 0
		for _, r := range req.Results {
			n += len(r.Data)
		}
		if n > len(raw) {
			t.Fatal("more data than came")
		}
	})
}

func FuzzParseProduce(f *testing.F) {
	f.Add(produceResponse())
	f.Fuzz(func(t *testing.T, raw []byte) {
		req := produceRequest()
		_ = parseProduce(req, raw)
	})
}

// connection answers a request with fixed bytes.
type connection struct {
	io.Reader
	io.Writer
}

func TestExchangeBoundsAndChecksTheResponse(t *testing.T) {
	frame := appendHeader(nil, 1, fetchVersion, "me")
	answer := func(size uint32, correlation uint32, body string) connection {
		head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, size), correlation)
		return connection{bytes.NewReader(append(head, body...)), io.Discard}
	}
	got, err := exchange(answer(8, correlation, "body"), frame, nil, 4)
	if err != nil || string(got) != "body" {
		t.Errorf("%q, %v", got, err)
	}
	for name, c := range map[string]connection{
		"larger than allowed": answer(9, correlation, "body!"),
		"negative":            answer(0xffffffff, correlation, "body"),
		"of another request":  answer(8, correlation+1, "body"),
		"cut short":           answer(8, correlation, "bod"),
	} {
		if _, err := exchange(c, frame, nil, 4); err == nil {
			t.Errorf("a response %s is taken", name)
		}
	}
}

func TestOldBrokersAreNamed(t *testing.T) {
	m := &call{key: 1, want: fetchVersion}
	m.Required(nil)
	if _, err := m.RawExchange(nil); err == nil {
		t.Error("a broker without the version is taken")
	} else {
		t.Log(err)
	}
}

// A broker that failed in the middle of a batch may count it as written: it must not be asked again under the same numbers.
func TestABatchThatTheBrokerFailedOnNeedsANewSession(t *testing.T) {
	raw := produceResponse()
	failed := bytes.Replace(raw, []byte{0, 0, 0, 2, 0, 45}, []byte{0, 0, 0, 2, 0xff, 0xff}, 1) // out of order becomes unknown
	if bytes.Equal(raw, failed) {
		t.Fatal("the response has no code to replace")
	}
	req := produceRequest()
	if err := parseProduce(req, failed); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(req.Batches[2].Err, stream.ErrUnknownProducer) {
		t.Errorf("%v, want a new producer session", req.Batches[2].Err)
	}
}
