package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/schemas"
	"sluice/services/internal/stream"
)

// policyFile is a file of testdata/scenarios: what it shows; the list, as csv; transfers, of which members that do not
// matter may be left out; and the verdicts, a line each: transfer, verdict, severity, and hold reasons with commas
// between them or -. A transfer that must not be accepted is rejected.
type policyFile struct {
	name      string
	list      string
	transfers []map[string]any
	want      map[string]string
}

func readPolicyFile(t testing.TB, path string) (f policyFile) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f = policyFile{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), want: map[string]string{}}
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "-- "); ok {
			section = strings.TrimSuffix(name, " --")
			continue
		}
		switch section {
		case "list":
			f.list += line + "\n"
		case "transfers":
			// What a transfer must have and a scenario is not about.
			transfer := map[string]any{"customer_id": "c-" + f.name, "amount": "1.5", "occurred_at": "2026-11-01T00:00:00Z"}
			if err := json.Unmarshal([]byte(line), &transfer); err != nil {
				t.Fatalf("%s: %v: %s", path, err, line)
			}
			f.transfers = append(f.transfers, transfer)
		case "want":
			id, verdict, _ := strings.Cut(line, " ")
			f.want[id] = verdict
		}
	}
	if len(f.transfers) == 0 || len(f.transfers) != len(f.want) {
		t.Fatalf("%s: %d transfers and %d lines of want", path, len(f.transfers), len(f.want))
	}
	return f
}

// lines are the transfers, their ids behind the prefix.
func (f *policyFile) lines(t testing.TB, prefix string) (lines [][]byte) {
	t.Helper()
	for _, transfer := range f.transfers {
		id := transfer["id"]
		transfer["id"] = prefix + id.(string)
		line, err := json.Marshal(transfer)
		if err != nil {
			t.Fatal(err)
		}
		transfer["id"] = id
		lines = append(lines, line)
	}
	return lines
}

// judgement is a verdict as a line of want says it.
func judgement(t testing.TB, value []byte) (id, text string) {
	t.Helper()
	var v struct {
		TransferID  string   `json:"transfer_id"`
		Verdict     string   `json:"verdict"`
		Severity    string   `json:"severity"`
		HoldReasons []string `json:"hold_reasons"`
	}
	if err := json.Unmarshal(value, &v); err != nil {
		t.Fatalf("%v: %s", err, value)
	}
	severity, reasons := "none", "-"
	if v.Severity != "" {
		severity = v.Severity
	}
	if len(v.HoldReasons) > 0 {
		slices.Sort(v.HoldReasons)
		reasons = strings.Join(v.HoldReasons, ",")
	}
	return v.TransferID, strings.Join([]string{v.Verdict, severity, reasons}, " ")
}

// policy sends the scenario files' transfers over HTTP and through the raw topic, and gives them to the offline filter:
// all three must say what the file says.
func policy(t *testing.T, s stack) {
	paths, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txtar"))
	if err != nil || len(paths) < 6 {
		t.Fatalf("only %d scenario files: %v", len(paths), err)
	}
	files := make([]policyFile, len(paths))
	var messages []stream.Message
	for i, path := range paths {
		f := readPolicyFile(t, path)
		files[i] = f
		importList(t, s, "csv", "scenario-"+f.name, f.list)
		b := &batch{lines: f.lines(t, "http-"+f.name+"-"), want: make([]string, len(f.transfers))}
		for j, r := range sendAll(t, s, b) {
			id := f.transfers[j]["id"].(string)
			if rejected := f.want[id] == "rejected"; rejected != (r.Status == "rejected") {
				t.Errorf("%s: %s is %s: %s", f.name, id, r.Status, r.Error)
			}
		}
		messages = append(messages, rawMessages(t, &batch{lines: f.lines(t, "raw-"+f.name+"-")})...)
	}
	produce(t, s, messages...)
	settle(t, s)
	said := map[string]string{}
	for _, r := range readTopic(t, s, schemas.Verdicts) {
		id, text := judgement(t, r.value)
		said[id] = text
	}
	for i := range files {
		t.Run(files[i].name, func(t *testing.T) { comparePolicy(t, &files[i], said) })
	}
}

func comparePolicy(t *testing.T, f *policyFile, said map[string]string) {
	list := filepath.Join(t.TempDir(), "list.csv")
	writeFile(t, list, f.list)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o, err := command(ctx, nil, string(bytes.Join(f.lines(t, ""), []byte("\n"))), "screen", "--all", "--watchlist", "csv:"+list)
	if err != nil {
		t.Fatal(err)
	}
	offline := map[string]string{}
	for line := range strings.Lines(o.out) {
		id, text := judgement(t, []byte(line))
		offline[id] = text
	}
	for id, want := range f.want {
		ways := map[string]string{"over HTTP": said[fmt.Sprintf("http-%s-%s", f.name, id)], "through the raw topic": said[fmt.Sprintf("raw-%s-%s", f.name, id)], "offline": offline[id]}
		for way, got := range ways {
			if want == "rejected" {
				want = ""
			}
			if got != want {
				t.Errorf("%s %s: %q, want %q", id, way, got, want)
			}
		}
	}
}
