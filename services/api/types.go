package api

import "sluice/services/internal/warehouse"

// What the warehouse answers with.
type (
	Verdict = warehouse.Verdict
	Filter  = warehouse.Filter
	Page    = warehouse.Page
)

// MaxLimit is the largest page.
const MaxLimit = warehouse.MaxLimit

// Errors of the warehouse.
var (
	ErrNotFound = warehouse.ErrNotFound
	ErrCursor   = warehouse.ErrCursor
)
