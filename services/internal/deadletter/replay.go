package deadletter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"sluice/pkg/event"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// Status is what became of a dead letter that was to be sent again.
type Status string

// The statuses.
const (
	Replayed        Status = "replayed"
	WouldReplay     Status = "would_replay"     // a dry run
	AlreadyReplayed Status = "already_replayed" // nothing was sent
	Refused         Status = "refused"          // it cannot be sent as it was; Error says why
)

// Result is one line of a replay.
type Result struct {
	DeadLetter string `json:"dead_letter"`
	Source     string `json:"source"` // topic/partition/offset of the original
	Stage      string `json:"stage"`
	Reason     string `json:"reason"`
	ID         string `json:"id,omitempty"`
	TransferID string `json:"transfer_id,omitempty"`
	Status     Status `json:"status"`
	To         string `json:"to,omitempty"` // topic/partition/offset of what it became
	Error      string `json:"error,omitempty"`
}

// Options are how to replay.
type Options struct {
	DryRun bool
	Again  bool // also what was sent again before
}

// Replay sends the matching dead letters again, one after the other, each acknowledged by all in-sync replicas before its
// note is written and the next is begun, so that those of one customer keep their order. report is called for each. An
// error is that of the broker, or of report; calling Replay again goes on where it ended.
func (b *Box) Replay(ctx context.Context, f Filter, o Options, report func(Result) error) error {
	return b.Each(ctx, f, func(l *Letter) error {
		r := Result{DeadLetter: l.Place.String(), Source: l.Source(), Stage: l.Stage, Reason: l.Reason, ID: l.Fact, TransferID: l.TransferID}
		switch why := l.Unsendable(); {
		case why != "":
			r.Status, r.Error = Refused, why
		case l.ReplayedTo != "" && !o.Again:
			r.Status, r.To = AlreadyReplayed, l.ReplayedTo
		case o.DryRun:
			r.Status, r.To = WouldReplay, l.Topic
		default:
			to, err := b.send(ctx, l)
			if err != nil {
				return fmt.Errorf("dead letter %s: %w", l.Place, err)
			}
			r.Status, r.To = Replayed, to
		}
		return report(r)
	})
}

// Source is topic/partition/offset of the record that was given up.
func (l *Letter) Source() string {
	return fmt.Sprintf("%s/%d/%d", l.Topic, l.Partition, l.Offset)
}

// replayable are the topics that a record may be sent to again: those that a hop reads.
var replayable = map[string]bool{
	schemas.Raw: true, schemas.Transfers: true, schemas.Rescreen: true, schemas.Screened: true, schemas.Verdicts: true, schemas.Flagged: true,
}

// Unsendable says why a dead letter cannot be sent again as it was, "" when it can.
func (l *Letter) Unsendable() string {
	sum := sha256.Sum256(l.Value)
	switch {
	case l.Damaged != nil:
		return "its own headers cannot be read: " + l.Damaged.Error()
	case !replayable[l.Topic]:
		return fmt.Sprintf("no hop reads the topic that it came from, %q", l.Topic)
	case l.Truncated:
		return fmt.Sprintf("only its first %d of %d bytes were kept: send the original again from where it came", len(l.Value), l.Length)
	case l.Reason == event.DeadUnreadable:
		return "it is no record but a whole batch of them that could not be read"
	case !strings.EqualFold(l.SHA256, hex.EncodeToString(sum[:])):
		return "its bytes do not fit their checksum"
	case len(l.Key) >= event.MaxDeadKey:
		return fmt.Sprintf("its key may have been cut: the first %d bytes were kept", event.MaxDeadKey)
	}
	return ""
}

// send writes the original, and behind it the note.
func (b *Box) send(ctx context.Context, l *Letter) (to string, err error) {
	m := stream.Message{Topic: l.Topic, Key: l.Key, Value: l.Value}
	for _, h := range l.Original {
		m.Headers = append(m.Headers, stream.Header(h))
	}
	ack, err := b.pub.ProduceOne(ctx, m)
	if err != nil {
		return "", fmt.Errorf("sending it to %s: %w", l.Topic, err)
	}
	to = fmt.Sprintf("%s/%d/%d", l.Topic, ack.Partition, ack.Offset)
	err = b.pub.Produce(ctx, stream.Message{Topic: schemas.DeadLetters, Key: l.RecordKey(), Headers: []stream.Header{
		{Name: event.HeaderReplayOf, Value: []byte(l.Place.String())},
		{Name: event.HeaderReplayTo, Value: []byte(to)},
		{Name: event.HeaderReplayAt, Value: b.now().UTC().AppendFormat(nil, time.RFC3339Nano)},
	}})
	if err != nil {
		return "", fmt.Errorf("it was sent to %s, and the note of that was not written: %w", to, err)
	}
	return to, nil
}
