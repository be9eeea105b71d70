package cache

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"sluice/pkg/watchlist"
	"sluice/services/internal/lists"
)

// leastPaged is how many entries a list has at least to be stored in pages, where the lists together are large: smaller
// ones are held in memory by everybody.
const leastPaged = 50_000

// pagesPerTrip bounds what one round trip asks of pages; a page has about five kilobytes.
const pagesPerTrip = 1000

// Pages returns the pages as they were stored, in pipelines of single commands. The caller verifies them.
func (c *Client) Pages(ctx context.Context, wanted []watchlist.PageHash) ([][]byte, error) {
	out := make([][]byte, 0, len(wanted))
	for some := range slices.Chunk(wanted, pagesPerTrip) {
		got, err := ask(ctx, c, some, func(p redis.Pipeliner, ctx context.Context, key string) *redis.StringCmd { return p.Get(ctx, key) })
		if err != nil {
			return nil, err
		}
		for i, cmd := range got {
			data, err := cmd.Bytes()
			if err != nil {
				return nil, domain("page "+some[i].String(), err)
			}
			out = append(out, data)
		}
	}
	return out, nil
}

// ask sends one command for each page in a pipeline. The answers may be errors.
func ask[T redis.Cmder](ctx context.Context, c *Client, pages []watchlist.PageHash, cmd func(redis.Pipeliner, context.Context, string) T) ([]T, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	pipe := c.rdb.Pipeline()
	out := make([]T, len(pages))
	for i, h := range pages {
		out[i] = cmd(pipe, ctx, keyPage+h.String())
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, domain("pages", err)
	}
	return out, nil
}

// absent returns those of the pages that are not there.
func (c *Client) absent(ctx context.Context, pages []watchlist.PageHash) ([]watchlist.PageHash, error) {
	var out []watchlist.PageHash
	for some := range slices.Chunk(pages, pagesPerTrip) {
		got, err := ask(ctx, c, some, func(p redis.Pipeliner, ctx context.Context, key string) *redis.IntCmd { return p.Exists(ctx, key) })
		if err != nil {
			return nil, err
		}
		for i, cmd := range got {
			if err := cmd.Err(); err != nil {
				return nil, domain("page "+some[i].String(), err)
			}
			if cmd.Val() == 0 {
				out = append(out, some[i])
			}
		}
	}
	return out, nil
}

// storePages writes the large lists of m in pages too, and notes it in m. A list that the version in force has alike is
// taken from there, unless all of s is written anew; one that s does not have was stored, and is read for it.
func (c *Client) storePages(ctx context.Context, w *writer, s *watchlist.Snapshot, m *watchlist.Manifest, anew bool) error {
	known, err := c.paged(ctx)
	if err != nil {
		return err
	}
	for _, l := range m.Lists {
		from := s
		if l.Entries < min(leastPaged, c.cfg.MemoryEntries) {
			continue
		}
		if held := s.Has(l.Name); !held || !anew {
			if known[l.Hash] != nil {
				m.WithPages(l.Name, *known[l.Hash])
				continue
			}
			if !held {
				only, _ := m.Only(l.Name)
				if from, err = only.Read(func(g watchlist.Segment) ([]byte, error) { return c.Segment(ctx, g.SHA256) }); err != nil {
					return err
				}
			}
		}
		described, err := c.storeList(ctx, w, from.Pages(l.Name), anew)
		if err != nil {
			return err
		}
		m.WithPages(l.Name, described)
	}
	return nil
}

// storeList writes one list: the table first, so that its pages are found should they be left over.
func (c *Client) storeList(ctx context.Context, w *writer, p *watchlist.Pages, anew bool) (watchlist.ManifestPaged, error) {
	described, err := p.Describe(func(x watchlist.Piece, data []byte) error { return w.put(ctx, keySegment+x.SHA256, string(data)) })
	if err != nil {
		return described, err
	}
	w.pipe.SAdd(ctx, keyTables, tableName(described.Table))
	if err := w.flush(ctx); err != nil {
		return described, err
	}
	for some := range slices.Chunk(numbers(p.Len()), pagesPerTrip) {
		var hashes []watchlist.PageHash
		at := map[watchlist.PageHash]int{}
		for _, i := range some {
			if h, ok := p.Hash(i); ok {
				hashes, at[h] = append(hashes, h), i
			}
		}
		if !anew {
			if hashes, err = c.absent(ctx, hashes); err != nil {
				return described, err
			}
		}
		for _, h := range hashes {
			if err := w.set(ctx, keyPage+h.String(), string(p.Append(nil, at[h]))); err != nil {
				return described, err
			}
		}
	}
	return described, w.flush(ctx)
}

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// paged is what the manifest in force says of lists in pages, by the hash of the list. Nothing where there is none.
func (c *Client) paged(ctx context.Context) (map[string]*watchlist.ManifestPaged, error) {
	out := map[string]*watchlist.ManifestPaged{}
	p, err := c.Pointer(ctx)
	if err != nil {
		return out, unlessLost(err)
	}
	text, err := c.Manifest(ctx, p.Version)
	if err != nil {
		return out, unlessLost(err)
	}
	m, err := watchlist.ParseManifest(text)
	if err != nil {
		return out, nil //nolint:nilerr // what cannot be read is written anew
	}
	missing, err := c.missingSegments(ctx, m)
	if err != nil || len(missing) > 0 {
		return out, unlessLost(err)
	}
	for _, l := range m.Lists {
		if l.Paged != nil {
			out[l.Hash] = l.Paged
		}
	}
	return out, nil
}

// unlessLost is err, nil for one that says that something is not there as it was written.
func unlessLost(err error) error {
	if errors.Is(err, lists.ErrNotFound) || errors.Is(err, lists.ErrBroken) {
		return nil
	}
	return err
}

// tableName names a table by the hashes of its pieces.
func tableName(pieces []watchlist.Piece) string {
	names := make([]string, len(pieces))
	for i, p := range pieces {
		names[i] = p.SHA256
	}
	return strings.Join(names, ",")
}

// table returns the pages of a table. ErrNotFound: a piece of it is not there.
func (c *Client) table(ctx context.Context, name string) ([]watchlist.PageHash, error) {
	var blob []byte
	for piece := range strings.SplitSeq(name, ",") {
		data, err := c.Segment(ctx, piece)
		if err != nil {
			return nil, err
		}
		blob = append(blob, data...)
	}
	_, rows, _ := strings.Cut(string(blob), "\n")
	var out []watchlist.PageHash
	for row := range slices.Chunk([]byte(rows), sha256.Size) {
		if h := (watchlist.PageHash{}); copy(h[:], row) == len(h) && h != (watchlist.PageHash{}) {
			out = append(out, h)
		}
	}
	return out, nil
}

// prunePages removes the pages of tables that are not kept, but for those that a kept table names too.
func (c *Client) prunePages(ctx context.Context, kept map[string]bool) error {
	tables, err := c.tables(ctx)
	if err != nil {
		return err
	}
	old := slices.DeleteFunc(slices.Clone(tables), func(name string) bool { return kept[name] })
	if len(old) == 0 {
		return nil
	}
	used := map[watchlist.PageHash]bool{}
	for _, name := range tables {
		if !kept[name] {
			continue
		}
		pages, err := c.table(ctx, name)
		if err != nil {
			return err // whose pages are not known cannot be spared
		}
		for _, h := range pages {
			used[h] = true
		}
	}
	for _, name := range old {
		pages, err := c.table(ctx, name)
		if err != nil && !errors.Is(err, lists.ErrNotFound) {
			return err
		}
		pages = slices.DeleteFunc(pages, func(h watchlist.PageHash) bool { return used[h] })
		for some := range slices.Chunk(pages, pagesPerTrip) {
			if _, err := ask(ctx, c, some, func(p redis.Pipeliner, ctx context.Context, key string) *redis.IntCmd { return p.Unlink(ctx, key) }); err != nil {
				return err
			}
		}
		if err := c.forget(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// tables are the names of all tables.
func (c *Client) tables(ctx context.Context) ([]string, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	names, err := c.rdb.SMembers(ctx, keyTables).Result()
	return names, domain("page tables", err)
}

// forget takes a table off the list of tables.
func (c *Client) forget(ctx context.Context, name string) error {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	return domain("page tables", c.rdb.SRem(ctx, keyTables, name).Err())
}

// looked remembers which pages were looked at.
type looked struct {
	mu    sync.Mutex
	name  string // of all tables
	pages []watchlist.PageHash
	next  int
}

// missingPages looks whether some pages of m are there, others with each call.
func (c *Client) missingPages(ctx context.Context, m watchlist.Manifest) ([]watchlist.Segment, error) {
	var names []string
	for _, l := range m.Lists {
		if l.Paged != nil {
			names = append(names, tableName(l.Paged.Table))
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	c.looked.mu.Lock()
	defer c.looked.mu.Unlock()
	if name := strings.Join(names, ";"); c.looked.name != name {
		c.looked.pages, c.looked.next = nil, 0
		for _, one := range names {
			pages, err := c.table(ctx, one)
			if err != nil {
				return nil, err
			}
			c.looked.pages = append(c.looked.pages, pages...)
		}
		c.looked.name = name
	}
	if c.looked.next >= len(c.looked.pages) {
		c.looked.next = 0
	}
	some := c.looked.pages[c.looked.next:min(c.looked.next+pagesPerTrip, len(c.looked.pages))]
	c.looked.next += len(some)
	absent, err := c.absent(ctx, some)
	if err != nil {
		return nil, err
	}
	var missing []watchlist.Segment
	for _, h := range absent {
		missing = append(missing, watchlist.Segment{SHA256: h.String()})
	}
	return missing, nil
}
