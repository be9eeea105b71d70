package memory

import (
	"context"
	"fmt"

	"sluice/schemas"
	"sluice/services/internal/stream"
)

// EnsureTopics implements stream.Admin.
func (b *Broker) EnsureTopics(_ context.Context, topics []schemas.Topic, opt stream.EnsureOptions) (stream.EnsureReport, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	existing := make(map[string]int)
	for name, t := range b.topics {
		existing[name] = len(t.parts)
	}
	plan, err := stream.PlanTopics(topics, existing, opt)
	if err != nil {
		return stream.EnsureReport{}, err
	}
	report := stream.EnsureReport{Partitions: plan.Partitions, Existing: plan.Existing}
	for _, t := range plan.Create {
		b.topics[t.Name] = newTopic(t.Partitions, t.MaxValueBytes+128<<10)
		report.Created = append(report.Created, t.Name)
	}
	return report, nil
}

// Topics implements stream.Admin.
func (b *Broker) Topics(_ context.Context, names ...string) ([]stream.TopicInfo, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var infos []stream.TopicInfo
	for _, name := range names {
		if t := b.topics[name]; t != nil {
			infos = append(infos, stream.TopicInfo{Name: name, Partitions: len(t.parts), Replication: 1})
		}
	}
	return infos, nil
}

// GroupOffsets implements stream.Admin.
func (b *Broker) GroupOffsets(_ context.Context, name, topic string) ([]stream.GroupOffset, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topics[topic]
	if t == nil {
		return nil, fmt.Errorf("%s: %w", topic, stream.ErrUnknownTopic)
	}
	var offsets []stream.GroupOffset
	for i, p := range t.parts {
		o := stream.GroupOffset{Partition: int32(i), Committed: stream.OffsetNone, Bounds: stream.Bounds{Start: p.start, End: p.end}}
		if g := b.groups[name]; g != nil {
			if at, ok := g.committed[position{topic, int32(i)}]; ok {
				o.Committed = at
			}
		}
		offsets = append(offsets, o)
	}
	return offsets, nil
}

// Cluster implements stream.Admin.
func (b *Broker) Cluster(context.Context) (stream.ClusterInfo, error) {
	return stream.ClusterInfo{ID: "memory", Brokers: []string{"memory:0"}, Controller: "memory:0", Versions: "memory"}, nil
}
