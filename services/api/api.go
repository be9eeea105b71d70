// Package api answers questions about what is recorded: a transfer by its fact or by the exchange's own id, and the
// flagged events, newest first. It reads its Warehouse and nothing else, and a caller sees its own tenant only. A question
// that it does not wholly understand is refused: it never answers another one.
package api

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/services/internal/httpx"
)

// API is the routes.
type API struct{ Warehouse Warehouse }

// Routes are the rows of the route table.
func (a *API) Routes() []httpx.Route {
	return []httpx.Route{
		{Pattern: "GET /v1/transfers/{id}", Scope: httpx.ScopeTransfersRead, Handler: http.HandlerFunc(a.transfer),
			Summary: "The verdict on a transfer, by the id of its fact."},
		{Pattern: "GET /v1/transfers", Scope: httpx.ScopeTransfersRead, Handler: http.HandlerFunc(a.transfers),
			Summary: "The verdicts on the transfers with ?transfer_id=, the exchange's own id."},
		{Pattern: "GET /v1/flagged", Scope: httpx.ScopeFlaggedRead, Handler: http.HandlerFunc(a.flagged),
			Summary: "The flagged and held transfers, newest first."},
	}
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

// The times that the tables can hold, in whole years.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2261, 12, 31, 23, 59, 59, 0, time.UTC)
)

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
		text := q.Get(t.name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.Before(earliest) || at.After(latest) {
			bad(w, t.name, text, "a time from 1970 to 2261 as RFC 3339 writes it, such as 2026-11-01T00:00:00Z")
			return
		}
		*t.into = at
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
	if errors.Is(err, ErrCursor) {
		bad(w, "after", f.After, "what an earlier page gave as its next")
		return
	}
	answer(w, page, err)
}

// known returns the query's parameters when the route has them all, and each but severity once: one that is misspelled,
// or whose second value went unread, would answer another question.
func known(w http.ResponseWriter, r *http.Request, names ...string) (url.Values, bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		bad(w, "", r.URL.RawQuery, "a query of name=value pairs, percent-encoded")
		return nil, false
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		switch values := q[name]; {
		case !slices.Contains(names, name):
			bad(w, name, values[0], "no parameter of this route; there are "+strings.Join(names, ", "))
			return nil, false
		case len(values) > 1 && name != "severity":
			bad(w, name, strings.Join(values, " "), "one value")
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
	default:
		httpx.Problem{Status: http.StatusServiceUnavailable, Detail: "the warehouse does not answer: " + err.Error()}.Write(w)
	}
}
