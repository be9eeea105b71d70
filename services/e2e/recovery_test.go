package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/services/internal/chaos"
	"sluice/services/internal/realservers"
)

// These tests do what docs/recovery.md says, step by step, and end as each of its pages does: with sluice verify.

// whole fails unless sluice verify finds nothing lost, duplicated or unscreened.
func whole(t *testing.T, s stack) {
	t.Helper()
	if v := verified(t, s); v.Lost+v.Duplicated+v.Unscreened > 0 {
		t.Errorf("%s", v.text)
	}
}

// listedIsHeld sends a payment from an address that is on a list until it is answered, and fails if it is not held.
func listedIsHeld(t *testing.T, s stack, prefix string) {
	t.Helper()
	id := fmt.Sprintf("%s-%d", prefix, time.Now().UnixNano())
	eventually(t, "a verdict on "+id, func() error {
		status, v, err := tryOne(t, s, "?wait=verdict", paid(id, oneListed))
		if err == nil && status == 200 && v["verdict"] == "cleared" {
			t.Fatalf("%s is cleared", id)
		}
		if err == nil && (status != 200 || v["verdict"] != "held") {
			err = fmt.Errorf("%d %v", status, v)
		}
		return err
	})
}

// heldForItsRisk waits until what is listed is held for its list, and not for want of lists.
func heldForItsRisk(t *testing.T, s stack, prefix string) {
	t.Helper()
	n := 0
	eventually(t, "lists are in force again", func() error {
		n++
		status, v, err := tryOne(t, s, "?wait=verdict", paid(fmt.Sprintf("%s-%d-%d", prefix, time.Now().UnixNano(), n), oneListed))
		if err == nil && (status != 200 || !strings.Contains(fmt.Sprint(v["hold_reasons"]), "risk")) {
			err = fmt.Errorf("%d %v", status, v)
		}
		return err
	})
}

func proxied(t *testing.T, servers ...string) map[string]*chaos.Proxy {
	t.Helper()
	proxies := map[string]*chaos.Proxy{}
	for _, server := range servers {
		p, err := chaos.NewProxy()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		proxies[server] = p
	}
	return proxies
}

// TestRedisIsLost loses Redis with all that was in it, twice: once the instances still have their copies of the lists, and
// once not even those are left.
func TestRedisIsLost(t *testing.T) {
	wanted(t)
	s := newRealBehind(t, proxied(t, chaos.Redis))
	importWorld(t, s)
	importOne(t, s)
	l := startLoad(t, s, "redis-lost-", true)
	l.more(200)
	replace := func() {
		t.Helper()
		p := s.proxies[chaos.Redis]
		p.SetTarget(realservers.Redis(t))
		p.Reset()
	}
	began := time.Now()
	replace()
	heldForItsRisk(t, s, "redis-lost-a")
	t.Logf("an empty Redis: screening with all lists %s later", time.Since(began).Round(100*time.Millisecond))
	l.more(200)

	all := distinct(s, ingestService, enrichmentService, enrichmentService+"-2", "watchlist")
	l.end()
	settle(t, s) // the history has what is in force
	for _, p := range all {
		if _, err := p.end(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	replace()
	copies, err := filepath.Glob(filepath.Join(s.dir, "data", "*", "*", "lists.*"))
	more, errMore := filepath.Glob(filepath.Join(s.dir, "data", "*", "lists.*"))
	if err := errors.Join(err, errMore); err != nil {
		t.Fatal(err)
	}
	for _, file := range append(copies, more...) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d copies of the lists removed", len(copies)+len(more))
	began = time.Now()
	s.start(t, all...)
	listedIsHeld(t, s, "redis-lost-b")
	heldForItsRisk(t, s, "redis-lost-c")
	t.Logf("neither Redis nor copies: screening with all lists %s later", time.Since(began).Round(100*time.Millisecond))
	l = startLoad(t, s, "redis-lost-again-", true)
	l.more(200)
	l.end()
	ready(t, s)
	whole(t, s)
}

// TestClickHouseIsLost loses ClickHouse after a backup was made of it, and more was recorded: it is restored from the
// backup, and the topics fill the gap.
func TestClickHouseIsLost(t *testing.T) {
	wanted(t)
	s := newReal(t)
	folder, backup := filepath.Join(s.dir, "clickhouse"), filepath.Join(s.dir, "backup")
	importWorld(t, s)
	importOne(t, s)
	l := startLoad(t, s, "clickhouse-lost-", false)
	l.more(400)
	// The backup is a copy of the stopped server's folder; meanwhile transfers are judged as ever.
	at := time.Now()
	if _, err := s.engine.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(backup, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	s.restoreEngine(t)
	l.more(400)
	importList(t, s, "txt", "later", "0x7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a\n", "--category", "scam", "--network", "ethereum")
	l.end()
	settle(t, s)

	kill(t, s.engine)
	began := time.Now()
	if err := errors.Join(os.RemoveAll(folder), os.CopyFS(folder, os.DirFS(backup))); err != nil {
		t.Fatal(err)
	}
	l = startLoad(t, s, "clickhouse-away-", false)
	l.more(100)
	s.restoreEngine(t)
	s.sluice(t, "migrate")
	recorder := s.service(recorderService)
	rewind := []string{"rewind", "--to", at.Add(-time.Hour).UTC().Format(time.RFC3339)}
	if o, err := command(t.Context(), s.env, "", rewind...); err != nil || o.exit == 0 || !strings.Contains(o.err, "stop every recorder") {
		t.Errorf("while the recorder runs: %v, %s", err, o)
	}
	if _, err := recorder.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", s.sluice(t, rewind...).err)
	s.start(t, recorder)
	ready(t, s)
	l.end()
	whole(t, s)
	t.Logf("ClickHouse was lost: verified %s later", time.Since(began).Round(100*time.Millisecond))
	checkWhole(t, s)
}

// TestABrokersDiskIsLost loses a broker with its disk, a leader among three, under load: an empty one takes its place.
func TestABrokersDiskIsLost(t *testing.T) {
	wanted(t)
	s := newCluster(t)
	importWorld(t, s)
	importOne(t, s)
	l := startLoad(t, s, "disk-", false)
	l.more(500)
	k := leader(t, s)
	k.Kill()
	k.LoseDisk()
	began := time.Now()
	l.more(500)
	k.Start()
	ready(t, s)
	l.more(300)
	l.end()
	whole(t, s)
	t.Logf("the disk of broker %d was lost: verified %s later", k.ID, time.Since(began).Round(100*time.Millisecond))
	checkWhole(t, s)
}

// TestTheWholeBrokerIsLost loses the only broker with everything on it, which three brokers are there to prevent: what is
// recorded stays, and what clients were answered for and is not recorded they send again.
func TestTheWholeBrokerIsLost(t *testing.T) {
	wanted(t)
	s := newEmbedded(t)
	importWorld(t, s)
	importOne(t, s)
	g, first := world(t, "broker-lost-"), &batch{}
	first.take(g, 500)
	sendAll(t, s, first)
	settle(t, s)
	if _, err := s.run.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := os.RemoveAll(filepath.Join(s.data, "kafka")); err != nil {
		t.Fatal(err)
	}
	s.start(t, s.run)
	ready(t, s)
	heldForItsRisk(t, s, "broker-lost-listed")
	// The order of knowledge was on the broker too: an activation begins a new one, above all numbers that are recorded.
	importList(t, s, "txt", "after-the-loss", "0x9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c\n", "--category", "scam", "--network", "ethereum")
	second := &batch{}
	second.take(g, 200)
	sendAll(t, s, &batch{lines: append(first.lines[400:500:500], second.lines...), want: append(first.want[400:500:500], second.want...)})
	whole(t, s)
	t.Logf("everything on the broker was lost: verified %s later", time.Since(began).Round(100*time.Millisecond))
}
