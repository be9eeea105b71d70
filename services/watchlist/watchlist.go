// Package watchlist is the service that looks after the watchlists: it turns publishers' files into one immutable
// snapshot, stores it in Redis, activates it, and keeps Redis in line with the activations.
//
// An import writes segments and manifest, then appends the activation, which gives it its number, then sets the pointer.
// Each step can be done again: an import that was interrupted anywhere is finished by running it once more, and the
// service finishes it by itself where the activation was written. It never judges a transfer.
package watchlist

import (
	"context"
	"errors"
	"fmt"

	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// Store is where the snapshots are; services/internal/cache implements it. Its errors wrap those of package lists.
type Store interface {
	lists.Catalogued
	// Store writes what is not there of a snapshot, Repair all of it over what is there. What is stored has the lists of
	// beside too, which are there already; the error wraps lists.ErrNotFound where they are not.
	Store(ctx context.Context, s *watchlist.Snapshot, beside watchlist.Manifest) (watchlist.Manifest, error)
	Repair(ctx context.Context, s *watchlist.Snapshot, beside watchlist.Manifest) (watchlist.Manifest, error)
	SetPointer(ctx context.Context, p lists.Pointer) error
	Missing(ctx context.Context, m watchlist.Manifest) ([]watchlist.Segment, error)
	Prune(ctx context.Context) (int, error)
}

// Leases keeps imports from crossing each other.
type Leases interface {
	// Hold runs fn under the lease with the name, whose loss ends fn's context.
	Hold(ctx context.Context, name string, fn func(context.Context) error) error
}

// Activations is the order of knowledge; *activation.Log implements it.
type Activations interface {
	Read(ctx context.Context) (activation.State, error)
	Append(ctx context.Context, before activation.State, base uint64, a activation.Activation) (activation.Activation, error)
	Follow(ctx context.Context, caughtUp func(), fn func(activation.Activation) error) error
}

// leaseName is the lease under which snapshots are stored and activated.
const leaseName = "lists"

// Live is the snapshot in force with what names it.
type Live struct {
	Pointer  lists.Pointer
	Snapshot *watchlist.Snapshot // nil while no list was ever activated
}

// Description is what the lists in force are, without their entries.
type Description struct {
	lists.Pointer
	Manifest watchlist.Manifest
}

// Describe returns what the lists in force are; the zero value where none was ever activated.
func Describe(ctx context.Context, src lists.Source) (Description, error) {
	p, err := src.Pointer(ctx)
	if errors.Is(err, lists.ErrNotFound) {
		return Description{}, nil
	}
	if err != nil {
		return Description{}, err
	}
	m, err := lists.ReadManifest(ctx, src, p)
	if err != nil {
		return Description{}, fmt.Errorf("lists of seq %d: %w", p.Seq, err)
	}
	return Description{p, m}, nil
}

// Read returns the snapshot in force, verified. Where none was ever activated, the snapshot is nil.
func Read(ctx context.Context, src lists.Source) (Live, error) {
	p, err := src.Pointer(ctx)
	if errors.Is(err, lists.ErrNotFound) {
		return Live{}, nil
	}
	if err != nil {
		return Live{}, err
	}
	_, s, err := lists.Load(ctx, src, p)
	if err != nil {
		return Live{Pointer: p}, fmt.Errorf("lists of seq %d: %w", p.Seq, err)
	}
	return Live{Pointer: p, Snapshot: s}, nil
}
