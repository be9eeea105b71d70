package api

import (
	"context"
	"errors"
	"time"
)

// Warehouse is what is recorded. An error that is neither of those below means that it cannot answer now.
type Warehouse interface {
	// Transfer returns the latest verdict of a fact of the tenant; ErrNotFound where there is none.
	Transfer(ctx context.Context, tenant, id string) (Verdict, error)
	// TransfersWithID returns every fact that the tenant sent under its own id, the oldest first: attempt and
	// confirmation, and more where contents conflict. At most MaxLimit.
	TransfersWithID(ctx context.Context, tenant, transferID string) ([]Verdict, error)
	// Flagged returns a page of flagged events, the last raised first; ErrCursor for a Filter.After that is none.
	Flagged(ctx context.Context, f Filter) (Page, error)
}

// What a Warehouse answers besides its data.
var (
	ErrNotFound = errors.New("no such transfer")
	ErrCursor   = errors.New("not the next of an earlier page")
)

// Bounds of an answer.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// Filter chooses flagged events of one tenant. Empty members choose all.
type Filter struct {
	Tenant     string
	Verdict    string // flagged, held, cleared
	Severities []string
	Category   string
	CustomerID string
	Network    string
	Since      time.Time // raised at or after
	Until      time.Time // raised before
	Limit      int       // 0: DefaultLimit; at most MaxLimit
	After      string    // Page.Next of the page before
}

// Page is a part of an answer.
type Page struct {
	Events []Verdict `json:"events"`
	Next   string    `json:"next,omitempty"` // "" on the last page
}
