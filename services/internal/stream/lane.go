package stream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// lane fetches and handles some partitions of a generation, one batch at a time.
type lane struct {
	loop    *Loop
	id      int
	parts   []*lanePart
	commits *committer
	handler Handler
	stop    context.Context // ends: begin nothing new
	drain   context.Context // ends: give up what is under way
	*laneTools

	topics   []topicGroup
	linger   linger
	handling atomic.Bool // not fetching
	rotate   int         // which partition stands first in the next fetch
	troubled bool        // State says that this lane is retrying
}

// laneTools are a lane's buffers and its producer session. They outlive generations.
type laneTools struct {
	out     *Out
	writer  *writer
	decoder *decoder
	fetch   *FetchRequest
	arena   arena
}

// lanePart is a partition with the offset to fetch next.
type lanePart struct {
	Position
	track   *partTracker
	damaged int // how often the batch at Offset did not fit its checksum
}

// topicGroup is what was fetched of a topic and is not handled yet.
type topicGroup struct {
	topic   string
	records []Record
	damaged []Record
	moved   bool // offsets went on, with or without records
	since   time.Time
}

func (l *Loop) newLane(stop, drain context.Context, id int, parts []*lanePart, c *committer) *lane {
	ln := &lane{loop: l, id: id, parts: parts, commits: c, handler: l.handler, stop: stop, drain: drain, linger: linger{span: l.cfg.Fetch.Linger}}
	if h, ok := l.handler.(LaneHandler); ok {
		ln.handler = h.ForLane()
	}
	if n := len(l.tools); n > 0 {
		ln.laneTools, l.tools = l.tools[n-1], l.tools[:n-1]
	} else {
		ln.laneTools = &laneTools{
			out:     NewOut(OutConfig{Stage: l.cfg.Stage, Now: l.cfg.Now, BatchBytes: l.cfg.BatchBytes}),
			writer:  newWriter(l.broker, l.cfg.Retry),
			decoder: newDecoder(l.cfg.Fetch.ExpandedBytes),
			fetch:   &FetchRequest{},
		}
	}
	ln.decoder.budget = l.cfg.Fetch.MaxBytes
	if l.cfg.Gather.Records > 0 {
		ln.decoder.budget = l.cfg.Gather.Bytes
	}
	ln.out.cfg.Partitions = func(topic string) (int32, error) { return l.broker.Partitions(drain, topic) }
	for _, p := range parts {
		p.track.lane.Store(int64(id))
		p.track.handling.Store(&ln.handling)
		ln.group(p.Topic)
	}
	return ln
}

func (ln *lane) group(topic string) *topicGroup {
	for i := range ln.topics {
		if ln.topics[i].topic == topic {
			return &ln.topics[i]
		}
	}
	ln.topics = append(ln.topics, topicGroup{topic: topic})
	return &ln.topics[len(ln.topics)-1]
}

// run works until stop ends.
func (ln *lane) run() {
	for attempt := 0; ln.stop.Err() == nil; {
		ln.linger.wait(ln.stop)
		err := ln.poll()
		if ln.stop.Err() != nil || errors.Is(err, errEnds) {
			break
		}
		if err != nil {
			attempt++
			ln.trouble(err)
			if attempt == 1 || attempt%20 == 0 {
				ln.loop.cfg.Logger.Warn().Err(err).Str("group", ln.loop.cfg.Group).Msg("fetching failed, trying again")
			}
			if ln.loop.cfg.Retry.wait(ln.stop, attempt) != nil {
				break
			}
			continue
		}
		attempt = 0
		if !ln.work() {
			break
		}
	}
}

// work is flush, told to who watches over the lane.
func (ln *lane) work() (goOn bool) {
	ln.handling.Store(true)
	defer ln.handling.Store(false)
	return ln.flush()
}

// errEnds says that the lane may not go on.
var errEnds = errors.New("the lane ends")

// poll fetches once and sorts what came into the topic groups. Compressed batches may hold many times what was fetched: when
// those that are expanded have the size that a batch may have, they are worked off before the next.
func (ln *lane) poll() error {
	req := ln.fetch
	f := &ln.loop.cfg.Fetch
	req.From = req.From[:0]
	for i := range ln.parts {
		req.From = append(req.From, ln.parts[(i+ln.rotate)%len(ln.parts)].Position)
	}
	ln.rotate = (ln.rotate + 1) % len(ln.parts)
	req.MinBytes, req.MaxBytes, req.PartitionMaxBytes, req.MaxWait = 1, int32(f.MaxBytes), int32(f.PartitionBytes), ln.patience()
	if err := ln.loop.broker.Fetch(ln.stop, req); err != nil {
		return err
	}
	ln.linger.fetched(req)
	var trouble error
	for i := range req.Results {
		res := &req.Results[i]
		p := ln.part(res.Topic, res.Partition)
		if p == nil {
			continue
		}
		for more := true; more; {
			var err error
			if more, err = ln.take(p, res); err != nil {
				trouble = err
			}
			if more && !ln.work() {
				return errEnds
			}
		}
	}
	if trouble == nil {
		ln.recovered()
	}
	for i := range ln.topics {
		if len(ln.topics[i].records) > 0 {
			return nil // the trouble of one partition must not hold up the others; the next fetch meets it again
		}
	}
	return trouble
}

// patience is how long a fetch may wait for something.
func (ln *lane) patience() time.Duration {
	wait := ln.loop.cfg.Fetch.MaxWait
	if ln.loop.cfg.Gather.Records == 0 {
		return wait
	}
	now := time.Now()
	for i := range ln.topics {
		if g := &ln.topics[i]; g.pending() {
			wait = min(wait, max(time.Millisecond, ln.loop.cfg.Gather.Wait-now.Sub(g.since)))
		}
	}
	return wait
}

func (g *topicGroup) pending() bool { return len(g.records) > 0 || len(g.damaged) > 0 || g.moved }

func (ln *lane) part(topic string, partition int32) *lanePart {
	for _, p := range ln.parts {
		if p.Partition == partition && p.Topic == topic {
			return p
		}
	}
	return nil
}

// take decodes what was fetched of one partition; with more, not all of it yet.
func (ln *lane) take(p *lanePart, res *FetchResult) (more bool, err error) {
	if errors.Is(res.Err, ErrOffsetOutOfRange) {
		return false, ln.outOfRange(p)
	}
	if res.Err != nil {
		return false, fmt.Errorf("%s/%d at offset %d: %w", p.Topic, p.Partition, p.Offset, res.Err)
	}
	if res.End >= 0 {
		p.track.end.Store(res.End)
	}
	if len(res.Data) == 0 {
		return false, nil
	}
	if ln.loop.cfg.Gather.Records > 0 {
		res.Data = ln.arena.copy(res.Data)
	}
	const tries = 3 // of a batch with a wrong checksum, before it is given up
	g := ln.group(p.Topic)
	before := len(g.records)
	records, got := ln.decoder.decode(g.records, res, p.Offset, p.damaged >= tries)
	g.records = records
	g.damaged = append(g.damaged, got.damaged...)
	for _, loss := range got.losses {
		ln.lost(loss)
	}
	if got.next != p.Offset {
		if !g.pending() || !g.moved && before == 0 {
			g.since = time.Now()
		}
		g.moved = true
		p.Offset, p.damaged = got.next, 0
	}
	if got.retry != nil {
		p.damaged++
		return false, fmt.Errorf("%s/%d at offset %d: %w", p.Topic, p.Partition, p.Offset, got.retry)
	}
	return got.more, nil
}

// outOfRange goes on where the log begins, or back to it, and says what is gone.
func (ln *lane) outOfRange(p *lanePart) error {
	bounds, err := ln.loop.broker.Bounds(ln.stop, []Position{p.Position})
	if err != nil {
		return err
	}
	b := bounds[0]
	switch {
	case p.Offset < b.Start:
		ln.lost(Loss{Topic: p.Topic, Partition: p.Partition, From: p.Offset, To: b.Start, Cause: LossTruncated})
	case p.Offset > b.End:
		// The log was cut or replaced: how much of it this group never saw cannot be known, so all that is there is
		// read again.
		ln.lost(Loss{Topic: p.Topic, Partition: p.Partition, From: b.End, To: p.Offset, Cause: LossRewound})
	default:
		return fmt.Errorf("%s/%d at offset %d: %w, though the log has %d to %d", p.Topic, p.Partition, p.Offset, ErrOffsetOutOfRange, b.Start, b.End)
	}
	g := ln.group(p.Topic)
	if !g.pending() {
		g.since = time.Now()
	}
	g.moved = true
	p.Offset = b.Start
	p.track.end.Store(b.End)
	return nil
}

func (ln *lane) lost(loss Loss) {
	l := ln.loop
	loss.Group = l.cfg.Group
	if loss.Cause != LossRewound {
		l.state.lost.Add(uint64(loss.To - loss.From))
	}
	l.cfg.Logger.Error().Str("group", loss.Group).Str("topic", loss.Topic).Int32("partition", loss.Partition).
		Int64("from", loss.From).Int64("to", loss.To).Str("cause", string(loss.Cause)).Msg("records are gone that this group has not seen")
	if l.cfg.Hooks.Loss != nil {
		l.cfg.Hooks.Loss(loss)
	}
}

// flush handles the groups that are due, and says whether the lane may go on.
func (ln *lane) flush() bool {
	gather := &ln.loop.cfg.Gather
	full := ln.arena.size()+ln.decoder.size >= gather.Bytes
	now := time.Now()
	idle := true
	for i := range ln.topics {
		g := &ln.topics[i]
		if !g.pending() {
			continue
		}
		if gather.Records > 0 && len(g.records) < gather.Records && !full && now.Sub(g.since) < gather.Wait {
			idle = false
			continue
		}
		if !ln.handle(g) {
			return false
		}
	}
	if idle {
		ln.decoder.release()
		ln.arena.reset()
	}
	return true
}

// handle works a group off and marks its partitions.
func (ln *lane) handle(g *topicGroup) bool {
	if len(g.damaged) > 0 && !ln.bury(g) {
		return false
	}
	if len(g.records) > 0 && !ln.process(&Batch{Topic: g.topic, Records: g.records}) {
		return false
	}
	for _, p := range ln.parts {
		if p.Topic == g.topic {
			ln.mark(p, p.Offset)
		}
	}
	clear(g.records) // so that nothing keeps the buffers alive
	g.records, g.damaged, g.moved = g.records[:0], g.damaged[:0], false
	return true
}

func (ln *lane) mark(p *lanePart, next int64) {
	if p.track.next.Swap(next) != next {
		ln.commits.mark(partitionKey{p.Topic, p.Partition}, next)
	}
}

func (ln *lane) trouble(err error) {
	ln.troubled = true
	ln.loop.state.retry(ln.id, ln.loop.cfg.Now(), err)
}

func (ln *lane) recovered() {
	if ln.troubled {
		ln.troubled = false
		ln.loop.state.recovered(ln.id)
	}
}
