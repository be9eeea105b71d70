package judge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
)

func line(id, from, amount string) string {
	return fmt.Sprintf(`{"id":%q,"direction":"deposit","customer_id":"c","network":"ethereum","asset":"ETH","amount":%q,`+
		`"from":[%q],"occurred_at":"2026-06-15T12:00:00Z"}`, id, amount, from)
}

func testConfig(t testing.TB) FilterConfig {
	t.Helper()
	return FilterConfig{
		Lists: Lists{Snapshot: listing(t, world["ethereum"][0]), Seq: 1}, Rules: Rules{Set: builtin(t), Seq: 1}, Now: testNow,
	}
}

// transferIDs are those of the records in NDJSON, in order, each with its verdict.
func transferIDs(t *testing.T, ndjson string) string {
	t.Helper()
	var list []string
	for l := range strings.Lines(ndjson) {
		var r event.Record
		if err := r.Decode([]byte(strings.TrimSuffix(l, "\n"))); err != nil {
			t.Fatal(err)
		}
		text := r.TransferID + " " + r.Verdict
		if !r.ConflictsWith.IsZero() {
			text += " conflict"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func TestFilterKeepsOrderAndReportsLines(t *testing.T) {
	listed, clean := world["ethereum"][0], world["ethereum"][1]
	input := strings.Join([]string{
		line("a", listed, "1"),
		"",
		line("b", clean, "1"),
		`{"id":"c"}`,
		"\t " + line("d", listed, "2") + "\r",
		"not JSON",
		line("e", clean, "1"), // the last line has no end
	}, "\n")
	cases := []struct {
		all  bool
		want string
	}{
		{false, "a held, d held"},
		{true, "a held, b cleared, d held, e cleared"},
	}
	for _, c := range cases {
		config := testConfig(t)
		config.All = c.all
		var out, errs bytes.Buffer
		stats, err := Filter(iotest.OneByteReader(strings.NewReader(input)), &out, &errs, config)
		if err != nil {
			t.Fatal(err)
		}
		if got := transferIDs(t, out.String()); got != c.want {
			t.Errorf("all %v: %s, want %s", c.all, got, c.want)
		}
		if want := (FilterStats{Transfers: 4, Cleared: 2, Held: 2, Failed: 2}); stats != want {
			t.Errorf("stats %+v, want %+v", stats, want)
		}
		lines := strings.Split(strings.TrimSuffix(errs.String(), "\n"), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], `line 4: transfer "c" rejected: `) || !strings.HasPrefix(lines[1], "line 6: ") {
			t.Errorf("errors:\n%s", errs.String())
		}
	}
}

func TestFilterMarksConflicts(t *testing.T) {
	clean := world["ethereum"][1]
	input := strings.Join([]string{line("a", clean, "1"), line("a", clean, "1.0"), line("a", clean, "2"), line("b", clean, "3")}, "\n")
	config := testConfig(t)
	config.All = true
	var out bytes.Buffer
	if _, err := Filter(strings.NewReader(input), &out, io.Discard, config); err != nil {
		t.Fatal(err)
	}
	if got, want := transferIDs(t, out.String()), "a cleared, a cleared, a held conflict, b cleared"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFilterRemembersSoMuchAndNoMore(t *testing.T) {
	clean := world["ethereum"][1]
	for remember, want := range map[int]string{
		2: "a cleared, b cleared, a held conflict",
		1: "a cleared, b cleared, a cleared",
	} {
		config := testConfig(t)
		config.All, config.Remember = true, remember
		var out bytes.Buffer
		input := strings.Join([]string{line("a", clean, "1"), line("b", clean, "1"), line("a", clean, "2")}, "\n")
		if _, err := Filter(strings.NewReader(input), &out, io.Discard, config); err != nil {
			t.Fatal(err)
		}
		if got := transferIDs(t, out.String()); got != want {
			t.Errorf("remembering %d: %s, want %s", remember, got, want)
		}
	}
}

func TestMemoryForgetsTheOldestFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 4).Draw(t, "size")
		m := newMemory(size)
		var names []string // the model: what is remembered, the oldest first
		first := map[string]transfer.ID{}
		for _, step := range rapid.SliceOf(rapid.Custom(func(t *rapid.T) [2]byte {
			return [2]byte{rapid.ByteRange('a', 'f').Draw(t, "name"), rapid.ByteRange(1, 3).Draw(t, "content")}
		})).Draw(t, "steps") {
			name, id := string(step[:1]), transfer.ID{step[1]}
			got := m.conflict(&transfer.Parsed{Transfer: transfer.Transfer{ID: name}}, id)
			known, ok := first[name]
			var want transfer.ID
			switch {
			case ok && known != id:
				want = known
			case !ok:
				if len(names) == size {
					delete(first, names[0])
					names = names[1:]
				}
				names, first[name] = append(names, name), id
			}
			if got != want {
				t.Fatalf("%s %v: conflict with %v, want %v", name, id, got, want)
			}
		}
		if len(m.first) > size || len(m.order) > size {
			t.Fatalf("%d names remembered, at most %d wanted", len(m.first), size)
		}
	})
}

func TestFilterReadsLinesOfBoundedLength(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	input := long + "\n" + long + "y\n" + line("a", world["ethereum"][0], "1") + "\n"
	var out, errs bytes.Buffer
	stats, err := Filter(strings.NewReader(input), &out, &errs, testConfig(t))
	if err != nil || stats.Failed != 2 || stats.Held != 1 {
		t.Errorf("%+v, %v", stats, err)
	}
	if !strings.Contains(errs.String(), "line 2: has more than") || strings.Contains(errs.String(), "line 1: has more than") {
		t.Errorf("errors:\n%s", errs.String())
	}
}

func TestFilterStopsWhenItCannotReadOrWrite(t *testing.T) {
	broken := errors.New("broken pipe")
	input := line("a", world["ethereum"][0], "1") + "\n"
	if _, err := Filter(iotest.ErrReader(broken), io.Discard, io.Discard, testConfig(t)); !errors.Is(err, broken) {
		t.Errorf("reading: %v", err)
	}
	if _, err := Filter(strings.NewReader(input), failing{broken}, io.Discard, testConfig(t)); !errors.Is(err, broken) {
		t.Errorf("writing: %v", err)
	}
	if _, err := Filter(strings.NewReader("x\n"), io.Discard, failing{broken}, testConfig(t)); !errors.Is(err, broken) {
		t.Errorf("writing errors: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
