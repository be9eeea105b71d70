package recorder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// store is a warehouse in memory.
type store struct {
	transfers, flagged, addresses, dead map[string]int // rows by id, or by place
	tokens                              []string
	refuse                              func(id string) bool
	err                                 error
}

func newStore() *store {
	return &store{transfers: map[string]int{}, flagged: map[string]int{}, addresses: map[string]int{}, dead: map[string]int{}}
}

func (s *store) take(into map[string]int, ids []string, token string) error {
	s.tokens = append(s.tokens, token)
	if s.err != nil {
		return s.err
	}
	for _, id := range ids {
		if s.refuse != nil && s.refuse(id) {
			return fmt.Errorf("%w: row %s", ErrRefused, id)
		}
	}
	for _, id := range ids {
		into[id]++
	}
	return nil
}

func (s *store) InsertTransfers(_ context.Context, b *Transfers, token string) error {
	return s.take(s.transfers, b.TransferID, token)
}

func (s *store) InsertFlagged(_ context.Context, b *Transfers, token string) error {
	return s.take(s.flagged, b.TransferID, token)
}

func (s *store) InsertAddresses(_ context.Context, b *Addresses, token string) error {
	return s.take(s.addresses, b.Key, token)
}

func (s *store) InsertDeadLetters(_ context.Context, b *DeadLetters, token string) error {
	places := make([]string, b.Len())
	for i := range places {
		places[i] = fmt.Sprintf("%s/%d/%d %s %s", b.SourceTopic[i], b.SourcePartition[i], b.SourceOffset[i], b.Stage[i], b.Reason[i])
	}
	return s.take(s.dead, places, token)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// value is a record of verdicts.v1; what stands behind the transfer is added as it is.
func value(t testing.TB, n int, members string) []byte {
	t.Helper()
	tr := transfer.Transfer{
		ID: fmt.Sprint("tx", n), Direction: transfer.Deposit, CustomerID: "c", Network: "bitcoin", Asset: "BTC", Amount: amount.MustParse("0.5"),
		From: []string{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}, To: []string{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		OccurredAt: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC),
	}
	p, err := transfer.Restore(transfer.AppendCanonical(nil, &tr))
	must(t, err)
	return fmt.Appendf(nil, `{"id":"%s","transfer_id":"%s","tenant":"default","transfer":%s%s}`, p.FactID("default"), tr.ID, p.Canonical(), members)
}

const cleared = `,"lists_seq":5,"verdict":"cleared","rules_seq":2,"version":5,"public_code":"proceed","raised_at":"2026-11-22T10:00:01Z"`

func batch(topic string, values ...[]byte) *stream.Batch {
	b := &stream.Batch{Topic: topic}
	at := event.AppendAt(nil, time.Date(2026, 11, 22, 10, 0, 0, 5e6, time.UTC))
	for i, v := range values {
		b.Records = append(b.Records, stream.Record{Topic: topic, Partition: 3, Offset: int64(100 + i), Key: []byte("default/c"), Value: v,
			Headers: stream.NewHeaders(stream.Header{Name: event.HeaderAt, Value: at})})
	}
	return b
}

func newOut() *stream.Out {
	return stream.NewOut(stream.OutConfig{Stage: Stage, Partitions: stream.FixedPartitions(6)})
}

func hop(t testing.TB, w Warehouse, topic string) stream.Handler {
	t.Helper()
	for _, h := range Hops(w) {
		if h.Topic == topic {
			return h.Handler.ForLane()
		}
	}
	t.Fatalf("no hop for %s", topic)
	return nil
}

func TestVerdictsBecomeTransfersAndAddresses(t *testing.T) {
	s, out := newStore(), newOut()
	h := hop(t, s, schemas.Verdicts)
	must(t, h.Handle(t.Context(), batch(schemas.Verdicts, value(t, 1, cleared), value(t, 2, cleared)), out))
	if len(s.transfers) != 2 || len(s.addresses) != 2 || s.addresses["bitcoin:pkh:62e907b15cbf27d5425399ebf6f0fb50ebb88f18"] != 2 || out.Len() != 0 {
		t.Errorf("%v %v, %d records out", s.transfers, s.addresses, out.Len())
	}
	must(t, h.Handle(t.Context(), batch(schemas.Verdicts, value(t, 1, cleared), value(t, 2, cleared)), out))
	must(t, h.Handle(t.Context(), batch(schemas.Verdicts, value(t, 3, cleared), value(t, 2, cleared)), out))
	if s.tokens[0] != s.tokens[2] || s.tokens[0] == s.tokens[4] {
		t.Errorf("the same records again have the same token, others another: %q", s.tokens)
	}
}

func TestFlaggedEventsHaveTheirOwnTables(t *testing.T) {
	s := newStore()
	must(t, hop(t, s, schemas.Flagged).Handle(t.Context(), batch(schemas.Flagged, value(t, 1, strings.Replace(cleared, "cleared", "flagged", 1))), newOut()))
	if len(s.flagged) != 1 || len(s.transfers) != 0 || len(s.addresses) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWhatHasNoPlaceInTheTablesIsDeadLetteredAloneAndAtOnce(t *testing.T) {
	for name, bad := range map[string][]byte{
		"no JSON":             []byte("garbage"),
		"no verdict":          value(t, 9, `,"lists_seq":5`),
		"hits are damaged":    value(t, 9, `,"hits":[{"list":1}]`+cleared),
		"alerts are damaged":  value(t, 9, cleared+`,"alerts":[{"score":1000}]`),
		"a date is none":      value(t, 9, `,"hits":[{"list":"l","entry_id":"e","category":"mixer","role":"sender","side":"counterparty","address":"a","match":"exact","exposure":"direct","hops":0,"timing":"unknown","party_listed_at":"circa 1999"}]`+cleared),
		"transfer is no such": []byte(`{"id":"00000000000000000000000000000000","transfer_id":"x","tenant":"default","transfer":{}` + cleared + `}`),
		"raised in no year":   value(t, 9, strings.Replace(cleared, "2026-11-22T10:00:01Z", "9999-01-01T00:00:00Z", 1)),
	} {
		t.Run(name, func(t *testing.T) {
			s, out := newStore(), newOut()
			must(t, hop(t, s, schemas.Verdicts).Handle(t.Context(), batch(schemas.Verdicts, value(t, 1, cleared), bad, value(t, 2, cleared)), out))
			if len(s.transfers) != 2 || out.DeadLetters() != 1 || out.Len() != 1 {
				t.Errorf("%v, %d dead letters of %d records out", s.transfers, out.DeadLetters(), out.Len())
			}
		})
	}
}

func TestRefusedRowsArePermanentAndServersThatFailAreNot(t *testing.T) {
	for topic, v := range map[string][]byte{schemas.Verdicts: value(t, 1, cleared), schemas.Flagged: value(t, 1, cleared), schemas.DeadLetters: []byte("x")} {
		s := newStore()
		s.refuse = func(string) bool { return true }
		err := hop(t, s, topic).Handle(t.Context(), batch(topic, v), newOut())
		if !stream.IsPermanent(err) || stream.ReasonOf(err) != event.DeadRefused || !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", topic, err)
		}
		s = newStore()
		s.err = errors.New("connection refused")
		if err := hop(t, s, topic).Handle(t.Context(), batch(topic, v), newOut()); err == nil || stream.IsPermanent(err) {
			t.Errorf("%s: %v", topic, err)
		}
	}
}

func TestDeadLettersKeepTheirPlace(t *testing.T) {
	s := newStore()
	b := batch(schemas.DeadLetters, []byte("rest"), []byte("no headers"), []byte("wrong"))
	var headers []stream.Header
	dead := event.Bury(event.DeadLetter{Topic: "sluice.raw.v1", Partition: 2, Offset: 77, Key: []byte("c"), Stage: "ingest", Reason: event.DeadRejected, Error: "no", At: time.Now(), Value: []byte("rest")}, 1<<20)
	for _, h := range dead.Headers() {
		headers = append(headers, stream.Header(h))
	}
	b.Records[0].Headers = stream.NewHeaders(headers...)
	b.Records[2].Headers = stream.NewHeaders(stream.Header{Name: event.HeaderDeadOffset, Value: []byte("many")})
	must(t, hop(t, s, schemas.DeadLetters).Handle(t.Context(), b, newOut()))
	if s.dead["sluice.raw.v1/2/77 ingest rejected"] != 1 || s.dead["sluice.deadletter.v1/3/102  damaged"] != 1 || len(s.dead) != 3 {
		t.Errorf("%v", s.dead)
	}
	out := newOut()
	p, ok := hop(t, s, schemas.DeadLetters).(stream.Poisoner)
	if !ok || p.Poison(t.Context(), &b.Records[0], errors.New("x"), out) != nil || out.Len() != 0 {
		t.Error("a dead letter is dead-lettered again")
	}
}

func TestArenaSlicesDoNotOverlap(t *testing.T) {
	var a arena[int]
	for range 3 {
		var all [][]int
		for i := range 3000 {
			s := a.take(i % 7)
			for j := range s {
				if s[j] != 0 {
					t.Fatalf("slice %d is not empty", i)
				}
				s[j] = i
			}
			all = append(all, s)
		}
		large := a.take(arenaChunk + 1)
		for j := range large {
			large[j] = -1
		}
		for i, s := range all {
			for j := range s {
				if s[j] != i {
					t.Fatalf("slice %d was overwritten", i)
				}
			}
			if cap(s) != len(s) {
				t.Fatalf("slice %d may grow into the next", i)
			}
		}
		a.reset()
	}
}

func BenchmarkFill(b *testing.B) {
	values := make([][]byte, 1000)
	for i := range values {
		values[i] = value(b, i, cleared)
	}
	in, out := batch(schemas.Verdicts, values...), newOut()
	var r rows
	b.ReportAllocs()
	for b.Loop() {
		r.fill(in, out, true)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(values)), "ns/record")
}

func TestRowsWithoutHitsHaveABlockOfTheirOwnAndTheLaterRecordStaysLast(t *testing.T) {
	const hit = `,"hits":[{"list":"l","entry_id":"e","category":"mixer","role":"sender","side":"counterparty","address":"a","match":"exact","exposure":"direct","hops":0,"timing":"unknown"}]`
	var r rows
	r.fill(batch(schemas.Verdicts, value(t, 1, cleared), value(t, 2, hit+cleared), value(t, 2, cleared), value(t, 3, cleared), value(t, 3, hit+cleared)), newOut(), true)
	if got := fmt.Sprint(r.plain.TransferID, r.full.TransferID); got != "[tx1 tx3] [tx2 tx2 tx3]" || !r.plain.Plain() || r.full.Plain() || len(r.full.Hits.List[1]) != 0 {
		t.Errorf("%s", got)
	}
}

// An address that no parser can read is found by its text, as lists answer for it.
func TestAddressesThatNoParserReadsAreRecordedByTheirText(t *testing.T) {
	x := transfer.Transfer{ID: "x", Direction: transfer.Deposit, CustomerID: "c", Network: "dreamland", Asset: "ZZZ", Amount: amount.MustParse("1"),
		From: []string{"somebody's address"}, To: []string{"mine"}, OccurredAt: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	p, err := transfer.Restore(transfer.AppendCanonical(nil, &x))
	if err != nil || len(p.Parties) != 0 {
		t.Fatal(p.Parties, err)
	}
	var b Addresses
	b.Add(&event.Record{ID: p.FactID("default"), Tenant: "default"}, &p)
	want := []string{watchlist.TextKey("somebody's address").String(), watchlist.TextKey("mine").String()}
	if !slices.Equal(b.Key, want) || !slices.Equal(b.Role, []string{"sender", "recipient"}) || !slices.Equal(b.Side, []string{"counterparty", "own"}) || b.Len() != 2 {
		t.Errorf("%+v", b)
	}
}
