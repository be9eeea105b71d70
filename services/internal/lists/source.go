package lists

import (
	"context"
	"errors"

	"sluice/pkg/watchlist"
)

// Source is where the lists are distributed; services/internal/cache implements it. Its errors wrap those below.
type Source interface {
	// Pointer returns the pointer; ErrNotFound where none was ever set, or Redis was flushed.
	Pointer(ctx context.Context) (Pointer, error)
	// Manifest returns the manifest of a version as it was stored.
	Manifest(ctx context.Context, version string) ([]byte, error)
	// Segment returns the bytes of a segment as they were stored; the caller verifies them.
	Segment(ctx context.Context, sha256 string) ([]byte, error)
}

// PageSource is where the pages of large lists are; services/internal/cache implements it.
type PageSource interface {
	// Pages returns the bytes of pages as they were stored, in few round trips; the caller verifies them. An error that
	// wraps ErrNotFound: one of them is not there, which says nothing about what is listed.
	Pages(ctx context.Context, wanted []watchlist.PageHash) ([][]byte, error)
}

// Pointer says which version of the lists is in force.
type Pointer struct {
	Seq     uint64 // activation that put it in force
	Epoch   string // of the topic that numbers it
	Version string
	Count   int // entries, which the manifest must have too
}

// What a source, or a store of lists, answers besides its data.
var (
	ErrUnavailable = errors.New("redis is unavailable")      // not reached, too slow, loading, out of memory, refusing
	ErrNotFound    = errors.New("not in redis")              // a key that must be there is not
	ErrBroken      = errors.New("unexpected value in redis") // a key holds something else than was written
	ErrStale       = errors.New("a newer one is there")      // the pointer was not set back
)
