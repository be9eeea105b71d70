package stream

import (
	"context"
	"errors"
)

var errPending = errors.New("not built yet")

type tracker struct{}

func (*tracker) snapshot() State { return State{} }

func (l *Loop) run(context.Context) error { return errPending }

func newTail(cfg TailConfig, log Log) (*Tail, error) { return &Tail{cfg: cfg, log: log}, nil }

func (t *Tail) run(context.Context, func(context.Context, *Batch) error) error { return errPending }

type producerState struct{}

func newProducer(cfg ProducerConfig, log Log) (*Producer, error) {
	return &Producer{cfg: cfg, log: log, producerState: &producerState{}}, nil
}
func (p *Producer) run(context.Context) error                        { return errPending }
func (p *Producer) produce(context.Context, []Message) (Ack, error) { return Ack{}, errPending }
func (p *Producer) stats() ProducerStats                             { return ProducerStats{} }
