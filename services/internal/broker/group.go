package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"sluice/services/internal/stream"
)

// Join implements stream.Broker.
func (c *Client) Join(cfg stream.GroupConfig) (stream.Member, error) {
	m := &member{client: c, cfg: kafka.ConsumerGroupConfig{
		ID: cfg.Group, Brokers: c.cfg.Brokers, Dialer: c.dialer, Topics: cfg.Topics,
		SessionTimeout:    or(cfg.SessionTimeout, 10*time.Second),
		RebalanceTimeout:  or(cfg.RebalanceTimeout, 30*time.Second),
		HeartbeatInterval: or(cfg.HeartbeatInterval, time.Second),
		JoinGroupBackoff:  or(cfg.JoinBackoff, 300*time.Millisecond),
		StartOffset:       kafka.FirstOffset,
		Timeout:           adminTimeout / 2,
	}}
	check := m.cfg // Validate fills in defaults
	if err := check.Validate(); err != nil {
		return nil, fmt.Errorf("group %q: %w", cfg.Group, err)
	}
	return m, nil
}

func or(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

// member is a member of a group. kafka-go joins in the background from the first Next on.
type member struct {
	client *Client
	cfg    kafka.ConsumerGroupConfig
	group  *kafka.ConsumerGroup
}

// Next implements stream.Member.
func (m *member) Next(ctx context.Context) (stream.Generation, error) {
	if m.group == nil {
		group, err := kafka.NewConsumerGroup(m.cfg)
		if err != nil {
			return nil, err
		}
		m.group = group
	}
	gen, err := m.group.Next(ctx)
	if err != nil {
		return nil, translate(err)
	}
	g := &generation{gen: gen, done: make(chan struct{}), released: make(chan struct{})}
	for topic, list := range gen.Assignments {
		for _, p := range list {
			at := stream.Position{Topic: topic, Partition: int32(p.ID), Offset: p.Offset}
			if p.Offset < 0 {
				at.Offset = stream.OffsetNone
			}
			g.assigned = append(g.assigned, at)
		}
	}
	// kafka-go keeps the generation, and the connection that commits, until this function returns; and its return
	// ends the generation.
	gen.Start(func(ctx context.Context) {
		select {
		case <-ctx.Done():
			close(g.done)
			<-g.released
		case <-g.released:
			close(g.done)
		}
	})
	return g, nil
}

// Close implements stream.Member.
func (m *member) Close() error {
	if m.group == nil {
		return nil
	}
	return m.group.Close()
}

// generation is kafka-go's, with the life that stream.Generation asks for.
type generation struct {
	gen      *kafka.Generation
	assigned []stream.Position
	done     chan struct{}
	released chan struct{}
	once     sync.Once
}

// ID implements stream.Generation.
func (g *generation) ID() int32 { return g.gen.ID }

// Assigned implements stream.Generation.
func (g *generation) Assigned() []stream.Position { return g.assigned }

// Done implements stream.Generation.
func (g *generation) Done() <-chan struct{} { return g.done }

// Commit implements stream.Generation. kafka-go bounds it by its own timeout.
func (g *generation) Commit(ctx context.Context, next []stream.Position) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	offsets := make(map[string]map[int]int64)
	for _, p := range next {
		if offsets[p.Topic] == nil {
			offsets[p.Topic] = make(map[int]int64)
		}
		offsets[p.Topic][int(p.Partition)] = p.Offset
	}
	err := g.gen.CommitOffsets(offsets)
	if errors.Is(err, kafka.RebalanceInProgress) {
		// The others are waiting for this member already. The offsets are lost, and the records come again.
		return fmt.Errorf("%w: %w", stream.ErrStaleGeneration, err)
	}
	return translate(err)
}

// Release implements stream.Generation.
func (g *generation) Release() { g.once.Do(func() { close(g.released) }) }
