package bench

import (
	"context"
	"fmt"
	"sync/atomic"

	"sluice/services/internal/stream"
)

// space is a broker as the services see it, with their own names for topics, over topics that belong to the benchmark
// alone. A topic that was not given to it does not exist: nothing can reach the pipeline's real topics.
type space struct {
	stream.Broker
	real    map[string]string        // by the services' name
	names   map[string]string        // the reverse
	written map[string]*atomic.Int64 // bytes of record batches, by the services' name
}

func newSpace(b stream.Broker, real map[string]string) *space {
	s := &space{Broker: b, real: real, names: make(map[string]string, len(real)), written: make(map[string]*atomic.Int64, len(real))}
	for name, topic := range real {
		s.names[topic] = name
		s.written[name] = new(atomic.Int64)
	}
	return s
}

func (s *space) of(name string) (string, error) {
	if topic, ok := s.real[name]; ok {
		return topic, nil
	}
	return "", fmt.Errorf("%s is not part of this measurement: %w", name, stream.ErrUnknownTopic)
}

func (s *space) positions(at []stream.Position) ([]stream.Position, error) {
	renamed := make([]stream.Position, len(at))
	for i, p := range at {
		topic, err := s.of(p.Topic)
		if err != nil {
			return nil, err
		}
		renamed[i] = stream.Position{Topic: topic, Partition: p.Partition, Offset: p.Offset}
	}
	return renamed, nil
}

// Partitions implements stream.Log.
func (s *space) Partitions(ctx context.Context, name string) (int32, error) {
	topic, err := s.of(name)
	if err != nil {
		return 0, err
	}
	return s.Broker.Partitions(ctx, topic)
}

// Leaders implements stream.Log.
func (s *space) Leaders(ctx context.Context, at []stream.Position) ([]int32, error) {
	renamed, err := s.positions(at)
	if err != nil {
		return nil, err
	}
	return s.Broker.Leaders(ctx, renamed)
}

// Bounds implements stream.Log.
func (s *space) Bounds(ctx context.Context, at []stream.Position) ([]stream.Bounds, error) {
	renamed, err := s.positions(at)
	if err != nil {
		return nil, err
	}
	return s.Broker.Bounds(ctx, renamed)
}

// Fetch implements stream.Log. The request's own names are back when it returns.
func (s *space) Fetch(ctx context.Context, req *stream.FetchRequest) error {
	defer func() {
		for i := range req.From {
			s.back(&req.From[i].Topic)
		}
		for i := range req.Results {
			s.back(&req.Results[i].Topic)
		}
	}()
	for i := range req.From {
		topic, err := s.of(req.From[i].Topic)
		if err != nil {
			return err
		}
		req.From[i].Topic = topic
	}
	return s.Broker.Fetch(ctx, req)
}

// back turns a topic's own name into the services'.
func (s *space) back(topic *string) {
	if name, ok := s.names[*topic]; ok {
		*topic = name
	}
}

// Produce implements stream.Log. The request's own names are back when it returns.
func (s *space) Produce(ctx context.Context, req *stream.ProduceRequest) error {
	defer func() {
		for i := range req.Batches {
			s.back(&req.Batches[i].Topic)
		}
	}()
	for i := range req.Batches {
		topic, err := s.of(req.Batches[i].Topic)
		if err != nil {
			return err
		}
		s.written[req.Batches[i].Topic].Add(int64(len(req.Batches[i].Data)))
		req.Batches[i].Topic = topic
	}
	return s.Broker.Produce(ctx, req)
}

// writtenBytes is what was written to each topic so far.
func (s *space) writtenBytes() map[string]int64 {
	out := make(map[string]int64, len(s.written))
	for name, n := range s.written {
		if n := n.Load(); n > 0 {
			out[name] = n
		}
	}
	return out
}

// Join implements stream.Broker.
func (s *space) Join(cfg stream.GroupConfig) (stream.Member, error) {
	topics := make([]string, len(cfg.Topics))
	for i, name := range cfg.Topics {
		topic, err := s.of(name)
		if err != nil {
			return nil, err
		}
		topics[i] = topic
	}
	cfg.Topics = topics
	m, err := s.Broker.Join(cfg)
	if err != nil {
		return nil, err
	}
	return spaceMember{m, s}, nil
}

type spaceMember struct {
	stream.Member
	space *space
}

// Next implements stream.Member.
func (m spaceMember) Next(ctx context.Context) (stream.Generation, error) {
	g, err := m.Member.Next(ctx)
	if err != nil {
		return nil, err
	}
	assigned := g.Assigned()
	named := make([]stream.Position, len(assigned))
	for i, p := range assigned {
		named[i] = stream.Position{Topic: m.space.names[p.Topic], Partition: p.Partition, Offset: p.Offset}
	}
	return spaceGeneration{g, m.space, named}, nil
}

type spaceGeneration struct {
	stream.Generation
	space    *space
	assigned []stream.Position
}

// Assigned implements stream.Generation.
func (g spaceGeneration) Assigned() []stream.Position { return g.assigned }

// Commit implements stream.Generation.
func (g spaceGeneration) Commit(ctx context.Context, next []stream.Position) error {
	renamed, err := g.space.positions(next)
	if err != nil {
		return err
	}
	return g.Generation.Commit(ctx, renamed)
}
