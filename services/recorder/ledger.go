package recorder

import (
	"context"
	"crypto/sha256"
	"reflect"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/judge"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// Ledger is a block of rows of the table ledger: one slice for each column, all equally long.
type Ledger struct {
	Topic, Epoch           []string
	Partition              []int32
	Offset                 []int64
	ID, Tenant, TransferID []string
	Hash                   []string // hashBytes each
	AcceptedAt             []time.Time
}

// hashBytes is how much of the SHA-256 of a record the ledger keeps: nobody finds two records that share so much.
const hashBytes = 16

// Len is the number of rows.
func (b *Ledger) Len() int { return len(b.Offset) }

// Reset empties the block and keeps its memory.
func (b *Ledger) Reset() { truncate(reflect.ValueOf(b).Elem()) }

// LedgerStore is where the rows go; as of a Warehouse, a call returns nil after they are stored.
type LedgerStore interface {
	InsertLedger(ctx context.Context, b *Ledger, token string) error
}

// Incarnations tells topics of one name apart.
type Incarnations interface {
	// Incarnation is the id that the broker gave a topic when it was made: another one after it was deleted and made
	// anew. "" where the broker gives none.
	Incarnation(ctx context.Context, topic string) (string, error)
}

// LedgerHop is the handler that writes down what was accepted. It reads transfers.v1 alone, in a group of its own, and
// shares nothing with what judges: sluice verify holds the verdicts to it. A record that cannot be read has its row like
// any other, under the id by which the other hops know it: a ledger has no gaps.
func LedgerHop(w LedgerStore, topics Incarnations) Hop {
	return Hop{schemas.GroupRecorderLedger, schemas.Transfers, &ledger{w: w, topics: topics}}
}

type ledger struct {
	w      LedgerStore
	topics Incarnations
	block  Ledger
	record event.Record
}

// ForLane returns a handler with memory of its own.
func (l *ledger) ForLane() stream.Handler { return &ledger{w: l.w, topics: l.topics} }

// Handle writes a batch of facts.
func (l *ledger) Handle(ctx context.Context, in *stream.Batch, _ *stream.Out) error {
	epoch, err := l.topics.Incarnation(ctx, in.Topic)
	if err != nil {
		return err
	}
	l.block.Reset()
	for i := range in.Records {
		l.add(&in.Records[i], epoch)
	}
	return refused(l.w.InsertLedger(ctx, &l.block, epoch+"/"+tokenOf(in)))
}

// Poison leaves a row out that ClickHouse refuses: the gap that it makes is what verify reports, and nothing hides it.
func (l *ledger) Poison(context.Context, *stream.Record, error, *stream.Out) error { return nil }

func (l *ledger) add(rec *stream.Record, epoch string) {
	b, h := &l.block, rec.Carried()
	var id, tenant, transferID string
	if l.record.Decode(rec.Value) == nil {
		id, tenant, transferID = l.record.ID.String(), l.record.Tenant, l.record.TransferID
	} else {
		id = string(judge.Headers{ID: h.ID, Key: rec.Key}.Named(rec.Topic, rec.Partition, rec.Offset).ID)
	}
	at := time.UnixMilli(rec.Timestamp)
	if marks, err := event.ParseAt(h.At); err == nil {
		at = marks.Accepted
	}
	sum := sha256.Sum256(rec.Value)
	b.Topic = append(b.Topic, rec.Topic)
	b.Epoch = append(b.Epoch, epoch)
	b.Partition = append(b.Partition, rec.Partition)
	b.Offset = append(b.Offset, rec.Offset)
	b.ID = append(b.ID, id)
	b.Tenant = append(b.Tenant, tenant)
	b.TransferID = append(b.TransferID, transferID)
	b.Hash = append(b.Hash, string(sum[:hashBytes]))
	b.AcceptedAt = append(b.AcceptedAt, known(at))
}
