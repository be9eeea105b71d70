package watchlist

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/services/internal/audit"
	"sluice/services/internal/lists"
)

// desk is a world with a register, an audit log in memory and a clock.
type desk struct {
	*world
	mu  sync.Mutex
	log []audit.Record
	at  time.Time
}

func (d *desk) Append(_ context.Context, r audit.Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, r)
	return nil
}

func newDesk(t *testing.T) (*desk, Deps) {
	w := &desk{world: newWorld(t), at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	d := w.deps()
	d.Register, d.Audit, d.Now = w.Client, w, func() time.Time { return w.at }
	return w, d
}

var (
	anna = Who{Actor: "key:a1", Name: "anna", Reason: "case 7"}
	bert = Who{Actor: "key:b2", Name: "bert", Reason: "checked"}
)

const (
	evmText   = "0x1111111111111111111111111111111111111111"
	otherText = "0x2222222222222222222222222222222222222222"
)

// What changes nothing makes no list, and so no activation and no lookback.
func TestAProposalMakesNoList(t *testing.T) {
	_, d := newDesk(t)
	ctx := t.Context()
	if done, a, err := Remove(ctx, d, "nothing", []string{"x"}, anna); err != nil || a.Seq != 0 || done[0].Status != StatusAbsent {
		t.Errorf("without any list: %+v, %+v, %v", done, a, err)
	}
	sanctionedList(t, d)
	before, err := Describe(ctx, d.Store)
	if err != nil {
		t.Fatal(err)
	}
	allow := Input{Address: evmText, Use: "allow", ExpiresAt: "2027-01-01T00:00:00Z", Reference: "GL-7"}
	done, a, err := Add(ctx, d, "allowed", []Input{allow}, anna)
	if err != nil || done[0].Status != StatusProposed || a.Seq != before.Seq || a.Version != before.Version {
		t.Errorf("%+v, %+v, %v", done, a, err)
	}
	if _, _, err := Remove(ctx, d, "nothing", []string{"x"}, anna); err != nil {
		t.Error(err)
	}
	after, err := Describe(ctx, d.Store)
	if err != nil || after.Pointer != before.Pointer || len(after.Manifest.Lists) != 1 {
		t.Errorf("%+v, %d lists, %v", after.Pointer, len(after.Manifest.Lists), err)
	}
	_, a, err = Approve(ctx, d, done[0].Proposal, bert)
	if err != nil || a.Seq != before.Seq+1 {
		t.Errorf("%+v, %v", a, err)
	}
	// A list that had entries stays when the last one goes.
	if _, _, err := Remove(ctx, d, "allowed", []string{evmText}, anna); err != nil {
		t.Fatal(err)
	}
	if after, err = Describe(ctx, d.Store); err != nil || len(after.Manifest.Lists) != 2 {
		t.Errorf("%d lists, %v", len(after.Manifest.Lists), err)
	}
}

func TestEntriesAreAddedChangedAndRemoved(t *testing.T) {
	w, d := newDesk(t)
	ctx := t.Context()
	in := []Input{{Address: evmText, Category: "scam", Entity: "Somebody"}, {Network: "xrp", Address: "rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv", Tag: "7", Category: "phishing"}}
	done, a, err := Add(ctx, d, "ours", in, anna)
	if err != nil || a.Seq != 1 || done[0] != (Done{EntryID: evmText, Status: StatusAdded}) || done[1].EntryID != "rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv:7" {
		t.Fatalf("%+v, %+v, %v", done, a, err)
	}
	w.at = w.at.Add(time.Hour)
	if done, a, err = Add(ctx, d, "ours", in, bert); err != nil || !a.Repaired || a.Seq != 1 || done[0].Status != StatusUnchanged {
		t.Fatalf("again: %+v, %+v, %v", done, a, err)
	}
	in[0].Category = "phishing"
	if done, a, err = Add(ctx, d, "ours", in, bert); err != nil || a.Seq != 2 || done[0].Status != StatusChanged || done[1].Status != StatusUnchanged {
		t.Fatalf("changed: %+v, %+v, %v", done, a, err)
	}
	e := w.live(t).Snapshot.List("ours")[0]
	if e.Category != taxonomy.Phishing || e.Author != "bert (key:b2)" || e.Reason != "checked" || e.KnownAt != "2026-11-22T12:00:00Z" || e.List != "ours" {
		t.Errorf("%+v", e)
	}
	if o := w.live(t).Snapshot.Lists()[0].Origin; o.Format != watchlist.FormatByHand {
		t.Errorf("%+v", o)
	}
	end := w.at.Add(time.Hour)
	if done, _, err = SetEnd(ctx, d, "ours", []string{evmText, "nobody"}, end, anna); err != nil || done[0].Status != StatusChanged || done[1].Status != StatusAbsent {
		t.Errorf("%+v, %v", done, err)
	}
	if done, _, err = SetEnd(ctx, d, "ours", []string{evmText}, end, anna); err != nil || done[0].Status != StatusUnchanged {
		t.Errorf("%+v, %v", done, err)
	}
	for _, want := range []Status{StatusRemoved, StatusAbsent} {
		if done, _, err = Remove(ctx, d, "ours", []string{evmText}, anna); err != nil || done[0].Status != want {
			t.Errorf("%+v, %v", done, err)
		}
	}
	if n := w.live(t).Snapshot.Len(); n != 1 {
		t.Errorf("%d entries are left", n)
	}
	for i, want := range []audit.Action{audit.ListAdd, audit.ListAdd, audit.ListAdd, audit.ListExpire, audit.ListExpire, audit.ListRemove, audit.ListRemove} {
		if r := w.log[i]; r.Action != want || r.Object != "ours" || r.Actor == "" || r.Detail["reason"] == "" {
			t.Errorf("%d: %+v", i, r)
		}
	}
}

func TestWhatCannotBeAnEntryChangesNothing(t *testing.T) {
	w, d := newDesk(t)
	good := Input{Address: evmText, Category: "scam"}
	for want, in := range map[string]Input{
		"address is empty":          {},
		"no account":                {Address: "nonsense", Network: "ethereum"},
		"name the network":          {Address: "31nadacWrgPeAQxKRMabhn3fPhnhi3hjKa"},
		`network "etherum"`:         {Address: evmText, Network: "etherum"},
		"zero address":              {Address: "0x0000000000000000000000000000000000000000"},
		"has passed":                {Address: evmText, ExpiresAt: "2026-11-22T12:00:00Z"},
		"is no time":                {Address: evmText, ExpiresAt: "tomorrow"},
		`"nasty"`:                   {Address: evmText, Category: "nasty"},
		`use "block"`:               {Address: evmText, Use: "block"},
		"belongs to listed entries": {Address: evmText, Use: "own", Category: "scam"},
		"expires_at is empty":       {Address: evmText, Use: "allow"},
		"the entry_id":              {Address: otherText, EntryID: evmText},
		"and tag says":              {Network: "xrp", Address: "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", Tag: "2"},
	} {
		if want == "no account" {
			want = "ethereum"
		}
		if _, _, err := Add(t.Context(), d, "ours", []Input{good, in}, anna); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "entry 2") {
			t.Errorf("%q: %v", want, err)
		}
	}
	if l := w.live(t); l.Snapshot != nil {
		t.Errorf("%+v", l.Pointer)
	}
}

func TestAListOfAPublisherIsNotEditedByHand(t *testing.T) {
	w, d := newDesk(t)
	if _, err := Import(t.Context(), d, request("a", 0, 10)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Add(t.Context(), d, "a", []Input{{Address: evmText}}, anna); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "list of its own") {
		t.Errorf("%v", err)
	}
	if _, _, err := Add(t.Context(), d, "ours", []Input{{Address: evmText}}, anna); err != nil {
		t.Error(err)
	}
	var r *watchlist.Refusal
	if _, err := Import(t.Context(), d, request("ours", 0, 10)); !errors.As(err, &r) || r.Cause != watchlist.CauseByHand {
		t.Errorf("%v", err)
	}
	if state, err := d.state(t.Context(), "ours"); err != nil || state.Refused == nil || state.Refused.Cause != "by_hand" {
		t.Errorf("%+v, %v", state, err)
	}
	req := request("ours", 0, 10)
	req.AcceptShrink, req.Author, req.Reason = true, "ann", "now a file"
	if _, err := Import(t.Context(), d, req); err != nil {
		t.Error(err)
	}
	if state, err := d.state(t.Context(), "ours"); err != nil || state.Refused != nil {
		t.Errorf("%+v, %v", state, err)
	}
	if n := w.live(t).Snapshot.Len(); n != 20 {
		t.Errorf("%d entries", n)
	}
}

// sanctionedList lists an address for sanctions.
func sanctionedList(t *testing.T, d Deps) {
	t.Helper()
	req := request("ofac", 0, 0)
	req.Files[0].R, req.Options.Category = strings.NewReader(evmText+"\n"), taxonomy.Sanctions
	if _, err := Import(t.Context(), d, req); err != nil {
		t.Fatal(err)
	}
}

func TestOverSanctionsASecondPersonApproves(t *testing.T) {
	w, d := newDesk(t)
	ctx := t.Context()
	sanctionedList(t, d)
	in := Input{Address: evmText, Use: "allow", ExpiresAt: "2027-01-01T00:00:00Z"}
	if _, _, err := Add(ctx, d, "allowed", []Input{in}, anna); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "reference") {
		t.Fatalf("%v", err)
	}
	in.Reference = "GL-7"
	elsewhere := Input{Address: otherText, Use: "allow", ExpiresAt: "2027-01-01T00:00:00Z"}
	done, _, err := Add(ctx, d, "allowed", []Input{in, elsewhere}, anna)
	if err != nil || done[0].Status != StatusProposed || done[0].Proposal == "" || done[1].Status != StatusAdded {
		t.Fatalf("%+v, %v", done, err)
	}
	again, _, err := Add(ctx, d, "allowed", []Input{in}, anna)
	if err != nil || again[0].Proposal != done[0].Proposal {
		t.Errorf("proposed again: %+v, %v", again, err)
	}
	if n := len(w.live(t).Snapshot.List("allowed")); n != 1 {
		t.Errorf("%d entries before it was approved", n)
	}
	id := done[0].Proposal
	for name, who := range map[string]Who{"herself": anna, "herself, by another name": {Actor: anna.Actor, Name: "zoe"},
		"another key, her name": {Actor: "key:c3", Name: "Anna"}, "nobody": {Actor: Anonymous, Name: "bert"}} {
		if _, _, err := Approve(ctx, d, id, who); !errors.Is(err, ErrSamePerson) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, a, err := Approve(ctx, d, id, bert); err != nil || got.Status != StatusAdded || a.Seq == 0 {
		t.Fatalf("%+v, %+v, %v", got, a, err)
	}
	if _, _, err := Approve(ctx, d, id, bert); !errors.Is(err, ErrNoProposal) {
		t.Errorf("approved twice: %v", err)
	}
	s := w.live(t).Snapshot
	listed := s.List("ofac")[0]
	for _, e := range s.List("allowed") {
		if e.EntryID == evmText && (!e.Allows(&listed) || e.Approver != "bert (key:b2)" || e.Author != "anna (key:a1)") {
			t.Errorf("%+v", e)
		}
	}
	if got, _, err := Add(ctx, d, "allowed", []Input{in}, anna); err != nil || got[0].Status != StatusUnchanged {
		t.Errorf("added again: %+v, %v", got, err)
	}
	if _, _, err := SetEnd(ctx, d, "allowed", []string{evmText}, w.at.AddDate(2, 0, 0), anna); !errors.Is(err, ErrInput) {
		t.Errorf("a later end without approval: %v", err)
	}
	if _, _, err := SetEnd(ctx, d, "allowed", []string{evmText}, w.at.AddDate(0, 0, 1), anna); err != nil {
		t.Errorf("an earlier end: %v", err)
	}
	last := w.log[len(w.log)-1]
	if last.Action != audit.ListExpire {
		t.Errorf("%+v", last)
	}
}

func TestAProposalIsRejectedOrEnds(t *testing.T) {
	w, d := newDesk(t)
	ctx := t.Context()
	sanctionedList(t, d)
	in := Input{Address: evmText, Use: "allow", ExpiresAt: "2026-11-22T13:00:00Z", Reference: "GL-7"}
	done, _, err := Add(ctx, d, "allowed", []Input{in}, anna)
	if err != nil {
		t.Fatal(err)
	}
	w.at = w.at.Add(time.Hour)
	if _, _, err := Approve(ctx, d, done[0].Proposal, bert); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "passed") {
		t.Errorf("%v", err)
	}
	if err := Reject(ctx, d, done[0].Proposal, bert); err != nil {
		t.Error(err)
	}
	if err := Reject(ctx, d, done[0].Proposal, bert); !errors.Is(err, ErrNoProposal) {
		t.Errorf("%v", err)
	}
}

func TestOneAccountOnTwoMachinesIsOnePerson(t *testing.T) {
	p := lists.Proposal{Actor: "user:root@a"}
	if err := twoPeople(p, watchlist.Entry{Author: "anna (user:root@a)"}, Who{Actor: "user:root@b", Name: "bert"}); !errors.Is(err, ErrSamePerson) {
		t.Errorf("%v", err)
	}
	if err := twoPeople(p, watchlist.Entry{Author: "anna (user:root@a)"}, Who{Actor: "user:bert@a", Name: "bert"}); err != nil {
		t.Errorf("%v", err)
	}
}

func TestTheEndOfAnEntryIsANewSnapshot(t *testing.T) {
	w, d := newDesk(t)
	ctx := t.Context()
	for i, end := range []string{"2026-11-22T13:00:00Z", "2026-11-22T14:00:00Z", ""} {
		in := Input{Address: strings.Replace(evmText, "0x1", "0x"+string(rune('a'+i)), 1), Category: "scam", ExpiresAt: end}
		if _, _, err := Add(ctx, d, []string{"a", "b", "a"}[i], []Input{in}, anna); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(Config{Every: time.Second, Copy: filepath.Join(t.TempDir(), "kept")}, d)
	if err != nil {
		t.Fatal(err)
	}
	tick := func(at string) int {
		w.at, _ = time.Parse(time.RFC3339Nano, at)
		state, err := w.world.log.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		s.Check(ctx, state.Last["lists"])
		s.expire(ctx)
		return w.live(t).Snapshot.Len()
	}
	for _, c := range []struct {
		at   string
		want int
		seq  uint64
	}{
		{"2026-11-22T12:59:59.999Z", 3, 3}, {"2026-11-22T13:00:00Z", 2, 4}, {"2026-11-22T13:00:01Z", 2, 4}, {"2026-11-22T14:00:00Z", 1, 5}, {"2036-11-22T14:00:00Z", 1, 5},
	} {
		if n := tick(c.at); n != c.want || w.live(t).Pointer.Seq != c.seq {
			t.Errorf("%s: %d entries, seq %d", c.at, n, w.live(t).Pointer.Seq)
		}
	}
}
