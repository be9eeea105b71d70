package broker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sluice/services/internal/stream"
)

// incarnations: a topic keeps its id, and another of the same name has another.
func incarnations(t *testing.T, addr string) {
	const topic = "made-twice"
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := client(t, addr)
	admin, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
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
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TopicNames, req.TimeoutMillis = []string{topic}, 10_000
	which := kmsg.NewDeleteTopicsRequestTopic()
	which.Topic = kmsg.StringPtr(topic)
	req.Topics = append(req.Topics, which)
	if _, err := req.RequestWith(ctx, admin); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := c.Incarnation(ctx, topic); errors.Is(err, stream.ErrUnknownTopic) {
			break
		} else if ctx.Err() != nil {
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
