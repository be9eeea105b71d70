package cache

import (
	"errors"
	"fmt"
	"testing"

	"sluice/pkg/watchlist"
	"sluice/services/internal/lists"
)

func TestWhatTheHistoryDoesNotHaveYetIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		put := func(seq int) {
			t.Helper()
			s := snapshot(t, fmt.Sprint("v", seq), 1)
			if _, err := c.Store(ctx, s, watchlist.Manifest{}); err != nil {
				t.Fatal(err)
			}
			if err := c.SetPointer(ctx, lists.Pointer{Seq: uint64(seq), Epoch: "e", Version: s.Version(), Count: s.Len()}); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Prune(ctx); err != nil {
				t.Fatal(err)
			}
		}
		there := func(seq int) bool {
			t.Helper()
			_, err := c.Manifest(ctx, snapshot(t, fmt.Sprint("v", seq), 1).Version())
			if err != nil && !errors.Is(err, lists.ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil
		}
		kept := func(what string, first, last int) {
			t.Helper()
			for seq := 1; seq <= last; seq++ {
				if there(seq) != (seq >= first) {
					t.Errorf("%s: version %d is there: %v", what, seq, there(seq))
				}
			}
		}
		recorded := func(seq uint64) {
			t.Helper()
			if err := c.SetRecorded(ctx, seq); err != nil {
				t.Fatal(err)
			}
		}
		for seq := range keepVersions + 2 {
			put(seq + 1)
		}
		kept("nobody writes a history", 3, 7)
		recorded(3)
		for seq := 8; seq <= 10; seq++ {
			put(seq)
		}
		kept("recorded up to 3", 4, 10)
		recorded(10)
		put(11)
		kept("recorded up to 10", 7, 11)
		for seq := 12; seq <= 10+mostVersions; seq++ {
			put(seq)
		}
		kept("as many as may wait", 11, 10+mostVersions)
		put(11 + mostVersions)
		kept("one more", 12, 11+mostVersions)
	})
}
