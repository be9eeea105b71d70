package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/schemas"
)

// manyEntries is how many entries a list has that is not held in memory: more than the stacks' lists.memory_entries, and
// more than the lists that are small enough to be held in any case.
const manyEntries = 51_000

// Addresses that the scenario's list alone has, and one that none has.
const (
	pagedSanctioned = "0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a01"
	pagedGambling   = "0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a02"
	pagedNowhere    = "0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a03"
)

// paged puts a list in force that does not fit in memory, and lets the scenario files be judged by it: the verdicts are
// those of before, when it did fit, and those that the files say. While Redis, where the pages are, is away or has lost
// them, nothing that is listed is cleared.
func paged(t *testing.T, s stack) {
	files, list := pagedList(t)
	importList(t, s, "csv", "paged", list)
	formOf(t, s, 1)
	small := pagedVerdicts(t, s, files, "memory-")

	var many strings.Builder
	many.WriteString(list)
	for i := range manyEntries {
		fmt.Fprintf(&many, "ethereum,0x9b%038x,scam\n", i+1)
	}
	importList(t, s, "csv", "paged", many.String())
	formOf(t, s, 0)
	large := pagedVerdicts(t, s, files, "pages-")
	for id, want := range small {
		if large[id] != want {
			t.Errorf("%s: %q with pages, %q in memory", id, large[id], want)
		}
	}
	pages := 0.0
	for _, p := range screeners(s) {
		m, err := metrics(p)
		if err != nil {
			t.Fatal(err)
		}
		pages += m["sluice_lists_pages_total"]
	}
	if pages == 0 {
		t.Error("no page was asked for")
	}

	sent := 0
	send := func(times int) {
		t.Helper()
		for range times {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			b := &batch{}
			b.add(paid(fmt.Sprintf("paged-away-%d", sent), pagedSanctioned), "held")
			b.add(paid(fmt.Sprintf("paged-clean-%d", sent), pagedNowhere), "cleared")
			_, err := post(ctx, s, b, true)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	if _, ok := s.(*realStack); ok { // the embedded one ends with the process
		redisSays(t, redisOf(t, s), "CLIENT PAUSE 4000 ALL")
		send(3)
	}
	flushRedis(t, s)
	send(3)
	eventually(t, "pages are there again", func() error {
		sent++
		status, v, err := tryOne(t, s, "?wait=verdict", paid(fmt.Sprintf("paged-away-%d", sent), pagedSanctioned))
		if err == nil && status == 200 && v["verdict"] == "cleared" {
			t.Fatalf("cleared: %v", v)
		}
		if err == nil && (status != 200 || !strings.Contains(fmt.Sprint(v["hold_reasons"]), "risk")) {
			err = fmt.Errorf("%d %v", status, v)
		}
		return err
	})
	formOf(t, s, 0)
	settle(t, s)
	s.common().expect(t, "SELECT DISTINCT verdict FROM sluice.transfers FINAL WHERE transfer_id LIKE 'paged-away-%'", "held")
}

// pagedList is the scenario files, and a list of all their rows and two more.
func pagedList(t *testing.T) (files []policyFile, list string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	const header = "network,address,category\n"
	list = header + "ethereum," + pagedSanctioned + ",sanctions\nethereum," + pagedGambling + ",gambling\n"
	for _, path := range paths {
		f := readPolicyFile(t, path)
		rows, ok := strings.CutPrefix(f.list, header)
		if !ok {
			t.Fatalf("%s: the list has other columns than %s", path, header)
		}
		files = append(files, f)
		list += rows
	}
	return files, list
}

// pagedVerdicts sends the files' transfers and those of the list's own addresses, holds the verdicts to what the files
// say, and returns them by the ids without the prefix.
func pagedVerdicts(t *testing.T, s stack, files []policyFile, prefix string) map[string]string {
	t.Helper()
	prefix = fmt.Sprintf("%s%d-", prefix, time.Now().UnixNano())
	b, want := &batch{}, map[string]string{"sanctioned": "held severe risk", "nowhere": "cleared none -"}
	b.add(paid(prefix+"sanctioned", pagedSanctioned), "held")
	b.add(paid(prefix+"gambling", pagedGambling), "flagged")
	b.add(paid(prefix+"nowhere", pagedNowhere), "cleared")
	for _, f := range files {
		for _, line := range f.lines(t, prefix+f.name+"-") {
			b.add(line, "")
		}
		for id, verdict := range f.want {
			if verdict != "rejected" {
				want[f.name+"-"+id] = verdict
			}
		}
	}
	sendAll(t, s, b)
	settle(t, s)
	said := map[string]string{}
	for _, r := range readTopic(t, s, schemas.Verdicts) {
		if id, text := judgement(t, r.value); strings.HasPrefix(id, prefix) {
			said[strings.TrimPrefix(id, prefix)] = text
		}
	}
	for id, verdict := range want {
		if said[id] != verdict {
			t.Errorf("%s%s: %q, want %q", prefix, id, said[id], verdict)
		}
	}
	return said
}

// screeners are the processes that screen.
func screeners(s stack) (all []*process) {
	for _, p := range s.common().processes {
		if p.args[0] == "run" || p.args[0] == "enrichment" {
			all = append(all, p)
		}
	}
	return all
}

// formOf waits until all that screen hold the lists in memory, or not.
func formOf(t *testing.T, s stack, inMemory float64) {
	t.Helper()
	for _, p := range screeners(s) {
		eventually(t, fmt.Sprintf("%s: in memory %g", p.name, inMemory), func() error {
			m, err := metrics(p)
			if err == nil && (m["sluice_lists_in_memory"] != inMemory || m["sluice_lists_usable"] != 1) {
				err = errors.New("not yet")
			}
			return err
		})
	}
}
