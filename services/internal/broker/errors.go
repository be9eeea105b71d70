package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"sluice/services/internal/stream"
)

// translate wraps an error in the sentinel of package stream that it amounts to; what is unknown is ErrUnavailable, to
// be tried again. Errors of a context stay what they are.
func translate(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	sentinel := stream.ErrUnavailable
	var code kafka.Error
	if errors.As(err, &code) {
		sentinel = sentinelOf(code)
	} else if errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition) {
		sentinel = stream.ErrUnknownTopic
	} else if errors.Is(err, protocol.ErrNoLeader) {
		sentinel = stream.ErrNotLeader
	}
	return fmt.Errorf("%w: %w", sentinel, err)
}

func sentinelOf(code kafka.Error) error {
	switch code {
	case kafka.OffsetOutOfRange:
		return stream.ErrOffsetOutOfRange
	case kafka.UnknownTopicOrPartition, kafka.InvalidTopic, kafka.UnknownTopicID, kafka.InconsistentTopicID:
		return stream.ErrUnknownTopic
	case kafka.LeaderNotAvailable, kafka.NotLeaderForPartition, kafka.ReplicaNotAvailable, kafka.FencedLeaderEpoch, kafka.UnknownLeaderEpoch:
		return stream.ErrNotLeader
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		return stream.ErrTooLarge
	case kafka.InvalidRecord, kafka.InvalidTimestamp, kafka.UnsupportedForMessageFormat, kafka.UnsupportedCompressionType:
		return stream.ErrInvalidBatch
	case kafka.OutOfOrderSequenceNumber:
		return stream.ErrOutOfSequence
	case kafka.DuplicateSequenceNumber:
		return stream.ErrDuplicate
	case kafka.InvalidProducerEpoch, kafka.UnknownProducerId, kafka.ProducerFenced, kafka.InvalidProducerIDMapping:
		return stream.ErrUnknownProducer
	case kafka.IllegalGeneration, kafka.UnknownMemberId, kafka.RebalanceInProgress, kafka.FencedInstanceID:
		return stream.ErrStaleGeneration
	case kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed, kafka.SASLAuthenticationFailed:
		return stream.ErrUnauthorized
	default:
		return stream.ErrUnavailable
	}
}

// brokenPipe says whether a pooled connection turned out to be dead, as all are after a broker's restart.
func brokenPipe(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &op) && op.Op != "dial"
}

// retryOnce does a call that may be repeated a second time when the first met a dead connection.
func retryOnce[T any](ctx context.Context, call func() (T, error)) (T, error) {
	res, err := call()
	if err != nil && ctx.Err() == nil && brokenPipe(err) {
		res, err = call()
	}
	return res, err
}
