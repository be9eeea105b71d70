package lists

import (
	"context"
	"errors"
	"fmt"

	"sluice/pkg/address"
	"sluice/pkg/watchlist"
)

// Catalogued is a source that has catalogues of large lists too; services/internal/cache implements it.
type Catalogued interface {
	Source
	// Sheet returns a sheet of the catalogue of the list with the hash, as it was stored; the caller verifies it.
	Sheet(ctx context.Context, listHash string, i int) ([]byte, error)
}

// Stored is lists where they are stored. It reads what an answer needs, and no list that is large: a segment for each key
// that is listed, and a sheet of each catalogue. It must not be used by two goroutines at once.
type Stored struct {
	src      Catalogued
	memory   *Memory
	manifest watchlist.Manifest
	held     map[string]*watchlist.Snapshot // lists that were read whole, each alone
}

// NewStored returns the lists that a manifest describes, beside what the memory has. It reads nothing.
func NewStored(src Catalogued, memory *Memory, manifest watchlist.Manifest) *Stored {
	return &Stored{src: src, memory: memory, manifest: manifest, held: map[string]*watchlist.Snapshot{}}
}

// Lookup is watchlist.Snapshot.Lookup. What it reads is verified as if the lists were loaded.
func (s *Stored) Lookup(ctx context.Context, k address.Key) (listed, wrapped []*watchlist.Entry, err error) {
	for _, l := range s.manifest.Lists {
		ls, ws, err := s.lookup(ctx, l, k)
		if err != nil {
			return nil, nil, fmt.Errorf("list %s: %w", l.Name, err)
		}
		listed, wrapped = append(listed, ls...), append(wrapped, ws...)
	}
	return listed, wrapped, nil
}

func (s *Stored) lookup(ctx context.Context, l watchlist.ManifestList, k address.Key) (listed, wrapped []*watchlist.Entry, err error) {
	if s.held[l.Name] == nil && l.Sheets() > 0 && !s.memory.has(l) {
		listed, wrapped, err = s.catalogued(ctx, l, k)
		if !errors.Is(err, ErrNotFound) && !errors.Is(err, watchlist.ErrCorrupt) {
			return listed, wrapped, err
		}
		// The catalogue is an aid. Whether the list itself is there is seen where it is read.
	}
	if s.held[l.Name] == nil {
		only, _ := s.manifest.Only(l.Name)
		if s.held[l.Name], err = s.memory.Some(ctx, s.src, only); err != nil {
			return nil, nil, err
		}
	}
	listed, wrapped = s.held[l.Name].Lookup(k)
	return listed, wrapped, nil
}

// catalogued looks up by the catalogue of a list.
func (s *Stored) catalogued(ctx context.Context, l watchlist.ManifestList, k address.Key) (listed, wrapped []*watchlist.Entry, err error) {
	fp := k.Fingerprint()
	sheet, err := s.src.Sheet(ctx, l.Hash, l.Sheet(fp))
	if err != nil {
		return nil, nil, err
	}
	segments, err := l.SegmentsOf(fp, sheet)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range segments {
		data, err := s.src.Segment(ctx, g.SHA256)
		if err != nil {
			return nil, nil, err
		}
		ls, ws, err := g.Lookup(l.Name, data, k)
		if err != nil {
			return nil, nil, err
		}
		listed, wrapped = append(listed, ls...), append(wrapped, ws...)
	}
	return listed, wrapped, nil
}
