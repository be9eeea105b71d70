package chaos

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEqualSeedsGiveEqualPlans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		within := time.Duration(rapid.IntRange(1, 300).Draw(t, "seconds")) * time.Second
		plan := Plan(seed, within, nil)
		if !slices.Equal(plan, Plan(seed, within, nil)) {
			t.Fatal("two plans of one seed differ")
		}
		busy := map[string]time.Duration{}
		last := time.Duration(0)
		for _, s := range plan {
			if s.At < last || s.At+s.For > within || s.For <= 0 {
				t.Fatalf("%s: not within %s, or not in order", s, within)
			}
			if s.At < busy[s.Target] {
				t.Fatalf("%s: the target has a fault already", s)
			}
			last, busy[s.Target] = s.At, s.At+s.For
		}
	})
}

func TestEveryFaultComesUp(t *testing.T) {
	seen := map[Kind]map[string]bool{}
	for seed := range uint64(100) {
		for _, s := range Plan(seed, time.Minute, nil) {
			if seen[s.Kind] == nil {
				seen[s.Kind] = map[string]bool{}
			}
			seen[s.Kind][s.Target] = true
		}
	}
	for _, f := range Faults {
		for _, target := range f.Targets {
			if !seen[f.Kind][target] {
				t.Errorf("%s of %s is in no plan of a hundred", f.Kind, target)
			}
		}
	}
}

func TestAStackTakesWhatItCan(t *testing.T) {
	plan := Plan(1, time.Minute, func(k Kind, target string) bool { return k == Kill && target == "ingest" })
	if len(plan) == 0 {
		t.Fatal("an empty plan")
	}
	for _, s := range plan {
		if s.Kind != Kill || s.Target != "ingest" {
			t.Errorf("%s", s)
		}
	}
	if plan := Plan(1, time.Minute, func(Kind, string) bool { return false }); len(plan) > 0 {
		t.Errorf("%v", plan)
	}
}

// echo is a server that answers every line with itself.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

type client struct {
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, p *Proxy) *client {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &client{c, bufio.NewReader(c)}
}

// say sends a line and returns whether it came back within the patience.
func (c *client) say(text string, patience time.Duration) error {
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, text+"\n"); err != nil {
		return err
	}
	answer, err := c.r.ReadString('\n')
	if err == nil && answer != text+"\n" {
		err = errors.New("another answer: " + answer)
	}
	return err
}

func proxy(t *testing.T) *Proxy {
	t.Helper()
	p, err := NewProxy()
	if err != nil {
		t.Fatal(err)
	}
	p.SetTarget(echo(t))
	t.Cleanup(p.Close)
	return p
}

const patience = time.Minute

func TestAHealthyProxyPassesEverythingOn(t *testing.T) {
	c := dial(t, proxy(t))
	for _, text := range []string{"a", "b"} {
		if err := c.say(text, patience); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAHeldConnectionGoesOnWhenHealed(t *testing.T) {
	p := proxy(t)
	c := dial(t, p)
	if err := c.say("before", patience); err != nil {
		t.Fatal(err)
	}
	p.Set(Fault{Hold: true})
	if err := c.say("held", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("held: %v", err)
	}
	p.Set(Fault{})
	_ = c.SetDeadline(time.Now().Add(patience))
	if answer, err := c.r.ReadString('\n'); err != nil || answer != "held\n" {
		t.Fatalf("%q, %v", answer, err)
	}
}

func TestADelayIsWaitedFor(t *testing.T) {
	p := proxy(t)
	c := dial(t, p)
	const delay = 30 * time.Millisecond
	p.Set(Fault{Delay: delay})
	began := time.Now()
	if err := c.say("late", patience); err != nil || time.Since(began) < 2*delay {
		t.Fatalf("after %s: %v", time.Since(began), err)
	}
}

func TestAResetEndsWhatIsOpen(t *testing.T) {
	p := proxy(t)
	c := dial(t, p)
	if err := c.say("before", patience); err != nil {
		t.Fatal(err)
	}
	p.Reset()
	if err := c.say("after", patience); err == nil {
		t.Fatal("the connection lives")
	}
	if err := dial(t, p).say("anew", patience); err != nil {
		t.Fatal(err)
	}
}

func TestARefusedConnectionIsClosed(t *testing.T) {
	p := proxy(t)
	p.Set(Fault{Refuse: true})
	if err := dial(t, p).say("refused", patience); err == nil {
		t.Fatal("it was taken")
	}
	p.Set(Fault{})
	if err := dial(t, p).say("healed", patience); err != nil {
		t.Fatal(err)
	}
}

func TestCloseEndsHeldConnections(t *testing.T) {
	p, err := NewProxy()
	if err != nil {
		t.Fatal(err)
	}
	p.SetTarget(echo(t))
	c := dial(t, p)
	p.Set(Fault{Hold: true})
	_ = c.say("held", 20*time.Millisecond)
	p.Close() // returns, and leaves no goroutine
}
