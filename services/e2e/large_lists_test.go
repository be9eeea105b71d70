package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestALargeListBesideLiveTransfers imports as many addresses as SLUICE_LISTS_ENTRIES says by the command into a running
// instance, on the embedded stack, and measures how long live transfers wait meanwhile, what the command and the instance
// take of memory, what the commands of a list officer take beside the list, and how soon the instance is back with it
// after a stop.
func TestALargeListBesideLiveTransfers(t *testing.T) {
	wanted(t)
	n, err := strconv.Atoi(os.Getenv("SLUICE_LISTS_ENTRIES"))
	if err != nil || n < 1000 {
		t.Skip("measured with SLUICE_LISTS_ENTRIES=1000000")
	}
	s := newEmbedded(t, "SLUICE_HTTP_WAIT_DEADLINE=60s")
	importList(t, s, "txt", "first", oneListed+"\n", "--category", "scam")
	lookedBackFor(t, s)
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "0x%.20x\n", sha256.Sum256(fmt.Append(nil, "large ", i)))
	}
	file := filepath.Join(t.TempDir(), "large.txt")
	writeFile(t, file, text.String())
	listed := text.String()[:42]
	text.Reset()

	calm := latencies(t, s, "calm", 10*time.Second, nil)
	done := make(chan struct{})
	var during []time.Duration
	var wg sync.WaitGroup
	wg.Go(func() { during = latencies(t, s, "during", 10*time.Minute, done) })
	load := loadAverage()
	began := time.Now()
	o := s.sluice(t, "watchlist", "import", "--format", "txt", "--list", "large", "--category", "scam", "--network", "ethereum", file)
	inUse(t, s, n+1)
	t.Logf("the import of %d addresses took %s and %d MB; they were in force after %s; load average %s",
		n, o.took.Round(time.Millisecond), o.peak>>20, time.Since(began).Round(time.Millisecond), load)
	s.expect(t, "SELECT count() FROM sluice.watchlist_history", fmt.Sprint(n+1))
	lookedBackFor(t, s)
	t.Logf("recorded and looked back after %s", time.Since(began).Round(time.Millisecond))
	close(done)
	wg.Wait()
	peak, err := peakOf(s.run.pid())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("live verdicts, one at a time: before p50 %s, p99 %s, longest %s (%d); meanwhile p50 %s, p99 %s, longest %s (%d); the instance had %d MB at most",
		at(calm, 50), at(calm, 99), at(calm, 100), len(calm), at(during, 50), at(during, 99), at(during, 100), len(during), peak>>20)

	const own = "0xc0ffee00000000000000000000000000000000%02x"
	who := []string{"--list", "ours", "--author", "anna", "--reason", "case 7"}
	for _, c := range [][]string{
		{"list"}, {"versions"}, {"lookup", listed}, {"lookup", fmt.Sprintf(own, 0)},
		append([]string{"add", "--network", "ethereum", fmt.Sprintf(own, 1), fmt.Sprintf(own, 2)}, who...),
		append([]string{"expire", "--at", "2099-01-01T00:00:00Z", fmt.Sprintf(own, 1)}, who...),
		append([]string{"remove", fmt.Sprintf(own, 2)}, who...),
	} {
		o := s.sluice(t, append([]string{"watchlist"}, c...)...)
		t.Logf("%s: %s and %d MB", c[0], o.took.Round(time.Millisecond), o.peak>>20)
	}

	// From the officer's command to the first transfer that is screened by it.
	began = time.Now()
	s.sluice(t, append([]string{"watchlist", "add", "--network", "ethereum", "--category", "sanctions", fmt.Sprintf(own, 3)}, who...)...)
	for i := 0; ; i++ {
		if status, v := sendOne(t, s, "?wait=verdict", paid(fmt.Sprint("officer-", i), fmt.Sprintf(own, 3))); status == http.StatusOK && v["verdict"] == "held" {
			break
		}
	}
	t.Logf("from the command to the first verdict by it: %s", time.Since(began).Round(time.Millisecond))

	if _, err := s.run.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	s.start(t, s.run)
	ready(t, s)
	t.Logf("ready again after %s", time.Since(began).Round(time.Millisecond))
	inUse(t, s, n+3)
	t.Logf("and screening by the list after %s", time.Since(began).Round(time.Millisecond))
	if status, v := sendOne(t, s, "?wait=verdict", paid("behind", listed)); status != http.StatusOK || v["verdict"] == "cleared" {
		text, _ := json.Marshal(v)
		t.Errorf("%d %s", status, text)
	}
}

// inUse waits until an instance screens by so many entries.
func inUse(t *testing.T, s stack, entries int) {
	t.Helper()
	eventuallyWithin(t, 10*time.Minute, "the lists are in use", func() error {
		m, err := metrics(s.service(ingestService))
		if err == nil && (int(m["sluice_lists_entries"]) != entries || m["sluice_lists_usable"] != 1) {
			err = fmt.Errorf("%g entries, usable %g", m["sluice_lists_entries"], m["sluice_lists_usable"])
		}
		return err
	})
}
