package stream

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/services/internal/recordbatch"
	"sluice/services/internal/recordbatch/batchtest"
)

func TestSequenceNumbersGoOnBehindTheLargest(t *testing.T) {
	for _, c := range []struct{ seq, n, want int32 }{
		{0, 1, 1}, {5, 10, 15}, {math.MaxInt32 - 1, 1, math.MaxInt32}, {math.MaxInt32, 1, 0}, {math.MaxInt32 - 2, 10, 7}, {math.MaxInt32, math.MaxInt32, math.MaxInt32 - 1},
	} {
		if got := sequenceAfter(c.seq, c.n); got != c.want {
			t.Errorf("%d behind %d: %d, want %d", c.n, c.seq, got, c.want)
		}
	}
}

func TestPausesDoubleToTheirBound(t *testing.T) {
	b := Backoff{Min: 10 * time.Millisecond, Max: 75 * time.Millisecond}
	for attempt, want := range map[int]time.Duration{1: 10, 2: 20, 3: 40, 4: 75, 5: 75, 40: 75, 1 << 40: 75} {
		want *= time.Millisecond
		for range 50 {
			if got := b.pause(attempt); got > want || got < want-want/5-1 {
				t.Fatalf("pause %d: %s, want %s less a fifth at most", attempt, got, want)
			}
		}
	}
}

func TestConfigNamesEveryProblem(t *testing.T) {
	_, err := New(Config{Lanes: -1, Drain: time.Minute, Session: 10 * time.Second, Fetch: FetchConfig{MaxWait: -1, Linger: MaxLinger + 1}, Retry: Backoff{Min: time.Second, Max: time.Millisecond}}, nil, nil)
	if err == nil {
		t.Fatal("taken")
	}
	for _, field := range []string{"group:", "topics:", "stage:", "lanes: -1", "drain: 1m0s", "fetch.max_wait:", "fetch.linger:", "retry.max: 1ms"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%q is not in: %v", field, err)
		}
	}
	c, err := Config{Group: "g", Topics: []string{"t"}, Stage: "s"}.withDefaults()
	if err != nil || c.Lanes != 2 || c.Drain != 5*time.Second || c.Session != 10*time.Second || c.BatchBytes != DefaultBatchBytes {
		t.Errorf("defaults: %+v, %v", c, err)
	}
}

func TestTheArenaKeepsCopiesUntilReset(t *testing.T) {
	var a arena
	var kept [][]byte
	for i := range 300 {
		b := make([]byte, 10_000)
		for j := range b {
			b[j] = byte(i)
		}
		kept = append(kept, a.copy(b))
		clear(b)
	}
	kept = append(kept, a.copy(make([]byte, 3*arenaChunk)))
	if a.size() != 300*10_000+3*arenaChunk {
		t.Errorf("size %d", a.size())
	}
	for i, b := range kept[:300] {
		if len(b) != 10_000 || b[0] != byte(i) || b[9_999] != byte(i) {
			t.Fatalf("copy %d changed", i)
		}
	}
	a.reset()
	if a.size() != 0 {
		t.Error("reset leaves something")
	}
	if n := testing.AllocsPerRun(10, func() { a.reset(); a.copy(kept[0]) }); n > 0 {
		t.Errorf("%.0f allocations after the first use", n)
	}
}

// txn builds a batch of one record at an offset.
func txn(offset, producer int64, attributes byte) []byte {
	var b recordbatch.Builder
	b.Append(1, nil, []byte{byte(offset)}, nil, Headers{})
	raw := b.Seal(recordbatch.Producer{ID: producer})
	raw[7] = byte(offset)
	raw[22] = attributes
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

func TestAbortedTransactionsArePassedOver(t *testing.T) {
	const plain, transactional, marker = 0, 0x10, 0x30
	var data, compressed []byte
	for i, b := range []struct {
		producer   int64
		attributes byte
	}{
		{7, transactional}, // 0: aborted
		{8, transactional}, // 1: committed
		{-1, plain},        // 2
		{7, transactional}, // 3: aborted
		{7, marker},        // 4: abort
		{8, marker},        // 5: commit
		{7, transactional}, // 6: committed, after its abort
		{7, marker},        // 7
		{9, transactional}, // 8: aborted
		{9, marker},        // 9
	} {
		raw := txn(int64(i), b.producer, b.attributes)
		data = append(data, raw...)
		if b.attributes != marker {
			raw = batchtest.Gzipped(t, raw)
		}
		compressed = append(compressed, raw...)
	}
	aborted := []Aborted{{Producer: 7, From: 0}, {Producer: 9, From: 8}}
	check := func(what string, got []int64, p piece) {
		if !slices.Equal(got, []int64{1, 2, 6}) || p.next != 10 || len(p.losses) != 0 || p.retry != nil || p.more {
			t.Errorf("%s: offsets %v, next %d, losses %v, %v", what, got, p.next, p.losses, p.retry)
		}
	}
	records, p := newDecoder(1<<20).decode(nil, &FetchResult{Topic: "t", Data: data, Aborted: aborted}, 0, false)
	check("at once", offsets(records), p)

	// A batch at a time, as where each expands to all that a batch may have: what was aborted is remembered in between.
	d := newDecoder(1 << 20)
	d.budget = 1
	res, stops := &FetchResult{Topic: "t", Data: compressed, Aborted: aborted}, 0
	var got []int64
	for p = (piece{more: true}); p.more; stops++ {
		records, p = d.decode(nil, res, p.next, false)
		got = append(got, offsets(records)...)
		d.release()
	}
	check("piece by piece", got, p)
	if stops < 3 {
		t.Errorf("all of it in %d pieces", stops)
	}
}

func offsets(records []Record) (all []int64) {
	for _, r := range records {
		all = append(all, r.Offset)
	}
	return all
}
