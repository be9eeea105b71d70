package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"sluice/schemas"
	"sluice/services/internal/stream"
)

const (
	wantReplicas = 3
	wantInSync   = 2
	// batchOverhead is what a topic's max.message.bytes has on top of its largest value: key, headers, framing.
	batchOverhead = 128 << 10
	leaderPoll    = 50 * time.Millisecond
)

// EnsureTopics implements stream.Admin.
func (c *Client) EnsureTopics(ctx context.Context, topics []schemas.Topic, opt stream.EnsureOptions) (stream.EnsureReport, error) {
	var report stream.EnsureReport
	meta, err := retryOnce(ctx, func() (*kafka.MetadataResponse, error) {
		return c.admin.Metadata(ctx, &kafka.MetadataRequest{})
	})
	if err != nil {
		return report, translate(err)
	}
	existing := make(map[string]int)
	for _, t := range meta.Topics {
		if t.Error == nil {
			existing[t.Name] = len(t.Partitions)
		}
	}
	plan, err := stream.PlanTopics(topics, existing, opt)
	if err != nil {
		return report, err
	}
	report.Partitions, report.Existing = plan.Partitions, plan.Existing
	if len(plan.Create) > 0 {
		if len(meta.Brokers) < wantReplicas && !opt.AllowUnsafe {
			return report, fmt.Errorf("%w: the cluster has %d brokers, want %d so that every record has %d replicas: add brokers, or set kafka.allow_unsafe (SLUICE_KAFKA_ALLOW_UNSAFE) where a loss is acceptable",
				stream.ErrTopicMismatch, len(meta.Brokers), wantReplicas, wantReplicas)
		}
		if err := c.create(ctx, plan.Create, min(wantReplicas, len(meta.Brokers)), &report); err != nil {
			return report, err
		}
	}
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Name
	}
	infos, err := c.awaitLeaders(ctx, names)
	if err != nil {
		return report, err
	}
	// Another process may have created some of them in the meantime.
	for _, t := range infos {
		existing[t.Name] = t.Partitions
	}
	if _, err := stream.PlanTopics(topics, existing, opt); err != nil {
		return report, err
	}
	return report, c.check(ctx, topics, infos, opt, &report)
}

// create makes topics; one that exists by now is fine.
func (c *Client) create(ctx context.Context, topics []schemas.Topic, replicas int, report *stream.EnsureReport) error {
	inSync := 1
	if replicas >= wantReplicas {
		inSync = wantInSync
	}
	req := &kafka.CreateTopicsRequest{}
	for _, t := range topics {
		retention := int64(-1)
		if t.Retention != schemas.Forever {
			retention = t.Retention.Milliseconds()
		}
		req.Topics = append(req.Topics, kafka.TopicConfig{
			Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: replicas,
			ConfigEntries: []kafka.ConfigEntry{
				{ConfigName: "cleanup.policy", ConfigValue: "delete"},
				{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(retention, 10)},
				{ConfigName: "retention.bytes", ConfigValue: "-1"},
				{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(t.MaxValueBytes + batchOverhead)},
				{ConfigName: "min.insync.replicas", ConfigValue: strconv.Itoa(inSync)},
				{ConfigName: "unclean.leader.election.enable", ConfigValue: "false"},
			},
		})
	}
	res, err := c.admin.CreateTopics(ctx, req)
	if err != nil {
		return translate(err)
	}
	for _, t := range topics {
		switch err := res.Errors[t.Name]; {
		case err == nil:
			report.Created = append(report.Created, t.Name)
		case errors.Is(err, kafka.TopicAlreadyExists):
			report.Existing = append(report.Existing, t.Name)
		default:
			return fmt.Errorf("create topic %s: %w", t.Name, translate(err))
		}
	}
	return nil
}

// awaitLeaders waits until the transport knows a leader for every partition: only then can records be routed.
func (c *Client) awaitLeaders(ctx context.Context, names []string) ([]stream.TopicInfo, error) {
	for {
		infos, err := c.Topics(ctx, names...)
		ready := err == nil && len(infos) == len(names)
		missing := ""
		for _, t := range infos {
			if t.Leaderless > 0 {
				ready, missing = false, t.Name
			}
		}
		if ready {
			return infos, nil
		}
		wait := time.NewTimer(leaderPoll)
		select {
		case <-ctx.Done():
			wait.Stop()
			if err == nil {
				err = fmt.Errorf("%d of %d topics are there, and %q has partitions without a leader", len(infos), len(names), missing)
			}
			return nil, fmt.Errorf("waiting for the leaders of the topics: %w: %w", context.Cause(ctx), err)
		case <-wait.C:
		}
	}
}

// check compares the settings of topics with what the pipeline needs.
func (c *Client) check(ctx context.Context, topics []schemas.Topic, infos []stream.TopicInfo, opt stream.EnsureOptions, report *stream.EnsureReport) error {
	settings, err := c.settings(ctx, topics)
	if err != nil {
		return fmt.Errorf("settings of the topics: %w", err)
	}
	var wrong []string
	complain := func(unsafe bool, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if unsafe && opt.AllowUnsafe {
			report.Warnings = append(report.Warnings, text)
			return
		}
		wrong = append(wrong, text)
	}
	replication := make(map[string]int)
	for _, t := range infos {
		replication[t.Name] = t.Replication
	}
	for _, t := range topics {
		s := settings[t.Name]
		if n := replication[t.Name]; n < wantReplicas {
			complain(true, "%s has %d replicas, want %d", t.Name, n, wantReplicas)
		}
		if v, ok := s["min.insync.replicas"]; ok {
			if n, err := strconv.Atoi(v); err != nil || n < wantInSync {
				complain(true, "%s has min.insync.replicas %s, want %d", t.Name, v, wantInSync)
			}
		}
		if v := s["unclean.leader.election.enable"]; v == "true" {
			complain(true, "%s has unclean.leader.election.enable true, want false", t.Name)
		}
		if v, ok := s["max.message.bytes"]; ok {
			if n, err := strconv.Atoi(v); err != nil || n < t.MaxValueBytes+batchOverhead {
				complain(false, "%s has max.message.bytes %s, want at least %d", t.Name, v, t.MaxValueBytes+batchOverhead)
			}
		}
		if v := s["cleanup.policy"]; strings.Contains(v, "compact") {
			complain(false, "%s has cleanup.policy %s, want delete", t.Name, v)
		}
		if v := s["message.timestamp.type"]; v != "" && v != "CreateTime" {
			report.Warnings = append(report.Warnings, fmt.Sprintf("%s has message.timestamp.type %s: record times are the broker's", t.Name, v))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%w: %s", stream.ErrTopicMismatch, strings.Join(wrong, "; "))
	}
	return nil
}

// settings returns the configuration of topics by name; a broker that hides it gives none.
func (c *Client) settings(ctx context.Context, topics []schemas.Topic) (map[string]map[string]string, error) {
	req := &kafka.DescribeConfigsRequest{}
	for _, t := range topics {
		req.Resources = append(req.Resources, kafka.DescribeConfigRequestResource{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: t.Name,
			ConfigNames: []string{"min.insync.replicas", "unclean.leader.election.enable", "max.message.bytes", "cleanup.policy", "message.timestamp.type"},
		})
	}
	res, err := retryOnce(ctx, func() (*kafka.DescribeConfigsResponse, error) { return c.admin.DescribeConfigs(ctx, req) })
	if err != nil {
		return nil, translate(err)
	}
	settings := make(map[string]map[string]string)
	for _, r := range res.Resources {
		if r.Error != nil {
			if errors.Is(r.Error, kafka.TopicAuthorizationFailed) {
				continue
			}
			return nil, fmt.Errorf("%s: %w", r.ResourceName, translate(r.Error))
		}
		settings[r.ResourceName] = make(map[string]string)
		for _, e := range r.ConfigEntries {
			settings[r.ResourceName][e.ConfigName] = e.ConfigValue
		}
	}
	return settings, nil
}

// Topics implements stream.Admin.
func (c *Client) Topics(ctx context.Context, names ...string) ([]stream.TopicInfo, error) {
	if len(names) == 0 {
		return nil, nil
	}
	topics, err := c.describe(ctx, names...)
	if err != nil {
		return nil, err
	}
	var infos []stream.TopicInfo
	for _, t := range topics {
		if t.Error != nil {
			if errors.Is(t.Error, kafka.UnknownTopicOrPartition) || errors.Is(t.Error, kafka.LeaderNotAvailable) {
				continue
			}
			return nil, fmt.Errorf("%s: %w", t.Name, translate(t.Error))
		}
		info := stream.TopicInfo{Name: t.Name, Partitions: len(t.Partitions)}
		for i, p := range t.Partitions {
			if !hasLeader(p) {
				info.Leaderless++
			}
			if i == 0 || len(p.Replicas) < info.Replication {
				info.Replication = len(p.Replicas)
			}
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// GroupOffsets implements stream.Admin.
func (c *Client) GroupOffsets(ctx context.Context, group, topic string) ([]stream.GroupOffset, error) {
	n, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	ids := make([]int, n)
	at := make([]stream.Position, n)
	for i := range ids {
		ids[i], at[i] = i, stream.Position{Topic: topic, Partition: int32(i)}
	}
	res, err := retryOnce(ctx, func() (*kafka.OffsetFetchResponse, error) {
		return c.admin.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: ids}})
	})
	if err == nil && !errors.Is(res.Error, kafka.GroupIdNotFound) { // nobody was ever in it
		err = res.Error
	}
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", group, translate(err))
	}
	bounds, err := c.Bounds(ctx, at)
	if err != nil {
		return nil, err
	}
	offsets := make([]stream.GroupOffset, n)
	for i := range offsets {
		offsets[i] = stream.GroupOffset{Partition: int32(i), Committed: stream.OffsetNone, Bounds: bounds[i]}
	}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("group %s, %s/%d: %w", group, topic, p.Partition, translate(p.Error))
		}
		if p.CommittedOffset >= 0 && p.Partition < len(offsets) {
			offsets[p.Partition].Committed = p.CommittedOffset
		}
	}
	return offsets, nil
}

// Cluster implements stream.Admin.
func (c *Client) Cluster(ctx context.Context) (stream.ClusterInfo, error) {
	started := time.Now()
	versions, err := retryOnce(ctx, func() (*kafka.ApiVersionsResponse, error) {
		return c.admin.ApiVersions(ctx, &kafka.ApiVersionsRequest{})
	})
	took := time.Since(started)
	if err == nil {
		err = versions.Error
	}
	if err != nil {
		return stream.ClusterInfo{}, translate(err)
	}
	meta, err := c.admin.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return stream.ClusterInfo{}, translate(err)
	}
	info := stream.ClusterInfo{ID: meta.ClusterID, RoundTrip: took, Versions: describeVersions(versions.ApiKeys), Controller: hostPort(meta.Controller)}
	for _, b := range meta.Brokers {
		info.Brokers = append(info.Brokers, hostPort(b))
	}
	slices.Sort(info.Brokers)
	return info, nil
}

func hostPort(b kafka.Broker) string { return net.JoinHostPort(b.Host, strconv.Itoa(b.Port)) }

// describeVersions says what the broker speaks of the two calls that matter, and whether that is enough.
func describeVersions(keys []kafka.ApiVersionsResponseApiKey) string {
	var text []string
	enough := true
	for _, want := range []struct {
		key     protocol.ApiKey
		version int
	}{{protocol.Produce, produceVersion}, {protocol.Fetch, fetchVersion}} {
		found := false
		for _, k := range keys {
			if k.ApiKey == int(want.key) {
				found = k.MinVersion <= want.version && want.version <= k.MaxVersion
				text = append(text, fmt.Sprintf("%s %d-%d", want.key, k.MinVersion, k.MaxVersion))
			}
		}
		enough = enough && found
	}
	if !enough {
		text = append(text, fmt.Sprintf("but Produce %d and Fetch %d are needed: Kafka 2.4 or newer", produceVersion, fetchVersion))
	}
	return strings.Join(text, ", ")
}

var (
	_ stream.Broker = (*Client)(nil)
	_ stream.Admin  = (*Client)(nil)
)
