package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/services/internal/chaos"
)

// fault is how a mode is made on a stack.
type fault struct {
	mode  string
	on    func(t *testing.T) stack // makes a stack of its own; nil: the one that the others share
	quiet bool                     // no load beside it: the fault sends by itself
	// destroys says that records are gone which nobody has read: verify names them, and everything is sent again.
	destroys bool
	// do begins the fault, lets it last while p asks for verdicts, and ends it.
	do func(t *testing.T, s stack, p *prober)
}

// stackFaults are the faults of each stack, in the order in which they are made.
func stackFaults() map[string][]fault {
	return map[string][]fault{chaos.OnEmbedded: embeddedFaults, chaos.OnReal: realFaults}
}

// TestFaults makes every mode of degradation on every stack that it may befall, each under load: nothing listed is
// cleared, the stack heals, and sluice verify finds nothing lost, duplicated or unscreened. SLUICE_FAULTS names a page
// whose table of measurements gets what came out.
func TestFaults(t *testing.T) {
	wanted(t)
	var rows []measured
	for _, name := range []string{chaos.OnEmbedded, chaos.OnReal} {
		t.Run(name, func(t *testing.T) {
			shared := sync.OnceValue(func() stack { return sharedStack(t, name) })
			for _, f := range stackFaults()[name] {
				t.Run(strings.ReplaceAll(f.mode, " ", "_"), func(t *testing.T) {
					var s stack
					if f.on == nil {
						s = shared()
					} else {
						s = f.on(t)
						importOne(t, s)
					}
					rows = append(rows, endure(t, s, f))
				})
			}
		})
	}
	rewrite(t, "SLUICE_FAULTS", func(page string) (string, error) { return putMeasured(page, rows, machine()) })
}

// sharedStack is what most faults are made on, one after the other.
func sharedStack(t *testing.T, name string) (s stack) {
	if name == chaos.OnReal {
		s = newRealBehind(t, proxied(t, chaos.Kafka, chaos.Redis, chaos.ClickHouse))
	} else {
		s = newEmbedded(t)
	}
	importWorld(t, s)
	importOne(t, s)
	return s
}

// endure makes a fault, and returns what it was like.
func endure(t *testing.T, s stack, f fault) measured {
	ready(t, s)
	p := &prober{t: t, s: s, listed: oneListed, name: fmt.Sprintf("probe-%d-", time.Now().UnixNano())}
	var l *load
	prefix := fmt.Sprintf("fault-%d-", time.Now().UnixNano())
	if !f.quiet {
		l = startLoad(t, s, prefix, true)
		l.more(100)
	}
	f.do(t, s, p)
	ended := time.Now()
	back := p.back(ended)
	if l != nil {
		l.more(100)
		l.end()
	}
	ready(t, s)
	saw := p.saw()
	if f.destroys {
		gone := verified(t, s)
		saw += fmt.Sprintf("; %d named lost by verify, sent again", gone.Lost)
		again := &batch{lines: p.sent}
		again.take(world(t, prefix), int(l.sent.Load())) // the same prefix, the same transfers
		produce(t, s, rawMessages(t, again)...)
		settle(t, s)
	}
	v := verified(t, s)
	if v.Lost+v.Duplicated+v.Unscreened > 0 {
		t.Errorf("%s", v.text)
	}
	m := measured{Fault: f.mode, Stack: s.common().name, Saw: saw, Slowest: p.slowest, Back: back, Verified: time.Since(ended),
		Accepted: v.Accepted, Lost: v.Lost, Duplicated: v.Duplicated, Unscreened: v.Unscreened}
	t.Log(m)
	return m
}

// prober asks for verdicts on transfers that are listed, and on ones that are not, as an exchange does before it pays out.
type prober struct {
	t       *testing.T
	s       stack
	listed  string // an address on a list
	name    string // begins the ids
	n       int
	heard   []string // the different answers, in the order in which they came first
	slowest time.Duration
	sent    [][]byte // what was taken
}

// during asks again and again for a time.
func (p *prober) during(d time.Duration) {
	for until := time.Now().Add(d); time.Now().Before(until); time.Sleep(poll) {
		p.ask(p.listed)
		p.ask(cleanSender)
	}
}

// ask sends one transfer and waits for its verdict. Whatever is listed and cleared fails the test.
func (p *prober) ask(from string) string {
	p.t.Helper()
	p.n++
	began := time.Now()
	said, why := p.answer(fmt.Sprintf("%s%d", p.name, p.n), from)
	if said == "cleared" && from != cleanSender {
		p.t.Fatalf("%s is listed and cleared", from)
	}
	p.slowest = max(p.slowest, time.Since(began))
	for _, before := range p.heard {
		if before == said {
			return said
		}
	}
	p.heard = append(p.heard, said)
	if why != "" {
		p.t.Logf("%s: %s", said, why)
	}
	return said
}

// answer is what becomes of a transfer, in a word or two, and what else was said.
func (p *prober) answer(id, from string) (said, why string) {
	const answer = 20 * time.Second
	at, err := p.s.at()
	if err != nil {
		return "no answer", err.Error()
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), answer)
	defer cancel()
	sent := paid(id, from)
	status, body, err := call(ctx, http.MethodPost, "http://"+at.HTTP+"/v1/transfers?wait=verdict", "application/json", sent)
	if err != nil {
		return "no answer", err.Error()
	}
	if status != http.StatusOK && status != http.StatusAccepted {
		return fmt.Sprint(status), string(body)
	}
	var v verdict
	if err := json.Unmarshal(body, &v); err != nil {
		p.t.Fatalf("%s: %v: %s", id, err, body)
	}
	b := p.s.common()
	b.mu.Lock()
	b.facts[v.ID] = fact{transferID: id, degraded: true}
	b.mu.Unlock()
	p.sent = append(p.sent, sent)
	switch {
	case status == http.StatusAccepted:
		return "202, its verdict later", ""
	case v.Verdict != "held":
		return v.Verdict, ""
	}
	return "held (" + strings.Join(v.HoldReasons, ", ") + ")", ""
}

// saw is what an exchange saw, in the order in which it came first.
func (p *prober) saw() string { return strings.Join(p.heard, ", ") }

// back waits until the listed are held for their risk and the others cleared, and says how long after began that was. It
// does not count for what was seen.
func (p *prober) back(began time.Time) time.Duration {
	p.t.Helper()
	after := &prober{t: p.t, s: p.s, listed: p.listed, name: p.name + "after-"}
	eventually(p.t, "all lists are in force", func() error {
		if held, cleared := after.ask(p.listed), after.ask(cleanSender); held != "held (risk)" || cleared != "cleared" {
			return fmt.Errorf("the listed are %s, the others %s", held, cleared)
		}
		return nil
	})
	return time.Since(began)
}

// TestEveryModeIsMade fails when a mode joins that nobody makes on a stack that it may befall.
func TestEveryModeIsMade(t *testing.T) {
	for stack, faults := range stackFaults() {
		made := map[string]bool{}
		for _, f := range faults {
			made[f.mode] = true
		}
		for _, m := range chaos.Modes {
			if _, not := m.Not[stack]; not == made[m.Name] {
				t.Errorf("%s, %s: made %v, may not befall it %v", m.Name, stack, made[m.Name], not)
			}
			delete(made, m.Name)
		}
		for name := range made {
			t.Errorf("%s, %s: not among the modes", name, stack)
		}
	}
}
