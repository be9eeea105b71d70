package kafka

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// housekeeper deletes what has passed its time, or what space needs, and all groups have read.
type housekeeper struct {
	b  *Broker
	cl *kgo.Client
}

func newHousekeeper(b *Broker) (*housekeeper, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ClientID("sluice-embedded-housekeeper"), kgo.RequestRetries(1))
	if err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	return &housekeeper{b: b, cl: cl}, nil
}

func (h *housekeeper) close() { h.cl.Close() }

// partition is what a decision about one partition needs.
type partition struct {
	start, end int64
	floor      int64 // the slowest group's offset; -1: no group reads the topic
	expired    int64 // the first offset that has not passed its time; start: none has
}

// trim decides what becomes the first offset of a partition. tight: space is needed, and then half of what all groups
// have read goes, whatever its age; the next look takes the next half.
func (p partition) trim(tight bool) int64 {
	to := p.expired
	if tight && p.floor >= 0 {
		to = max(to, p.start+(p.floor-p.start+1)/2)
	}
	if p.floor >= 0 {
		to = min(to, p.floor)
	}
	return min(max(to, p.start), p.end)
}

// Marks of the disk budget, in tenths: above high, space is made; below low, a full broker takes in again.
const (
	highTenths = 8
	lowTenths  = 9
)

// sweep looks once.
func (h *housekeeper) sweep(ctx context.Context, now time.Time) error {
	used, err := folderSize(h.b.cfg.Dir)
	if err != nil {
		return err
	}
	h.judge(used)
	topics, err := h.topics(ctx)
	if err != nil {
		return err
	}
	floors, err := h.floors(ctx)
	if err != nil {
		return err
	}
	tight := used > h.b.cfg.DiskBudget/10*highTenths
	for _, topic := range topics {
		if err := h.sweepTopic(ctx, topic, floors[topic], tight, now); err != nil {
			return fmt.Errorf("%s: %w", topic, err)
		}
	}
	if tight {
		if used, err = folderSize(h.b.cfg.Dir); err != nil {
			return err
		}
		h.judge(used)
	}
	return nil
}

func (h *housekeeper) judge(used int64) {
	h.b.used.Store(used)
	budget := h.b.cfg.DiskBudget
	switch {
	case used >= budget && !h.b.full.Swap(true):
		h.b.cfg.Logger.Error().Int64("used", used).Int64("budget", budget).Msg("embedded broker: the disk budget is used up by records that are not read yet: nothing more is taken in")
		h.b.closeIntake()
	case used < budget/10*lowTenths && h.b.full.Swap(false):
		h.b.cfg.Logger.Info().Int64("used", used).Int64("budget", budget).Msg("embedded broker: there is space again")
	}
}

func (h *housekeeper) sweepTopic(ctx context.Context, topic string, floors map[int32]int64, tight bool, now time.Time) error {
	retention := h.retention(topic)
	infos := h.b.cluster.PartitionInfos(topic)
	if len(infos) == 0 {
		return nil
	}
	expired := make(map[int32]int64)
	if retention >= 0 {
		var err error
		if expired, err = h.offsetsAt(ctx, topic, int32(len(infos)), now.Add(-retention)); err != nil {
			return err
		}
	}
	for _, info := range infos {
		p := partition{start: info.LogStartOffset, end: info.HighWatermark, floor: -1, expired: info.LogStartOffset}
		if floors != nil {
			// A group that reads the topic and has no offset here yet has read nothing here.
			p.floor = p.start
			if f, ok := floors[info.Partition]; ok {
				p.floor = f
			}
		}
		if at, ok := expired[info.Partition]; ok {
			p.expired = at
			if at < 0 { // every record is older
				p.expired = p.end
			}
		}
		if to := p.trim(tight); to > p.start {
			if err := h.b.cluster.DeleteRecords(topic, info.Partition, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// retention returns how long a topic keeps its records; negative: for ever.
func (h *housekeeper) retention(topic string) time.Duration {
	info := h.b.cluster.TopicInfo(topic)
	if info == nil || info.Configs["retention.ms"] == nil {
		return -1
	}
	ms, err := strconv.ParseInt(*info.Configs["retention.ms"], 10, 64)
	if err != nil || ms < 0 {
		return -1
	}
	return time.Duration(ms) * time.Millisecond
}

func (h *housekeeper) topics(ctx context.Context) ([]string, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = nil // all
	res, err := req.RequestWith(ctx, h.cl)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range res.Topics {
		if t.Topic != nil && t.ErrorCode == 0 && !t.IsInternal {
			names = append(names, *t.Topic)
		}
	}
	return names, nil
}

// floors returns, for each topic that some group reads, the offset of the slowest group in each partition where every
// one of those groups has one; a partition that some of them has no offset in is left out.
func (h *housekeeper) floors(ctx context.Context) (map[string]map[int32]int64, error) {
	res, err := kmsg.NewPtrListGroupsRequest().RequestWith(ctx, h.cl)
	if err == nil {
		err = kerr.ErrorForCode(res.ErrorCode)
	}
	if err != nil {
		return nil, err
	}
	floors := make(map[string]map[int32]int64)
	seen := make(map[string]map[int32]int)
	readers := make(map[string]int)
	for _, g := range res.Groups {
		info := h.b.cluster.GroupInfo(g.Group)
		if info == nil {
			continue
		}
		reads := make(map[string]bool)
		for topic := range info.Commits {
			reads[topic] = true
		}
		for _, m := range info.Members {
			for _, topic := range m.SubscribedTopics {
				reads[topic] = true
			}
			for topic := range m.Assignment { // not every client's subscription can be read, the services' cannot
				reads[topic] = true
			}
		}
		for topic := range reads {
			readers[topic]++
			if floors[topic] == nil {
				floors[topic], seen[topic] = make(map[int32]int64), make(map[int32]int)
			}
			for p, c := range info.Commits[topic] {
				if f, ok := floors[topic][p]; !ok || c.Offset < f {
					floors[topic][p] = c.Offset
				}
				seen[topic][p]++
			}
		}
	}
	for topic, byPartition := range seen {
		for p, n := range byPartition {
			if n < readers[topic] {
				delete(floors[topic], p)
			}
		}
	}
	return floors, nil
}

// offsetsAt returns the first offset of each partition whose record is at least as young as at; -1 where there is none.
func (h *housekeeper) offsetsAt(ctx context.Context, topic string, partitions int32, at time.Time) (map[int32]int64, error) {
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	for i := range partitions {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = i, at.UnixMilli()
		t.Partitions = append(t.Partitions, p)
	}
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	req.Topics = append(req.Topics, t)
	res, err := req.RequestWith(ctx, h.cl)
	if err != nil {
		return nil, err
	}
	offsets := make(map[int32]int64)
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, err
			}
			offsets[p.Partition] = p.Offset
		}
	}
	return offsets, nil
}

// folderSize adds up the files of a folder; ones that go meanwhile count nothing.
func folderSize(dir string) (int64, error) {
	var n int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		if d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n, err
}
