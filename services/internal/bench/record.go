package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/embedded/clickhouse"
	"sluice/services/internal/stream"
	"sluice/services/internal/warehouse"
	"sluice/services/recorder"
)

// The recorder gathers as it does in the services; but the last, half-full block of a round waits only so long.
const (
	batchRows  = 50_000
	gatherWait = 250 * time.Millisecond
)

// record measures the recorder's hop into an engine of its own, and by turns the inserts alone.
func (b *bench) record(ctx context.Context, inputs map[string]string) (_ *Record, err error) {
	b.progress.step("starting the engine")
	engine, err := clickhouse.New(clickhouse.Config{Dir: filepath.Join(b.server.dir, "clickhouse"), Lib: b.cfg.Lib})
	if err != nil {
		return nil, err
	}
	if err := engine.Start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Stop()) }()
	w, err := warehouse.Open(warehouse.Config{DSN: engine.DSN()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if _, err := w.Migrate(ctx, nil); err != nil {
		return nil, err
	}
	version, err := w.ServerVersion()
	if err != nil {
		return nil, err
	}
	s := newSpace(b.server.client, map[string]string{schemas.Verdicts: inputs[schemas.Verdicts]})
	rows := max(1, min(batchRows, b.cfg.Transfers/b.cfg.Lanes))
	blocks, err := b.blocks(ctx, s, rows)
	if err != nil {
		return nil, err
	}

	var passes pairs
	for r := range b.cfg.Rounds {
		b.progress.step(fmt.Sprintf("the recorder, round %d of %d", r+1, b.cfg.Rounds))
		ours := func(ctx context.Context) (pass, error) {
			return b.recorded(ctx, s, w, rows, fmt.Sprint("round", r), "", engine.PID())
		}
		bare := func(ctx context.Context) (pass, error) {
			return b.inserts(ctx, w, blocks, rows, fmt.Sprint("bare", r), engine.PID())
		}
		if err := passes.add(ctx, r, ours, bare); err != nil {
			return nil, err
		}
	}
	err = b.profile(ctx, StageRecord, func(ctx context.Context, cpu string) (pass, error) {
		return b.recorded(ctx, s, w, rows, "profile", cpu, engine.PID())
	})
	if err != nil {
		return nil, err
	}
	m := passes.stage(StageRecord, b.cfg.Transfers)
	out := &Record{Rate: m.Rate, Bare: m.Bare.Rate, OfBare: m.OfBare, CPUSeconds: m.CPUSeconds, EngineCPU: m.ServerCPU, Bytes: m.Bytes, Objects: m.Objects,
		BatchRows: rows, AddressRows: round(float64(len(blocks[0].addresses.ID))/float64(rows), 2), Engine: "ClickHouse " + version + ", embedded"}
	for _, r := range m.Rounds {
		out.Rounds = append(out.Rounds, RecordRound(r))
	}
	out.DiskBytes, err = diskBytes(ctx, w, out.AddressRows)
	return out, err
}

// diskBytes is what a transfer with so many address rows takes in both tables.
func diskBytes(ctx context.Context, w *warehouse.Warehouse, addressRows float64) (float64, error) {
	const query = "SELECT sumIf(bytes_on_disk, table = 'transfers') / sumIf(rows, table = 'transfers'), " +
		"sumIf(bytes_on_disk, table = 'transfer_addresses') / sumIf(rows, table = 'transfer_addresses') " +
		"FROM system.parts WHERE active AND database = '" + schemas.Database + "'"
	var out bytes.Buffer
	if err := w.SQL(ctx, query, "TabSeparated", &out); err != nil {
		return 0, err
	}
	var transfer, address float64
	_, err := fmt.Sscan(out.String(), &transfer, &address)
	return round(transfer+addressRows*address, 0), err
}

// recorded runs the recorder over the verdicts once.
func (b *bench) recorded(ctx context.Context, s *space, w recorder.Warehouse, rows int, token, cpu string, engine int) (pass, error) {
	m := newMeter(cpu, engine)
	r := &runner{wanted: int64(b.cfg.Transfers), assigned: make(chan struct{}), first: m.start, last: m.stop}
	for _, hop := range recorder.Hops(fresh{w, token}) {
		if hop.Topic != schemas.Verdicts {
			continue
		}
		l, err := stream.New(stream.Config{
			Group: b.server.group(StageRecord), Stage: recorder.Stage, Topics: []string{hop.Topic}, Lanes: b.cfg.Lanes,
			Gather: stream.GatherConfig{Records: rows, Wait: gatherWait}, Hooks: r.hooks(),
		}, s, hop.Handler)
		if err != nil {
			return pass{}, err
		}
		r.loop, r.end = l, background(ctx, l.Run)
	}
	if r.loop == nil {
		return pass{}, fmt.Errorf("the recorder has no hop for %s", schemas.Verdicts)
	}
	running := row{r}
	err := errors.Join(running.await(ctx, m.done), running.stop())
	result, failed := m.finish()
	return result, errors.Join(err, failed)
}

// fresh makes the blocks of a round new to the server, which else drops what it has had before.
type fresh struct {
	recorder.Warehouse
	token string
}

// InsertTransfers implements recorder.Warehouse.
func (f fresh) InsertTransfers(ctx context.Context, b *recorder.Transfers, token string) error {
	return f.Warehouse.InsertTransfers(ctx, b, f.token+token)
}

// InsertAddresses implements recorder.Warehouse.
func (f fresh) InsertAddresses(ctx context.Context, b *recorder.Addresses, token string) error {
	return f.Warehouse.InsertAddresses(ctx, b, f.token+token)
}

// block is the rows of some verdicts.
type block struct {
	transfers recorder.Transfers
	addresses recorder.Addresses
}

func (k *block) add(rec *stream.Record, parser *transfer.Parser) error {
	var decoded event.Record
	// The rows point into the record, which is the reader's only for now.
	if err := decoded.Decode(bytes.Clone(rec.Value)); err != nil {
		return err
	}
	p, err := parser.Restore(decoded.Transfer)
	if err != nil {
		return err
	}
	at, _ := rec.Headers.Get(event.HeaderAt)
	marks, err := event.ParseAt(at)
	if err != nil {
		return err
	}
	k.addresses.Add(&decoded, p)
	return k.transfers.Add(&decoded, p, marks)
}

// blocks reads as many verdicts as a block of each lane takes.
func (b *bench) blocks(ctx context.Context, s *space, rows int) ([]*block, error) {
	tail, err := stream.NewTail(stream.TailConfig{Topic: schemas.Verdicts}, s)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	blocks := []*block{{}}
	var parser transfer.Parser
	full := errors.New("that is all")
	err = tail.Run(ctx, func(_ context.Context, in *stream.Batch) error {
		for i := range in.Records {
			last := blocks[len(blocks)-1]
			if last.transfers.Len() == rows {
				if len(blocks) == b.cfg.Lanes {
					return full
				}
				last = &block{}
				blocks = append(blocks, last)
			}
			if err := last.add(&in.Records[i], &parser); err != nil {
				return err
			}
		}
		if len(blocks) == b.cfg.Lanes && blocks[len(blocks)-1].transfers.Len() == rows {
			return full
		}
		return nil
	})
	switch {
	case errors.Is(err, full):
		return blocks, nil
	case err == nil:
		err = ctx.Err()
	}
	return nil, err
}

// inserts sends the blocks again and again, one goroutine for each, until as many transfers are stored as a round has.
func (b *bench) inserts(ctx context.Context, w recorder.Warehouse, blocks []*block, rows int, token string, engine int) (pass, error) {
	m := newMeter("", engine)
	turns := (b.cfg.Transfers + rows - 1) / rows
	var next atomic.Int64
	errs := make([]error, len(blocks))
	var wg sync.WaitGroup
	m.start()
	for i, k := range blocks {
		wg.Go(func() {
			for turn := next.Add(1); turn <= int64(turns) && errs[i] == nil; turn = next.Add(1) {
				t := fmt.Sprint(token, "-", turn)
				if errs[i] = w.InsertAddresses(ctx, &k.addresses, t); errs[i] == nil {
					errs[i] = w.InsertTransfers(ctx, &k.transfers, t)
				}
			}
		})
	}
	wg.Wait()
	m.stop()
	p, err := m.finish()
	// The last block may be more than was due: the time is that of one round's transfers.
	p.took = time.Duration(float64(p.took) * float64(b.cfg.Transfers) / float64(turns*rows))
	return p, errors.Join(append(errs, err)...)
}
