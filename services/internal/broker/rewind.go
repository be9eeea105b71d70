package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"sluice/services/internal/stream"
)

// ErrGroupActive is wrapped by Rewind when members of the group are at work.
var ErrGroupActive = errors.New("the group has members at work")

// Rewound is a partition of a group that is, or would be, set back.
type Rewound struct {
	Partition int32
	From, To  int64 // the offset that the group would have read next, and the one it reads next now
}

// Rewind sets a group back in a topic, in each partition to the first record of at or later, so that it reads from there
// once more. It never goes forward: where the group has committed nothing, or stands before that record, nothing changes.
// It returns what changes; with dryRun it changes nothing. A group that has members is refused with ErrGroupActive, for
// they would go on where they are, and commit over it.
func (c *Client) Rewind(ctx context.Context, group, topic string, at time.Time, dryRun bool) ([]Rewound, error) {
	committed, err := c.GroupOffsets(ctx, group, topic)
	if err != nil {
		return nil, err
	}
	first, err := c.firstSince(ctx, topic, len(committed), at)
	if err != nil {
		return nil, err
	}
	var back []Rewound
	var commits []kafka.OffsetCommit
	for _, p := range committed {
		to, some := first[p.Partition]
		if !some || p.Committed < 0 || p.Committed <= to {
			continue
		}
		back = append(back, Rewound{Partition: p.Partition, From: p.Committed, To: to})
		commits = append(commits, kafka.OffsetCommit{Partition: int(p.Partition), Offset: to})
	}
	if err := c.idle(ctx, group); err != nil || dryRun || len(commits) == 0 {
		return back, err
	}
	const nobody = -1 // the generation of a commit that comes from no member
	res, err := c.admin.OffsetCommit(ctx, &kafka.OffsetCommitRequest{GroupID: group, GenerationID: nobody, Topics: map[string][]kafka.OffsetCommit{topic: commits}})
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", group, translate(err))
	}
	for _, p := range res.Topics[topic] {
		switch err := translate(p.Error); {
		case errors.Is(err, stream.ErrStaleGeneration):
			return nil, fmt.Errorf("group %s: %w", group, ErrGroupActive)
		case err != nil:
			return nil, fmt.Errorf("group %s, %s/%d: %w", group, topic, p.Partition, err)
		}
	}
	return back, nil
}

// idle refuses a group that has members.
func (c *Client) idle(ctx context.Context, group string) error {
	res, err := retryOnce(ctx, func() (*kafka.DescribeGroupsResponse, error) {
		return c.admin.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
	})
	if err != nil {
		return fmt.Errorf("group %s: %w", group, translate(err))
	}
	for _, g := range res.Groups {
		switch {
		case errors.Is(g.Error, kafka.GroupIdNotFound):
		case g.Error != nil:
			return fmt.Errorf("group %s: %w", group, translate(g.Error))
		case len(g.Members) > 0:
			return fmt.Errorf("group %s: %w: %d of them", group, ErrGroupActive, len(g.Members))
		}
	}
	return nil
}

// firstSince returns the offset of the first record of a moment or later, by partition; a partition without one is left
// out.
func (c *Client) firstSince(ctx context.Context, topic string, partitions int, at time.Time) (map[int32]int64, error) {
	ask := make([]kafka.OffsetRequest, partitions)
	for i := range ask {
		ask[i] = kafka.TimeOffsetOf(i, at)
	}
	res, err := retryOnce(ctx, func() (*kafka.ListOffsetsResponse, error) {
		return c.admin.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: ask}, IsolationLevel: kafka.ReadCommitted})
	})
	if err != nil {
		return nil, fmt.Errorf("%s since %s: %w", topic, at.UTC().Format(time.RFC3339), translate(err))
	}
	first := make(map[int32]int64)
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("%s/%d since %s: %w", topic, p.Partition, at.UTC().Format(time.RFC3339), translate(p.Error))
		}
		for offset := range p.Offsets {
			if offset >= 0 {
				first[int32(p.Partition)] = offset
			}
		}
	}
	return first, nil
}
