package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"sluice/pkg/simulate"
	"sluice/schemas"
	"sluice/services/ingest"
	"sluice/services/internal/broker"
	"sluice/services/internal/stream"
)

func writeFile(t testing.TB, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fileText is the content of a file, nothing when it cannot be read.
func fileText(name string) string {
	text, _ := os.ReadFile(name)
	return string(text)
}

// batch is transfers with what is to become of them.
type batch struct {
	lines [][]byte
	want  []string // verdict of each; "": any
}

func (b *batch) add(line []byte, want string) {
	b.lines, b.want = append(b.lines, line), append(b.want, want)
}

// take makes the next n transfers of the world.
func (b *batch) take(g *simulate.Generator, n int) {
	for range n {
		line, label := g.AppendNext(nil)
		b.add(line, label.Decision.String())
	}
}

// post sends a batch as one request, as often as it takes to be answered, and notes what was acknowledged.
func post(ctx context.Context, s stack, b *batch, degraded bool) ([]ingest.Result, error) {
	body := append(bytes.Join(b.lines, []byte("\n")), '\n')
	var last error
	for ctx.Err() == nil {
		results, err := postOnce(ctx, s, body)
		if err == nil && len(results) != len(b.lines) {
			return nil, fmt.Errorf("%d results for %d transfers", len(results), len(b.lines))
		}
		if err == nil {
			s.common().note(b, results, degraded)
			return results, nil
		}
		last = err
		time.Sleep(poll)
	}
	return nil, fmt.Errorf("%w, the last time because of: %w", ctx.Err(), last)
}

func postOnce(ctx context.Context, s stack, body []byte) ([]ingest.Result, error) {
	at, err := s.at()
	if err != nil {
		return nil, err
	}
	status, answer, err := call(ctx, http.MethodPost, "http://"+at.HTTP+"/v1/transfers", "application/x-ndjson", body)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("answered %d: %s", status, answer)
	}
	var results []ingest.Result
	for line := range bytes.Lines(answer) {
		var r ingest.Result
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
		results = append(results, r)
	}
	return results, nil
}

func (b *base) note(sent *batch, results []ingest.Result, degraded bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, r := range results {
		if r.Status == ingest.StatusRejected {
			continue
		}
		f := fact{transferID: r.TransferID, want: sent.want[i], degraded: degraded}
		if old, ok := b.facts[r.ID]; ok {
			f.degraded = f.degraded || old.degraded
		}
		b.facts[r.ID] = f
	}
}

// sendAll posts a batch in requests of some thousands.
func sendAll(t testing.TB, s stack, b *batch) (all []ingest.Result) {
	t.Helper()
	const each = 2500
	for from := 0; from < len(b.lines); from += each {
		to := min(from+each, len(b.lines))
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		results, err := post(ctx, s, &batch{lines: b.lines[from:to], want: b.want[from:to]}, false)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, results...)
	}
	return all
}

// withBroker gives fn a client of the stack's broker.
func withBroker(s stack, fn func(*broker.Client) error) error {
	at, err := s.at()
	if err != nil {
		return err
	}
	c, err := broker.New(broker.Config{Brokers: at.Brokers})
	if err != nil {
		return err
	}
	return errors.Join(fn(c), c.Close())
}

// produce writes records as any client of Kafka does.
func produce(t testing.TB, s stack, messages ...stream.Message) {
	t.Helper()
	err := withBroker(s, func(c *broker.Client) error {
		p, err := stream.NewProducer(stream.ProducerConfig{}, c)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		err = p.Produce(ctx, messages...)
		cancel()
		return errors.Join(err, <-ended)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rawMessages are the transfers of a batch as an exchange puts them on the raw topic, by customer.
func rawMessages(t testing.TB, b *batch) []stream.Message {
	t.Helper()
	messages := make([]stream.Message, len(b.lines))
	for i, line := range b.lines {
		var who struct {
			Customer string `json:"customer_id"`
		}
		if err := json.Unmarshal(line, &who); err != nil {
			t.Fatal(err)
		}
		messages[i] = stream.Message{Topic: schemas.Raw, Key: []byte(who.Customer), Value: line}
	}
	return messages
}

// load is a steady stream of simulated transfers into a stack, that goes on whatever happens to it: a request is sent
// again until it is answered.
type load struct {
	t    *testing.T
	s    stack
	stop context.CancelFunc
	sent atomic.Int64
	done chan error
}

// startLoad sends small requests, some hundred transfers a second.
func startLoad(t *testing.T, s stack, prefix string, degraded bool) *load {
	t.Helper()
	const each, pause = 20, 40 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, s: s, stop: cancel, done: make(chan error, 1)}
	g := world(t, prefix)
	go func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for ctx.Err() == nil {
			b := &batch{}
			b.take(g, each)
			// What was begun is brought to its end, though the load is to stop.
			patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			_, err := post(patient, s, b, degraded)
			cancel()
			if err != nil {
				l.done <- err
				return
			}
			l.sent.Add(each)
			<-tick.C
		}
		l.done <- nil
	}()
	t.Cleanup(cancel)
	return l
}

// more waits until n more transfers were acknowledged.
func (l *load) more(n int64) {
	l.t.Helper()
	goal := l.sent.Load() + n
	eventually(l.t, fmt.Sprintf("%d more transfers are accepted", n), func() error {
		if now := l.sent.Load(); now < goal {
			return fmt.Errorf("%d of %d", now, goal)
		}
		return nil
	})
}

// end stops the stream and returns how many were acknowledged.
func (l *load) end() int64 {
	l.t.Helper()
	l.stop()
	if err := <-l.done; err != nil {
		l.t.Fatal(err)
	}
	return l.sent.Load()
}
