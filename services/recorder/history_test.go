package recorder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
)

// past is a history in memory, and everything else that a Historian needs.
type past struct {
	mu        sync.Mutex
	rows      []string
	listed    map[identity]watchlist.Entry
	seq       uint64
	fail      int // this many inserts fail, after half their rows were stored
	snapshots map[string]*watchlist.Snapshot
	log       []activation.Activation
	changed   chan struct{}
}

func (p *past) Follow(ctx context.Context, caughtUp func(), fn func(activation.Activation) error) error {
	for _, a := range p.log {
		if err := fn(a); err != nil {
			return err
		}
	}
	caughtUp()
	<-ctx.Done()
	return nil
}

func (p *past) Snapshot(_ context.Context, version string) (*watchlist.Snapshot, error) {
	if s := p.snapshots[version]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("version %s: %w", version, ErrNoSnapshot)
}

func (p *past) Listed(context.Context) (entries []watchlist.Entry, seq uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.listed {
		entries = append(entries, e)
	}
	return entries, p.seq, nil
}

func (p *past) InsertHistory(_ context.Context, b *History) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.changed <- struct{}{} }()
	n := b.Len()
	if p.fail > 0 {
		n /= 2
	}
	for i := range n {
		p.rows = append(p.rows, fmt.Sprintf("%d %s %s %s", b.Seq[i], b.Change[i], b.EntryID[i], b.Entity[i]))
		id := identity{b.Network[i], b.Address[i], b.Tag[i], b.EntryID[i]}
		delete(p.listed, id)
		if b.Change[i] != removed {
			p.listed[id] = entryOf(b.EntryID[i], b.Address[i], b.Entity[i])
		}
		p.seq = max(p.seq, b.Seq[i])
	}
	if p.fail > 0 {
		p.fail--
		return errors.New("connection reset")
	}
	return nil
}

func entryOf(id, address, entity string) watchlist.Entry {
	e := watchlist.Entry{List: "l", EntryID: id, Network: "ethereum", Address: address, Entity: entity, Category: "mixer", Categories: []taxonomy.Category{"mixer"}}
	e, err := watchlist.ParseEntry(e.AppendJSON(nil)) // with its key
	if err != nil {
		panic(err)
	}
	return e
}

func address(n int) string { return fmt.Sprintf("0x%040x", n+0x12345) }

// snapshot has an entry for each "id=entity".
func (p *past) snapshot(t *testing.T, entries ...string) string {
	t.Helper()
	var list []watchlist.Entry
	for _, e := range entries {
		id, entity, _ := strings.Cut(e, "=")
		list = append(list, entryOf(id, address(int(id[0])), entity))
	}
	s, err := watchlist.NewBuilder().Add("l", list).Build()
	must(t, err)
	p.snapshots[s.Version()] = s
	return s.Version()
}

func newPast() *past {
	return &past{listed: map[identity]watchlist.Entry{}, snapshots: map[string]*watchlist.Snapshot{}, changed: make(chan struct{}, 100)}
}

func (p *past) activate(version string) {
	p.log = append(p.log, activation.Activation{Seq: uint64(len(p.log) + 1), Epoch: "e", Kind: activation.Lists, Version: version, Author: "ann",
		At: time.Date(2026, 11, 22, 0, 0, len(p.log), 0, time.UTC)})
}

// run lets a Historian work until n inserts were made.
func (p *past) run(t *testing.T, n int) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	h := NewHistorian(HistoryConfig{Activations: p, Snapshots: p, Warehouse: p, Retry: time.Millisecond})
	go func() { done <- h.Run(ctx) }()
	for range n {
		<-p.changed
	}
	cancel()
	must(t, <-done)
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(p.rows)
	return p.rows
}

func TestHistoryIsWhatEachActivationChanged(t *testing.T) {
	p := newPast()
	p.activate(p.snapshot(t, "a=1", "b=1"))
	p.log = append(p.log, activation.Activation{Seq: 2, Kind: activation.Rules, Version: "r"})
	p.activate(p.snapshot(t, "a=1", "b=2", "c=1"))
	p.activate(p.snapshot(t, "c=1"))
	want := []string{"1 added a 1", "1 added b 1", "3 added c 1", "3 changed b 2", "4 removed a 1", "4 removed b 2"}
	if got := p.run(t, 3); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// Another recorder starts later: nothing is written again.
	p.activate(p.snapshot(t, "c=1", "d=1"))
	if got := p.run(t, 1); !slices.Equal(got, append(want, "5 added d 1")) {
		t.Errorf("%q", got)
	}
}

func TestHistoryHasNoGapWhereASnapshotIsGone(t *testing.T) {
	p := newPast()
	p.activate(p.snapshot(t, "a=1"))
	p.activate("pruned")
	p.activate(p.snapshot(t, "b=1"))
	if got := p.run(t, 2); !slices.Equal(got, []string{"1 added a 1", "3 added b 1", "3 removed a 1"}) {
		t.Errorf("%q", got)
	}
}

func TestHistoryOfAnInsertThatFailedInTheMiddleIsCompleted(t *testing.T) {
	p := newPast()
	p.fail = 2
	p.activate(p.snapshot(t, "a=1", "b=1", "c=1", "d=1"))
	if got := p.run(t, 3); !slices.Equal(got, []string{"1 added a 1", "1 added b 1", "1 added c 1", "1 added d 1"}) {
		t.Errorf("%q", got)
	}
}

func TestEntriesOfOneAddressAreToldApart(t *testing.T) {
	build := func(entries ...watchlist.Entry) *watchlist.Snapshot {
		s, err := watchlist.NewBuilder().Add("l", entries).Build()
		must(t, err)
		return s
	}
	a, b, c := entryOf("a", address(1), "1"), entryOf("b", address(1), "1"), entryOf("c", address(1), "1")
	b2 := entryOf("b", address(1), "2")
	var got []string
	for _, c := range changes(build(a, b).Diff(build(b2, c))) {
		got = append(got, c.change+" "+c.entry.EntryID+" "+c.entry.Entity)
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"added c 1", "changed b 2", "removed a 1"}) {
		t.Errorf("%q", got)
	}
}
