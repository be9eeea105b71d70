package cache

import (
	"errors"
	"testing"
	"time"

	"sluice/services/internal/cache/cachetest"
	"sluice/services/internal/lists"
)

func TestWhoReadsThePointerSaysWhatItHolds(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		s, err := c.Screeners(t.Context())
		if err != nil || len(s.All) != 0 || !s.Since.IsZero() {
			t.Fatalf("before any report: %+v, %v", s, err)
		}
		me := lists.Screener{ID: "a", MaxAge: 30 * time.Second}
		if _, err := c.PointerAs(t.Context(), me); !errors.Is(err, lists.ErrNotFound) {
			t.Errorf("without a pointer: %v", err)
		}
		p := lists.Pointer{Seq: 1 << 60, Epoch: "e", Version: "v", Count: 3}
		if err := c.SetPointer(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		me.Seq, me.Usable = 1<<60-1, true
		if got, err := c.PointerAs(t.Context(), me); err != nil || got != p {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := c.PointerAs(t.Context(), lists.Screener{ID: "b", Seq: 7, MaxAge: time.Second}); err != nil {
			t.Fatal(err)
		}
		s, err = c.Screeners(t.Context())
		if err != nil || len(s.All) != 2 {
			t.Fatalf("%+v, %v", s, err)
		}
		for _, x := range s.All {
			want := me
			if x.ID == "b" {
				want = lists.Screener{ID: "b", Seq: 7, MaxAge: time.Second}
			}
			if want.At = x.At; x != want || x.At.Before(s.Since) || x.At.After(s.Now) || s.Now.Sub(x.At) > time.Minute || s.Silent(x) {
				t.Errorf("%+v of %+v", x, s)
			}
		}
		if s.Complete(30 * time.Second) {
			t.Error("a register that was just begun is called complete")
		}
	})
}

func TestReportsOfInstancesThatAreGoneAreForgotten(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		if _, err := c.PointerAs(t.Context(), lists.Screener{ID: "here", MaxAge: time.Second}); !errors.Is(err, lists.ErrNotFound) {
			t.Fatal(err)
		}
		address := c.cfg.URL
		cachetest.Do(t, address, "HSET", keyScreeners, "gone", "5 1 1000 1000000")
		for range 2 {
			s, err := c.Screeners(t.Context())
			if err != nil || len(s.All) != 1 || s.All[0].ID != "here" {
				t.Errorf("%+v, %v", s, err)
			}
		}
		cachetest.Do(t, address, "HSET", keyScreeners, "strange", "5 yes")
		if _, err := c.Screeners(t.Context()); !errors.Is(err, lists.ErrBroken) {
			t.Errorf("a report that is none: %v", err)
		}
	})
}
