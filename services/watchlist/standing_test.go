package watchlist

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/services/internal/lists"
)

// reads counts what is read of segments.
type reads struct {
	*world
	segments atomic.Int64
}

func (r *reads) Segment(ctx context.Context, sha256 string) ([]byte, error) {
	r.segments.Add(1)
	return r.world.Segment(ctx, sha256)
}

// large is a request for a list of n addresses of a category.
func large(n int, category taxonomy.Category) ImportRequest {
	req := request("large", 0, n)
	req.Options.Category = category
	return req
}

func TestAnOwnListIsChangedBesideALargeOneThatIsNotRead(t *testing.T) {
	w, d := newDesk(t)
	ctx := t.Context()
	if _, err := Import(ctx, d, large(21_000, taxonomy.Sanctions)); err != nil {
		t.Fatal(err)
	}
	src := &reads{world: w.world}
	d.Store = src
	read := func(most int64, what string) {
		t.Helper()
		if n := src.segments.Swap(0); n > most {
			t.Errorf("%s read %d segments, want at most %d", what, n, most)
		}
	}
	if _, a, err := Add(ctx, d, "ours", []Input{{Address: evmText, Category: "scam"}, {Address: otherText, Category: "scam"}}, anna); err != nil || a.Count != 21_002 {
		t.Fatalf("%+v, %v", a, err)
	}
	read(0, "the first entry of a list")
	if _, a, err := SetEnd(ctx, d, "ours", []string{evmText}, w.at.Add(time.Hour), anna); err != nil || a.Lists[0].Changed != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	read(1, "an end")
	if _, a, err := Remove(ctx, d, "ours", []string{otherText}, anna); err != nil || a.Count != 21_001 {
		t.Fatalf("%+v, %v", a, err)
	}
	read(1, "a removal")
	// The large list is still looked up in: what would suppress its hits waits for a second person.
	listed := fmt.Sprintf("0x%040x", 0x10000000+777)
	allow := []Input{{Address: listed, Use: "allow", ExpiresAt: "2027-01-01T00:00:00Z", Reference: "licence 7"}}
	done, _, err := Add(ctx, d, "ours", allow, anna)
	if err != nil || done[0].Status != StatusProposed {
		t.Fatalf("%+v, %v", done, err)
	}
	read(3, "a proposal") // the own list twice, and what it would suppress
	// Nobody edits the list of a publisher by hand, which is seen without reading it.
	if _, _, err := Remove(ctx, d, "large", []string{listed}, anna); err == nil || !strings.Contains(err.Error(), "its next load would undo") {
		t.Errorf("%v", err)
	}
	src.segments.Store(0)
	// The version is that of all lists as they are read whole.
	l := w.live(t)
	if l.Snapshot.Version() != l.Pointer.Version || l.Snapshot.Len() != 21_001 || l.Snapshot.Count("ours") != 1 {
		t.Errorf("%+v, %+v", l.Pointer, l.Snapshot.Lists())
	}
	// An officer's question reads what answers it.
	q := Ask(listed)
	facts, err := q.Stored(ctx, src, w.described(t).Manifest)
	if want := q.Live(l.Snapshot); err != nil || len(facts) != 1 || len(want) != 1 || watchlist.Compare(&facts[0].Entry, &want[0].Entry) != 0 || facts[0].Source != want[0].Source {
		t.Errorf("%+v, want %+v: %v", facts, want, err)
	}
	read(2, "a look-up")
	// Without a catalogue the list itself answers.
	for i := range w.described(t).Manifest.Lists[0].Sheets() {
		w.del(t, fmt.Sprintf("sluice:{lists}:sheet:%s:%d", w.described(t).Manifest.Lists[0].Hash, i))
	}
	if facts, err = q.Stored(ctx, src, w.described(t).Manifest); err != nil || len(facts) != 1 {
		t.Errorf("without a catalogue: %+v, %v", facts, err)
	}
}

func TestAnUpdateBesideAListThatIsGoneSaysSo(t *testing.T) {
	w, d := newDesk(t)
	ctx := t.Context()
	if _, err := Import(ctx, d, request("theirs", 0, 5)); err != nil {
		t.Fatal(err)
	}
	m := w.described(t).Manifest
	w.del(t, "sluice:{lists}:segment:"+m.Lists[0].Segments[0].SHA256)
	if _, _, err := Add(ctx, d, "ours", []Input{{Address: evmText, Category: "scam"}}, anna); err == nil || !strings.Contains(err.Error(), "theirs (5 entries)") {
		t.Errorf("%v", err)
	}
	if _, err := lists.ReadManifest(ctx, w.Client, w.described(t).Pointer); err != nil {
		t.Errorf("what was in force is not any more: %v", err)
	}
}
