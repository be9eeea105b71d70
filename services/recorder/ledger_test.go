package recorder

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"sluice/pkg/event"
	"sluice/pkg/judge"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// book is a ledger in memory, and the topic's incarnation.
type book struct {
	rows  []string
	epoch string
	err   error
}

func (b *book) Incarnation(context.Context, string) (string, error) { return b.epoch, b.err }

func (b *book) InsertLedger(_ context.Context, l *Ledger, token string) error {
	for i := range l.Len() {
		b.rows = append(b.rows, fmt.Sprintf("%s %d/%d %s %q %q %x %s", l.Epoch[i], l.Partition[i], l.Offset[i], l.ID[i], l.Tenant[i], l.TransferID[i], l.Hash[i],
			l.AcceptedAt[i].UTC().Format("05.000")))
	}
	return b.err
}

func TestTheLedgerHasARowForEveryRecord(t *testing.T) {
	b, out := &book{epoch: "e1"}, newOut()
	h := LedgerHop(b, b)
	if h.Topic != schemas.Transfers {
		t.Errorf("it reads %s", h.Topic)
	}
	lane := h.Handler.ForLane()
	good, garbage := value(t, 1, ""), []byte("no transfer")
	in := batch(schemas.Transfers, good, garbage)
	in.Records[1].Headers, in.Records[1].Timestamp = stream.NewHeaders(), 1_700_000_001_500
	must(t, lane.Handle(t.Context(), in, out))
	b.epoch = "e2" // the topic was made anew: its first records have the same places
	must(t, lane.Handle(t.Context(), in, out))

	id, _ := event.PeekID(good)
	named := judge.Headers{}.Named(schemas.Transfers, 3, 101).ID
	var want []string
	for _, epoch := range []string{"e1", "e2"} {
		want = append(want,
			fmt.Sprintf("%s 3/100 %s %q %q %x 00.005", epoch, id, "default", "tx1", hashOf(good)),
			fmt.Sprintf("%s 3/101 %s %q %q %x 21.500", epoch, named, "", "", hashOf(garbage)))
	}
	if !slices.Equal(b.rows, want) || out.Len() != 0 {
		t.Errorf("%q\nwant %q; %d records out", b.rows, want, out.Len())
	}
}

func hashOf(value []byte) []byte {
	sum := sha256.Sum256(value)
	return sum[:16]
}

func TestWithoutTheTopicsIncarnationNothingIsWritten(t *testing.T) {
	b := &book{err: errors.New("no broker")}
	err := LedgerHop(b, b).Handler.Handle(t.Context(), batch(schemas.Transfers, value(t, 1, "")), newOut())
	if err == nil || stream.IsPermanent(err) || len(b.rows) > 0 {
		t.Errorf("%v, %q", err, b.rows)
	}
	b.err = ErrRefused
	b2 := &book{epoch: "e", err: nil}
	if err := LedgerHop(b, b2).Handler.Handle(t.Context(), batch(schemas.Transfers, value(t, 1, "")), newOut()); !stream.IsPermanent(err) {
		t.Errorf("a refused row: %v", err)
	}
}

func TestANoteOfAReplayIsNoDeadLetter(t *testing.T) {
	s, out := newStore(), newOut()
	h := hop(t, s, schemas.DeadLetters)
	b := batch(schemas.DeadLetters, []byte("x"), nil)
	b.Records[0].Headers = stream.NewHeaders(stream.Header{Name: event.HeaderDeadTopic, Value: []byte(schemas.Raw)}, stream.Header{Name: event.HeaderReplayOf, Value: []byte("of the exchange's")})
	b.Records[1].Headers = stream.NewHeaders(stream.Header{Name: event.HeaderReplayOf, Value: []byte("3/100")})
	must(t, h.Handle(t.Context(), b, out))
	if len(s.dead) != 1 || len(s.tokens) != 1 {
		t.Errorf("%v", s.dead)
	}
	only := &stream.Batch{Topic: b.Topic, Records: b.Records[1:]}
	must(t, h.Handle(t.Context(), only, out))
	if len(s.tokens) != 1 {
		t.Error("a block without rows is sent")
	}
}
