package verify

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/pkg/address"
)

func TestTheHTTPInterfaceOfADSN(t *testing.T) {
	for _, c := range []struct {
		dsn     string
		secure  bool
		want    string
		derived bool
	}{
		{"http://u:p@h:8124/sluice?x=1", false, "http://u:p@h:8124/", false},
		{"https://h:8443", false, "https://h:8443/", false},
		{"http://h:8123", true, "https://h:8123/", false},
		{"clickhouse://u:p@h:9000/sluice", false, "http://u:p@h:8123/", true},
		{"clickhouse://h1:9000,h2:9000/db", false, "http://h1:8123/", true},
		{"clickhouse://h", false, "http://h:8123/", true},
		{"clickhouse://[::1]:9000", false, "http://[::1]:8123/", true},
		{"clickhouse://h:9440/?secure=true&username=u&password=p", false, "https://u:p@h:8443/", true},
		{"clickhouse://h:9440", true, "https://h:8443/", true},
	} {
		u, derived, err := HTTPInterface(c.dsn, c.secure)
		if err != nil || u.String() != c.want || derived != c.derived {
			t.Errorf("%s: %s, derived %v, %v; want %s", c.dsn, u, derived, err, c.want)
		}
	}
	for _, dsn := range []string{"", "h:9000", "ftp://h", "http://", "\x00"} {
		if u, _, err := HTTPInterface(dsn, false); err == nil {
			t.Errorf("%q is %s", dsn, u)
		}
	}
}

func TestClickHouseErrorsAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"at once":       {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "Code: 60. no table", 404) }, "no table"},
		"in the middle": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[1]\nCode: 241. memory\n") }, "Code: 241"},
		"too many":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[1,2]\n") }, "row of 2 columns, want 1"},
		"no number":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[\"x\"]\n") }, "cannot unmarshal"},
		"nothing":       {func(http.ResponseWriter, *http.Request) {}, "no answer"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "[1]\n")
		}, "unexpected EOF"},
	} {
		server := httptest.NewServer(c.answer)
		ch, err := openClickHouse(ClickHouse{DSN: server.URL}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := ch.one(t.Context(), "SELECT 1", &n); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		ch.close()
		server.Close()
	}
}

func TestExternalTablesEscapeTheirTexts(t *testing.T) {
	e := &external{}
	e.add("a\tb\\c\nd\x00", int32(-7), "")
	if got, want := e.rows.String(), "a\\tb\\\\c\\nd\\0\t-7\t\n"; got != want || e.n != 1 {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDecimals(t *testing.T) {
	for _, good := range []string{"0", "1.5", strings.Repeat("9", 38) + "." + strings.Repeat("9", 30), "007", "1."} {
		if !decimal(good) {
			t.Errorf("%q is refused", good)
		}
	}
	// A number that would fill the memory when it is written out is none.
	for _, bad := range []string{"", ".5", "-1", "1e9", "1e1000000000", "1/3", "0x1", " 1", "1.2.3", strings.Repeat("9", 39), "0." + strings.Repeat("1", 31)} {
		if decimal(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestSuspectsGoByAnyOfTheirNames(t *testing.T) {
	s := newSuspects()
	s.add(place{1, 10}, byID("a"), byTransfer("t", "x"))
	s.add(place{1, 11}, byID("b"))
	s.add(place{1, 12}, byID("c"), byOffset("topic", 3, 4, strings.Repeat("f", 64)))
	if !s.clear(byTransfer("t", "x")) || s.clear(byID("a")) || s.clear(byTransferID("x")) || s.left != 2 {
		t.Errorf("%d are left", s.left)
	}
	if s.clear(byPlace("topic", "3", "4", strings.Repeat("e", 64))) || !s.clear(byPlace("topic", "3", "4", strings.Repeat("f", 32))) {
		t.Error("a place is a place with its hash")
	}
	var rest []place
	_ = s.rest(func(at place) error { rest = append(rest, at); return nil })
	if !slices.Equal(rest, []place{{1, 11}}) {
		t.Errorf("%v", rest)
	}
}

func TestIDLists(t *testing.T) {
	l := newIDs()
	for i, id := range []string{"", "a", "bb", ""} {
		if n := l.add(id); n != i || l.at(n) != id {
			t.Errorf("%d %q", n, l.at(n))
		}
	}
}

func record(id, rest string) *kgo.Record {
	return &kgo.Record{Value: fmt.Appendf(nil, `{"id":"%s","transfer_id":"t","tenant":"default","transfer":{"id":"t"}%s}`, id, rest)}
}

// Equal bytes, other times and another origin are one verdict; another member that the judgement determines is another
// verdict, unless it was judged by something else.
func TestWhichVerdictsDiffer(t *testing.T) {
	seed := maphash.MakeSeed()
	id := strings.Repeat("ab", 16)
	base := `,"lists_seq":5,"verdict":"held","severity":"high","score":90,"hold_reasons":["risk"],"categories":["mixer"],"alerts":[{"a":1}],"rules_seq":2,"version":5,"rules_version":"r1"`
	swap := func(old, now string) string { return strings.Replace(base, old, now, 1) }
	for _, c := range []struct {
		name, other string
		differ      bool
	}{
		{"the same", base, false},
		{"another time", base + `,"raised_at":"2026-11-22T00:00:00Z","raised_by":"lookback"`, false},
		{"verdict", swap(`"held"`, `"flagged"`), true},
		{"severity", swap(`"high"`, `"low"`), true},
		{"score", swap("90", "91"), true},
		{"hold_reasons", swap(`["risk"]`, `["risk","order"]`), true},
		{"categories", swap(`"mixer"`, `"scam"`), true},
		{"alerts", swap(`{"a":1}`, `{"a":2}`), true},
		{"hits", `,"hits":[]` + base, true},
		{"coverage", `,"coverage":{"counterparty":"none"}` + base, true},
		{"status", `,"status":"partial"` + base, true},
		{"cleared, which names no rules", `,"lists_seq":5,"verdict":"cleared","rules_seq":2,"version":5`, true},
		{"degraded, which had no lists", `,"status":"degraded"` + swap(`["risk"]`, `["degraded"]`), false},
		{"other lists", swap(`"lists_seq":5`, `"lists_seq":4`) + `,"x":1`, false},
		{"other rules", swap(`"r1"`, `"r2"`), false},
		{"other inputs", `,"inputs":{"own":"x"}` + swap("90", "91"), false},
		{"another version", swap(`"version":5`, `"version":6`), false},
		{"a conflict", `,"conflicts_with":"` + id + `"` + swap("90", "91"), false},
	} {
		a, ok1 := judge(seed, record(id, base))
		b, ok2 := judge(seed, record(id, c.other))
		if !ok1 || !ok2 {
			t.Fatalf("%s: cannot be read", c.name)
		}
		if got := a.by == b.by && differ([]judgement{a, b}); got != c.differ {
			t.Errorf("%s: differ %v, want %v", c.name, got, c.differ)
		}
	}
	if _, ok := judge(seed, &kgo.Record{Value: []byte("garbage")}); ok {
		t.Error("garbage is a verdict")
	}
	if _, ok := judge(seed, record("abc", base)); ok {
		t.Error("a short id is one")
	}
}

func TestAListAsOfASeq(t *testing.T) {
	l := &plainLists{byKey: map[address.Key][]listed{}}
	k, ok := keyOfText("ethereum", "0x00000000000000000000000000000000000abc0e")
	if !ok {
		t.Fatal("no address")
	}
	e := func(entry string, spelling, seq uint64) listed {
		return listed{list: "l", entry: entry, spelling: spelling, from: seq, to: forEver}
	}
	l.change(k, e("a", 1, 3), false)
	l.change(k, e("a", 1, 4), false) // changed in something else
	l.change(k, e("a", 2, 5), false) // in another spelling too
	l.change(k, e("a", 1, 6), true)
	l.change(k, e("b", 3, 6), true) // never began
	l.change(k, e("a", 1, 8), false)
	for seq, want := range map[uint64]int{2: 0, 3: 1, 4: 1, 5: 2, 6: 1, 7: 1, 8: 2, 100: 2} {
		n := 0
		l.at(k, seq, func(*listed) { n++ })
		if n != want {
			t.Errorf("seq %d: %d entries, want %d", seq, n, want)
		}
	}
	if odd, parsed := keyOfText("nowhere", " text "); parsed || odd != keyOfLetters("text") || odd == k {
		t.Error("what cannot be read is known by its letters")
	}
}

func TestWhatOfTheCounterpartyIsNotKnown(t *testing.T) {
	good := "0x00000000000000000000000000000000000abc0e"
	for _, c := range []struct {
		s    screened
		want string
	}{
		{screened{direction: "deposit", network: "ethereum", from: []string{good}}, ""},
		{screened{direction: "deposit", network: "ethereum"}, "names no counterparty"},
		{screened{direction: "deposit", network: "ethereum", from: []string{good, "unknown"}}, "unknown is no address"},
		{screened{direction: "withdrawal", network: "ethereum", from: nil, to: []string{good}}, ""},
		{screened{direction: "withdrawal", network: "ethereum", from: []string{good}}, "names no counterparty"},
		{screened{direction: "internal", network: "ethereum"}, ""},
		{screened{direction: "deposit", network: "bitcoin", from: []string{"coinbase"}}, ""},
		{screened{direction: "deposit", network: "ethereum", from: []string{"coinbase"}}, "coinbase is no address"},
		{screened{direction: "deposit", network: "bitcoin", from: []string{"coinbase", "coinbase"}}, "coinbase is no address"},
		{screened{direction: "deposit", network: "mars", from: []string{good}}, "network mars is not known"},
	} {
		if got := c.s.uncovered(); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%+v: %q, want %q", c.s, got, c.want)
		}
	}
}

func TestEveryAddressOfATransferIsLookedUp(t *testing.T) {
	n := 0
	next := func() string { n++; return fmt.Sprintf("0x%040x", 0xabc0000+n) }
	s := screened{direction: "deposit", network: "ethereum", from: []string{next(), next()}, to: []string{next()}, contract: next(), initiator: next(),
		memo: "=:ETH.ETH:" + next() + "/" + next() + ":0"}
	var own, other int
	s.addresses(func(_ address.Key, _ string, mine bool) {
		if mine {
			own++
		} else {
			other++
		}
	})
	if own != 1 || other < n-1 {
		t.Errorf("%d own, %d others, want 1 and at least %d", own, other, n-1)
	}
}

func TestReportsForPeople(t *testing.T) {
	r := Report{Accepted: 5, Cleared: 4, Lost: 101, DeadReasons: map[string]int64{"rejected": 1, "failed": 2}, DeadLettered: 3, From: time.Unix(0, 0),
		Findings: []Finding{{Class: Lost, Kind: "unrecorded", ID: "i", TransferID: "t", Topic: "p", Partition: 1, Offset: 2, Detail: "d"}}, Notes: []string{"n"}}
	var table, text bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"accepted       5", "2 failed, 1 rejected", "since 1970-01-01T00:00:00Z", "note: n", "lost: unrecorded id i transfer t at p/1/2 (d)", "and 100 more", "the promises are broken"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in\n%s", want, &table)
		}
	}
	if err := r.WriteJSON(&text); err != nil || !strings.Contains(text.String(), `"dead_lettered": 3`) || strings.Contains(text.String(), `"to"`) {
		t.Errorf("%v %s", err, &text)
	}
	if r.OK() || !(&Report{Pending: 9, Redelivered: 9, Conflicts: 9}).OK() {
		t.Error("what is under way fails, or what is lost does not")
	}
}

func TestFindingsAreCountedWholeAndListedInPart(t *testing.T) {
	all := 0
	v := &verifier{cfg: Config{Each: func(Finding) error { all++; return nil }}}
	for range 3 * MaxFindings {
		for _, c := range []Class{Lost, Duplicated, Unscreened} {
			if err := v.find(Finding{Class: c}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r := v.report; r.Lost != 3*MaxFindings || r.Duplicated != r.Lost || r.Unscreened != r.Lost || len(r.Findings) != 3*MaxFindings || all != 9*MaxFindings {
		t.Errorf("%d %d %d, %d listed, %d told", r.Lost, r.Duplicated, r.Unscreened, len(r.Findings), all)
	}
}

func TestLinesOfTheSentFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sent")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	read := func() error {
		got = nil
		return eachLine(name, func(l string) error { got = append(got, l); return nil })
	}
	write("a\r\n\n b\nlast")
	if err := read(); err != nil || !slices.Equal(got, []string{"a", " b", "last"}) {
		t.Errorf("%q %v", got, err)
	}
	write("a\n" + strings.Repeat("x", sentLine+1))
	if err := read(); err == nil || !strings.Contains(err.Error(), "line 2 has more than") {
		t.Error(err)
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"id":"abababababababababababababababab","transfer_id":"t","version":3,"hits":[],"coverage":{}}`))
	f.Add([]byte(`{"id":1}`))
	f.Add([]byte(`{"id":"t","amount":"1e999999999","occurred_at":"2026-11-22T00:00:00Z"}`))
	seed := maphash.MakeSeed()
	f.Fuzz(func(t *testing.T, value []byte) {
		r := &kgo.Record{Value: value}
		_ = headOf(r)
		a, ok := judge(seed, r)
		if b, again := judge(seed, r); ok != again || a != b {
			t.Errorf("%q is judged in two ways", value)
		}
		run := rawRun{v: &verifier{}, ext: &external{}}
		if err := run.record(r); err != nil {
			t.Error(err)
		}
		if n := bytes.Count(run.ext.rows.Bytes(), []byte("\n")); n != 1 || bytes.Count(run.ext.rows.Bytes(), []byte("\t")) != 8 {
			t.Errorf("%q makes %d rows: %q", value, n, &run.ext.rows)
		}
	})
}

// A profile of the server must not make half an answer look like a whole one.
func TestWhatAnAnswerMeansIsNotForTheServerToSay(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		for name, want := range map[string]string{"result_overflow_mode": "throw", "timeout_overflow_mode": "throw", "limit": "0", "join_use_nulls": "0"} {
			if q.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, q.Get(name), want)
			}
		}
		fmt.Fprint(w, "[1]\n")
	}))
	defer server.Close()
	ch, err := openClickHouse(ClickHouse{DSN: server.URL}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer ch.close()
	var n int
	if err := ch.one(t.Context(), "SELECT 1", &n); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
}
