package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"sluice/services/internal/audit"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func newLog(dir string) *audit.File {
	return audit.New(audit.Config{Path: filepath.Join(dir, "audit.log"), Log: zerolog.Nop(), Now: func() time.Time { return noon }})
}

func record(n int) audit.Record {
	return audit.Record{Actor: "user:alice@desk", Action: audit.ListAdd, Object: fmt.Sprintf("own-%d", n), Detail: map[string]string{"reason": "case \"7\" <b>", "n": fmt.Sprint(n)}}
}

// written makes a log of n records and returns its bytes.
func written(t testing.TB, dir string, n int) (*audit.File, []byte) {
	t.Helper()
	f := newLog(dir)
	for i := range n {
		if err := f.Append(t.Context(), record(i)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	return f, text
}

func verify(path string, anchors ...audit.Anchor) (audit.Report, error) {
	return audit.Verify(path, anchors, nil)
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	f, _ := written(t, t.TempDir(), 3)
	var got []string
	report, err := audit.Verify(f.Path(), nil, func(seq uint64, r audit.Record) error {
		got = append(got, fmt.Sprintf("%d %s %s %s %s %s", seq, r.At.Format(time.RFC3339), r.Actor, r.Action, r.Object, r.Detail["reason"]))
		return nil
	})
	if err != nil || report.Head.Seq != 3 || report.NoHead || len(got) != 3 || got[2] != `3 2026-11-01T12:00:00Z user:alice@desk list.add own-2 case "7" <b>` {
		t.Errorf("%+v %v %q", report, err, got)
	}
	head, err := audit.ReadHead(f.Path())
	if err != nil || head != report.Head {
		t.Errorf("%v %v", head, err)
	}
	if head, err := audit.ReadHead(f.Path() + ".none"); err != nil || head != (audit.Head{}) {
		t.Errorf("of no log: %v %v", head, err)
	}
}

// Whatever is done to the lines is found: a byte, a line less, a line twice, two lines changed over, an end cut off.
func TestAnyChangeIsFound(t *testing.T) {
	f, text := written(t, t.TempDir(), 6)
	rapid.Check(t, func(rt *rapid.T) {
		lines := bytes.SplitAfter(bytes.Clone(text), []byte("\n"))
		lines = lines[:len(lines)-1]
		i, j := rapid.IntRange(0, len(lines)-1).Draw(rt, "i"), rapid.IntRange(0, len(lines)-1).Draw(rt, "j")
		var bad []byte
		switch kind := rapid.SampledFrom([]string{"flip", "drop", "double", "swap", "cut", "insert"}).Draw(rt, "kind"); kind {
		case "flip":
			bad = bytes.Clone(text)
			bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		case "drop":
			bad = bytes.Join(append(lines[:i:i], lines[i+1:]...), nil)
		case "double":
			bad = bytes.Join(append(append(lines[:i+1:i+1], lines[i]), lines[i+1:]...), nil)
		case "swap":
			lines[i], lines[j] = lines[j], lines[i]
			bad = bytes.Join(lines, nil)
		case "cut":
			bad = text[:rapid.IntRange(0, len(text)-1).Draw(rt, "length")]
		case "insert":
			at := rapid.IntRange(0, len(text)).Draw(rt, "at")
			bad = append(append(bytes.Clone(text[:at]), rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(rt, "bytes")...), text[at:]...)
			if at == len(text) && !bytes.Contains(bad[at:], []byte("\n")) {
				return // what a crash leaves behind the last record, and no record
			}
		}
		if bytes.Equal(bad, text) {
			return
		}
		if err := os.WriteFile(f.Path(), bad, 0o600); err != nil {
			rt.Fatal(err)
		}
		if report, err := verify(f.Path()); !errors.Is(err, audit.ErrBroken) {
			rt.Fatalf("not found: %+v %v", report, err)
		}
	})
}

// What somebody does who may write the log and its head file looks whole by itself; heads that were noted elsewhere show
// it, and say whether the end is missing or all was written anew.
func TestOnlyAKeptHeadShowsALogThatWasRewritten(t *testing.T) {
	head := func(f *audit.File) audit.Head {
		t.Helper()
		h, err := audit.ReadHead(f.Path())
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	f, text := written(t, t.TempDir(), 2)
	second := audit.Anchor{Head: head(f), Where: "the topic"}
	for n := range 2 {
		if err := f.Append(t.Context(), record(2+n)); err != nil {
			t.Fatal(err)
		}
	}
	fourth := audit.Anchor{Head: head(f), Where: "the topic"}
	kept := audit.Anchor{Head: audit.Head{Hash: fourth.Hash}, Where: "--head"}
	if r, err := verify(f.Path(), second, fourth, fourth, kept); err != nil || r.Anchored != 4 {
		t.Errorf("the log as it was: %+v %v", r, err)
	}
	if r, err := verify(f.Path(), second); err != nil || r.Anchored != 2 {
		t.Errorf("a log that went on: %+v %v", r, err)
	}
	wrong := audit.Anchor{Head: audit.Head{Seq: 3, Hash: fourth.Hash}, Where: "the topic"}
	if _, err := verify(f.Path(), wrong); !errors.Is(err, audit.ErrBroken) {
		t.Errorf("a hash of another number: %v", err)
	}

	cut, short := written(t, t.TempDir(), 3)
	if !bytes.HasPrefix(short, text) {
		t.Fatal("the shorter log does not begin as the longer one")
	}
	anew := newLog(t.TempDir())
	for n := range 6 {
		if err := anew.Append(t.Context(), record(10+n)); err != nil {
			t.Fatal(err)
		}
	}
	gone := newLog(t.TempDir())
	for _, c := range []struct {
		name string
		log  *audit.File
		want []string
	}{
		{"cut off", cut, []string{"the topic knows of record 4, and the log ends with record 3", "no record has the hash " + fourth.Hash.String() + " of --head"}},
		{"written anew", anew, []string{"record 2 is not the one that the topic knows", "record 4 is not the one", "no record has the hash"}},
		{"taken away", gone, []string{"there is no log at"}},
	} {
		if c.log != gone {
			if _, err := verify(c.log.Path()); err != nil {
				t.Errorf("%s: without an anchor: %v", c.name, err)
			}
		}
		r, err := verify(c.log.Path(), second, fourth, kept)
		if !errors.Is(err, audit.ErrBroken) || len(r.Problems) != len(c.want) {
			t.Fatalf("%s: %q %v", c.name, r.Problems, err)
		}
		for i, p := range r.Problems {
			if !strings.Contains(p, c.want[i]) {
				t.Errorf("%s: %q, want %q", c.name, p, c.want[i])
			}
		}
	}
}

func TestAWriteThatACrashInterrupted(t *testing.T) {
	f, text := written(t, t.TempDir(), 2)
	last := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	for name, torn := range map[string]string{"a byte": "{", "half a line": string(text[last : last+40]), "all but the newline": string(text[last : len(text)-1])} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f, text := written(t, dir, 2)
			if err := os.WriteFile(f.Path(), append(text, torn...), 0o600); err != nil {
				t.Fatal(err)
			}
			report, err := verify(f.Path())
			if err != nil || report.Torn != len(torn) || report.Head.Seq != 2 {
				t.Fatalf("before: %+v %v", report, err)
			}
			if err := f.Append(t.Context(), record(9)); err != nil {
				t.Fatal(err)
			}
			var actions []string
			report, err = audit.Verify(f.Path(), nil, func(_ uint64, r audit.Record) error {
				actions = append(actions, string(r.Action)+" "+r.Detail["bytes"])
				return nil
			})
			if err != nil || report.Torn != 0 || fmt.Sprint(actions) != fmt.Sprintf("[list.add  list.add  log.torn %d list.add ]", len(torn)) {
				t.Errorf("after: %+v %v %v", report, err, actions)
			}
		})
	}
	// A crash between a record and its head leaves the head one behind, which is no loss.
	if err := os.Remove(f.Path() + ".head"); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(f.Path()); !errors.Is(err, audit.ErrBroken) {
		t.Errorf("two records and no head file: %v", err)
	}
	if err := f.Append(t.Context(), record(1)); err == nil {
		t.Error("a record was added to a log whose head file is gone")
	}
	if err := os.WriteFile(f.Path(), text[:last], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(f.Path()); err != nil {
		t.Errorf("one record and no head file: %v", err)
	}
}

func TestNothingIsAddedToALogThatIsNotWhole(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"cut off":            func(b []byte) []byte { return b[:bytes.LastIndexByte(b[:len(b)-1], '\n')+1] },
		"torn into a record": func(b []byte) []byte { return b[:len(b)-20] },
		"emptied":            func([]byte) []byte { return nil },
		"changed":            func(b []byte) []byte { return bytes.Replace(b, []byte("own-2"), []byte("own-3"), 1) },
	} {
		f, text := written(t, t.TempDir(), 3)
		bad := spoil(bytes.Clone(text))
		if err := os.WriteFile(f.Path(), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.Append(t.Context(), record(1)); err == nil {
			t.Errorf("%s: a record was added", name)
		}
		if after, _ := os.ReadFile(f.Path()); !bytes.Equal(after, bad) {
			t.Errorf("%s: the log was changed", name)
		}
	}
}

func TestSeveralProcessesShareALog(t *testing.T) {
	dir := t.TempDir()
	const writers, each = 4, 10
	var wg sync.WaitGroup
	for w := range writers {
		f := newLog(dir) // each its own lock, as processes have
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range each {
				if err := f.Append(t.Context(), record(w*each+i)); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	if report, err := verify(filepath.Join(dir, "audit.log")); err != nil || report.Head.Seq != writers*each {
		t.Errorf("%+v %v", report, err)
	}
}

func TestARecordThatSaysNothingIsRefused(t *testing.T) {
	f := newLog(t.TempDir())
	many := map[string]string{}
	for i := range audit.MaxDetail + 1 {
		many[fmt.Sprint(i)] = ""
	}
	for name, r := range map[string]audit.Record{
		"no actor": {Action: audit.ListAdd}, "no action": {Actor: "a"}, "unknown action": {Actor: "a", Action: "list.paint"},
		"many details": {Actor: "a", Action: audit.ListAdd, Detail: many}, "a detail without name": {Actor: "a", Action: audit.ListAdd, Detail: map[string]string{"": "x"}},
	} {
		if err := f.Append(t.Context(), r); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	long := audit.Record{Actor: "a", Action: audit.ListAdd, Object: strings.Repeat("\x00", audit.MaxField+1), Detail: map[string]string{"bad": "\xff"}}
	delete(many, "0")
	for name := range many {
		long.Detail[name] = strings.Repeat("\x01", audit.MaxField+1)
	}
	delete(long.Detail, "1")
	if err := f.Append(t.Context(), long); err != nil {
		t.Error(err)
	}
	if _, err := verify(f.Path()); err != nil {
		t.Errorf("the largest record: %v", err)
	}
}

func TestWhatCannotBeWrittenDownIsNotDone(t *testing.T) {
	f := newLog(t.TempDir())
	done := 0
	act := func(context.Context) error { done++; return nil }
	if err := audit.Do(t.Context(), f, audit.Record{Action: audit.ListAdd}, act); err == nil || done != 0 {
		t.Errorf("%v, done %d times", err, done)
	}
	if err := audit.Do(t.Context(), f, record(1), act); err != nil || done != 1 {
		t.Errorf("%v, done %d times", err, done)
	}
	refused := errors.New("no")
	if err := audit.Do(t.Context(), f, record(2), func(context.Context) error { return refused }); !errors.Is(err, refused) {
		t.Error(err)
	}
	var outcomes []string
	if _, err := audit.Verify(f.Path(), nil, func(_ uint64, r audit.Record) error {
		outcomes = append(outcomes, r.Detail[audit.Outcome])
		return nil
	}); err != nil || fmt.Sprintf("%q", outcomes) != `["" "" "failed: no"]` {
		t.Errorf("%q %v", outcomes, err)
	}
}

func TestTheTableOfActions(t *testing.T) {
	seen := map[audit.Action]bool{}
	for _, i := range audit.Actions {
		if seen[i.Action] || i.Help == "" || !strings.Contains(string(i.Action), ".") {
			t.Errorf("%q: twice, without help, or no OBJECT.VERB", i.Action)
		}
		seen[i.Action] = true
	}
}

// TestEveryActionIsInTheTable fails for an action that is declared and that Append would refuse.
func TestEveryActionIsInTheTable(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "action.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		v, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := v.Type.(*ast.Ident); ok && of.Name == "Action" {
			n++
			text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil || !audit.Action(text).Valid() {
				t.Errorf("%s is not in Actions: %v", v.Names[0].Name, err)
			}
		}
		return true
	})
	if n != len(audit.Actions) {
		t.Errorf("%d actions are declared, and %d are in the table", n, len(audit.Actions))
	}
}

func FuzzVerify(f *testing.F) {
	_, text := written(f, f.TempDir(), 2)
	f.Add(text)
	f.Add([]byte("{}\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "audit.log")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := verify(path)
		if err != nil && !errors.Is(err, audit.ErrBroken) {
			t.Fatal(err)
		}
		if err == nil && report.Head.Seq > 1 {
			t.Error("whole without a head file")
		}
		_, _ = audit.ReadHead(path)
	})
}
