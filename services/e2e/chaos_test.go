package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/schemas"
	"sluice/services/internal/broker"
	"sluice/services/internal/chaos"
	"sluice/services/internal/stream"
)

// TestChaos breaks the ground under whole stacks, by plans that follow from seeds, and lets `sluice verify` say whether a
// promise was broken. SLUICE_CHAOS names the seeds, such as 1-20; SLUICE_CHAOS_WINDOW how long each plan is.
func TestChaos(t *testing.T) {
	seeds, window := chaosSettings(t)
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()                         // with the other stack
		others := make([]uint64, len(seeds)) // plans of its own
		for i, seed := range seeds {
			others[i] = seed + embeddedSeeds
		}
		runChaos(t, newEmbedded(t), others, window)
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		proxies := map[string]*chaos.Proxy{}
		for _, server := range []string{chaos.Kafka, chaos.Redis, chaos.ClickHouse} {
			p, err := chaos.NewProxy()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Close)
			proxies[server] = p
		}
		runChaos(t, newRealBehind(t, proxies), seeds, window)
	})
}

// embeddedSeeds is what the embedded stack adds to each seed.
const embeddedSeeds = 1000

func chaosSettings(t *testing.T) (seeds []uint64, window time.Duration) {
	t.Helper()
	text := os.Getenv("SLUICE_CHAOS")
	if text == "" {
		t.Skip("faults are made with SLUICE_CHAOS=FIRST-LAST (make chaos)")
	}
	first, last, ok := strings.Cut(text, "-")
	if !ok {
		last = first
	}
	from, errFrom := strconv.ParseUint(first, 10, 64)
	to, errTo := strconv.ParseUint(last, 10, 64)
	if err := errors.Join(errFrom, errTo); err != nil || to < from {
		t.Fatalf("SLUICE_CHAOS: %q, want a seed or FIRST-LAST: %v", text, err)
	}
	for seed := from; seed <= to; seed++ {
		seeds = append(seeds, seed)
	}
	window = 8 * time.Second
	if text := os.Getenv("SLUICE_CHAOS_WINDOW"); text != "" {
		var err error
		if window, err = time.ParseDuration(text); err != nil {
			t.Fatalf("SLUICE_CHAOS_WINDOW: %v", err)
		}
	}
	return seeds, window
}

// runChaos goes through the seeds on one stack, each on what the ones before have left.
func runChaos(t *testing.T, s stack, seeds []uint64, window time.Duration) {
	importWorld(t, s)
	importOne(t, s)
	var rows []string
	for _, seed := range seeds {
		ok := t.Run(fmt.Sprintf("seed_%d", seed), func(t *testing.T) { rows = append(rows, chaosRun(t, s, seed, window)) })
		if !ok {
			break // the stack is not what the next seed takes it for
		}
	}
	t.Logf("%s stack, plans of %s:\n%s", s.common().name, window, strings.Join(rows, "\n"))
	if file := os.Getenv("SLUICE_CHAOS_REPORT"); file != "" {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, row := range rows {
			if _, err := fmt.Fprintf(f, "| %s | %s\n", s.common().name, row); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// chaosRun makes the faults of one seed under load, heals everything, waits until all is through, and verifies. It returns
// a line for a table.
func chaosRun(t *testing.T, s stack, seed uint64, window time.Duration) string {
	c := &faults{t: t, s: s, random: rand.New(rand.NewPCG(seed, 1)), down: map[string]bool{}}
	plan := chaos.Plan(seed, window, c.able)
	l := startLoad(t, s, fmt.Sprintf("chaos-%s-%d-%d-", s.common().name, seed, time.Now().UnixMilli()), true)
	var steps sync.WaitGroup
	began := time.Now()
	for _, step := range plan {
		steps.Go(func() {
			time.Sleep(step.At - time.Since(began))
			t.Logf("%s", step)
			if err := c.make(step); err != nil {
				t.Errorf("%s: %v", step, err)
			}
		})
	}
	steps.Wait()
	time.Sleep(window - time.Since(began))
	healed := time.Now()
	sent := l.end()
	for _, p := range s.common().processes {
		if !p.alive() {
			t.Fatalf("%s has ended by itself: %s", p.name, p.lastWords())
		}
	}
	ready(t, s)
	report := verified(t, s)
	took := time.Since(healed).Round(100 * time.Millisecond)
	if report.Lost+report.Duplicated+report.Unscreened > 0 {
		t.Errorf("seed %d: %s", seed, report.text)
	}
	return fmt.Sprintf("%d | %d | %d | %d | %d | %d | %d | %d | %d | %s |", seed, len(plan), sent, report.Accepted, report.Held, report.Redelivered,
		report.Lost, report.Duplicated, report.Unscreened, took)
}

// verification is what `sluice verify` says.
type verification struct {
	Accepted, Held, Redelivered, Pending int64
	Lost, Duplicated, Unscreened         int64
	text                                 string
}

// verified waits until nothing is under way any more, and verifies everything since the stack began with what its clients
// were answered.
func verified(t *testing.T, s stack) (v verification) {
	t.Helper()
	b := s.common()
	file := filepath.Join(b.dir, "sent")
	b.mu.Lock()
	ids := make([]string, 0, len(b.facts))
	for _, f := range b.facts {
		ids = append(ids, f.transferID)
	}
	b.mu.Unlock()
	writeFile(t, file, strings.Join(ids, "\n")+"\n")
	return verifiedSent(t, s, patience, file)
}

// verifiedSent is verified for the ids of a file, which may take longer.
func verifiedSent(t *testing.T, s stack, within time.Duration, file string) (v verification) {
	t.Helper()
	b := s.common()
	eventuallyWithin(t, within, "nothing is under way", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		o, err := command(ctx, b.env, "", "verify", "--format", "json", "--sent", file)
		if err != nil {
			return err
		}
		v = verification{text: o.String()}
		if err := json.Unmarshal([]byte(o.out), &v); err != nil {
			return fmt.Errorf("%w: %s", err, o)
		}
		if v.Pending > 0 {
			return fmt.Errorf("%d are under way", v.Pending)
		}
		if broken := v.Lost+v.Duplicated+v.Unscreened > 0; broken != (o.exit == 1) {
			t.Fatalf("exit status %d: %s", o.exit, o)
		}
		return nil
	})
	return v
}

// faults makes faults on a stack.
type faults struct {
	t      *testing.T
	s      stack
	random *rand.Rand
	mu     sync.Mutex // of what follows, and of random
	swaps  int
	down   map[string]bool // processes and servers that stand still, or are about to be started again
}

// able says what a stack can take: the embedded one is a single process without connections to cut.
func (c *faults) able(kind chaos.Kind, target string) bool {
	if _, real := c.s.(*realStack); real {
		return true
	}
	switch kind {
	case chaos.Kill, chaos.Stop:
		return target == ingestService
	case chaos.Restart:
		return target == chaos.ClickHouse
	case chaos.Flush, chaos.Swap, chaos.Duplicate, chaos.Conflict, chaos.Garbage:
		return true
	default:
		return false
	}
}

// make makes one fault, and returns when it is over.
func (c *faults) make(step chaos.Step) error {
	fault := c.fault(step.Kind)
	if fault == nil {
		return fmt.Errorf("nobody makes a fault of the kind %q", step.Kind)
	}
	return fault(step.Target, step.For)
}

// fault is what makes a kind of fault befall a target for a time, nil for a kind that is not known.
func (c *faults) fault(kind chaos.Kind) func(string, time.Duration) error {
	return map[chaos.Kind]func(string, time.Duration) error{
		chaos.Kill: c.kill, chaos.Stop: c.halt, chaos.Restart: c.restart,
		chaos.Delay: c.proxied(chaos.Fault{Delay: 20 * time.Millisecond}), chaos.Hold: c.proxied(chaos.Fault{Hold: true}),
		chaos.Refuse: c.proxied(chaos.Fault{Refuse: true}), chaos.Reset: c.reset,
		chaos.Flush: c.flush, chaos.Storm: c.storm, chaos.Swap: c.swap,
		chaos.Duplicate: c.again(nil), chaos.Conflict: c.again(otherAmount), chaos.Garbage: c.garbage,
	}[kind]
}

// TestEveryFaultIsMade fails when a kind of fault joins the plans that the suite does not make.
func TestEveryFaultIsMade(t *testing.T) {
	c := &faults{t: t}
	for _, kind := range chaos.Kinds() {
		if c.fault(kind) == nil {
			t.Errorf("nobody makes a fault of the kind %q", kind)
		}
	}
}

// pick chooses the process of a service; of two, either.
func (c *faults) pick(service string) *process {
	c.mu.Lock()
	defer c.mu.Unlock()
	if second := c.second(service); second != nil && c.random.IntN(2) == 1 {
		return second
	}
	return c.s.service(service)
}

func (c *faults) second(service string) *process {
	if s, real := c.s.(*realStack); real {
		return s.service(service + "-2")
	}
	return nil
}

func (c *faults) kill(service string, d time.Duration) error {
	p := c.pick(service)
	return c.alone(p.name, d, func() error {
		if _, err := p.end(syscall.SIGKILL); err != nil {
			return err
		}
		time.Sleep(d)
		return c.startAgain(p)
	})
}

// startAgain starts a process as a service manager does: while none ran, a command that imports a list may have the folder
// of the embedded servers to itself.
func (c *faults) startAgain(p *process) error {
	for range 30 {
		if err := p.start(c.s.common().env); err != nil {
			return err
		}
		// Without its servers it does not run yet, and need not be waited for; on a busy machine it finds out late that the folder
		// is taken.
		_ = await(10*time.Second, func() error {
			if !p.alive() {
				return nil
			}
			_, err := p.httpAddress()
			return err
		})
		if p.alive() {
			return nil
		}
		if !strings.HasSuffix(p.lastWords(), "another instance runs on this folder") {
			break
		}
		time.Sleep(poll)
	}
	return fmt.Errorf("%s does not start again: %s", p.name, p.lastWords())
}

func (c *faults) halt(service string, d time.Duration) error {
	p := c.pick(service)
	return c.alone(p.name, d, func() error {
		if err := syscall.Kill(p.pid(), syscall.SIGSTOP); err != nil {
			return ended(err)
		}
		time.Sleep(d)
		return ended(syscall.Kill(p.pid(), syscall.SIGCONT))
	})
}

// ended is err, nil where the process had ended by itself: whether that may be is looked at when the plan is through.
func ended(err error) error {
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

func (c *faults) restart(server string, d time.Duration) error {
	return c.alone(server, d, func() error {
		if server == chaos.Kafka {
			kafka := c.s.(*realStack).kafka
			kafka.Kill()
			time.Sleep(d)
			kafka.Start()
			return nil
		}
		if engine := c.s.enginePID(); engine != 0 {
			if err := syscall.Kill(engine, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return err
			}
		}
		s, real := c.s.(*realStack)
		if !real {
			return nil // its supervisor starts it
		}
		<-s.engine.done
		time.Sleep(d)
		return s.engine.start(s.env)
	})
}

// alone makes a fault of a process or server, unless it has one already: whoever ended it starts it, and once.
func (c *faults) alone(target string, d time.Duration, fault func() error) error {
	c.mu.Lock()
	taken := c.down[target]
	if !taken {
		c.down[target] = true
	}
	c.mu.Unlock()
	if taken {
		time.Sleep(d)
		return nil
	}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.down, target)
	}()
	return fault()
}

// proxied is a fault that lies between the services and a server.
func (c *faults) proxied(f chaos.Fault) func(string, time.Duration) error {
	return func(server string, d time.Duration) error {
		p := c.s.(*realStack).proxies[server]
		p.Set(f)
		if f.Refuse {
			p.Reset()
		}
		time.Sleep(d)
		p.Set(chaos.Fault{})
		if f.Hold {
			p.Reset() // what was half open is found out in the end
		}
		return nil
	}
}

func (c *faults) reset(server string, d time.Duration) error {
	p := c.s.(*realStack).proxies[server]
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		p.Reset()
	}
	return nil
}

func (c *faults) flush(string, time.Duration) error {
	at, err := c.s.at()
	if err == nil {
		err = c.empty(at.Redis)
	}
	if err != nil {
		c.t.Logf("redis is not flushed, it is away itself: %v", err)
	}
	return nil
}

// empty flushes the Redis at a URL, or the server behind the proxy.
func (c *faults) empty(url string) error {
	if s, real := c.s.(*realStack); real {
		url = "redis://" + s.redis
	}
	return tellRedis(url, "FLUSHALL")
}

// storm lets another instance join and leave, each time with a rebalance.
func (c *faults) storm(service string, d time.Duration) error {
	b := c.s.common()
	p := &process{name: service + "-storm", args: []string{service}, log: filepath.Join(b.dir, service+"-storm.log")}
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := p.start(b.env); err != nil {
			return err
		}
		time.Sleep(time.Second)
		if _, err := p.end(syscall.SIGKILL); err != nil {
			return err
		}
	}
	return nil
}

// swap replaces a list by others until the time is over. What cannot be imported now is imported later.
func (c *faults) swap(_ string, d time.Duration) error {
	b := c.s.common()
	for end := time.Now().Add(d); time.Now().Before(end); {
		c.mu.Lock()
		c.swaps++
		n := c.swaps
		c.mu.Unlock()
		file := filepath.Join(b.dir, fmt.Sprintf("swap-%d.txt", n))
		if err := os.WriteFile(file, fmt.Appendf(nil, "0x%040x\n0x%040x\n", 0x5ca1ab1e, n), 0o600); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_, err := command(ctx, b.env, "", "watchlist", "import", "--format", "txt", "--list", "swapped", "--category", "scam", "--network", "ethereum", file)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// again sends transfers that were sent before, changed or not.
func (c *faults) again(change func([]byte) []byte) func(string, time.Duration) error {
	return func(_ string, d time.Duration) error {
		g := world(c.t, fmt.Sprintf("again-%d-", time.Now().UnixNano()))
		b := &batch{}
		b.take(g, 20)
		other := &batch{lines: slices.Clone(b.lines), want: make([]string, len(b.want))}
		if change != nil {
			for i := range other.lines {
				other.lines[i] = change(other.lines[i])
			}
		}
		patient, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := post(patient, c.s, b, true); err != nil {
			return err
		}
		time.Sleep(d / 2)
		_, err := post(patient, c.s, other, true)
		return err
	}
}

// otherAmount makes another fact of a transfer.
func otherAmount(line []byte) []byte {
	return []byte(strings.Replace(string(line), `"amount":"`, `"amount":"1`, 1))
}

// garbage puts what is no transfer on the raw topic, as far as the broker takes it now.
func (c *faults) garbage(_ string, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), max(d, 2*time.Second))
	defer cancel()
	_ = withBroker(c.s, func(k *broker.Client) error { // a broker that is away takes no garbage
		p, err := stream.NewProducer(stream.ProducerConfig{}, k)
		if err != nil {
			return err
		}
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- p.Run(running) }()
		err = p.Produce(ctx,
			stream.Message{Topic: schemas.Raw, Key: []byte("g"), Value: []byte("no transfer")},
			stream.Message{Topic: schemas.Raw, Key: []byte("g"), Value: []byte{0xff, 0, 0x7b}},
			stream.Message{Topic: schemas.Raw, Key: []byte("g"), Value: []byte(`{"id":"a","ID":"b"}`)})
		stop()
		return errors.Join(err, <-ended)
	})
	return nil
}
