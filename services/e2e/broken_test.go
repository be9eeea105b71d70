package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/schemas"
)

// distinct are the processes of some services: on the embedded stack they are one.
func distinct(s stack, services ...string) (all []*process) {
	for _, name := range services {
		if p := s.service(name); !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// crash kills services in mid-stream, one after the other, and starts them again.
func crash(t *testing.T, s stack) {
	l := startLoad(t, s, "crash-", false)
	l.more(500)
	for _, p := range distinct(s, recorderService, alertingService, enrichmentService, ingestService, recorderService) {
		engine := childOf(p.pid(), engineWord)
		kill(t, p)
		if engine != 0 {
			eventually(t, "the engine ends with its parent", func() error {
				if _, err := os.Stat(fmt.Sprintf("/proc/%d", engine)); err == nil {
					return fmt.Errorf("process %d is there", engine)
				}
				return nil
			})
		}
		s.common().start(t, p)
		ready(t, s)
		l.more(500)
	}
	n := l.end()
	checkWhole(t, s)
	// Every line of the stream is a fact, but the duplicates among them.
	t.Logf("%d transfers were accepted in spite of it", n)
}

// twoEnrichments kills one of two instances for good: the other takes over.
func twoEnrichments(t *testing.T, s stack) {
	l := startLoad(t, s, "two-", false)
	l.more(500)
	first, second := s.service(enrichmentService), s.service(enrichmentService+"-2")
	for _, p := range []*process{first, second} {
		if m, err := metrics(p); err != nil || m[`sluice_stream_assigned_partitions{group="sluice.enrichment"}`] == 0 {
			t.Errorf("%s has no partitions: %v", p.name, err)
		}
	}
	kill(t, first)
	l.more(2000)
	l.end()
	checkWhole(t, s)
	s.common().start(t, first)
	ready(t, s)
}

// brokerAway kills Kafka in mid-stream and starts it again: ingest says that it cannot take anything meanwhile, and every
// service goes on by itself.
func brokerAway(t *testing.T, s stack) {
	kafka := s.(*realStack).kafka
	l := startLoad(t, s, "broker-", false)
	l.more(500)
	kafka.Kill()
	began := time.Now()
	status, p := sendOne(t, s, "", paid("broker-away", cleanSender))
	if status != 503 || p["title"] == nil {
		t.Errorf("without a broker: %d %v, want 503", status, p)
	}
	// A request waits for the broker behind one that does; a client has gone after half a minute.
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("without a broker: 503 after %s", took.Round(time.Millisecond))
	}
	kafka.Start()
	l.more(500)
	l.end()
	ready(t, s)
	checkWhole(t, s)
}

// stopped asks services to end in mid-stream: they finish what they have, and say that all is well.
func stopped(t *testing.T, s stack) {
	l := startLoad(t, s, "stop-", false)
	l.more(300)
	for _, p := range distinct(s, ingestService, enrichmentService, alertingService, recorderService, "watchlist") {
		began := time.Now()
		exit, err := p.end(syscall.SIGTERM)
		if err != nil || exit != 0 {
			t.Errorf("%s: exit status %d, %v, after %s: %s", p.name, exit, err, time.Since(began), p.lastWords())
		}
		t.Logf("%s ended after %s", p.name, time.Since(began).Round(time.Millisecond))
		if err != nil {
			kill(t, p)
		}
		s.common().start(t, p)
		ready(t, s)
		l.more(300)
	}
	l.end()
	checkWhole(t, s)
}

// outage is how long ClickHouse is away; SLUICE_E2E_OUTAGE overrides it.
func outage(t *testing.T) time.Duration {
	text := os.Getenv("SLUICE_E2E_OUTAGE")
	if text == "" {
		return 20 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("SLUICE_E2E_OUTAGE: %v", err)
	}
	return d
}

// warehouseAway takes ClickHouse away: nothing else stops, memory does not grow, and everything is recorded afterwards.
func warehouseAway(t *testing.T, s stack) {
	const growth = 128 << 20 // of each process
	importOne(t, s)
	l := startLoad(t, s, "away-", false)
	l.more(1500)
	memory, most := map[*process]int64{}, map[*process]int64{}
	measure := func(note func(p *process, rss int64)) {
		for _, p := range s.common().processes {
			if p.args[0] == engineWord {
				continue
			}
			rss, err := resident(p.pid())
			if err != nil {
				t.Fatal(err)
			}
			note(p, rss)
		}
	}
	measure(func(p *process, rss int64) { memory[p] = rss })
	engine := s.enginePID()
	if engine == 0 {
		t.Fatal("there is no engine")
	}
	if err := syscall.Kill(engine, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	resume := func() { _ = syscall.Kill(engine, syscall.SIGCONT) }
	defer resume()
	var during []string
	for began, n := time.Now(), 0; time.Since(began) < outage(t); n++ {
		id := fmt.Sprintf("away-listed-%d", n)
		status, v := sendOne(t, s, "?wait=verdict", paid(id, oneListed))
		if status != 200 || v["verdict"] != "held" {
			t.Errorf("%s, without ClickHouse: %d %v", id, status, v)
		}
		during = append(during, id)
		l.more(200)
		measure(func(p *process, rss int64) {
			most[p] = max(most[p], rss)
			if rss > memory[p]+growth {
				t.Errorf("%s has grown from %d to %d MiB", p.name, memory[p]>>20, rss>>20)
				memory[p] = rss
			}
		})
	}
	onTopic := map[string]bool{}
	for _, v := range latest(t, readTopic(t, s, schemas.Flagged)) {
		onTopic[v.TransferID] = true
	}
	for _, id := range during {
		if !onTopic[id] {
			t.Errorf("%s is not on flagged.v1 while ClickHouse is away", id)
		}
	}
	resume()
	// And once more, the hard way.
	l.more(200)
	if engine = s.enginePID(); engine != 0 {
		_ = syscall.Kill(engine, syscall.SIGKILL)
	}
	l.more(400)
	s.restoreEngine(t)
	n := l.end()
	checkWhole(t, s)
	s.common().expect(t, "SELECT count() FROM sluice.flagged_events FINAL WHERE transfer_id LIKE 'away-listed-%'", fmt.Sprint(len(during)))
	measure(func(p *process, rss int64) {
		t.Logf("%s: %d MiB before, at most %d while ClickHouse was away, %d after %d transfers", p.name, memory[p]>>20, most[p]>>20, rss>>20, n)
	})
}

// flushRedis empties the cache, as a mistaken operator does.
func flushRedis(t *testing.T, s stack) {
	t.Helper()
	at, err := s.at()
	if err == nil {
		err = tellRedis(at.Redis, "FLUSHALL")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// cacheFlushed empties Redis in mid-stream: nothing that is listed is cleared, whatever is restarted, and whatever is
// imported into the emptiness.
func cacheFlushed(t *testing.T, s stack) {
	importOne(t, s)
	lists := func() string { return s.common().sluice(t, "watchlist", "list").out }
	before := strings.Count(lists(), "\n")
	l := startLoad(t, s, "flush-", true)
	defer l.stop()
	n := 0
	sendListed := func(times int) {
		t.Helper()
		for range times {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			b := &batch{}
			b.add(paid(fmt.Sprintf("flush-listed-%d", n), oneListed), "held")
			_, err := post(ctx, s, b, true)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	sendListed(5)
	l.more(200)
	flushRedis(t, s)
	sendListed(5)
	l.more(400)

	// An instance that starts now finds nothing in Redis.
	flushRedis(t, s)
	p := s.service(enrichmentService)
	kill(t, p)
	s.common().start(t, p)
	sendListed(5)
	l.more(400)

	// An import into the emptiness must not be the end of the other lists.
	flushRedis(t, s)
	file := t.TempDir() + "/late.txt"
	writeFile(t, file, "0x6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e\n")
	eventually(t, "an import after a flush", func() error {
		o, err := command(t.Context(), s.common().env, "", "watchlist", "import", "--format", "txt", "--list", "late", "--category", "sanctions", file)
		if err == nil && o.exit != 0 {
			err = fmt.Errorf("%s", o)
		}
		return err
	})
	sendListed(5)
	l.more(400)
	eventually(t, "all lists are there again", func() error {
		o, err := command(t.Context(), s.common().env, "", "watchlist", "list")
		if after := strings.Count(o.out, "\n"); err == nil && after != before+1 {
			err = fmt.Errorf("%d lines, want %d: %s", after, before+1, o)
		}
		return err
	})
	importWorld(t, s)
	sendListed(5)
	l.end()
	checkWhole(t, s)
	s.common().expect(t, "SELECT verdict, count() FROM sluice.transfers FINAL WHERE transfer_id LIKE 'flush-listed-%' GROUP BY 1", fmt.Sprintf("held\t%d", n))
}
