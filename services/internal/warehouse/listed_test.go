package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/address"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/recorder"
	service "sluice/services/watchlist"
)

// officer is a list officer's day in memory: versions of the lists, and the order in which they were in force.
type officer struct {
	manifests map[string]watchlist.Manifest
	segments  map[string][]byte
	log       []activation.Activation
	versions  map[uint64]*watchlist.Snapshot
}

func newOfficer() *officer {
	return &officer{manifests: map[string]watchlist.Manifest{}, segments: map[string][]byte{}, versions: map[uint64]*watchlist.Snapshot{}}
}

func (o *officer) Follow(ctx context.Context, _ func(), fn func(activation.Activation) error) error {
	for _, a := range o.log {
		if err := fn(a); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

func (o *officer) Manifest(_ context.Context, version string) (watchlist.Manifest, error) {
	if m, ok := o.manifests[version]; ok {
		return m, nil
	}
	return watchlist.Manifest{}, recorder.ErrNoSnapshot
}

func (o *officer) Segment(_ context.Context, g watchlist.Segment) ([]byte, error) {
	return o.segments[g.SHA256], nil
}

// activate puts lists in force, an hour after the ones before.
func (o *officer) activate(t testing.TB, lists map[string][]watchlist.Entry) *watchlist.Snapshot {
	t.Helper()
	b := watchlist.NewBuilder()
	seq := uint64(len(o.log) + 1)
	for name, entries := range lists {
		b.AddList(name, watchlist.Origin{Format: "txt", Source: fmt.Sprintf("%s-%d.txt", name, seq), ImportedAt: midnight, PublishedAt: midnight.Add(-time.Hour),
			Author: "ann", Reason: "new file"}, entries)
	}
	s, err := b.Build()
	must(t, err)
	m, err := s.Write(func(g watchlist.Segment, data []byte) error { o.segments[g.SHA256] = slices.Clone(data); return nil })
	must(t, err)
	o.manifests[s.Version()] = m
	a := activation.Activation{Seq: seq, Epoch: "e", Kind: activation.Lists, Version: s.Version(), Author: "bob", Reason: "why",
		At: midnight.Add(time.Duration(seq) * time.Hour)}
	if seq > 1 {
		a.Previous = o.log[seq-2].Version
	}
	o.log = append(o.log, a)
	o.versions[seq] = s
	return s
}

// record lets a Historian write everything into w.
func (o *officer) record(t testing.TB, w recorder.HistoryWarehouse) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	last := o.log[len(o.log)-1].Seq
	h := recorder.NewHistorian(recorder.HistoryConfig{Activations: o, Snapshots: o, Warehouse: w, Log: zerolog.Nop(), Retry: time.Millisecond,
		Done: func(_ context.Context, seq uint64) error {
			if seq == last {
				cancel()
			}
			return nil
		}})
	must(t, h.Run(ctx))
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Fatal("the history was not recorded in time")
	}
}

func keyed(t testing.TB, e watchlist.Entry) watchlist.Entry {
	t.Helper()
	if e.Category == "" {
		e.Category, e.Categories = taxonomy.Scam, []taxonomy.Category{taxonomy.Scam}
	}
	e, err := watchlist.ParseEntry(e.AppendJSON(nil))
	must(t, err)
	return e
}

const ronin = "0x098b716b8aaf21512996dc57eb0615e2383e2f96"

// everything is entries that use every member.
func everything(t testing.TB) []watchlist.Entry {
	sanctions := []taxonomy.Category{taxonomy.Sanctions, taxonomy.Mixer}
	entries := []watchlist.Entry{
		{EntryID: "1", Network: "ethereum", Address: ronin, Entity: "it's \"<ж>\" \\ a\nb\t\u2028", Category: sanctions[0], Categories: sanctions, Authority: "OFAC", Program: "DPRK3",
			Measure: watchlist.MeasureBlock, Confidence: 90, PartyListedAt: "2019-09-13", AddressListedAt: "2022-04-14", DelistedAt: "2026-01-01", Severity: "high"},
		{EntryID: "1", Network: "ethereum", Address: ronin, Entity: "the same entry, in other words"},
		{EntryID: "2", Network: "xrp", Address: "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", Tag: "7", PartyListedAt: "0001-01-01"},
		{EntryID: "3", Network: "ethereum", Address: "0x098b716b8aaf21512996dc57eb0615e2383e2f97", Names: watchlist.NamesIssuer},
		{EntryID: "4", Network: "bitcoin", Address: "1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY"},
		{EntryID: "5", Network: "ethereum", Address: ronin, Use: watchlist.UseAllow, ForList: "other", ForEntry: "9", ExpiresAt: "2027-01-01T00:00:00Z",
			KnownAt: "2026-11-22T10:00:00Z", Author: "ann", Reason: "a false positive", Reference: "case 7", Approver: "bob"},
		{EntryID: "6", Network: "verge", Address: "DNobody", Use: watchlist.UseOwn, Service: watchlist.ServiceDeposit, Customer: "c-1"},
	}
	for i := range entries {
		entries[i].List = "l"
		entries[i] = keyed(t, entries[i])
	}
	return entries
}

// same compares a version as it was with what the history makes of it.
func same(t *testing.T, w *Warehouse, seq uint64, want *watchlist.Snapshot) {
	t.Helper()
	got, err := w.Rebuild(t.Context(), seq)
	if err != nil || got.Version() != want.Version() {
		t.Fatalf("activation %d: version %s with %d entries, %v; want %s with %d", seq, got.Version(), got.Len(), err, want.Version(), want.Len())
	}
	for i, l := range got.Lists() {
		if l != want.Lists()[i] {
			t.Errorf("activation %d: %+v, want %+v", seq, l, want.Lists()[i])
		}
	}
}

func TestTheHistoryMakesEveryVersionAgain(t *testing.T) {
	w, o := fresh(t), newOfficer()
	if r, err := w.Recorded(t.Context()); err != nil || r.Seq != 0 {
		t.Fatalf("an empty history: %+v, %v", r, err)
	}
	if _, err := w.Rebuild(t.Context(), 1); !errors.Is(err, service.ErrGone) {
		t.Fatalf("an empty history: %v", err)
	}
	all := everything(t)
	changed := slices.Clone(all)
	changed[0].Entity, changed[3].Names = "other", watchlist.NamesNothing
	o.activate(t, map[string][]watchlist.Entry{"l": all, "empty": nil})
	o.activate(t, map[string][]watchlist.Entry{"l": all[:3], "empty": nil, "new": nil})
	o.record(t, w)
	o.activate(t, map[string][]watchlist.Entry{"new": nil}) // list and all
	o.activate(t, map[string][]watchlist.Entry{"l": changed})
	o.activate(t, nil)
	o.activate(t, map[string][]watchlist.Entry{"l": all})
	o.record(t, w)
	for seq, want := range o.versions {
		same(t, w, seq, want)
	}
	r, err := w.Recorded(t.Context())
	if err != nil || r.Seq != 6 || r.Epoch != "e" || len(r.Lists) != 1 || r.Lists["l"] == "" {
		t.Errorf("%+v, %v", r, err)
	}
	acts, err := w.Activations(t.Context())
	must(t, err)
	for i, a := range acts {
		if want := o.log[i]; a.Seq != want.Seq || a.Version != want.Version || a.Previous != want.Previous || !a.At.Equal(want.At) || a.Author != "bob" || a.Reason != "why" ||
			a.Epoch != "e" || a.Entries() != o.versions[a.Seq].Len() || len(a.Lists) != len(o.versions[a.Seq].Lists()) {
			t.Errorf("%+v", a)
		}
	}
	if seq, err := w.HighestSeq(t.Context()); err != nil || seq != 6 {
		t.Errorf("highest %d, %v", seq, err)
	}
}

// The view shows each wording with its span, and since when the entry is known at all.
func TestEntriesAreShownWithTheirSpans(t *testing.T) {
	w, o := fresh(t), newOfficer()
	first := keyed(t, watchlist.Entry{List: "l", EntryID: "1", Network: "ethereum", Address: ronin, Entity: "one", PartyListedAt: "2019-09-13"})
	second := first
	second.Entity = "two"
	other := keyed(t, watchlist.Entry{List: "l", EntryID: "2", Network: "ethereum", Address: ronin, Entity: "another party"})
	o.activate(t, map[string][]watchlist.Entry{"l": {first}})
	o.activate(t, map[string][]watchlist.Entry{"l": {second}})
	o.activate(t, map[string][]watchlist.Entry{"l": nil})
	o.activate(t, map[string][]watchlist.Entry{"l": {other}})
	o.activate(t, map[string][]watchlist.Entry{"l": {first, other}})
	o.record(t, w)
	// What a crash leaves does not count.
	var b recorder.History
	b.Add(&other, recorder.ContentOf(&other), "removed", &activation.Activation{Seq: 9, At: midnight})
	must(t, w.InsertHistory(t.Context(), &b))
	var got []string
	rows, err := w.conn.Query(t.Context(), `SELECT concat(entity, ' ', change, ' ', toString(from_seq), '-', ifNull(toString(to_seq), ''), ' since ', formatDateTime(known_since, '%H'), ' from ',
 formatDateTime(known_from, '%H'), ' to ', ifNull(formatDateTime(known_to, '%H'), ''), ' ', source) FROM sluice.watchlist_entries WHERE key = 'evm:098b716b8aaf21512996dc57eb0615e2383e2f96' ORDER BY from_seq, entity`)
	must(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		got = append(got, line)
	}
	want := []string{
		"one added 1-2 since 01 from 01 to 02 l-1.txt", "two changed 2-3 since 01 from 02 to 03 l-2.txt",
		"another party added 4- since 04 from 04 to  l-4.txt", "one added 5- since 05 from 05 to  l-5.txt",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := ask[uint64](t, w, "SELECT count() FROM sluice.watchlist_current"); n != 2 {
		t.Errorf("%d entries are in force", n)
	}
}

// Rows and lists of before the history was whole are read as what they are.
func TestAHistoryOfTheOlderSchemaGoesOn(t *testing.T) {
	w := open(t)
	must(t, w.conn.Exec(t.Context(), "DROP DATABASE IF EXISTS sluice SYNC"))
	p, db, err := w.provider(nil)
	must(t, err)
	defer func() { _ = db.Close() }()
	must(t, w.conn.Exec(t.Context(), "CREATE DATABASE sluice"))
	_, err = p.UpTo(t.Context(), 5)
	must(t, err)
	all := []watchlist.Entry{everything(t)[0], everything(t)[2], everything(t)[4]}
	for i := range all {
		all[i].Severity, all[i].PartyListedAt = "", ""
	}
	const insert = "INSERT INTO sluice.watchlist_history (list, entry_id, key, network, address, tag, category, categories, entity, authority, program, measure, confidence, address_listed_at, delisted_at, change, known_from, seq, version, author) VALUES"
	date := func(text string) string {
		if text == "" {
			return "NULL"
		}
		return "'" + text + "'"
	}
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	for i, e := range all {
		var categories []string
		for _, c := range e.Categories {
			categories = append(categories, "'"+string(c)+"'")
		}
		must(t, w.conn.Exec(t.Context(), fmt.Sprintf("%s ('l', '%s', '%s', '%s', '%s', '%s', '%s', [%s], '%s', '%s', '%s', '%s', %d, %s, %s, 'added', '2026-11-01 00:00:00', %d, 'v', 'ann')", insert,
			e.EntryID, e.Key, e.Network, e.Address, e.Tag, e.Category, strings.Join(categories, ","), quote.Replace(e.Entity), e.Authority, e.Program, e.Measure, e.Confidence,
			date(e.AddressListedAt), date(e.DelistedAt), i+1)))
	}
	_, err = w.Migrate(t.Context(), nil)
	must(t, err)
	want, err := watchlist.NewBuilder().Add("l", all).Build()
	must(t, err)
	got, err := w.Rebuild(t.Context(), 3)
	if err != nil || got.Version() != want.Version() {
		t.Fatalf("%v: %+v, want %+v", err, got.List("l"), want.List("l"))
	}
	o := newOfficer()
	o.log = []activation.Activation{{Seq: 1}, {Seq: 2}, {Seq: 3}}
	o.activate(t, map[string][]watchlist.Entry{"l": all[1:]})
	o.activate(t, map[string][]watchlist.Entry{"l": nil, "m": nil})
	o.record(t, w)
	for seq, want := range o.versions {
		same(t, w, seq, want)
	}
}

func TestFactsAreFoundByEveryKeyThatTheyAnswerFor(t *testing.T) {
	w, o := fresh(t), newOfficer()

	all := everything(t)
	o.activate(t, map[string][]watchlist.Entry{"l": all})
	o.activate(t, map[string][]watchlist.Entry{"l": all[2:]})
	o.record(t, w)
	facts, recorded, err := w.Facts(t.Context(), service.Ask(ronin).Keys())
	if err != nil || recorded != 2 || len(facts) != 3 {
		t.Fatalf("%+v, %d, %v", facts, recorded, err)
	}
	inForce := 0
	for _, f := range facts {
		if f.FromSeq != 1 || !f.KnownFrom.Equal(midnight.Add(time.Hour)) || !f.KnownSince.Equal(f.KnownFrom) || f.By != "bob" || f.Why != "why" ||
			f.Source != "l-1.txt" || f.Format != "txt" || !f.ImportedAt.Equal(midnight) || f.Entry.Address != ronin {
			t.Errorf("%+v", f)
		}
		if f.InForce(2) {
			inForce++
		} else if f.ToSeq == nil || *f.ToSeq != 2 || f.KnownTo == nil || !f.KnownTo.Equal(midnight.Add(2*time.Hour)) {
			t.Errorf("%+v", f)
		}
	}
	if inForce != 1 {
		t.Errorf("%d are in force", inForce)
	}
	// The P2SH-P2WPKH address of a listed public key.
	key, ok := address.WrappedSegwit(all[4].Key)
	if !ok {
		t.Fatal("no wrapped address")
	}
	facts, _, err = w.Facts(t.Context(), []address.Key{key})
	if err != nil || len(facts) != 1 || facts[0].Entry.EntryID != "4" {
		t.Errorf("%+v, %v", facts, err)
	}
	if facts, _, err := w.Facts(t.Context(), service.Ask("0x00000000000000000000000000000000000000ab").Keys()); err != nil || len(facts) != 0 {
		t.Errorf("%+v, %v", facts, err)
	}
}

func TestAJudgedTransferIsFoundByBothOfItsIDs(t *testing.T) {
	w := fresh(t)
	var b recorder.Transfers
	row(t, &b, nil, 1, nil)
	row(t, &b, nil, 2, nil)
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	for _, id := range []string{b.ID[0], b.TransferID[0]} {
		found, err := w.Judged(t.Context(), id)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %+v, %v", id, found, err)
		}
		j := found[0]
		if j.ID != b.ID[0] || j.TransferID != b.TransferID[0] || j.Tenant != "default" || j.Network != "ethereum" || j.ListsSeq != 7 || j.Verdict != "cleared" ||
			!j.OccurredAt.Equal(b.OccurredAt[0]) || len(j.Addresses) != 3 || j.Addresses[0] != (service.JudgedAddress{Role: "sender", Text: b.From[0][0]}) {
			t.Errorf("%+v", j)
		}
	}
	if found, err := w.Judged(t.Context(), "nobody"); err != nil || len(found) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}
