package lookback

import (
	"context"
	"errors"
	"time"

	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
)

// Recorded is a transfer as the warehouse has it.
type Recorded struct {
	ID            string // of the fact, 32 hex digits
	Tenant        string
	ConflictsWith string // "" : none
	Transfer      transfer.Transfer
	Verdict       string
	AcceptedAt    time.Time
	RaisedAt      time.Time
}

// Older says which recorded transfers a run concerns: those whose last verdict is older than it.
type Older struct {
	Lists   uint64 // screened with lists of a lower number; 0: whatever they were screened with
	Version uint64 // of a lower version; 0: of any
	Few     bool   // few are expected, if any: then it costs less to ask first whether there are some
}

// Place is how far a search for held transfers has come: the last one that it returned.
type Place struct {
	RaisedAt time.Time
	ID       string
}

// Outcome is what became of the transfers that a run sent.
type Outcome struct {
	Flagged  uint64    // flagged or held now
	LastFlag time.Time // when the last of them was raised; zero: none
}

// Warehouse is where recorded transfers are found, and where runs leave their traces.
type Warehouse interface {
	// Touching calls fn with pages of the transfers that have one of the keys (address keys as text), in no order, each
	// one once. It stops at fn's error and returns it.
	Touching(ctx context.Context, keys []string, o Older, fn func([]Recorded) error) error
	// Held returns up to limit transfers that are held because there were no lists, whose version is below, behind a
	// place, the one that is held longest first.
	Held(ctx context.Context, below uint64, behind Place, limit int) ([]Recorded, error)
	// HeldSince counts the transfers that are held because there were no lists, without those that were screened again
	// by lists of that number and are held all the same.
	HeldSince(ctx context.Context, seq uint64) (uint64, error)
	// Outcome counts the verdicts that count now, were raised by lookback or rescreen, and were caused by an activation from
	// one number to another.
	Outcome(ctx context.Context, raisedBy string, from, to uint64) (Outcome, error)
	// Runs returns the newest runs, the last one first.
	Runs(ctx context.Context, limit int) ([]Run, error)
	SaveRun(ctx context.Context, r Run) error
}

// ErrNoSnapshot is what a Snapshots's error wraps when a version is not kept any more.
var ErrNoSnapshot = errors.New("the snapshot of the lists is not kept any more")

// Snapshots loads the lists that an activation put in force.
type Snapshots interface {
	Load(ctx context.Context, a activation.Activation) (*watchlist.Snapshot, error)
}

// Activations is the order of knowledge; *activation.Log implements it.
type Activations interface {
	Read(ctx context.Context) (activation.State, error)
	All(ctx context.Context) ([]activation.Activation, error)
	Follow(ctx context.Context, caughtUp func(), fn func(activation.Activation) error) error
	Append(ctx context.Context, before activation.State, base uint64, a activation.Activation) (activation.Activation, error)
}

// Lists tells which lists are in force, and which each enrichment instance screens with.
type Lists interface {
	Pointer(ctx context.Context) (lists.Pointer, error)
	Screeners(ctx context.Context) (lists.Screeners, error)
}

// Topics tells how far consumer groups have come; stream.Admin implements it.
type Topics interface {
	GroupOffsets(ctx context.Context, group, topic string) ([]stream.GroupOffset, error)
}

// Leases makes sure that one instance looks back at a time.
type Leases interface {
	Hold(ctx context.Context, name string, fn func(context.Context) error) error
}
