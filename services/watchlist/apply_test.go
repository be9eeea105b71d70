package watchlist

import (
	"errors"
	"strings"
	"testing"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/activation"
)

// entries are n entries of a list.
func entries(t *testing.T, list string, from, n int) []watchlist.Entry {
	t.Helper()
	req := request(list, from, n)
	all, _, err := format.Parse(req.Format, req.Options, req.Files...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// alone is a list of n entries.
func alone(t *testing.T, list string, from, n int) *watchlist.Snapshot {
	t.Helper()
	s, err := watchlist.NewBuilder().Add(list, entries(t, list, from, n)).Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSeveralListsChangeInOneActivation(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	if _, err := Import(ctx, w.deps(), request("a", 0, 10)); err != nil {
		t.Fatal(err)
	}
	drop := func(now []watchlist.Entry, all Standing) ([]watchlist.Entry, error) {
		if all.Len() != 10 {
			t.Errorf("%d entries in all lists", all.Len())
		}
		return now[1:], nil
	}
	u := Update{Author: "ann", Reason: "both", Edits: []Edit{{List: "a", Change: drop}, {List: "b", Whole: alone(t, "b", 100, 3)}}}
	a, err := Apply(ctx, w.deps(), u)
	if err != nil || a.Seq != 2 || a.Count != 12 || a.Repaired {
		t.Fatalf("%+v, %v", a, err)
	}
	if want := []ListChange{{List: "a", Before: 10, After: 9, Removed: 1}, {List: "b", After: 3, Added: 3}}; a.Lists[0] != want[0] || a.Lists[1] != want[1] {
		t.Errorf("%+v", a.Lists)
	}
	l := w.live(t)
	if l.Pointer.Seq != 2 || l.Snapshot.Len() != 12 || l.Snapshot.Lists()[0].Origin.Format != "txt" {
		t.Errorf("%+v, %+v", l.Pointer, l.Snapshot.Lists())
	}
	if s, err := w.log.Read(ctx); err != nil || s.Next != 2 || s.Last[activation.Lists].Author != "ann" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAnEditThatFailsChangesNothing(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	if _, err := Import(ctx, w.deps(), request("a", 0, 10)); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no such entry")
	u := Update{Author: "ann", Edits: []Edit{
		{List: "b", Whole: alone(t, "b", 100, 3)},
		{List: "a", Change: func([]watchlist.Entry, Standing) ([]watchlist.Entry, error) { return nil, failed }},
	}}
	if _, err := Apply(ctx, w.deps(), u); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	guarded := Update{Author: "ann", Edits: []Edit{
		{List: "b", Whole: alone(t, "b", 100, 3)},
		{List: "a", Whole: alone(t, "a", 0, 1), Load: &watchlist.Load{}},
	}}
	if a, err := Apply(ctx, w.deps(), guarded); !errors.Is(err, watchlist.ErrGuard) || len(a.Lists) != 2 || a.Lists[1].Before != 10 {
		t.Fatalf("%+v, %v", a, err)
	}
	if l := w.live(t); l.Pointer.Seq != 1 || l.Snapshot.Len() != 10 {
		t.Errorf("%+v", l.Pointer)
	}
}

func TestOwnAddressesAreImportedAsSuch(t *testing.T) {
	w := newWorld(t)
	req := request("ours", 0, 3)
	req.Use = watchlist.UseOwn
	if _, err := Import(t.Context(), w.deps(), req); err != nil {
		t.Fatal(err)
	}
	for e := range w.live(t).Snapshot.All() {
		if e.Use != watchlist.UseOwn || e.Category != taxonomy.Exchange {
			t.Errorf("%+v", e)
		}
	}
	req = request("ours", 0, 3)
	req.Use = watchlist.UseAllow
	if _, err := Import(t.Context(), w.deps(), req); err == nil || !strings.Contains(err.Error(), "one by one") {
		t.Errorf("%v", err)
	}
}

func TestAWebPageIsNoList(t *testing.T) {
	w := newWorld(t)
	req := request("a", 0, 3)
	req.Files[0].R = strings.NewReader("<!DOCTYPE html><html><title>0x00000000000000000000000000000000000000bb</title>")
	var r *watchlist.Refusal
	if _, err := Import(t.Context(), w.deps(), req); !errors.As(err, &r) || r.Cause != watchlist.CauseContentType {
		t.Errorf("%v", err)
	}
}

func TestAnEntryThatEndedBeforeItsFileCameIsNeverInForce(t *testing.T) {
	w := newWorld(t)
	both := entries(t, "a", 0, 2)
	both[0].ExpiresAt = "2001-01-01T00:00:00Z"
	text := string(both[0].AppendJSON(nil)) + "\n" + string(both[1].AppendJSON(nil)) + "\n"
	req := ImportRequest{Format: "ndjson", Options: format.Options{List: "a"}, Files: []format.Input{{Name: "f", R: strings.NewReader(text)}}}
	res, err := Import(t.Context(), w.deps(), req)
	if err != nil || res.Added != 1 || res.Report.LeftOut != 1 || res.Report.Entries != 1 {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestNobodySlipsAnAllowEntryInByAFile(t *testing.T) {
	w := newWorld(t)
	e := entries(t, "a", 0, 1)[0]
	e.Use, e.Author, e.Approver, e.Reason, e.Reference, e.ExpiresAt = watchlist.UseAllow, "ann", "bert", "r", "GL-7", "2099-01-01T00:00:00Z"
	req := ImportRequest{Format: "ndjson", Options: format.Options{List: "a"}, Files: []format.Input{{Name: "f", R: strings.NewReader(string(e.AppendJSON(nil)) + "\n")}}}
	if _, err := Import(t.Context(), w.deps(), req); !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), "none comes from a file") {
		t.Errorf("%v", err)
	}
	if l := w.live(t); l.Snapshot != nil {
		t.Error("it is in force")
	}
}

func TestTheOwnerOfAListAdjustsItsEntries(t *testing.T) {
	w := newWorld(t)
	req := request("a", 0, 3)
	req.Adjust = Adjust{Categories: map[taxonomy.Category]taxonomy.Category{taxonomy.Scam: taxonomy.Phishing}, Severity: "low", Confidence: 40}
	if _, err := Import(t.Context(), w.deps(), req); err != nil {
		t.Fatal(err)
	}
	for e := range w.live(t).Snapshot.All() {
		if e.Category != taxonomy.Phishing || len(e.Categories) != 1 || e.Severity != "low" || e.Confidence != 40 {
			t.Errorf("%+v", e)
		}
	}
}
