package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/pkg/judge"
	"sluice/pkg/watchlist"
)

// TestOFACFromDecemberToApril compares the two lists as `watchlist diff` does. By its form an address that begins with 3
// is one of bitcoin and of litecoin, so that there are more rows than addresses.
func TestOFACFromDecemberToApril(t *testing.T) {
	addresses, rows := map[string]map[string]bool{}, map[string]int{}
	for _, r := range ofacOf(t, "2024-12-19").Diff(ofacOf(t, "2025-04-02")).Rows() {
		if addresses[r.Change] == nil {
			addresses[r.Change] = map[string]bool{}
		}
		addresses[r.Change][r.Address] = true
		rows[r.Change]++
	}
	if len(addresses[watchlist.RowAdded]) != 61 || len(addresses[watchlist.RowRemoved]) != 90 || len(addresses) != 2 {
		t.Errorf("%d addresses added, %d removed; want 61 and 90 (rows: %v)", len(addresses[watchlist.RowAdded]), len(addresses[watchlist.RowRemoved]), rows)
	}
}

// TestTheRoninThiefIsNotDatedByItsParty: OFAC dates the Lazarus Group to 2019, and added the address in 2022.
func TestTheRoninThiefIsNotDatedByItsParty(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("reads 106 MB of XML in one goroutine")
	}
	const thief = "0x098b716b8aaf21512996dc57eb0615e2383e2f96"
	s, err := watchlist.NewBuilder().Add("ofac-sdn", allLists(t).entries["ofac-sdn"]).Build()
	if err != nil {
		t.Fatal(err)
	}
	records, _ := filtered(t, [][]byte{payment("after", "deposit", m{"from": []string{thief}, "occurred_at": "2022-03-23T13:29:00Z"}),
		payment("before", "deposit", m{"from": []string{thief}, "occurred_at": "2018-01-01T00:00:00Z"})}, judge.FilterConfig{Lists: judge.Lists{Snapshot: s}, Rules: builtin(t)})
	for id, record := range records {
		var v struct {
			Hits []map[string]any `json:"hits"`
		}
		if err := json.Unmarshal(record, &v); err != nil || len(v.Hits) != 1 {
			t.Fatalf("%s: %v: %s", id, err, record)
		}
		h := v.Hits[0]
		if _, dated := h["address_listed_at"]; dated || h["party_listed_at"] != "2019-09-13" || h["timing"] != "unknown" {
			t.Errorf("%s: %v", id, h)
		}
	}
}

// pastVersions makes more versions of a list than Redis keeps, asks for the first one, and puts it in force again: by
// then ClickHouse alone has it.
func pastVersions(t *testing.T, s stack) {
	b := s.common()
	dir := t.TempDir()
	before := seqInForce(t, b)
	var exported []string
	first := before + 1
	for i := range 7 {
		file := filepath.Join(dir, fmt.Sprintf("%d.txt", i))
		var lines strings.Builder
		for n := range 10 + i {
			fmt.Fprintf(&lines, "0xdada%036x\n", n)
		}
		if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		b.sluice(t, "watchlist", "import", "--format", "txt", "--list", "past", "--category", "mixer", file)
		exported = append(exported, b.sluice(t, "watchlist", "export", "--list", "past").out)
	}
	last := seqInForce(t, b)
	eventually(t, "the history has all versions", func() error {
		if n := b.ask(t, "SELECT max(seq) FROM sluice.watchlist_versions"); n != fmt.Sprint(last) {
			return errors.New("it has " + n)
		}
		return nil
	})
	// The next import throws away what the history has now.
	file := filepath.Join(dir, "0.txt")
	b.sluice(t, "watchlist", "import", "--format", "txt", "--list", "past-too", "--category", "mixer", file)
	for i, want := range exported {
		at := fmt.Sprintf("#%d", first+uint64(i))
		if got := b.sluice(t, "watchlist", "export", "--list", "past", "--at", at).out; got != want || want == "" {
			t.Errorf("version %s is %q, was %q", at, got, want)
		}
	}
	if got := b.sluice(t, "watchlist", "diff", fmt.Sprintf("#%d", first), fmt.Sprintf("#%d", last), "--format", "json").out; strings.Count(got, `"change":"added"`) != 6 {
		t.Errorf("%s", got)
	}
	address := fmt.Sprintf("0xdada%036x", 12) // came with the third
	for seq, want := range map[uint64]int{first: 0, first + 1: 0, first + 2: 0, first + 3: 1, last: 1} {
		if got := b.sluice(t, "watchlist", "lookup", address, "--at", fmt.Sprintf("#%d", seq), "--format", "json").out; strings.Count(got, `"entry_id"`) != want {
			t.Errorf("at #%d: %q, want %d entries", seq, got, want)
		}
	}
	if got := b.sluice(t, "watchlist", "lookup", address, "--all", "--format", "json").out; !strings.Contains(got, fmt.Sprintf(`"from_seq":%d`, first+3)) || !strings.Contains(got, `3.txt"`) {
		t.Errorf("%s", got)
	}
	// Back to what was in force before, content and all, under a number of its own.
	b.sluice(t, "watchlist", "rollback", fmt.Sprintf("#%d", before), "--author", "ann", "--reason", "tried out")
	if now := seqInForce(t, b); now != last+2 {
		t.Errorf("seq %d is in force, want %d", now, last+2)
	}
	if diff := b.sluice(t, "watchlist", "diff", fmt.Sprintf("#%d", before), "current", "--format", "json").out; diff != "" {
		t.Errorf("%s", diff)
	}
	ready(t, s)
}

// seqInForce is the number of the lists in force.
func seqInForce(t *testing.T, b *base) (seq uint64) {
	t.Helper()
	out := b.sluice(t, "watchlist", "versions", "--format", "json").out
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var v struct {
		Seq     uint64 `json:"seq"`
		Current bool   `json:"current"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil || !v.Current {
		t.Fatalf("%v: %s", err, out)
	}
	return v.Seq
}
