package lists

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// register is a RegisterSource that a test sets.
type register struct {
	r   Register
	err error
}

func (r *register) Register(context.Context) (Register, error) { return r.r, r.err }

func TestAnOldSourceMakesTheListsUnusable(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	src, c, reg := newServer(), &clock{noon}, &register{err: ErrNotFound}
	src.activate(t, 1, "e", 3)
	f, err := New(Config{Now: c.now, Logger: zerolog.Nop(), Register: reg}, src)
	if err != nil {
		t.Fatal(err)
	}
	poll := func(at time.Time) Current {
		c.t = at
		f.Poll(t.Context())
		return f.Current()
	}
	if now := poll(noon); !now.Usable {
		t.Fatalf("without a register: %s", now.Why)
	}
	states := map[string]State{
		"by-hand":  {List: "by-hand", Refused: &Refused{}},
		"for-ever": {List: "for-ever", Source: "f", Since: noon.AddDate(-1, 0, 0)},
		"slow":     {List: "slow", Source: "f", MaxAge: 9 * time.Hour, Good: noon},
		"fast":     {List: "fast", Source: "f", MaxAge: time.Hour, Since: noon.Add(-3 * time.Hour), Good: noon},
	}
	reg.r, reg.err = Register{Lists: states}, nil
	if now := poll(noon.Add(time.Hour)); !now.Usable {
		t.Errorf("at the bound: %s", now.Why)
	}
	now := poll(noon.Add(time.Hour + time.Nanosecond))
	if now.Usable || !strings.Contains(now.Why, "list fast") || !strings.Contains(now.Why, "2026-11-22T12:00:00Z") || !now.Since.Equal(noon.Add(time.Hour)) {
		t.Errorf("over the bound: %+v", now)
	}
	// What is known is not forgotten with Redis.
	for _, lost := range []error{ErrNotFound, ErrUnavailable, ErrBroken} {
		reg.err = lost
		if now := poll(noon.Add(2 * time.Hour)); now.Usable {
			t.Errorf("%v: usable", lost)
		}
	}
	fast := states["fast"]
	fast.Good = noon.Add(2 * time.Hour)
	states["fast"], reg.err = fast, nil
	if now := poll(noon.Add(2 * time.Hour)); !now.Usable {
		t.Errorf("checked again: %s", now.Why)
	}
	delete(states, "fast")
	if now := poll(noon.Add(8 * time.Hour)); !now.Usable {
		t.Errorf("the source is gone: %s", now.Why)
	}
}

func TestASourceThatWasNeverGoodHasItsMaxAge(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	b := boundOf(Register{Lists: map[string]State{"new": {List: "new", Source: "f", MaxAge: time.Hour, Since: noon}}})
	if why := b.passed(noon.Add(time.Hour)); why != "" {
		t.Error(why)
	}
	if why := b.passed(noon.Add(time.Hour + 1)); !strings.Contains(why, "never found good") {
		t.Errorf("%q", why)
	}
	if none := boundOf(Register{}); none.passed(noon) != "" {
		t.Error("lists without sources are bounded")
	}
}
