package enrichment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// inPages is what is in force in the form without entries. Pages are fetched by get, one round trip each.
func inPages(t *testing.T, c Current, get func([][]byte, error) ([][]byte, error)) Current {
	t.Helper()
	blobs, pages := map[string][]byte{}, map[watchlist.PageHash][]byte{}
	m, err := c.Snapshot.Write(func(g watchlist.Segment, data []byte) error { blobs[g.SHA256] = bytes.Clone(data); return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Lists {
		p := c.Snapshot.Pages(l.Name)
		described, err := p.Describe(func(x watchlist.Piece, data []byte) error { blobs[x.SHA256] = bytes.Clone(data); return nil })
		if err != nil {
			t.Fatal(err)
		}
		m.WithPages(l.Name, described)
		for i := range p.Len() {
			if h, ok := p.Hash(i); ok {
				pages[h] = p.Append(nil, i)
			}
		}
	}
	l := m.BeginPaged(nil)
	for i, g := range l.Missing() {
		if err := l.Put(i, blobs[g.SHA256]); err != nil {
			t.Fatal(err)
		}
	}
	c.Snapshot = nil
	if c.Paged, err = l.Paged(); err != nil {
		t.Fatal(err)
	}
	c.Pages = func(_ context.Context, wanted []watchlist.PageHash) ([][]byte, error) {
		out := make([][]byte, len(wanted))
		for i, h := range wanted {
			out[i] = pages[h]
		}
		return get(out, nil)
	}
	return c
}

func whole(pages [][]byte, err error) ([][]byte, error) { return pages, err }

// many puts n listed addresses in force, entry i for address(i), beside others that allow and own.
func many(t *testing.T, n int) Current {
	t.Helper()
	b := watchlist.NewBuilder()
	for i := range n {
		e := watchlist.Entry{List: "large", EntryID: fmt.Sprint(i), Network: "ethereum", Address: address(i), Entity: "Somebody",
			Category: taxonomy.Scam, Categories: []taxonomy.Category{taxonomy.Scam}}
		var err error
		if e, err = watchlist.ParseEntry(e.AppendJSON(nil)); err != nil {
			t.Fatal(err)
		}
		b.Add("large", []watchlist.Entry{e})
	}
	s, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return Current{Snapshot: s.With(inForce(t).Snapshot), Seq: 9, Usable: true}
}

func address(i int) string { return fmt.Sprintf("0x5b%038x", i) }

// The verdicts of both forms are the same, byte for byte.
func TestBothFormsOfListsScreenAlike(t *testing.T) {
	c := many(t, 500)
	var in []stream.Record
	for i := range 300 {
		from := address(3 * i) // every third of the listed ones, and then others
		if i%50 == 0 {
			from = listed
		}
		in = append(in, fact(t, from))
		if i%7 == 0 { // the header calls it clean or not; the record is not laid out as ingest does
			in[i].Value = append(in[i].Value[:len(in[i].Value)-1:len(in[i].Value)-1], `,"raised_by":"lookback","cause_seq":3}`...)
		}
	}
	want, err := handle(t, c, in...)
	if err != nil {
		t.Fatal(err)
	}
	trips := 0
	got, err := handle(t, inPages(t, c, func(p [][]byte, err error) ([][]byte, error) { trips++; return p, err }), in...)
	if err != nil {
		t.Fatal(err)
	}
	if trips != 1 {
		t.Errorf("%d round trips for a batch", trips)
	}
	hits := 0
	for i := range want {
		if !bytes.Equal(want[i].Value, got[i].Value) || !bytes.Equal(want[i].Key, got[i].Key) {
			t.Fatalf("record %d: %s\nin memory: %s", i, got[i].Value, want[i].Value)
		}
		if strings.Contains(string(got[i].Value), `"hits"`) {
			hits++
		}
	}
	if hits < 160 || len(got) != len(in) {
		t.Errorf("%d of %d records have hits", hits, len(got))
	}
}

func TestACleanBatchAsksForNothing(t *testing.T) {
	c := inPages(t, many(t, 100), func([][]byte, error) ([][]byte, error) {
		return nil, errors.New("asked")
	})
	got, err := handle(t, c, fact(t, "0x00000000000000000000000000000000000000bb"))
	if err != nil || len(got) != 1 || strings.Contains(string(got[0].Value), "status") {
		t.Errorf("%v, %v", got, err)
	}
}

// What cannot be looked up makes its batch wait, is degraded in the end, and is never clean.
func TestWhatCannotBeLookedUpIsNeverClean(t *testing.T) {
	for what, get := range map[string]func([][]byte, error) ([][]byte, error){
		"away":    func([][]byte, error) ([][]byte, error) { return nil, errors.New("away") },
		"damaged": func(p [][]byte, _ error) ([][]byte, error) { return [][]byte{append(bytes.Clone(p[0]), 0)}, nil },
		"empty":   func(p [][]byte, _ error) ([][]byte, error) { return make([][]byte, len(p)), nil },
	} {
		now := noon
		broken := true
		s := New(Config{HoldAfter: time.Minute, Now: func() time.Time { return now }}, fixed(inPages(t, many(t, 100), func(p [][]byte, err error) ([][]byte, error) {
			if broken {
				return get(p, err)
			}
			return p, err
		})), NewMetrics(prometheus.NewRegistry()))
		run := func() ([]stream.Record, error) {
			out := stream.NewOut(stream.OutConfig{Stage: "enrichment", Partitions: stream.FixedPartitions(6)})
			err := s.Handle(t.Context(), &stream.Batch{Topic: schemas.Transfers, Records: []stream.Record{
				fact(t, address(7)), fact(t, "0x00000000000000000000000000000000000000bb")}}, out)
			var got []stream.Record
			out.Each(func(r *stream.Record) { got = append(got, *r) })
			return got, errors.Join(err, out.Err())
		}
		for _, at := range []time.Duration{0, time.Minute - 1} {
			now = noon.Add(at)
			if got, err := run(); !errors.Is(err, ErrUnconfirmed) || stream.IsPermanent(err) || len(got) > 0 {
				t.Errorf("%s, after %s: %v, %d records", what, at, err, len(got))
			}
		}
		now = noon.Add(time.Minute)
		got, err := run()
		if err != nil || len(got) != 2 || !strings.Contains(string(got[0].Value), `"status":"degraded"`) || strings.Contains(string(got[1].Value), "status") {
			t.Errorf("%s, at the bound: %v, %d records", what, err, len(got))
		}
		broken = false
		if got, err := run(); err != nil || !strings.Contains(string(got[0].Value), `"hits"`) {
			t.Errorf("%s, and there again: %v, %d records", what, err, len(got))
		}
		broken = true
		if _, err := run(); !errors.Is(err, ErrUnconfirmed) {
			t.Errorf("%s again: waits anew, got %v", what, err)
		}
	}
}

func TestADamagedRecordIsAPermanentErrorInBothForms(t *testing.T) {
	bad := fact(t, listed)
	bad.Value = bad.Value[:len(bad.Value)/2]
	if _, err := handle(t, inPages(t, many(t, 10), whole), fact(t, address(1)), bad); !stream.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
}
