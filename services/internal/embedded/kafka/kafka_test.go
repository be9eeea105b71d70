package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string, change func(*Config)) *Broker {
	t.Helper()
	cfg := Config{Dir: dir, Listen: "127.0.0.1:0", SegmentBytes: 64 << 10, DiskBudget: 1 << 20}
	if change != nil {
		change(&cfg)
	}
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func dial(t *testing.T, b *Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(b.Addr()), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func create(t *testing.T, b *Broker, topic string, retention time.Duration) {
	t.Helper()
	if err := b.cluster.CreateTopic(topic, 1, map[string]string{"retention.ms": strconv.FormatInt(retention.Milliseconds(), 10)}); err != nil {
		t.Fatal(err)
	}
}

// fill writes n records of 1 KiB, each a batch, that are as old as age.
func fill(t *testing.T, cl *kgo.Client, topic string, n int, age time.Duration) {
	t.Helper()
	value := bytes.Repeat([]byte{'x'}, 1<<10)
	for range n {
		r := &kgo.Record{Topic: topic, Value: value, Timestamp: time.Now().Add(-age)}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func commit(t *testing.T, b *Broker, cl *kgo.Client, group, topic string, offset int64) {
	t.Helper()
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Offset = offset
	rt := kmsg.NewOffsetCommitRequestTopic()
	rt.Topic, rt.TopicID, rt.Partitions = topic, b.cluster.TopicInfo(topic).TopicID, append(rt.Partitions, p)
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation, req.Topics = group, -1, append(req.Topics, rt)
	res, err := req.RequestWith(t.Context(), cl)
	if err != nil || res.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatal(err, res)
	}
}

func (b *Broker) start(topic string) int64 { return b.cluster.PartitionInfo(topic, 0).LogStartOffset }

func sweep(t *testing.T, b *Broker, now time.Time) {
	t.Helper()
	h, err := newHousekeeper(b)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if err := h.sweep(t.Context(), now); err != nil {
		t.Fatal(err)
	}
}

func TestTrim(t *testing.T) {
	for name, c := range map[string]struct {
		p     partition
		tight bool
		want  int64
	}{
		"nothing has passed its time":              {partition{start: 10, end: 100, floor: 50, expired: 10}, false, 10},
		"what has passed its time goes":            {partition{start: 10, end: 100, floor: 50, expired: 30}, false, 30},
		"but not what a group has not read":        {partition{start: 10, end: 100, floor: 50, expired: 90}, false, 50},
		"without a group, time alone":              {partition{start: 10, end: 100, floor: -1, expired: 90}, false, 90},
		"space: half of what was read":             {partition{start: 10, end: 100, floor: 50, expired: 10}, true, 30},
		"space: the last one that was read":        {partition{start: 49, end: 100, floor: 50, expired: 49}, true, 50},
		"space: nothing that was not read":         {partition{start: 50, end: 100, floor: 50, expired: 50}, true, 50},
		"space: nothing of what no group reads":    {partition{start: 10, end: 100, floor: -1, expired: 10}, true, 10},
		"a group whose offset is before the log":   {partition{start: 10, end: 100, floor: 5, expired: 60}, true, 10},
		"a group whose offset is beyond the log":   {partition{start: 10, end: 100, floor: 500, expired: 100}, false, 100},
		"an empty log":                             {partition{start: 10, end: 10, floor: 10, expired: 10}, true, 10},
		"everything has passed its time, no group": {partition{start: 0, end: 7, floor: -1, expired: 7}, false, 7},
	} {
		if got := c.p.trim(c.tight); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestRetentionWaitsForTheSlowestGroup(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	cl := dial(t, b)
	create(t, b, "t", time.Hour)
	fill(t, cl, "t", 20, 2*time.Hour)
	fill(t, cl, "t", 10, 0)
	commit(t, b, cl, "slow", "t", 8)
	commit(t, b, cl, "fast", "t", 30)
	sweep(t, b, time.Now())
	if got := b.start("t"); got != 8 {
		t.Errorf("the log begins at %d, want 8, the slow group's offset", got)
	}
	commit(t, b, cl, "slow", "t", 30)
	sweep(t, b, time.Now())
	if got := b.start("t"); got != 20 {
		t.Errorf("the log begins at %d, want 20, the first that is young", got)
	}
	sweep(t, b, time.Now().Add(2*time.Hour))
	if got := b.start("t"); got != 30 {
		t.Errorf("the log begins at %d, want its end", got)
	}
}

func TestForEverIsForEver(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	cl := dial(t, b)
	if err := b.cluster.CreateTopic("t", 1, map[string]string{"retention.ms": "-1"}); err != nil {
		t.Fatal(err)
	}
	fill(t, cl, "t", 3, 1000*time.Hour)
	sweep(t, b, time.Now().Add(10_000*time.Hour))
	if got := b.start("t"); got != 0 {
		t.Errorf("the log begins at %d, want 0", got)
	}
}

func TestFullUntilTheGroupsHaveRead(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	cl := dial(t, b)
	create(t, b, "t", 100*time.Hour)
	commit(t, b, cl, "g", "t", 0)
	fill(t, cl, "t", 1100, 0)
	sweep(t, b, time.Now())
	if !b.Full() || b.Used() < 1<<20 || b.start("t") != 0 {
		t.Fatalf("full %v with %d bytes, the log begins at %d", b.Full(), b.Used(), b.start("t"))
	}
	commit(t, b, cl, "g", "t", 1100)
	for range 5 {
		sweep(t, b, time.Now())
	}
	if b.Full() || b.Used() > 1<<20 || b.start("t") == 0 {
		t.Errorf("full %v with %d bytes, the log begins at %d", b.Full(), b.Used(), b.start("t"))
	}
}

// A group that has joined and never committed has read nothing, also where its subscription cannot be read: kafka-go says
// version 1 and leaves out what version 1 ends with.
func TestAGroupThatHasNeverCommittedIsWaitedFor(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	cl := dial(t, b)
	create(t, b, "t", 100*time.Hour)
	p := kmsg.NewJoinGroupRequestProtocol()
	p.Name, p.Metadata = "range", []byte{0, 1, 0, 0, 0, 1, 0, 1, 't', 0, 0, 0, 0}
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.ProtocolType, join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = "g", "consumer", 30_000, 30_000
	join.Protocols = append(join.Protocols, p)
	var joined *kmsg.JoinGroupResponse
	for range 2 { // the first answer is a member id to come back with
		var err error
		if joined, err = join.RequestWith(t.Context(), cl); err != nil {
			t.Fatal(err)
		}
		join.MemberID = joined.MemberID
	}
	part := kmsg.NewConsumerMemberAssignmentTopic()
	part.Topic, part.Partitions = "t", []int32{0}
	assigned := kmsg.NewConsumerMemberAssignment()
	assigned.Topics = append(assigned.Topics, part)
	to := kmsg.NewSyncGroupRequestGroupAssignment()
	to.MemberID, to.MemberAssignment = joined.MemberID, assigned.AppendTo(nil)
	syncing := kmsg.NewPtrSyncGroupRequest()
	syncing.Group, syncing.MemberID, syncing.Generation, syncing.GroupAssignment = "g", joined.MemberID, joined.Generation, append(syncing.GroupAssignment, to)
	if res, err := syncing.RequestWith(t.Context(), cl); err != nil || res.ErrorCode != 0 {
		t.Fatal(res, err)
	}
	fill(t, cl, "t", 1100, 200*time.Hour)
	for range 3 {
		sweep(t, b, time.Now())
	}
	if !b.Full() || b.start("t") != 0 {
		t.Errorf("full %v, the log begins at %d", b.Full(), b.start("t"))
	}
}

// What others send is refused while the broker is full, with an error that their clients try again; the services go on.
func TestAFullBrokerRefusesWhatOthersSend(t *testing.T) {
	b := open(t, t.TempDir(), func(c *Config) { c.Intake = []string{"in"} })
	cl := dial(t, b, kgo.DisableIdempotentWrite(), kgo.RecordRetries(0))
	send := func(topic string) error {
		return cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("x")}).FirstErr()
	}
	create(t, b, "in", 100*time.Hour)
	create(t, b, "t", 100*time.Hour)
	commit(t, b, cl, "g", "t", 0)
	fill(t, cl, "t", 1100, 0)
	if err := send("in"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second time full, after there was space
		sweep(t, b, time.Now())
		if !b.Full() {
			t.Fatal("not full")
		}
		for range 2 {
			if err := send("in"); !errors.Is(err, kerr.KafkaStorageError) {
				t.Errorf("from others: %v", err)
			}
			if err := send("t"); err != nil {
				t.Errorf("from the services: %v", err)
			}
		}
		commit(t, b, cl, "g", "t", b.cluster.PartitionInfo("t", 0).HighWatermark)
		for range 5 {
			sweep(t, b, time.Now())
		}
		if b.Full() {
			t.Fatal("still full")
		}
		if err := send("in"); err != nil {
			t.Errorf("once there is space: %v", err)
		}
		fill(t, cl, "t", 1100, 0)
	}
}

func TestTheSameFolderOpensAgain(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, func(c *Config) { c.SyncWrites = true })
	cl := dial(t, b)
	create(t, b, "t", time.Hour)
	fill(t, cl, "t", 100, 0)
	commit(t, b, cl, "g", "t", 42)
	cl.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Run(ctx); err != nil { // ends at once, in good order
		t.Fatal(err)
	}
	b = open(t, dir, nil)
	info := b.cluster.PartitionInfo("t", 0)
	group := b.cluster.GroupInfo("g")
	if info == nil || info.HighWatermark != 100 || group == nil || group.Commits["t"][0].Offset != 42 {
		t.Errorf("after reopening: %+v, %+v", info, group)
	}
}

func TestTheGuardRefusesWhatKfakeWouldNotSurvive(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	frame := func(size uint32, key, version uint16, more ...byte) []byte {
		f := binary.BigEndian.AppendUint32(nil, size)
		f = binary.BigEndian.AppendUint16(f, key)
		f = binary.BigEndian.AppendUint16(f, version)
		return append(f, more...)
	}
	for name, bytes := range map[string][]byte{
		"an unknown API key":     frame(10, 9999, 0, 0, 0, 0, 1, 0xff, 0xff),
		"a negative API key":     frame(10, 0xffff, 0, 0, 0, 0, 1, 0xff, 0xff),
		"a request of brokers":   frame(10, 5, 0, 0, 0, 0, 1, 0xff, 0xff),
		"a version of none":      frame(10, 0, 999, 0, 0, 0, 1, 0xff, 0xff),
		"HTTP":                   []byte("GET / HTTP/1.1\r\n\r\n"),
		"4 GB":                   frame(0xffffffff, 18, 0),
		"101 MiB":                frame(101<<20, 0, 8),
		"too short for a header": frame(9, 18, 0, 0, 0, 0, 1, 0xff),
		"no body":                frame(10, 0, 8, 0, 0, 0, 1, 0xff, 0xff),
	} {
		c, err := net.Dial("tcp", b.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(bytes); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		if n, err := c.Read(make([]byte, 10)); n != 0 || errors.Is(err, net.ErrClosed) || isTimeout(err) {
			t.Errorf("%s: read %d, %v; want the connection closed", name, n, err)
		}
		c.Close()
	}
	// It still serves: an ApiVersions request in pieces.
	c, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, one := range frame(10, 18, 0, 0, 0, 0, 1, 0xff, 0xff) {
		if _, err := c.Write([]byte{one}); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.ReadFull(c, make([]byte, 10)); err != nil {
		t.Error(err)
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []Config{
		{},
		{Dir: "d", Listen: "9092"},
		{Dir: "d", Listen: "0.0.0.0:9092"},
		{Dir: "d", Listen: "127.0.0.1:70000"},
		{Dir: "d", SegmentBytes: 1},
		{Dir: "d", DiskBudget: 1},
		{Dir: "d", Sweep: -1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	first := open(t, t.TempDir(), nil)
	second, err := New(Config{Dir: t.TempDir(), Listen: first.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(); err == nil {
		t.Error("two brokers on one port")
	} else {
		t.Log(err)
	}
}

// FuzzGuard: whatever comes, a frame that passes is whole and of a known key, and reading never goes past it.
func FuzzGuard(f *testing.F) {
	f.Add([]byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff}, 3)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), 100)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		c := &guardedConn{Conn: pipe{bytes.NewReader(data)}}
		buf := make([]byte, size&0xff+1)
		var passed []byte
		for {
			n, err := c.Read(buf)
			passed = append(passed, buf[:n]...)
			if err != nil {
				break
			}
		}
		if !bytes.HasPrefix(data, passed) {
			t.Fatal("other bytes came out than went in")
		}
		for len(passed) >= 8 {
			n := int(binary.BigEndian.Uint32(passed)) + 4
			if n < minFrame+4 || n > maxFrame+4 || !known(int16(binary.BigEndian.Uint16(passed[4:])), int16(binary.BigEndian.Uint16(passed[6:]))) {
				t.Fatalf("passed % x", passed[:8])
			}
			passed = passed[min(n, len(passed)):]
		}
	})
}

type pipe struct{ *bytes.Reader }

func (pipe) Write(p []byte) (int, error)      { return len(p), nil }
func (pipe) Close() error                     { return nil }
func (pipe) LocalAddr() net.Addr              { return nil }
func (pipe) RemoteAddr() net.Addr             { return nil }
func (pipe) SetDeadline(time.Time) error      { return nil }
func (pipe) SetReadDeadline(time.Time) error  { return nil }
func (pipe) SetWriteDeadline(time.Time) error { return nil }
