package broker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"sluice/services/internal/stream"
)

// incarnations: a topic keeps its id, and another of the same name has another.
func incarnations(t *testing.T, addr string) {
	const topic = "made-twice"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := client(t, addr)
	admin := &kafkago.Client{Addr: kafkago.TCP(addr)}
	create := func() string {
		t.Helper()
		if _, err := c.EnsureTopics(ctx, rows(topic, topic+"-2"), stream.EnsureOptions{Partitions: 1, AllowUnsafe: true}); err != nil {
			t.Fatal(err)
		}
		first, err := c.Incarnation(ctx, topic)
		again, err2 := c.Incarnation(ctx, topic)
		if err := errors.Join(err, err2); err != nil || len(first) != 32 || again != first {
			t.Fatalf("%q, then %q, %v", first, again, err)
		}
		return first
	}
	before := create()
	if _, err := admin.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: []string{topic}}); err != nil {
		t.Fatal(err)
	}
	eventuallyGone := func() bool {
		_, err := c.Incarnation(ctx, topic)
		return errors.Is(err, stream.ErrUnknownTopic)
	}
	for !eventuallyGone() {
		if ctx.Err() != nil {
			t.Fatal("the deleted topic has an id for ever")
		}
	}
	for { // the metadata that creation looks at may be older
		if infos, err := c.Topics(ctx, topic); err == nil && len(infos) == 0 {
			break
		} else if ctx.Err() != nil {
			t.Fatal("the deleted topic is known for ever")
		}
	}
	if after := create(); after == before {
		t.Errorf("both are %s", after)
	}
	if _, err := c.Incarnation(ctx, "never-made"); !errors.Is(err, stream.ErrUnknownTopic) {
		t.Errorf("a topic that never was: %v", err)
	}
}
