// Package recorder writes what the topics carry into ClickHouse, for analysts.
//
// It is a set of handlers for the stream loop, one for each topic: verdicts.v1 fills transfers and transfer_addresses,
// flagged.v1 fills flagged_events and flagged_history, deadletter.v1 fills dead_letters; and transfers.v1 fills the ledger,
// by which sluice verify finds out what is missing in the others. A handler returns after the
// warehouse has acknowledged every row, and only then the loop commits: what is not yet in ClickHouse stays in the
// topics, and nothing is kept in memory beyond the batch at hand.
//
// A warehouse that is away stops the recorder alone: the loop tries the same batch again until it is back. A row that
// the warehouse refuses is found by the loop, which halves the batch, and is dead-lettered with the reason; its verdict
// is published already and stands. Sending rows again changes no count under FINAL.
package recorder

import (
	"context"
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/stream"
)

// Stage is the recorder's name in dead letters, logs and consumer groups.
const Stage = "recorder"

// ErrRefused is what a Warehouse's error wraps when the rows themselves are the reason, so that sending them again
// cannot help. Every other error is about the server, and goes away.
var ErrRefused = errors.New("the warehouse refuses the rows")

// Warehouse is where the rows go. A call returns nil after the rows are stored. The token is the same whenever the same
// block is sent again; an insert that is repeated with its token changes nothing.
type Warehouse interface {
	InsertTransfers(ctx context.Context, b *Transfers, token string) error
	InsertFlagged(ctx context.Context, b *Transfers, token string) error
	InsertAddresses(ctx context.Context, b *Addresses, token string) error
	InsertDeadLetters(ctx context.Context, b *DeadLetters, token string) error
}

// Hop is one handler with the consumer group it runs in.
type Hop struct {
	Group   string
	Topic   string
	Handler stream.LaneHandler
}

// Hops are the recorder's handlers. Each runs in a group of its own, so that none waits for another.
func Hops(w Warehouse) []Hop {
	return []Hop{
		{schemas.GroupRecorderVerdicts, schemas.Verdicts, &verdicts{w: w}},
		{schemas.GroupRecorderFlagged, schemas.Flagged, &flagged{w: w}},
		{schemas.GroupRecorderDeadLetter, schemas.DeadLetters, &deadLetters{w: w}},
	}
}

// rows is one lane's memory for records with a verdict. Rows without alerts and hits, almost all, have a block of their
// own: it is a third as wide.
type rows struct {
	parser    transfer.Parser
	record    event.Record
	plain     Transfers
	full      Transfers
	inFull    map[transfer.ID]bool
	addresses Addresses
}

// fill decodes the batch into the blocks. A record that has no place there is dead-lettered at once, so that it costs
// the others nothing.
func (r *rows) fill(in *stream.Batch, out *stream.Out, addresses bool) {
	r.plain.Reset()
	r.full.Reset()
	r.inFull = make(map[transfer.ID]bool)
	r.addresses.Reset()
	for i := range in.Records {
		rec := &in.Records[i]
		if err := r.add(rec, addresses); err != nil {
			out.DeadLetter(rec, event.DeadDamaged, err)
		}
	}
}

func (r *rows) add(rec *stream.Record, addresses bool) error {
	if err := r.record.Decode(rec.Value); err != nil {
		return err
	}
	p, err := r.parser.Restore(r.record.Transfer)
	if err != nil {
		return err
	}
	var marks event.Marks
	if at, ok := rec.Headers.Get(event.HeaderAt); ok {
		if marks, err = event.ParseAt(at); err != nil {
			return err
		}
	}
	// The plain block is inserted first. Of records with one id and version the later one counts: one that follows a
	// full one stays behind it.
	block := &r.plain
	if len(r.record.Hits)+len(r.record.Alerts) > 0 || r.inFull[r.record.ID] {
		block = &r.full
		r.inFull[r.record.ID] = true
	}
	if err := block.Add(&r.record, p, marks); err != nil {
		return err
	}
	if addresses {
		r.addresses.Add(&r.record, p)
	}
	return nil
}

// verdicts records every verdict.
type verdicts struct {
	w Warehouse
	rows
}

// ForLane returns a handler with memory of its own.
func (v *verdicts) ForLane() stream.Handler { return &verdicts{w: v.w} }

// Handle writes a batch of verdicts.
func (v *verdicts) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	v.fill(in, out, true)
	token := tokenOf(in)
	// The addresses first: a transfer that is there can be found by its addresses.
	if v.addresses.Len() > 0 {
		if err := v.w.InsertAddresses(ctx, &v.addresses, token); err != nil {
			return refused(err)
		}
	}
	return refused(v.insert(token, func(b *Transfers, token string) error { return v.w.InsertTransfers(ctx, b, token) }))
}

// insert sends the blocks that have rows.
func (r *rows) insert(token string, send func(*Transfers, string) error) error {
	if r.plain.Len() > 0 {
		if err := send(&r.plain, token+"/plain"); err != nil {
			return err
		}
	}
	if r.full.Len() > 0 {
		return send(&r.full, token+"/full")
	}
	return nil
}

// flagged records every flagged event.
type flagged struct {
	w Warehouse
	rows
}

// ForLane returns a handler with memory of its own.
func (f *flagged) ForLane() stream.Handler { return &flagged{w: f.w} }

// Handle writes a batch of flagged events.
func (f *flagged) Handle(ctx context.Context, in *stream.Batch, out *stream.Out) error {
	f.fill(in, out, false)
	return refused(f.insert(tokenOf(in), func(b *Transfers, token string) error { return f.w.InsertFlagged(ctx, b, token) }))
}

// deadLetters records every dead letter.
type deadLetters struct {
	w     Warehouse
	block DeadLetters
}

// ForLane returns a handler with memory of its own.
func (d *deadLetters) ForLane() stream.Handler { return &deadLetters{w: d.w} }

// Handle writes a batch of dead letters. One that cannot be read is recorded as far as it can be, never dead-lettered
// again: it would come back for ever. Notes of replays are no dead letters.
func (d *deadLetters) Handle(ctx context.Context, in *stream.Batch, _ *stream.Out) error {
	d.block.Reset()
	for i := range in.Records {
		if _, note := event.ReplayNote(in.Records[i].Headers.Get); !note {
			d.block.Add(&in.Records[i])
		}
	}
	if d.block.Len() == 0 {
		return nil
	}
	return refused(d.w.InsertDeadLetters(ctx, &d.block, tokenOf(in)))
}

// Poison gives a dead letter up that ClickHouse refuses: it stays in its topic, where `sluice deadletter` finds it.
func (d *deadLetters) Poison(context.Context, *stream.Record, error, *stream.Out) error { return nil }

// refused makes the loop look for the row that is the reason.
func refused(err error) error {
	if errors.Is(err, ErrRefused) {
		return stream.PermanentReason(event.DeadRefused, err)
	}
	return err
}

// tokenOf names the batch by what is in it, so that the same records give the same token wherever they are handled. The
// values count too: a topic that was made anew has the same offsets again.
func tokenOf(in *stream.Batch) string {
	h := xxhash.New()
	var b [20]byte
	for i := range in.Records {
		r := &in.Records[i]
		binary.LittleEndian.PutUint32(b[:], uint32(r.Partition))
		binary.LittleEndian.PutUint64(b[4:], uint64(r.Offset))
		binary.LittleEndian.PutUint64(b[12:], xxhash.Sum64(r.Value))
		_, _ = h.Write(b[:]) // never fails
	}
	return in.Topic + "/" + strconv.Itoa(len(in.Records)) + "/" + strconv.FormatUint(h.Sum64(), 16)
}
