// Package api answers questions about what is recorded: a transfer by its fact or by the exchange's own id, and the
// flagged events, newest first. It reads the warehouse and nothing else, and a caller sees its own tenant only.
package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/services/internal/httpx"
)

// Warehouse is what is recorded.
type Warehouse interface {
	// Transfer returns the latest verdict of a fact; ErrNotFound where there is none.
	Transfer(ctx context.Context, tenant, id string) (Verdict, error)
	// TransfersWithID returns every fact that was sent under the exchange's own id, the oldest first.
	TransfersWithID(ctx context.Context, tenant, transferID string) ([]Verdict, error)
	// Flagged returns a page of flagged events, the last raised first; ErrCursor for a Filter.After that is none.
	Flagged(ctx context.Context, f Filter) (Page, error)
}

// API is the routes.
type API struct{ Warehouse Warehouse }

// Register adds the routes.
func (a *API) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/transfers/{id}", a.transfer)
	mux.HandleFunc("GET /v1/transfers", a.transfers)
	mux.HandleFunc("GET /v1/flagged", a.flagged)
}

func (a *API) transfer(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if _, err := transfer.ParseID(id); err != nil {
		bad(w, "id", id, "the fact's id, 32 lower-case hexadecimal digits; ask ?transfer_id= for the exchange's own")
		return
	}
	v, err := a.Warehouse.Transfer(r.Context(), httpx.Tenant(r.Context()), id)
	answer(w, v, err)
}

func (a *API) transfers(w http.ResponseWriter, r *http.Request) {
	q, ok := known(w, r, "transfer_id")
	if !ok {
		return
	}
	id := q.Get("transfer_id")
	if id == "" {
		bad(w, "transfer_id", "", "the exchange's own id of the transfer")
		return
	}
	found, err := a.Warehouse.TransfersWithID(r.Context(), httpx.Tenant(r.Context()), id)
	answer(w, Transfers{Transfers: found}, err)
}

// Transfers is the answer of GET /v1/transfers.
type Transfers struct {
	Transfers []Verdict `json:"transfers"`
}

func (a *API) flagged(w http.ResponseWriter, r *http.Request) {
	q, ok := known(w, r, "verdict", "severity", "category", "customer_id", "network", "since", "until", "limit", "after")
	if !ok {
		return
	}
	f := Filter{Tenant: httpx.Tenant(r.Context()), Verdict: q.Get("verdict"), Severities: q["severity"], Category: q.Get("category"),
		CustomerID: q.Get("customer_id"), Network: q.Get("network"), After: q.Get("after")}
	if f.Verdict != "" && !slices.Contains([]string{"flagged", "held", "cleared"}, f.Verdict) {
		bad(w, "verdict", f.Verdict, "flagged, held or cleared")
		return
	}
	for _, s := range f.Severities {
		if _, err := taxonomy.ParseSeverity(s); err != nil {
			bad(w, "severity", s, "none, low, medium, high or severe")
			return
		}
	}
	if f.Category != "" && !taxonomy.Category(f.Category).Valid() {
		bad(w, "category", f.Category, "a category, such as sanctions")
		return
	}
	for _, t := range []struct {
		name string
		into *time.Time
	}{{"since", &f.Since}, {"until", &f.Until}} {
		if text := q.Get(t.name); text != "" {
			var err error
			if *t.into, err = time.Parse(time.RFC3339, text); err != nil {
				bad(w, t.name, text, "a time as RFC 3339 writes it, such as 2026-11-01T00:00:00Z")
				return
			}
		}
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > MaxLimit {
			bad(w, "limit", text, fmt.Sprintf("from 1 to %d", MaxLimit))
			return
		}
		f.Limit = n
	}
	page, err := a.Warehouse.Flagged(r.Context(), f)
	answer(w, page, err)
}

// known refuses query parameters that the route does not have: one that is misspelled would answer another question.
func known(w http.ResponseWriter, r *http.Request, names ...string) (url.Values, bool) {
	q := r.URL.Query()
	for name := range q {
		if !slices.Contains(names, name) {
			bad(w, name, q.Get(name), fmt.Sprintf("no parameter of this route; there are %v", names))
			return nil, false
		}
	}
	return q, true
}

func bad(w http.ResponseWriter, field, value, rule string) {
	httpx.Problem{Status: http.StatusBadRequest, Errors: []httpx.Field{{Field: field, Value: value, Rule: rule}}}.Write(w)
}

func answer(w http.ResponseWriter, v any, err error) {
	switch {
	case err == nil:
		httpx.WriteJSON(w, http.StatusOK, v)
	case errors.Is(err, ErrNotFound):
		httpx.Problem{Status: http.StatusNotFound, Detail: "no such transfer is recorded; one that was just accepted may still be on its way"}.Write(w)
	case errors.Is(err, ErrCursor):
		bad(w, "after", "", err.Error())
	default:
		httpx.Problem{Status: http.StatusServiceUnavailable, Detail: "the warehouse does not answer: " + err.Error()}.Write(w)
	}
}
