package bench

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sluice/schemas"
	"sluice/services/internal/stream"
	"sluice/services/internal/stream/memory"
)

// everything lists what a broker has.
func everything(t *testing.T, s *server) (topics, groups []string) {
	t.Helper()
	meta, err := kmsg.NewPtrMetadataRequest().RequestWith(t.Context(), s.remover)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range meta.Topics {
		topics = append(topics, *x.Topic)
	}
	list, err := kmsg.NewPtrListGroupsRequest().RequestWith(t.Context(), s.remover)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range list.Groups {
		groups = append(groups, g.Group)
	}
	return topics, groups
}

func TestMedianAndPercentile(t *testing.T) {
	if got := []float64{median([]float64{7}), median([]float64{9, 1, 5}), median([]float64{4, 2})}; got[0] != 7 || got[1] != 5 || got[2] != 3 {
		t.Errorf("medians %v", got)
	}
	sorted := make([]time.Duration, 300)
	for i := range sorted {
		sorted[i] = time.Duration(i + 1)
	}
	for p, want := range map[float64]time.Duration{0.5: 150, 0.99: 297, 1: 300, 0: 1} {
		if got := percentile(sorted, p); got != want {
			t.Errorf("p%g is %d, want %d", 100*p, got, want)
		}
	}
	if got := percentile(sorted[:1], 0.99); got != 1 {
		t.Errorf("p99 of one sample is %d", got)
	}
}

func TestARatioIsTheMedianOfItsPairs(t *testing.T) {
	// The machine slows down threefold after the first round: the medians of the rates are of different rounds then, the
	// ratio within each round is the same.
	var p pairs
	var order []string
	slow := time.Duration(1)
	for r := range 3 {
		take := func(name string, d time.Duration) func(context.Context) (pass, error) {
			return func(context.Context) (pass, error) {
				order = append(order, name)
				return pass{took: d * slow, cpu: time.Second, bytes: 3_000, objects: 500}, nil
			}
		}
		if err := p.add(t.Context(), r, take("hop", 2*time.Second), take("bare", time.Second)); err != nil {
			t.Fatal(err)
		}
		slow = 3
	}
	s := p.stage("hop", 1_000)
	if s.OfBare != 0.5 || s.Rate != 167 || s.Bare.Rate != 333 || s.CPUSeconds != 1_000 || s.Bytes != 3 || s.Objects != 0.5 {
		t.Errorf("%+v", s)
	}
	if want := [6]string{"hop", "bare", "bare", "hop", "hop", "bare"}; [6]string(order) != want {
		t.Errorf("order %v", order)
	}
}

func TestHitShareIsThatOfListedCounterparties(t *testing.T) {
	for _, want := range []float64{0, 0.01, MaxHitShare} {
		sum, all := 0.0, 0.0
		for s, share := range shares(want) {
			all += share
			if s != "unknown_counterparty" && s != "invalid_sender" && s != "duplicate" {
				sum += share
			}
		}
		if math.Abs(sum-want) > 1e-9 || all > 1 {
			t.Errorf("asked for %g, got %g of %g", want, sum, all)
		}
	}
}

func TestASpaceShowsOnlyWhatWasGivenToIt(t *testing.T) {
	b := memory.New(2)
	s := newSpace(b, map[string]string{schemas.Raw: "mine"})
	ctx := t.Context()
	if _, err := b.EnsureTopics(ctx, []schemas.Topic{{Name: "mine", Key: schemas.KeyCustomerID}}, stream.EnsureOptions{AllowUnsafe: true}); err != nil {
		t.Fatal(err)
	}
	elsewhere := []stream.Position{{Topic: schemas.Verdicts}}
	_, counted := s.Partitions(ctx, schemas.Verdicts)
	_, led := s.Leaders(ctx, elsewhere)
	_, bound := s.Bounds(ctx, elsewhere)
	_, joined := s.Join(stream.GroupConfig{Group: "g", Topics: []string{schemas.Raw, schemas.Verdicts}})
	req := &stream.ProduceRequest{Batches: []stream.ProduceBatch{{Topic: schemas.Raw}, {Topic: schemas.Verdicts}}}
	for name, err := range map[string]error{
		"partitions": counted, "leaders": led, "bounds": bound, "join": joined,
		"fetch":   s.Fetch(ctx, &stream.FetchRequest{From: elsewhere}),
		"produce": s.Produce(ctx, req),
	} {
		if !errors.Is(err, stream.ErrUnknownTopic) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if req.Batches[0].Topic != schemas.Raw {
		t.Errorf("a refused request keeps the name %s", req.Batches[0].Topic)
	}
	if n, err := s.Partitions(ctx, schemas.Raw); n != 2 || err != nil {
		t.Errorf("%d partitions, %v", n, err)
	}
}
