package stream

import (
	"context"
	"errors"
)

// Errors of a Producer and of EnsureTopics.
var (
	// ErrQueueFull is what a Producer answers when it holds as much unacknowledged data as it may.
	ErrQueueFull = errors.New("producer queue is full")
	// ErrClosed is returned by a Producer that was stopped.
	ErrClosed = errors.New("producer is stopped")
	// ErrTopicMismatch is wrapped by EnsureTopics when an existing topic does not fit.
	ErrTopicMismatch = errors.New("topic does not fit")
)

// Message is one record for a Producer.
type Message struct {
	Topic   string
	Key     []byte
	Value   []byte
	Headers []Header
}

// Ack tells where a message was written.
type Ack struct {
	Partition int32
	Offset    int64
}

// Publisher writes records for callers that wait: *Producer implements it, and so can tests.
type Publisher interface {
	// Produce writes all messages and returns nil when all in-sync replicas have them all. Messages of one call that
	// share a partition are written in order, and behind those of calls that returned before. Key, Value and Headers
	// are copied before Produce returns, whatever it returns. ErrQueueFull means that nothing was or will be
	// written; after any other error some may have been: send again, for the identity of a fact makes that harmless.
	Produce(ctx context.Context, messages ...Message) error
	// ProduceOne is Produce for one message, and tells where it was written.
	ProduceOne(ctx context.Context, m Message) (Ack, error)
}
