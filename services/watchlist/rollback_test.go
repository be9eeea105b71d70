package watchlist

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
)

// lived is a world in which two versions of a list were in force, with a history that has both.
func lived(t *testing.T) (w *world, v Versions, past *remembered) {
	t.Helper()
	w = newWorld(t)
	past = &remembered{snapshots: map[uint64]*watchlist.Snapshot{}}
	v = Versions{Order: w.log, Store: w, Past: past}
	for _, n := range []int{3, 5} {
		if _, err := Import(t.Context(), w.deps(), request("a", 0, n)); err != nil {
			t.Fatal(err)
		}
		s, a, err := v.Snapshot(t.Context(), "current")
		if err != nil {
			t.Fatal(err)
		}
		past.acts, past.snapshots[a.Seq] = append(past.acts, a), s
	}
	return w, v, past
}

func TestARollbackIsANewActivationOfAnEarlierVersion(t *testing.T) {
	w, v, past := lived(t)
	first := past.snapshots[1].Version()
	r, err := Rollback(t.Context(), w.deps(), v, RollbackRequest{Version: "previous", Author: "ann", Reason: "a broken file"})
	if err != nil || r.Seq != 3 || r.Version != first || r.To.Seq != 1 || r.From.Seq != 2 || r.Added != 0 || r.Removed != 2 || r.Count != 3 || r.Repaired {
		t.Fatalf("%+v, %v", r, err)
	}
	if l := w.live(t); l.Pointer.Seq != 3 || l.Snapshot.Version() != first {
		t.Errorf("%+v", l.Pointer)
	}
	state, err := w.log.Read(t.Context())
	if last := state.Last[activation.Lists]; err != nil || last.Author != "ann" || last.Reason != "a broken file" || last.Previous == first || last.Entries() != 3 {
		t.Errorf("%+v, %v", last, err)
	}
	// What is in force already makes no activation.
	r, err = Rollback(t.Context(), w.deps(), v, RollbackRequest{Version: first, Author: "ann", Reason: "again"})
	if err != nil || !r.Repaired || r.Seq != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestARollbackNeedsSomebodyToStandForIt(t *testing.T) {
	w, v, _ := lived(t)
	for _, req := range []RollbackRequest{{Version: "previous"}, {Version: "previous", Author: "ann"}, {Version: "previous", Reason: "why"}} {
		if _, err := Rollback(t.Context(), w.deps(), v, req); err == nil || !strings.Contains(err.Error(), "author and a reason") {
			t.Errorf("%+v: %v", req, err)
		}
	}
	if _, err := Rollback(t.Context(), w.deps(), v, RollbackRequest{Version: "01234567", Author: "ann", Reason: "why"}); !errors.Is(err, ErrNoVersion) {
		t.Errorf("a version that never was: %v", err)
	}
	if l := w.live(t); l.Pointer.Seq != 2 {
		t.Errorf("%+v", l.Pointer)
	}
}

func TestARollbackGoesOnWhereItBrokeOff(t *testing.T) {
	for steps := range 4 {
		for _, after := range []bool{false, true} {
			w, v, past := lived(t)
			w.breakOff(steps, after)
			req := RollbackRequest{Version: "#1", Author: "ann", Reason: "why"}
			if _, err := Rollback(t.Context(), w.deps(), v, req); steps < 3 && err == nil {
				t.Errorf("step %d: no error", steps)
			}
			w.breakOff(-1, false)
			if _, err := Rollback(t.Context(), w.deps(), v, req); err != nil {
				t.Errorf("step %d: %v", steps, err)
			}
			if l := w.live(t); l.Pointer.Seq != 3 || l.Snapshot.Version() != past.snapshots[1].Version() {
				t.Errorf("step %d: %+v", steps, l.Pointer)
			}
		}
	}
}

// Redis and the topic are lost: the last version that the history has is put in force again, under a number above it, and
// an import does not drop the lists that it does not bring.
func TestWhatOnlyTheHistoryHasIsPutInForceAgain(t *testing.T) {
	_, _, past := lived(t)
	deps := func() (*world, Versions, Deps) {
		w := newWorld(t)
		d := w.deps()
		d.Past = past
		d.Known = past.known
		return w, Versions{Order: w.log, Store: w, Past: past}, d
	}
	w, v, d := deps()
	r, err := Rollback(t.Context(), d, v, RollbackRequest{Version: "current", Author: "ann", Reason: "all is lost"})
	if err != nil || r.Seq != 3 || r.Count != 5 {
		t.Fatalf("%+v, %v", r, err)
	}
	if l := w.live(t); l.Pointer.Seq != 3 || l.Snapshot.Len() != 5 {
		t.Errorf("%+v", l.Pointer)
	}
	w, _, d = deps()
	i, err := Import(t.Context(), d, request("b", 100, 7))
	if err != nil || i.Seq != 3 || i.Count != 12 {
		t.Errorf("%+v, %v", i, err)
	}
	if l := w.live(t); len(l.Snapshot.List("a")) != 5 {
		t.Error("a list that the import did not bring was dropped")
	}
	delete(past.snapshots, 2)
	if _, err := Import(t.Context(), d, request("c", 100, 7)); err != nil {
		t.Errorf("Redis has all again: %v", err)
	}
	_, _, d = deps()
	if _, err := Import(t.Context(), d, request("b", 100, 7)); !errors.Is(err, ErrLost) {
		t.Errorf("what was in force is nowhere: %v", err)
	}
	accepted := request("b", 100, 7)
	accepted.AcceptShrink, accepted.Author, accepted.Reason = true, "ann", "the history is damaged"
	if i, err := Import(t.Context(), d, accepted); err != nil || i.Count != 7 || i.Seq != 3 {
		t.Errorf("what was in force is given up: %+v, %v", i, err)
	}
}

func TestTheServiceRestoresFromTheHistoryWhatNeitherRedisNorItsCopyHas(t *testing.T) {
	w, _, past := lived(t)
	s := w.service(t, "")
	s.d.Past = past
	last := past.acts[1]
	w.flush(t)
	if done, err := s.repair(t.Context(), last); err != nil || done == "" {
		t.Fatalf("%q, %v", done, err)
	}
	if l := w.live(t); l.Pointer.Seq != 2 || l.Snapshot.Len() != 5 {
		t.Errorf("%+v", l.Pointer)
	}
	// A history that makes something else is not believed, and not asked again.
	w.flush(t)
	past.snapshots[2] = past.snapshots[1]
	if _, err := s.repair(t.Context(), last); !errors.Is(err, errUnrestorable) || !errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
	past.err = errors.New("asked again")
	if _, err := s.repair(t.Context(), last); !errors.Is(err, errUnrestorable) || errors.Is(err, past.err) {
		t.Errorf("%v", err)
	}
	if l := w.live(t); l.Snapshot != nil {
		t.Error("something was put in force")
	}
	// An import finds it too.
	past.err, past.snapshots[2] = nil, nil
	if _, err := Import(t.Context(), w.deps(), request("b", 100, 7)); !errors.Is(err, ErrLost) {
		t.Errorf("without a history: %v", err)
	}
}

func TestAnImportGoesOnFromTheHistory(t *testing.T) {
	w, _, past := lived(t)
	w.flush(t)
	d := w.deps()
	d.Past = past
	r, err := Import(t.Context(), d, request("b", 100, 7))
	if err != nil || r.Count != 12 || r.Seq != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestLookupsAnswerForEveryMoment(t *testing.T) {
	w, v, past := lived(t)
	ctx := t.Context()
	text := "0x0000000000000000000000000000000010000004" // of the second version alone
	q := Ask(text)
	e := q.Live(past.snapshots[2])[0].Entry
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	past.facts = []Fact{{Entry: e, FromSeq: 2, KnownFrom: noon, KnownSince: noon, By: "unattended", Source: "a.txt", Format: "txt"}}
	for seq, want := range map[uint64]int{1: 0, 2: 1} {
		a, err := v.Lookup(ctx, q, past.acts[seq-1])
		if err != nil || len(a.Facts) != want || a.Unrecorded || want == 1 && (a.Facts[0].Match != "exact" || a.Facts[0].FromSeq != 2) {
			t.Errorf("seq %d: %+v, %v", seq, a, err)
		}
	}
	live, missing, err := v.LookupLive(ctx, q, w.described(t))
	if err != nil || missing != nil || len(live) != 1 || live[0].FromSeq != 2 || live[0].Source != "a.txt" {
		t.Errorf("%+v, %v", live, missing)
	}
	if all, err := v.LookupAll(ctx, q); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	// What the history does not have yet is answered by the lists themselves.
	past.acts = past.acts[:1]
	a, err := v.Lookup(ctx, q, activation.Activation{Seq: 2, Version: past.snapshots[2].Version()})
	if err != nil || len(a.Facts) != 1 || !a.Unrecorded || a.Facts[0].FromSeq != 0 || a.Facts[0].Source != "a.txt" {
		t.Errorf("%+v, %v", a, err)
	}
	if live, missing, err := v.LookupLive(ctx, q, w.described(t)); err != nil || missing == nil || len(live) != 1 {
		t.Errorf("%+v, %v, %v", live, missing, err)
	}
	v.Past = nil
	if _, err := v.LookupAll(ctx, q); !errors.Is(err, ErrNoHistory) {
		t.Errorf("%v", err)
	}
	if _, err := v.LookupTransfer(ctx, "t"); !errors.Is(err, ErrNoHistory) {
		t.Errorf("%v", err)
	}
}

func TestATransferIsAnsweredByTheListsThatItWasJudgedBy(t *testing.T) {
	_, v, past := lived(t)
	text := "0x0000000000000000000000000000000010000000"
	two := uint64(2)
	e := Ask(text).Live(past.snapshots[1])[0].Entry
	past.facts = []Fact{{Entry: e, FromSeq: 1, ToSeq: &two}}
	past.transfers = []Judged{
		{ID: "fact-1", TransferID: "t", Network: "ethereum", ListsSeq: 1, Addresses: []JudgedAddress{{"sender", text}, {"recipient", "0x00000000000000000000000000000000000000aa"}}},
		{ID: "fact-2", TransferID: "t", Network: "ethereum", ListsSeq: 2, Addresses: []JudgedAddress{{"sender", text}}},
		{ID: "fact-3", TransferID: "u", Network: "ethereum", ListsSeq: 3, Addresses: []JudgedAddress{{"sender", text}}},
	}
	found, err := v.LookupTransfer(t.Context(), "t")
	if err != nil || len(found) != 3 || len(found[0].Facts) != 1 || len(found[1].Facts) != 0 || len(found[2].Facts) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := v.LookupTransfer(t.Context(), "fact-3"); err == nil || !strings.Contains(err.Error(), "so far") {
		t.Errorf("judged by lists that are not recorded: %v", err)
	}
	if _, err := v.LookupTransfer(t.Context(), "nobody"); err == nil {
		t.Error("a transfer that is not there was answered for")
	}
}

func TestAFactIsOneJSONObject(t *testing.T) {
	_, _, past := lived(t)
	q := Ask("0x0000000000000000000000000000000010000000")
	f := q.Live(past.snapshots[1])[0]
	f.ImportedAt = time.Time{}
	entry := string(f.Entry.AppendJSON(nil))
	head := strings.TrimSuffix(entry, "}")
	if got, want := string(f.AppendJSON(nil)), head+`,"match":"exact","source_format":"txt","source":"a.txt"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	at, to := time.Date(2026, 11, 22, 14, 0, 0, 5e8, time.UTC), uint64(9)
	f = Fact{Entry: f.Entry, KnownSince: at, KnownFrom: at, KnownTo: &at, FromSeq: 7, ToSeq: &to, By: "ann", Why: "\"so\"", ImportedAt: at}
	if got, want := string(f.AppendJSON(nil)), head+`,"known_since":"2026-11-22T14:00:00.5Z","known_from":"2026-11-22T14:00:00.5Z","known_to":"2026-11-22T14:00:00.5Z",`+
		`"from_seq":7,"to_seq":9,"activated_by":"ann","activated_for":"\"so\"","imported_at":"2026-11-22T14:00:00.5Z"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestVersionsOverHTTP(t *testing.T) {
	w, v, past := lived(t)
	c := newCaller(t, &API{Deps: w.deps(), Versions: v})
	first := past.snapshots[1].Version()
	c.want("a", "GET", "/v1/lists/versions", "", 200, `"seq":2,"version":"`+past.snapshots[2].Version()+`","previous":"`+first)
	c.want("a", "GET", "/v1/lists/versions?x=1", "", 400, "no parameter")
	if text := c.want("a", "GET", "/v1/lists/diff", "", 200, `{"change":"added","network":"ethereum","address":"0x0000000000000000000000000000000010000004","list":"a"`); strings.Count(text, "\n") != 2 {
		t.Errorf("%s", text)
	}
	if text := c.want("a", "GET", "/v1/lists/diff?a=current&b=%231&list=a", "", 200, `"change":"removed"`); strings.Count(text, "\n") != 2 {
		t.Errorf("%s", text)
	}
	if text := c.want("a", "GET", "/v1/lists/diff?list=other", "", 200, ""); text != "" {
		t.Errorf("%s", text)
	}
	c.want("a", "GET", "/v1/lists/diff?a=nonsense", "", 404, "at least 8")

	const text = "0x0000000000000000000000000000000010000004"
	past.facts = []Fact{{Entry: Ask(text).Live(past.snapshots[2])[0].Entry, FromSeq: 2, KnownFrom: past.acts[1].At}}
	c.want("a", "GET", "/v1/lists/lookup?address="+text, "", 200, `{"seq":2,"version":"`+past.snapshots[2].Version()+`","entries":[{"network":"ethereum","address":"`+text)
	c.want("a", "GET", "/v1/lists/lookup?version=previous&address="+text, "", 200, `"entries":[]`)
	c.want("a", "GET", "/v1/lists/lookup?all=true&address="+text, "", 200, `"from_seq":2`)
	c.want("a", "GET", "/v1/lists/lookup?as_of=2026-03-01T12:00:00Z&address="+text, "", 200, `"from_seq":2`)
	c.want("a", "GET", "/v1/lists/lookup?as_of=2025-03-01T12:00:00Z&address="+text, "", 404, "no list was in force yet")
	for _, query := range []string{"", "?address=", "?address=a&as_of=yesterday", "?address=a&all=1", "?address=a&all=true&version=current", "?addr=a"} {
		c.want("a", "GET", "/v1/lists/lookup"+query, "", 400, "errors")
	}
	past.err = errors.New("away")
	c.want("a", "GET", "/v1/lists/lookup?address="+text, "", 503, "away")
	past.err = nil

	c.want("a", "POST", "/v1/lists/rollback", `{"version":"previous"}`, 422, "author and a reason")
	c.want("a", "POST", "/v1/lists/rollback", `{"version":"01234567","reason":"why"}`, 404, "begins none")
	c.want("a", "POST", "/v1/lists/rollback", `{"version":"previous","reason":"why","now":true}`, 400, "now")
	c.want("a", "POST", "/v1/lists/rollback", `{"version":"previous","author":"ann","reason":"why"}`, 200, `{"seq":3,"version":"`+first+`","of_seq":1,"entries":3,"added":0,"removed":2,"changed":0,"was_in_force":false}`)
	if l := w.live(t); l.Pointer.Seq != 3 || l.Snapshot.Version() != first {
		t.Errorf("%+v", l.Pointer)
	}
}
