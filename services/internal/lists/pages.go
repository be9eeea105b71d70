package lists

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"sluice/pkg/watchlist"
)

// pageCacheBytes bounds the pages that are kept in memory. Customers pay the same listed addresses again and again.
const pageCacheBytes = 32 << 20

// pager fetches pages, and keeps those that were wanted last. It is safe for concurrent use.
type pager struct {
	src PageSource

	mu sync.Mutex
	// Pages are found in either generation, and come into the young one; when that has half of the bytes, it becomes the
	// old one, and the old one goes.
	young, old map[watchlist.PageHash][]byte
	bytes      int // of young
}

func newPager(src PageSource) *pager {
	return &pager{src: src, young: map[watchlist.PageHash][]byte{}}
}

// pages returns the wanted pages, each of the bytes that its hash says, and how many of them were read from the source.
func (p *pager) pages(ctx context.Context, wanted []watchlist.PageHash) (pages [][]byte, read int, err error) {
	pages = make([][]byte, len(wanted))
	var missing []watchlist.PageHash
	var at []int
	p.mu.Lock()
	for i, h := range wanted {
		if pages[i] = p.kept(h); pages[i] == nil {
			missing, at = append(missing, h), append(at, i)
		}
	}
	p.mu.Unlock()
	if len(missing) == 0 {
		return pages, 0, nil
	}
	fetched, err := p.src.Pages(ctx, missing)
	if err != nil {
		return nil, 0, err
	}
	if len(fetched) != len(missing) {
		return nil, 0, fmt.Errorf("%w: %d pages for %d", ErrBroken, len(fetched), len(missing))
	}
	for i, data := range fetched {
		if sha256.Sum256(data) != missing[i] {
			return nil, 0, fmt.Errorf("%w: a page of %d bytes is not %s", watchlist.ErrCorrupt, len(data), missing[i])
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, data := range fetched {
		pages[at[i]] = data
		p.keep(missing[i], data)
	}
	return pages, len(missing), nil
}

// kept is a page in memory, nil for none.
func (p *pager) kept(h watchlist.PageHash) []byte {
	if data := p.young[h]; data != nil {
		return data
	}
	data := p.old[h]
	if data != nil {
		p.keep(h, data)
	}
	return data
}

func (p *pager) keep(h watchlist.PageHash, data []byte) {
	if p.young[h] != nil {
		return
	}
	if p.bytes += len(data); p.bytes > pageCacheBytes/2 && len(p.young) > 0 {
		p.old, p.young, p.bytes = p.young, map[watchlist.PageHash][]byte{}, len(data)
	}
	p.young[h] = data
}
