package activation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/schemas"
	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func lists(version string) Activation {
	return Activation{Kind: Lists, Version: version, Author: "ann", At: noon, Lists: []ListVersion{{"a", "h", 3}}}
}

// newLog makes a log on a broker in memory.
func newLog(t *testing.T) (*Log, *memory.Broker, stream.Publisher) {
	t.Helper()
	b := memory.New(1)
	p, err := stream.NewProducer(stream.ProducerConfig{Logger: zerolog.Nop()}, b)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return New(b, p, zerolog.Nop()), b, p
}

func TestNumbersFollowFromThePlaceInTheTopic(t *testing.T) {
	l, _, _ := newLog(t)
	ctx := t.Context()
	s, err := l.Read(ctx)
	if err != nil || s.Epoch != "" || s.Next != 0 {
		t.Fatalf("an empty topic: %+v, %v", s, err)
	}
	first, err := l.Append(ctx, s, 41, lists("v1"))
	if err != nil || first.Seq != 42 || first.Epoch == "" {
		t.Fatalf("the first: %+v, %v", first, err)
	}
	s, err = l.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	second, err := l.Append(ctx, s, 1000, Activation{Kind: Rules, Version: "r1", Author: "bob", Reason: "new", At: noon})
	if err != nil || second.Seq != 43 || second.Epoch != first.Epoch {
		t.Fatalf("the second: %+v, %v", second, err)
	}
	s, err = l.Read(ctx)
	if err != nil || s.Next != 2 || s.Epoch != first.Epoch || s.Base != 41 {
		t.Fatalf("%+v, %v", s, err)
	}
	if got := s.Last[Lists]; got.Seq != 42 || got.Version != "v1" || !got.At.Equal(noon) || len(got.Lists) != 1 || got.Lists[0] != (ListVersion{"a", "h", 3}) {
		t.Errorf("lists %+v", got)
	}
	if got := s.Last[Rules]; got.Seq != 43 || got.Reason != "new" || got.Author != "bob" {
		t.Errorf("rules %+v", got)
	}
}

func TestOfTwoFirstRecordsTheFirstCounts(t *testing.T) {
	l, _, _ := newLog(t)
	ctx := t.Context()
	empty, err := l.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	got := make([]Activation, 4)
	for i := range got {
		wg.Go(func() {
			a, err := l.Append(ctx, empty, uint64(100*i), lists(fmt.Sprint("v", i)))
			if err != nil {
				t.Error(err)
			}
			got[i] = a
		})
	}
	wg.Wait()
	s, err := l.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uint64]bool{}
	for _, a := range got {
		if a.Epoch != s.Epoch || a.Seq <= s.Base || a.Seq > s.Base+4 || seen[a.Seq] {
			t.Errorf("seq %d of epoch %s; the topic has base %d, epoch %s", a.Seq, a.Epoch, s.Base, s.Epoch)
		}
		seen[a.Seq] = true
	}
}

// lostAck is a publisher that writes and does not learn where.
type lostAck struct{ stream.Publisher }

func (p lostAck) ProduceOne(ctx context.Context, m stream.Message) (stream.Ack, error) {
	_, err := p.Publisher.ProduceOne(ctx, m)
	return stream.Ack{Offset: -1}, err
}

func TestARecordWhosePlaceIsUnknownIsFound(t *testing.T) {
	_, b, p := newLog(t)
	l := New(b, lostAck{p}, zerolog.Nop())
	ctx := t.Context()
	for want := uint64(1); want <= 3; want++ {
		s, err := l.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := l.Append(ctx, s, 0, lists("v")); err != nil || a.Seq != want {
			t.Fatalf("%+v, %v, want seq %d", a, err, want)
		}
	}
}

func TestATopicWithoutItsBeginningIsRefused(t *testing.T) {
	put := func(t *testing.T, p stream.Publisher, values ...string) {
		t.Helper()
		for _, v := range values {
			if _, err := p.ProduceOne(t.Context(), stream.Message{Topic: schemas.Activations, Value: []byte(v)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, first := range []string{`{}`, `garbage`, `{"kind":"lists","version":"v","author":"a","at":"2026-01-01T00:00:00Z","lists":[]}`} {
		l, _, p := newLog(t)
		put(t, p, first)
		if _, err := l.Read(t.Context()); !errors.Is(err, ErrNoLog) {
			t.Errorf("a topic that begins with %s: %v", first, err)
		}
	}
	l, b, _ := newLog(t)
	for range 3 {
		s, err := l.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), s, 0, lists("v")); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.DeleteBefore(schemas.Activations, 0, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Read(t.Context()); !errors.Is(err, ErrNoLog) {
		t.Errorf("a topic that has lost its first record: %v", err)
	}
}

func TestALaterRecordThatIsNoneKeepsItsPlace(t *testing.T) {
	l, _, p := newLog(t)
	ctx := t.Context()
	s, err := l.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(ctx, s, 0, lists("v1")); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{`garbage`, `{"kind":"later","version":"x","extra":true}`} {
		if _, err := p.ProduceOne(ctx, stream.Message{Topic: schemas.Activations, Value: []byte(v)}); err != nil {
			t.Fatal(err)
		}
	}
	if s, err = l.Read(ctx); err != nil {
		t.Fatal(err)
	}
	if a, err := l.Append(ctx, s, 0, lists("v2")); err != nil || a.Seq != 4 {
		t.Errorf("%+v, %v, want seq 4", a, err)
	}
}

func TestFollowSeesWhatComes(t *testing.T) {
	l, _, _ := newLog(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := l.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(ctx, s, 0, lists("v1")); err != nil {
		t.Fatal(err)
	}
	got, ready := make(chan Activation, 4), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- l.Follow(ctx, func() { close(ready) }, func(a Activation) error { got <- a; return nil })
	}()
	<-ready
	if a := <-got; a.Version != "v1" {
		t.Errorf("%+v", a)
	}
	if s, err = l.Read(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(ctx, s, 0, lists("v2")); err != nil {
		t.Fatal(err)
	}
	if a := <-got; a.Version != "v2" || a.Seq != 2 {
		t.Errorf("%+v", a)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestReadGivesUpWithItsContext(t *testing.T) {
	l, b, _ := newLog(t)
	b.Inject(func(memory.Call) memory.Fault { return memory.Fault{Before: stream.ErrUnavailable} })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := l.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// An appender that keeps an audit log notes where it ends; one whose log cannot be read appends nothing.
func TestARecordSaysWhereTheAuditLogEnds(t *testing.T) {
	plain, _, _ := newLog(t)
	head, bad := AuditHead{}, error(nil)
	l := plain.WithAudit(func() (AuditHead, error) { return head, bad })
	ctx := t.Context()
	for _, h := range []AuditHead{{}, {"audit", 7, strings.Repeat("ab", 32)}} {
		s, err := l.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if head = h; err == nil {
			_, err = l.Append(ctx, s, 0, lists("v"))
		}
		if s, err2 := l.Read(ctx); err != nil || err2 != nil || s.Last[Lists].Audit != h {
			t.Errorf("%+v, %v %v, want %+v", s.Last[Lists], err, err2, h)
		}
	}
	bad = errors.New("torn")
	if _, err := l.Append(ctx, State{}, 0, lists("v")); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	if all, err := plain.All(ctx); err != nil || len(all) != 2 {
		t.Errorf("%d activations, %v", len(all), err)
	}
}

func TestIncompleteActivationsAreRefused(t *testing.T) {
	l, _, _ := newLog(t)
	for what, change := range map[string]func(*Activation){
		"kind": func(a *Activation) { a.Kind = "x" }, "version": func(a *Activation) { a.Version = "" },
		"author": func(a *Activation) { a.Author = "" }, "at": func(a *Activation) { a.At = time.Time{} },
		"reason": func(a *Activation) { a.Reason = strings.Repeat("x", 4097) },
	} {
		a := lists("v")
		change(&a)
		if _, err := l.Append(t.Context(), State{}, 0, a); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
