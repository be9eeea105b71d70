package watchlist

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/pkg/address"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
)

func TestFindReadsEveryNameOfAVersion(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	one, two, three := "aaaaaaaa11"+strings.Repeat("0", 54), "aaaaaaaa22"+strings.Repeat("0", 54), "bbbbbbbb"+strings.Repeat("0", 56)
	all := []activation.Activation{
		{Seq: 3, Version: one, At: noon}, {Seq: 4, Version: two, At: noon.Add(time.Hour)},
		{Seq: 6, Version: three, At: noon.Add(2 * time.Hour)}, {Seq: 9, Version: one, At: noon.Add(3 * time.Hour)},
	}
	for name, want := range map[string]uint64{
		"current": 9, "previous": 6, "#9": 9, "#8": 6, "#3": 3, "8": 6, "0000004": 4, "aaaaaaaa1": 9, strings.ToUpper(three): 6, "bbbbbbbb": 6, two: 4,
	} {
		if a, err := Find(all, name); err != nil || a.Seq != want {
			t.Errorf("%s: seq %d, %v, want %d", name, a.Seq, err, want)
		}
	}
	for name, want := range map[string]string{
		"aaaaaaaa": "several", "bbbbbbb": "at least 8", "cccccccc": "begins none", "#10": "the last", "#2": "no list was in force", "2": "no list was in force", "00000004": "begins none", "#x": "number",
		"latest": "want current", "": "want current",
	} {
		if _, err := Find(all, name); !errors.Is(err, ErrNoVersion) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
	if _, err := Find(all[:1], "previous"); !errors.Is(err, ErrNoVersion) {
		t.Errorf("previous of the first: %v", err)
	}
	if _, err := Find(nil, "current"); !errors.Is(err, ErrNoVersion) {
		t.Errorf("current of none: %v", err)
	}
	for when, want := range map[time.Time]uint64{noon: 3, noon.Add(time.Hour - 1): 3, noon.Add(time.Hour): 4, noon.Add(240 * time.Hour): 9} {
		if a, err := At(all, when); err != nil || a.Seq != want {
			t.Errorf("at %s: seq %d, %v, want %d", when, a.Seq, err, want)
		}
	}
	if _, err := At(all, noon.Add(-1)); !errors.Is(err, ErrNoVersion) {
		t.Errorf("before the first: %v", err)
	}
}

// remembered is a history in memory.
type remembered struct {
	acts      []activation.Activation
	snapshots map[uint64]*watchlist.Snapshot
	facts     []Fact
	transfers []Judged
	err       error
}

func (r remembered) Activations(context.Context) ([]activation.Activation, error) {
	return r.acts, r.err
}

func (r remembered) Rebuild(_ context.Context, seq uint64) (*watchlist.Snapshot, error) {
	if s := r.snapshots[seq]; s != nil {
		return s, nil
	}
	return nil, errors.Join(r.err, ErrGone)
}

func (r remembered) known(context.Context) (seq uint64, err error) {
	for _, a := range r.acts {
		seq = max(seq, a.Seq)
	}
	return seq, r.err
}

func (r remembered) Facts(ctx context.Context, keys []address.Key) (facts []Fact, recorded uint64, err error) {
	recorded, _ = r.known(ctx)
	for _, f := range r.facts {
		if slices.Contains(keys, f.Entry.Key) {
			facts = append(facts, f)
		}
	}
	return facts, recorded, r.err
}

func (r remembered) Judged(_ context.Context, id string) (found []Judged, err error) {
	for _, t := range r.transfers {
		if t.ID == id || t.TransferID == id {
			found = append(found, t)
		}
	}
	return found, r.err
}

func TestAVersionComesFromRedisElseFromTheHistoryVerified(t *testing.T) {
	w := newWorld(t)
	importing := func(req ImportRequest) ImportResult {
		r, err := Import(t.Context(), w.deps(), req)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first, second := importing(request("a", 0, 3)), importing(request("a", 0, 4))
	v := Versions{Order: w.log, Store: w}
	s, a, err := v.Snapshot(t.Context(), "previous")
	if err != nil || a.Seq != first.Seq || s.Version() != first.Version || s.Len() != 3 {
		t.Fatalf("previous: %+v, %v", a, err)
	}
	past := remembered{acts: []activation.Activation{{Seq: 0, Epoch: "older", Kind: activation.Lists, Version: "of an older epoch"}, a}, snapshots: map[uint64]*watchlist.Snapshot{a.Seq: s}}
	v.Past = past
	all, err := v.All(t.Context())
	if err != nil || len(all) != 3 || all[0].Version != "of an older epoch" || all[2].Seq != second.Seq {
		t.Fatalf("%+v, %v", all, err)
	}

	w.flush(t)
	if got, _, err := v.Snapshot(t.Context(), first.Version[:8]); err != nil || got.Version() != first.Version {
		t.Errorf("from the history: %v", err)
	}
	if _, _, err := v.Snapshot(t.Context(), "current"); !errors.Is(err, ErrGone) {
		t.Errorf("what neither has: %v", err)
	}
	past.snapshots[second.Seq] = s // not what it was
	if _, _, err := v.Snapshot(t.Context(), "current"); !errors.Is(err, ErrGone) {
		t.Errorf("a history that makes another version: %v", err)
	}
	v.Past = nil
	if _, _, err := v.Snapshot(t.Context(), "previous"); !errors.Is(err, ErrGone) {
		t.Errorf("without a history: %v", err)
	}
}

// away is a broker that does not answer.
type away struct{}

func (away) All(ctx context.Context) ([]activation.Activation, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAQuestionDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, err := (Versions{Order: away{}}).All(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}
