package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sluice/schemas"
	"sluice/services/ingest"
	"sluice/services/internal/chaos"
)

// grown is how much the memory of a process may grow while a consumer stands still, and while it catches up.
const grown = 1 << 30

// consumer is somebody behind a topic who stops.
type consumer struct {
	name  string
	stack string
	stop  func(t *testing.T, s stack) (resume func())
}

// consumers are all who may stop without the others. On the embedded stack the services are one process.
var consumers = []consumer{
	{"ClickHouse", chaos.OnEmbedded, stopEngine},
	{"a consumer of verdicts", chaos.OnEmbedded, stopReader},
	{"enrichment, all of it", chaos.OnReal, stopServices(enrichmentService, enrichmentService+"-2")},
	{"alerting", chaos.OnReal, stopServices(alertingService)},
	{"the recorder", chaos.OnReal, stopServices(recorderService)},
	{"ClickHouse", chaos.OnReal, stopEngine},
	{"a consumer of verdicts", chaos.OnReal, stopReader},
}

func stopEngine(t *testing.T, s stack) func() {
	engine := s.enginePID()
	if err := syscall.Kill(engine, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return func() { _ = syscall.Kill(engine, syscall.SIGCONT) }
}

func stopServices(names ...string) func(*testing.T, stack) func() {
	return func(t *testing.T, s stack) func() {
		all := distinct(s, names...)
		for _, p := range all {
			if err := syscall.Kill(p.pid(), syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
		return func() {
			for _, p := range all {
				_ = syscall.Kill(p.pid(), syscall.SIGCONT)
			}
		}
	}
}

// stopReader is a group of an exchange that has read the verdicts so far, and reads no more.
func stopReader(t *testing.T, s stack) func() {
	const group = "exchange.soak"
	admin := kafkaAdmin(t, s)
	ends, err := admin.ListEndOffsets(t.Context(), schemas.Verdicts)
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.CommitAllOffsets(t.Context(), group, ends.Offsets()); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := admin.DeleteGroup(t.Context(), group)
		if err != nil {
			t.Error(err)
		}
	}
}

// flood sends transfers at a rate, and notes in a file whose were answered.
type flood struct {
	t       *testing.T
	s       stack
	rate    float64 // transfers a second; 0: as fast as they are taken
	answers *bufio.Writer
	file    string
	sent    atomic.Int64
	refused atomic.Int64 // requests
	cancel  context.CancelFunc
	ended   chan error
}

// startFlood begins to send. Requests of hundreds, as many as are due.
func startFlood(t *testing.T, s stack, prefix string, rate float64, file string) *flood {
	t.Helper()
	out, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f := &flood{t: t, s: s, rate: rate, answers: bufio.NewWriter(out), file: file, cancel: cancel, ended: make(chan error, 1)}
	g := world(t, prefix)
	go func() {
		const most, pause = 2500, 40 * time.Millisecond
		began := time.Now()
		for ctx.Err() == nil {
			due := most
			if rate > 0 {
				due = min(int(time.Since(began).Seconds()*rate)-int(f.sent.Load()), most)
			}
			if due < 1 {
				time.Sleep(pause)
				continue
			}
			b := &batch{}
			b.take(g, due)
			if err := f.send(context.WithoutCancel(ctx), b); err != nil {
				f.ended <- err
				return
			}
			time.Sleep(pause)
		}
		f.ended <- errors.Join(f.answers.Flush(), out.Close())
	}()
	t.Cleanup(cancel)
	return f
}

// send sends one request until it is answered.
func (f *flood) send(ctx context.Context, b *batch) error {
	body := append(joined(b), '\n')
	for began := time.Now(); ; time.Sleep(poll) {
		results, err := postOnce(ctx, f.s, body)
		if err != nil {
			f.refused.Add(1)
			if time.Since(began) > 5*time.Minute {
				return err
			}
			continue
		}
		for _, r := range results {
			if r.Status != ingest.StatusRejected {
				if _, err := fmt.Fprintln(f.answers, r.TransferID); err != nil {
					return err
				}
			}
		}
		f.sent.Add(int64(len(b.lines)))
		return nil
	}
}

func (f *flood) end() int64 {
	f.t.Helper()
	f.cancel()
	if err := <-f.ended; err != nil {
		f.t.Fatal(err)
	}
	return f.sent.Load()
}

// joined is the lines of a batch, one after the other.
func joined(b *batch) []byte {
	var body []byte
	for i, line := range b.lines {
		if i > 0 {
			body = append(body, '\n')
		}
		body = append(body, line...)
	}
	return body
}

// usedBy is what the processes of a stack have in use, by name; those of the servers are not the pipeline's, but for the
// engine of the embedded stack.
func usedBy(t *testing.T, s stack) map[string]int64 {
	t.Helper()
	used := map[string]int64{}
	for _, p := range s.common().processes {
		if p.args[0] == engineWord {
			continue
		}
		rss, err := resident(p.pid())
		if err != nil {
			t.Fatal(err)
		}
		used[p.name] = rss
	}
	if _, embedded := s.(*embeddedStack); embedded {
		if engine := s.enginePID(); engine != 0 {
			if rss, err := resident(engine); err == nil {
				used["engine"] = rss
			}
		}
	}
	return used
}

// soakSettings are how long each consumer stands still, and how many transfers come a second meanwhile.
func soakSettings(t *testing.T) (span time.Duration, rate float64) {
	t.Helper()
	span, rate = 20*time.Second, 5000
	var err error
	if text := os.Getenv("SLUICE_SOAK"); text != "" {
		if span, err = time.ParseDuration(text); err != nil || span < time.Second {
			t.Fatalf("SLUICE_SOAK: %q, want a time such as 10m: %v", text, err)
		}
	}
	if text := os.Getenv("SLUICE_SOAK_RATE"); text != "" {
		if rate, err = strconv.ParseFloat(text, 64); err != nil || rate <= 0 {
			t.Fatalf("SLUICE_SOAK_RATE: %q, want transfers a second: %v", text, err)
		}
	}
	return span, rate
}

// TestSoak lets each consumer in turn stand still while transfers come in: no process grows, verdicts are answered as
// long as those before the consumer work, and afterwards everything is drained and verified.
func TestSoak(t *testing.T) {
	wanted(t)
	span, rate := soakSettings(t)
	var rows []string
	for _, stackName := range []string{chaos.OnEmbedded, chaos.OnReal} {
		t.Run(stackName, func(t *testing.T) {
			var s stack
			for _, c := range consumers {
				if c.stack != stackName {
					continue
				}
				t.Run(strings.ReplaceAll(c.name, " ", "_"), func(outer *testing.T) {
					if s == nil {
						s = soakStack(t, stackName)
					}
					rows = append(rows, soak(outer, s, c, span, rate))
				})
			}
		})
	}
	t.Run("full", func(t *testing.T) { diskBudget(t) })
	rewrite(t, "SLUICE_SOAK_REPORT", func(page string) (string, error) {
		before, old, after, err := between(page, soakBegin, soakEnd)
		lines := rowsOf(old + strings.Join(rows, ""))
		all := ""
		for _, c := range consumers {
			all += lines[[2]string{c.name, c.stack}]
		}
		return before + soakBegin + machine() + "\n\n" + soakHead + all + soakEnd + after, err
	})
}

// The table stands between these lines of docs/faults.md.
const (
	soakBegin = "<!-- measured by make soak -->\n"
	soakEnd   = "<!-- end of the soak -->\n"
	soakHead  = "| stands still | stack | for | arrive | transfers meanwhile | memory of the process that grew most | disk a transfer | slowest verdict | refused | drained after | lost | duplicated | unscreened |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
)

func soakStack(t *testing.T, name string) (s stack) {
	if name == chaos.OnReal {
		s = newReal(t)
	} else {
		s = newEmbedded(t)
	}
	importWorld(t, s)
	importOne(t, s)
	return s
}

// soak stops one consumer, and returns a row of the table.
func soak(t *testing.T, s stack, c consumer, span time.Duration, rate float64) string {
	ready(t, s)
	file := filepath.Join(s.common().dir, "flood")
	f := startFlood(t, s, fmt.Sprintf("soak-%d-", time.Now().UnixNano()), rate, file)
	warm := min(span/2, 30*time.Second) // until buffers and caches have their size
	time.Sleep(warm)
	before, diskBefore, sentBefore := usedBy(t, s), diskUse(s), f.sent.Load()
	most, began := usedBy(t, s), time.Now()
	resume := sync.OnceFunc(c.stop(t, s))
	defer resume()
	p := &prober{t: t, s: s, listed: oneListed, name: fmt.Sprintf("soak-probe-%d-", began.UnixNano())}
	note := func() {
		for name, rss := range usedBy(t, s) {
			most[name] = max(most[name], rss)
		}
	}
	asks := !strings.Contains(c.name, "enrichment") && c.name != alertingService // those make the verdicts
	for next := began; time.Since(began) < span; time.Sleep(poll) {
		note()
		if now := time.Now(); asks && now.After(next) {
			p.ask(oneListed)
			p.ask(cleanSender)
			next = now.Add(max(span/100, time.Second))
		}
	}
	sent, disk := f.sent.Load()-sentBefore, diskUse(s)-diskBefore
	took := time.Since(began)
	note()
	resume()
	ended := time.Now()
	f.end()
	eventuallyWithin(t, 5*time.Minute+3*span, "everything is drained", func() error {
		note()
		return atRest(s)
	})
	drained := time.Since(ended)
	v := verifiedSent(t, s, 5*time.Minute+3*span, file)
	if v.Lost+v.Duplicated+v.Unscreened > 0 {
		t.Errorf("%s", v.text)
	}
	if asks && (!strings.Contains(p.saw(), "held (risk)") || !strings.Contains(p.saw(), "cleared")) {
		t.Errorf("while %s stood still: %s", c.name, p.saw())
	}
	worst, was, top := "", int64(0), int64(0)
	for name, rss := range most {
		if name != "engine" && rss-before[name] > grown {
			t.Errorf("%s has grown from %d to %d MiB", name, before[name]>>20, rss>>20)
		}
		if worst == "" || rss-before[name] > top-was {
			worst, was, top = name, before[name], rss
		}
	}
	perTransfer := "–"
	if disk > 0 && sent > 0 {
		perTransfer = fmt.Sprintf("%d B", disk/sent)
	}
	seen := "–"
	if asks {
		seen = fmt.Sprintf("%.1f s", p.slowest.Seconds())
	}
	row := fmt.Sprintf("| %s | %s | %s | %.0f/s | %d | %s %d → %d MiB | %s | %s | %d | %.1f s | %d | %d | %d |\n", c.name, c.stack, span, float64(sent)/took.Seconds(), sent,
		worst, was>>20, top>>20, perTransfer, seen, f.refused.Load(), drained.Seconds(), v.Lost, v.Duplicated, v.Unscreened)
	t.Log(row)
	return row
}

// diskUse is how much the embedded broker's folder holds, 0 on servers of their own.
func diskUse(s stack) (n int64) {
	e, ok := s.(*embeddedStack)
	if !ok {
		return 0
	}
	_ = filepath.WalkDir(filepath.Join(e.data, "kafka"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// diskBudget lets transfers come, with ClickHouse standing still, until the embedded broker holds as much as it may: what
// is more is refused and told to come again, and is taken once there is space.
func diskBudget(t *testing.T) {
	s := newEmbedded(t, "SLUICE_KAFKA_DISK_BUDGET="+strconv.Itoa(256<<20))
	importWorld(t, s)
	importOne(t, s)
	file := filepath.Join(s.dir, "flood")
	resume := stopEngine(t, s)
	defer resume()
	began := time.Now()
	f := startFlood(t, s, "full-", 0, file)
	eventually(t, "no more is taken", func() error {
		if f.refused.Load() < 3 {
			return fmt.Errorf("%d MiB, %d transfers", diskUse(s)>>20, f.sent.Load())
		}
		return nil
	})
	if status, p := sendOne(t, s, "", paid("full-one", cleanSender)); status != 503 || !strings.Contains(fmt.Sprint(p["detail"]), "disk") {
		t.Errorf("a full broker: %d %v, want 503 that says so", status, p)
	}
	sent := f.sent.Load()
	t.Logf("%d transfers fill %d MiB in %s", sent, diskUse(s)>>20, time.Since(began).Round(time.Second))
	resume()
	ended := time.Now()
	eventually(t, "more is taken", func() error {
		if now := f.sent.Load(); now < sent+1000 {
			return fmt.Errorf("%d more", now-sent)
		}
		return nil
	})
	t.Logf("taken again %s after ClickHouse went on", time.Since(ended).Round(100*time.Millisecond))
	f.end()
	if v := verifiedSent(t, s, 5*time.Minute, file); v.Lost+v.Duplicated+v.Unscreened > 0 {
		t.Errorf("%s", v.text)
	}
}
