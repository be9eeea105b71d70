package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sluice/schemas"
	"sluice/services/internal/broker"
	"sluice/services/internal/embedded/kafka"
	"sluice/services/internal/stream"
)

// server is the broker that is measured, and what belongs to this run on it.
type server struct {
	client   *broker.Client
	remover  *kgo.Client // package broker makes topics and never removes them
	embedded *kafka.Broker
	brokers  []string
	dir      string
	prefix   string // of the names of topics and groups
	made     int    // how many names were given
	groups   []string
}

// removal bounds how long the removal of topics and groups may take.
const removal = 30 * time.Second

// leaderPoll is the time between two looks at new topics.
const leaderPoll = 20 * time.Millisecond

// sessionPoll is the time between two tries to delete a group whose member is gone.
const sessionPoll = 500 * time.Millisecond

// startServer connects to brokers, or starts one of its own.
func startServer(ctx context.Context, brokers []string) (_ *server, err error) {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	s := &server{brokers: brokers, prefix: "sluice-bench." + hex.EncodeToString(random[:])}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "sluice-bench-"); err != nil {
		return nil, err
	}
	if len(brokers) == 0 {
		s.embedded, err = kafka.New(kafka.Config{Dir: filepath.Join(s.dir, "kafka"), Listen: "127.0.0.1:0", DiskBudget: 1 << 40})
		if err != nil {
			return nil, err
		}
		if err := s.embedded.Start(); err != nil {
			return nil, err
		}
		s.brokers = []string{s.embedded.Addr()}
	}
	// Leaders of new topics are known soon, so that little time passes between the measurements of a round.
	if s.client, err = broker.New(broker.Config{Brokers: s.brokers, ClientID: "sluice-bench", MetadataTTL: 250 * time.Millisecond}); err != nil {
		return nil, err
	}
	if s.remover, err = kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.ClientID("sluice-bench")); err != nil {
		return nil, fmt.Errorf("brokers: %w", err)
	}
	ask, cancel := context.WithTimeout(ctx, removal)
	defer cancel()
	if _, err := s.client.Cluster(ask); err != nil {
		return nil, fmt.Errorf("brokers %v: %w", s.brokers, err)
	}
	return s, nil
}

// close removes the groups, ends the embedded broker and removes its folder.
func (s *server) close() error {
	var errs []error
	if s.remover != nil {
		if len(s.groups) > 0 && s.embedded == nil {
			errs = append(errs, s.removeGroups())
		}
		s.remover.Close()
	}
	if s.client != nil {
		errs = append(errs, s.client.Close())
	}
	if s.embedded != nil {
		s.embedded.Close()
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// group gives a name to a new consumer group.
func (s *server) group(stage string) string {
	s.made++
	name := fmt.Sprintf("%s.%03d.%s", s.prefix, s.made, stage)
	s.groups = append(s.groups, name)
	return name
}

// topics makes a topic of the benchmark's own for each of the services' names.
func (s *server) topics(ctx context.Context, partitions int, names ...string) (map[string]string, error) {
	s.made++
	real := make(map[string]string, len(names))
	rows := make([]schemas.Topic, len(names))
	for i, name := range names {
		row, ok := schemas.Lookup(name)
		if !ok {
			row = schemas.Topic{Key: schemas.KeyTenantCustomer, MaxValueBytes: 4 << 20}
		}
		real[name] = fmt.Sprintf("%s.%03d.%s", s.prefix, s.made, name)
		row.Name, row.Partitions, row.Retention = real[name], partitions, 24*time.Hour // what could not be removed goes by itself
		rows[i] = row
	}
	_, err := s.client.EnsureTopics(ctx, rows, stream.EnsureOptions{AllowUnsafe: true})
	if err == nil {
		err = s.led(ctx, real, partitions)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("topics: %w", err), s.remove(real))
	}
	return real, nil
}

// led waits until the leaders themselves know that they lead: that is some moments after the metadata say so, and the
// bare loop does not try anything twice.
func (s *server) led(ctx context.Context, topics map[string]string, partitions int) error {
	var at []stream.Position
	for _, topic := range topics {
		at = append(at, positions(topic, partitions)...)
	}
	ctx, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	for {
		_, err := s.client.Bounds(ctx, at)
		if err == nil || !errors.Is(err, stream.ErrNotLeader) && !errors.Is(err, stream.ErrUnknownTopic) && !errors.Is(err, stream.ErrUnavailable) {
			return err
		}
		if pause(ctx, leaderPoll) != nil {
			return err
		}
	}
}

// remove deletes topics, whether or not the measurement's context still lives.
func (s *server) remove(topics map[string]string) error {
	if len(topics) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), removal)
	defer cancel()
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TimeoutMillis = int32(removal.Milliseconds())
	for _, name := range slices.Sorted(maps.Values(topics)) {
		t := kmsg.NewDeleteTopicsRequestTopic()
		t.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, t)
		req.TopicNames = append(req.TopicNames, name) // for brokers that speak an older version
	}
	res, err := req.RequestWith(ctx, s.remover)
	if err != nil {
		return fmt.Errorf("remove the topics %s…: %w", s.prefix, err)
	}
	var errs []error
	for _, t := range res.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil && !errors.Is(err, kerr.UnknownTopicOrPartition) && t.Topic != nil {
			errs = append(errs, fmt.Errorf("remove the topic %s: %w", *t.Topic, err))
		}
	}
	return errors.Join(errs...)
}

// removeGroups deletes the groups. One whose member ended without leaving is deleted when its session has run out.
func (s *server) removeGroups() error {
	ctx, cancel := context.WithTimeout(context.Background(), removal)
	defer cancel()
	left := s.groups
	for {
		req := kmsg.NewPtrDeleteGroupsRequest()
		req.Groups = left
		res, err := req.RequestWith(ctx, s.remover)
		if err != nil {
			return fmt.Errorf("remove the groups %s…: %w", s.prefix, err)
		}
		var errs []error
		left = nil
		for _, g := range res.Groups {
			switch err := kerr.ErrorForCode(g.ErrorCode); {
			case errors.Is(err, kerr.NonEmptyGroup):
				left = append(left, g.Group)
			case err != nil && !errors.Is(err, kerr.GroupIDNotFound):
				errs = append(errs, fmt.Errorf("remove the group %s: %w", g.Group, err))
			}
		}
		if len(left) == 0 || len(errs) > 0 {
			return errors.Join(errs...)
		}
		if pause(ctx, sessionPoll) != nil {
			return fmt.Errorf("remove the groups %v: they have members", left)
		}
	}
}

// about says which broker it is.
func (s *server) about() Broker {
	kind := "external"
	if s.embedded != nil {
		kind = "embedded"
	}
	return Broker{Kind: kind, Addresses: s.brokers}
}
