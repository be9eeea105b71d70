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

	"pgregory.net/rapid"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
)

// past is a history in memory, as the tables have it, and everything else that a Historian needs.
type past struct {
	mu       sync.Mutex
	rows     map[rowKey]row
	versions map[uint64]ListVersions
	fail     int // this many inserts fail, after half their rows were stored
	inserts  int

	manifests map[string]watchlist.Manifest
	segments  map[string][]byte
	log       []activation.Activation
	told      []uint64
	done      chan struct{} // closed when the last activation of the log is recorded
}

// rowKey is the sorting key of the table: rows that agree in it are one.
type rowKey struct {
	list, network, address, tag, entryID string
	seq, content                         uint64
}

type row struct {
	change string
	entry  watchlist.Entry
	known  time.Time
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

func (p *past) Manifest(_ context.Context, version string) (watchlist.Manifest, error) {
	if m, ok := p.manifests[version]; ok {
		return m, nil
	}
	return watchlist.Manifest{}, fmt.Errorf("version %s: %w", version, ErrNoSnapshot)
}

func (p *past) Segment(_ context.Context, g watchlist.Segment) ([]byte, error) {
	return p.segments[g.SHA256], nil
}

func (p *past) Recorded(context.Context) (r Recorded, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for seq, v := range p.versions {
		if seq > r.Seq {
			r = Recorded{Seq: seq, Epoch: v.Epoch[0], Lists: map[string]string{}}
			for i, name := range v.List {
				if name != "" {
					r.Lists[name] = v.ListVersion[i]
				}
			}
		}
	}
	return r, nil
}

func (p *past) RecordedList(_ context.Context, list string, seq uint64) RecordedEntries {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := map[rowKey]uint64{}
	for k := range p.rows {
		if _, counts := p.versions[k.seq]; counts && k.list == list && k.seq <= seq {
			at := k
			at.seq = 0
			last[at] = max(last[at], k.seq)
		}
	}
	var entries []RecordedEntry
	for k, at := range last {
		k.seq = at
		if r := p.rows[k]; r.change == added || r.change == changed {
			entries = append(entries, RecordedEntry{&r.entry, k.content})
		}
	}
	slices.SortFunc(entries, func(a, b RecordedEntry) int { return watchlist.Compare(a.Entry, b.Entry) })
	return func(yield func(RecordedEntry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

var errInsert = errors.New("connection reset")

func (p *past) InsertHistory(_ context.Context, b *History) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := b.Len()
	if p.fail > 0 {
		n /= 2
	}
	p.inserts++
	for i := range n {
		e, err := watchlist.ParseEntry([]byte(b.Entry[i]))
		if err != nil {
			return err
		}
		p.rows[rowKey{b.List[i], b.Network[i], b.Address[i], b.Tag[i], b.EntryID[i], b.Seq[i], b.Content[i]}] = row{b.Change[i], e, b.KnownFrom[i]}
	}
	if p.fail > 0 {
		p.fail--
		return errInsert
	}
	return nil
}

func (p *past) InsertVersions(_ context.Context, b *ListVersions) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail > 0 {
		p.fail--
		return errInsert
	}
	p.versions[b.Seq[0]] = *b
	return nil
}

func entryOf(id, address, entity string) watchlist.Entry {
	return entryIn("l", id, address, entity)
}

func entryIn(list, id, address, entity string) watchlist.Entry {
	e := watchlist.Entry{List: list, EntryID: id, Network: "ethereum", Address: address, Entity: entity, Category: "mixer", Categories: []taxonomy.Category{"mixer"}}
	e, err := watchlist.ParseEntry(e.AppendJSON(nil)) // with its key
	if err != nil {
		panic(err)
	}
	return e
}

func addressOf(n int) string { return fmt.Sprintf("0x%040x", n+0x12345) }

func newPast() *past {
	return &past{rows: map[rowKey]row{}, versions: map[uint64]ListVersions{}, manifests: map[string]watchlist.Manifest{}, segments: map[string][]byte{}}
}

// keep stores lists and returns their version.
func (p *past) keep(t rapid.TB, lists map[string][]watchlist.Entry) *watchlist.Snapshot {
	t.Helper()
	b := watchlist.NewBuilder()
	for name, entries := range lists {
		b.AddList(name, watchlist.Origin{Source: name + ".txt"}, entries)
	}
	s, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Write(func(g watchlist.Segment, data []byte) error { p.segments[g.SHA256] = slices.Clone(data); return nil })
	if err != nil {
		t.Fatal(err)
	}
	p.manifests[s.Version()] = m
	return s
}

// snapshot has an entry of list l for each "id=entity", at the address of the id's first letter.
func (p *past) snapshot(t *testing.T, entries ...string) string {
	t.Helper()
	var list []watchlist.Entry
	for _, e := range entries {
		id, entity, _ := strings.Cut(e, "=")
		list = append(list, entryOf(id, addressOf(int(id[0])), entity))
	}
	return p.keep(t, map[string][]watchlist.Entry{"l": list}).Version()
}

func (p *past) activate(version string) {
	p.log = append(p.log, activation.Activation{Seq: uint64(len(p.log) + 1), Epoch: "e", Kind: activation.Lists, Version: version, Author: "ann",
		At: time.Date(2026, 11, 22, 0, 0, len(p.log), 0, time.UTC)})
}

// run lets a Historian work until the last activation is recorded, and returns what counts.
func (p *past) run(t rapid.TB) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.done = make(chan struct{})
	last := p.log[len(p.log)-1].Seq
	var once sync.Once
	h := NewHistorian(HistoryConfig{Activations: p, Snapshots: p, Warehouse: p, Retry: time.Millisecond,
		Done: func(_ context.Context, seq uint64) error {
			p.told = append(p.told, seq)
			if seq == last {
				once.Do(func() { close(p.done) })
			}
			return nil
		}})
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	<-p.done
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	var rows []string
	for k, r := range p.rows {
		if _, counts := p.versions[k.seq]; counts {
			rows = append(rows, fmt.Sprintf("%d %s %s %s", k.seq, r.change, k.entryID, r.entry.Entity))
		}
	}
	slices.Sort(rows)
	return rows
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHistoryIsWhatEachActivationChanged(t *testing.T) {
	p := newPast()
	p.activate(p.snapshot(t, "a=1", "b=1"))
	p.log = append(p.log, activation.Activation{Seq: 2, Kind: activation.Rules, Version: "r"})
	p.activate(p.snapshot(t, "a=1", "b=2", "c=1"))
	p.activate(p.snapshot(t, "c=1"))
	want := []string{"1 added a 1", "1 added b 1", "3 added c 1", "3 changed b 2", "3 replaced b 1", "4 removed a 1", "4 removed b 2"}
	same(t, p.run(t), want...)
	if p.told = slices.Compact(p.told); !slices.Equal(p.told, []uint64{0, 1, 3, 4}) {
		t.Errorf("told %v", p.told)
	}
	// Another recorder starts later: nothing is written again.
	p.activate(p.snapshot(t, "c=1", "d=1"))
	p.inserts = 0
	same(t, p.run(t), append(want, "5 added d 1")...)
	if p.inserts != 1 {
		t.Errorf("%d inserts", p.inserts)
	}
}

func TestDelistedAndListedAgainUnderAnotherPartyIsTwoFacts(t *testing.T) {
	p := newPast()
	under := func(id, party string) string {
		return p.keep(t, map[string][]watchlist.Entry{"l": {entryOf(id, addressOf(1), party)}}).Version()
	}
	p.activate(under("17013/1", "LAZARUS GROUP"))
	p.activate(p.keep(t, map[string][]watchlist.Entry{"l": nil}).Version())
	p.activate(under("40012/7", "KIM"))
	same(t, p.run(t), "1 added 17013/1 LAZARUS GROUP", "2 removed 17013/1 LAZARUS GROUP", "3 added 40012/7 KIM")
	p.activate(under("50000/1", "PARK"))
	same(t, p.run(t)[3:], "4 added 50000/1 PARK", "4 removed 40012/7 KIM")
}

func TestHistoryHasNoGapWhereASnapshotIsGone(t *testing.T) {
	p := newPast()
	p.activate(p.snapshot(t, "a=1"))
	p.activate("pruned")
	p.activate(p.snapshot(t, "b=1"))
	same(t, p.run(t), "1 added a 1", "3 added b 1", "3 removed a 1")
}

func TestHistoryOfAnInsertThatFailedInTheMiddleIsCompleted(t *testing.T) {
	p := newPast()
	p.fail = 3
	p.activate(p.snapshot(t, "a=1", "b=1", "c=1", "d=1"))
	same(t, p.run(t), "1 added a 1", "1 added b 1", "1 added c 1", "1 added d 1")
}

// A history that was lost while the process runs is begun anew with all that is in force, not with what changes next.
func TestAHistoryThatIsLostBeginsAnew(t *testing.T) {
	p := newPast()
	steady := []watchlist.Entry{entryIn("m", "x", addressOf(8), "steady")}
	keep := func(entity string) string {
		return p.keep(t, map[string][]watchlist.Entry{"l": {entryOf("a", addressOf(1), entity)}, "m": steady}).Version()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan uint64)
	more := make(chan string)
	feed := feeder{p: p, more: more}
	h := NewHistorian(HistoryConfig{Activations: feed, Snapshots: p, Warehouse: p, Retry: time.Millisecond,
		Done: func(ctx context.Context, seq uint64) error {
			select {
			case done <- seq:
			case <-ctx.Done():
			}
			return nil
		}})
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	await := func(seq uint64) {
		for got := range done {
			if got == seq {
				return
			}
		}
	}
	more <- keep("1")
	await(1)
	p.mu.Lock()
	clear(p.rows)
	clear(p.versions)
	p.mu.Unlock()
	more <- keep("2")
	await(2)
	cancel()
	must(t, <-ended)
	if len(p.rows) != 2 || len(p.versions) != 1 {
		t.Errorf("%d rows of %d activations", len(p.rows), len(p.versions))
	}
}

// feeder activates the versions that come from a channel.
type feeder struct {
	p    *past
	more chan string
}

func (f feeder) Follow(ctx context.Context, _ func(), fn func(activation.Activation) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case version := <-f.more:
			f.p.activate(version)
			if err := fn(f.p.log[len(f.p.log)-1]); err != nil {
				return err
			}
		}
	}
}

// What a crash left of an activation, whose snapshot then went, counts for nothing: neither as listed nor as removed.
func TestWhatIsLeftOfAnActivationThatWasNotFinishedDoesNotCount(t *testing.T) {
	p := newPast()
	p.activate(p.snapshot(t, "a=1"))
	p.run(t)
	var half History
	x := entryOf("x", addressOf(9), "never whole")
	half.Add(&x, ContentOf(&x), added, &activation.Activation{Seq: 2})
	must(t, p.InsertHistory(t.Context(), &half))
	p.activate("gone")
	p.activate(p.snapshot(t, "a=1", "b=1"))
	same(t, p.run(t), "1 added a 1", "3 added b 1")
}

func TestEntriesOfOneAddressAreToldApart(t *testing.T) {
	p := newPast()
	a, b, c := entryOf("a", addressOf(1), "1"), entryOf("b", addressOf(1), "1"), entryOf("c", addressOf(1), "1")
	b2, twin := entryOf("b", addressOf(1), "2"), entryOf("a", addressOf(1), "another word")
	p.activate(p.keep(t, map[string][]watchlist.Entry{"l": {a, b, twin}}).Version())
	p.activate(p.keep(t, map[string][]watchlist.Entry{"l": {b2, c, a}}).Version())
	same(t, p.run(t), "1 added a 1", "1 added a another word", "1 added b 1", "2 added c 1", "2 changed b 2", "2 removed a another word", "2 replaced b 1")
}

// Rows of before the hash of the content was kept are closed under their own name.
func TestEntriesThatWereRecordedWithoutTheirHashAreRemoved(t *testing.T) {
	p := newPast()
	old := entryOf("a", addressOf(1), "1")
	p.rows[rowKey{"l", old.Network, old.Address, "", "a", 1, 0}] = row{change: added, entry: old}
	p.versions[1] = ListVersions{Epoch: []string{""}, List: []string{"l"}, ListVersion: []string{""}}
	p.log = []activation.Activation{{Seq: 1, Epoch: "e", Kind: activation.Lists, Version: "gone"}}
	p.activate(p.snapshot(t, "b=1"))
	same(t, p.run(t), "1 added a 1", "2 added b 1", "2 removed a 1")
	for e := range p.RecordedList(t.Context(), "l", 2) {
		if e.Entry.EntryID != "b" {
			t.Errorf("%s is still listed", e.Entry.EntryID)
		}
	}
}

// The numbers of another epoch that are recorded already are passed over: nothing is written under them.
func TestNumbersThatBeganAgainAreNotRecorded(t *testing.T) {
	p := newPast()
	p.activate(p.snapshot(t, "a=1"))
	p.activate(p.snapshot(t, "a=2"))
	first := p.run(t)
	p.log = nil
	for i, version := range []string{p.snapshot(t, "b=1"), p.snapshot(t, "b=2"), p.snapshot(t, "b=3")} {
		p.activate(version)
		p.log[i].Epoch = "another"
	}
	got := p.run(t)
	same(t, got[:len(first)], first...)
	same(t, got[len(first):], "3 added b 3", "3 removed a 2")
}

// Whatever was imported, removed, put back and lost in between: the history makes every version again that it has
// recorded, and its hash is the one that was activated.
func TestTheHistoryMakesEveryVersionAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPast()
		anEntry := rapid.Custom(func(t *rapid.T) watchlist.Entry {
			return entryOf(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id"), addressOf(rapid.IntRange(1, 4).Draw(t, "address")),
				rapid.SampledFrom([]string{"", "A", "B\n"}).Draw(t, "entity"))
		})
		kept := map[uint64]*watchlist.Snapshot{}
		var versions []*watchlist.Snapshot
		for range rapid.IntRange(1, 8).Draw(t, "activations") {
			seq := uint64(len(p.log) + 1)
			var s *watchlist.Snapshot
			if len(versions) > 0 && rapid.Bool().Draw(t, "rollback") {
				s = rapid.SampledFrom(versions).Draw(t, "version")
			} else {
				lists := map[string][]watchlist.Entry{}
				for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"l", "m", "n"}), 0, 3, rapid.ID[string]).Draw(t, "lists") {
					for _, e := range rapid.SliceOfN(anEntry, 0, 6).Draw(t, "entries") {
						lists[name] = append(lists[name], entryIn(name, e.EntryID, e.Address, e.Entity))
					}
					if lists[name] == nil {
						lists[name] = []watchlist.Entry{}
					}
				}
				s = p.keep(t, lists)
				versions = append(versions, s)
			}
			p.activate(s.Version())
			kept[seq] = s
			p.fail = rapid.IntRange(0, 1).Draw(t, "failures")
			if rapid.Bool().Draw(t, "another process") {
				p.run(t)
			}
		}
		p.run(t)
		for seq, want := range kept {
			v, ok := p.versions[seq]
			if !ok {
				t.Fatalf("activation %d is not recorded", seq)
			}
			b := watchlist.NewBuilder()
			for i, name := range v.List {
				if name == "" {
					continue
				}
				var entries []watchlist.Entry
				for e := range p.RecordedList(context.Background(), name, seq) {
					entries = append(entries, *e.Entry)
				}
				if uint64(len(entries)) != v.Entries[i] || v.Source[i] != name+".txt" {
					t.Fatalf("list %s of %d: %d entries from %s, want %d", name, seq, len(entries), v.Source[i], v.Entries[i])
				}
				b.Add(name, entries)
			}
			got, err := b.Build()
			if err != nil || got.Version() != want.Version() {
				t.Fatalf("activation %d: %v, version %s, want %s", seq, err, got.Version(), want.Version())
			}
		}
	})
}
