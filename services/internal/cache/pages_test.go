package cache

import (
	"errors"
	"testing"

	"sluice/pkg/watchlist"
	"sluice/services/internal/lists"
)

// pagesOf are the pages that the manifest of a version names.
func pagesOf(t *testing.T, c *Client, version string) (m watchlist.Manifest, pages []watchlist.PageHash) {
	t.Helper()
	text, err := c.Manifest(t.Context(), version)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = watchlist.ParseManifest(text); err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Lists {
		if l.Paged == nil {
			continue
		}
		some, err := c.table(t.Context(), tableName(l.Paged.Table))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, some...)
	}
	return m, pages
}

func TestLargeListsAreStoredInPages(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		c.cfg.MemoryEntries = 1000
		at := snapshot(t, "a", 1000)
		if m, err := c.Store(ctx, at, watchlist.Manifest{}); err != nil || m.HasPages() {
			t.Errorf("as many as are held in memory: %v", err)
		}
		// Two lists, one of them large.
		s := snapshot(t, "a", 1000).With(snapshot(t, "b", 10))
		if _, err := c.Store(ctx, s, watchlist.Manifest{}); err != nil {
			t.Fatal(err)
		}
		m, pages := pagesOf(t, c, s.Version())
		if m.Format != watchlist.ManifestPagedFormat || m.Lists[0].Paged == nil || m.Lists[1].Paged != nil || len(pages) < 10 {
			t.Fatalf("%d pages, %+v", len(pages), m)
		}
		got, err := c.Pages(ctx, pages)
		if err != nil || len(got) != len(pages) {
			t.Fatal(len(got), err)
		}
		if missing, err := c.Missing(ctx, m); err != nil || len(missing) > 0 {
			t.Errorf("missing %v, %v", missing, err)
		}
		// A page that is gone is an error for who wants it, is found missing, and is repaired.
		if err := c.rdb.Del(ctx, keyPage+pages[3].String()).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Pages(ctx, pages); !errors.Is(err, lists.ErrNotFound) {
			t.Errorf("a page is gone: %v", err)
		}
		if missing, err := c.Missing(ctx, m); err != nil || len(missing) != 1 {
			t.Errorf("missing %v, %v", missing, err)
		}
		if _, err := c.Repair(ctx, s, watchlist.Manifest{}); err != nil {
			t.Fatal(err)
		}
		if missing, err := c.Missing(ctx, m); err != nil || len(missing) > 0 {
			t.Errorf("after the repair missing %v, %v", missing, err)
		}
	})
}

func TestPagesOfOldVersionsAreRemovedAndSharedOnesStay(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		c.cfg.MemoryEntries = 100
		var all []*watchlist.Snapshot
		pages := map[watchlist.PageHash]bool{}
		for i := range keepVersions + 2 {
			s := snapshot(t, "a", 1000+i)
			if _, err := c.Store(ctx, s, watchlist.Manifest{}); err != nil {
				t.Fatal(err)
			}
			if err := c.SetPointer(ctx, pointer(uint64(i+1), "e", s.Version(), s.Len())); err != nil {
				t.Fatal(err)
			}
			_, some := pagesOf(t, c, s.Version())
			for _, h := range some {
				pages[h] = true
			}
			all = append(all, s)
		}
		if _, err := c.Prune(ctx); err != nil {
			t.Fatal(err)
		}
		for _, s := range all[2:] {
			m, some := pagesOf(t, c, s.Version())
			if missing, err := c.Missing(ctx, m); err != nil || len(missing) > 0 {
				t.Errorf("missing %v, %v", missing, err)
			}
			if _, err := c.Pages(ctx, some); err != nil {
				t.Error(err)
			}
			for _, h := range some {
				delete(pages, h)
			}
		}
		if len(pages) == 0 {
			t.Fatal("no page was of the old versions alone")
		}
		for h := range pages {
			if n, err := c.rdb.Exists(ctx, keyPage+h.String()).Result(); n != 0 || err != nil {
				t.Fatalf("a page of an old version is still there: %v", err)
			}
		}
		if tables, err := c.tables(ctx); err != nil || len(tables) != keepVersions {
			t.Errorf("%d tables, %v", len(tables), err)
		}
	})
}

func TestAListThatIsAlikeIsNotLaidOutAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		c.cfg.MemoryEntries = 100
		large := snapshot(t, "a", 500)
		if _, err := c.Store(ctx, large, watchlist.Manifest{}); err != nil {
			t.Fatal(err)
		}
		if err := c.SetPointer(ctx, pointer(1, "e", large.Version(), large.Len())); err != nil {
			t.Fatal(err)
		}
		before, pages := pagesOf(t, c, large.Version())
		gone := keyPage + pages[0].String() // by which it is seen that nothing is written
		c.rdb.Del(ctx, gone)
		next := large.With(snapshot(t, "b", 5))
		if _, err := c.Store(ctx, next, watchlist.Manifest{}); err != nil {
			t.Fatal(err)
		}
		after, _ := pagesOf(t, c, next.Version())
		if tableName(after.Lists[0].Paged.Table) != tableName(before.Lists[0].Paged.Table) || c.rdb.Exists(ctx, gone).Val() != 0 {
			t.Error("the list was written again")
		}
	})
}
